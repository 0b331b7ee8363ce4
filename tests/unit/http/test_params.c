#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "http/http.h"

/* The parsed parameters as text, with the status before them. */
static str show(struct arena *arena, str text, const char *const *repeatable)
{
    struct params params = params_parse(arena, text, repeatable);
    struct buf out = buf_new(arena, 64);
    buf_printf(&out, "%d", (int)params.status);
    for (size_t i = 0; i < params.count; i++)
        buf_printf(&out, " [%.*s]=[%.*s]", STR_FMT(params.items[i].name), STR_FMT(params.items[i].value));
    if (params.repeated.p)
        buf_printf(&out, " repeated=%.*s", STR_FMT(params.repeated));
    return buf_str(&out);
}

static void odd_texts(void **state)
{
    (void)state;
    static const struct {
        str text;
        const char *expected;
    } cases[] = {
        {STR_INIT(""), "0"},
        {STR_INIT("&"), "0"},
        {STR_INIT("&&&a=1&&"), "0 [a]=[1]"},
        {STR_INIT("="), "0 []=[]"},
        {STR_INIT("=a"), "0 []=[a]"},
        {STR_INIT("a"), "0 [a]=[]"},
        {STR_INIT("a=b=c"), "0 [a]=[b=c]"},
        {STR_INIT("a=1;b=2"), "0 [a]=[1;b=2]"},
        {STR_INIT("a=+%20%2B"), "0 [a]=[  +]"},
        {STR_INIT("%61=%3d%26&b=2"), "0 [a]=[=&] [b]=[2]"},
        {STR_INIT("a=%E1%9e%80"), "0 [a]=[ក]"},
        {STR_INIT("a=\xe1\x9e\x80"), "0 [a]=[ក]"},
        {STR_INIT("a=%0D%0A%09"), "0 [a]=[\r\n\t]"},
        {STR_INIT("%"), "1"},
        {STR_INIT("a=1&b=%"), "1 [a]=[1]"},
        {STR_INIT("a=%a"), "1"},
        {STR_INIT("a=%zz"), "1"},
        {STR_INIT("a=%a%61"), "1"},
        {STR_INIT("a=% 1"), "1"},
        {STR_INIT("a=%+1"), "1"},
        {STR_INIT("a=%00"), "1"},
        {STR_INIT("a=\0"), "1"},
        {STR_INIT("%00=a"), "1"},
        {STR_INIT("a=%1f"), "1"},
        {STR_INIT("a=%7f"), "1"},
        {STR_INIT("a=%ff"), "1"},
        {STR_INIT("a=%c0%80"), "1"},
        {STR_INIT("a=%ed%a0%80"), "1"},
        {STR_INIT("a=%e1%9e&b=%80"), "1"},
        {STR_INIT("a=1&a=2"), "2 [a]=[1] repeated=a"},
        {STR_INIT("a=1&%61=1&b=2"), "2 [a]=[1] [b]=[2] repeated=a"},
        {STR_INIT("a=1&b=1&b=2&a=2"), "2 [a]=[1] [b]=[1] repeated=b"},
        {STR_INIT("a&a"), "2 [a]=[] repeated=a"},
        {STR_INIT("a=1&a=2&b=%"), "1 [a]=[1] repeated=a"},
        {STR_INIT("a=1&A=2"), "0 [a]=[1] [A]=[2]"},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str shown = show(arena, cases[i].text, NULL);
        if (!str_is(shown, cases[i].expected))
            fail_msg("%.*s: %.*s", STR_FMT(cases[i].text), STR_FMT(shown));
    }
    arena_free(arena);
}

static void only_named_parameters_may_repeat(void **state)
{
    (void)state;
    static const char *const repeatable[] = {"resource", "audience", NULL};
    struct arena *arena = arena_new();
    assert_true(str_is(show(arena, STR("resource=1&resource=2&audience=3&audience=4"), repeatable),
                       "0 [resource]=[1] [resource]=[2] [audience]=[3] [audience]=[4]"));
    assert_true(str_is(show(arena, STR("resource=1&state=2&state=3"), repeatable),
                       "2 [resource]=[1] [state]=[2] repeated=state"));
    arena_free(arena);
}

static void count_is_limited(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct buf text = buf_new(arena, 1024);
    for (unsigned i = 0; i < PARAMS_MAX; i++)
        buf_printf(&text, "&p%u=%u", i, i);
    struct params params = params_parse(arena, buf_str(&text), NULL);
    assert_int_equal(params.status, PARAMS_OK);
    assert_int_equal(params.count, PARAMS_MAX);
    assert_true(str_is(params_get(&params, "p63"), "63"));
    for (unsigned i = PARAMS_MAX; i < 10000; i++)
        buf_printf(&text, "&p%u=%u", i, i);
    params = params_parse(arena, buf_str(&text), NULL);
    assert_int_equal(params.status, PARAMS_TOO_MANY);
    assert_int_equal(params.count, PARAMS_MAX);
    arena_free(arena);
}

static void values_are_found(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct params params = params_parse(arena, STR("a=&b=2"), NULL);
    assert_non_null(params_get(&params, "a").p);
    assert_int_equal(params_get(&params, "a").n, 0);
    assert_null(params_nonempty(&params, "a").p);
    assert_true(str_is(params_nonempty(&params, "b"), "2"));
    assert_null(params_get(&params, "c").p);
    assert_null(params_nonempty(&params, "c").p);
    arena_free(arena);
}

static void megabyte_field_is_one_value(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    size_t n = (size_t)1 << 20;
    char *text = arena_alloc(arena, n);
    memset(text, 'a', n);
    text[1] = '=';
    struct params params = params_parse(arena, str_bytes(text, n), NULL);
    assert_int_equal(params.status, PARAMS_OK);
    assert_int_equal(params_get(&params, "a").n, n - 2);
    arena_free(arena);
}

static void result_does_not_depend_on_the_text(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    char text[] = "a=hello";
    struct params params = params_parse(arena, str_of(text), NULL);
    memset(text, 'x', sizeof text);
    assert_true(str_is(params_get(&params, "a"), "hello"));
    arena_free(arena);
}

static void percent_decoding(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    str out = STR("untouched");
    assert_true(percent_decode(arena, STR("a%2Fb+c"), true, &out));
    assert_true(str_is(out, "a/b c"));
    assert_true(percent_decode(arena, STR("a%2fb+c"), false, &out));
    assert_true(str_is(out, "a/b+c"));
    assert_true(percent_decode(arena, STR(""), true, &out));
    assert_int_equal(out.n, 0);
    static const char *const malformed[] = {"%", "%1", "%g0", "%0g", "a%", "%00", "%ff", "%-1", "%%41"};
    out = STR("untouched");
    for (size_t i = 0; i < COUNT_OF(malformed); i++)
        assert_false(percent_decode(arena, str_of(malformed[i]), true, &out));
    assert_true(str_is(out, "untouched"));
    arena_free(arena);
}

static void cookies(void **state)
{
    (void)state;
    static const struct {
        const char *header, *expected;
    } cases[] = {
        {"sid=1", "1"},
        {"a=2; sid=1; b=3", "1"},
        {"a=2;sid=1", "1"},
        {"  sid=1  ", "1"},
        {"sid=", ""},
        {"sid=a=b==", "a=b=="},
        {"xsid=1; sid=2", "2"},
        {"sid=1;", "1"},
        {";;sid=1;;", "1"},
        {"sid=1; sid=1", NULL},
        {"sid=1; a=2; sid=3", NULL},
        {"SID=1", NULL},
        {"sid", NULL},
        {"", NULL},
        {"sid =1", NULL},
        {"=sid", NULL},
        {"sid=\"1\"", NULL},
        {"sid=a b", NULL},
        {"sid=a,b", NULL},
        {"sid=a\\b", NULL},
        {"sid=\xc3\xa9", NULL},
        {"sid=\x7f", NULL},
        {"sids=1", NULL},
        {"a=\"; sid=1; \"", "1"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str found = cookie_find(str_of(cases[i].header), "sid");
        bool fine = cases[i].expected ? found.p && str_is(found, cases[i].expected) : !found.p;
        if (!fine)
            fail_msg("%s: [%.*s]", cases[i].header, STR_FMT(found));
    }
    assert_null(cookie_find(STR_NONE, "sid").p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_texts),
        cmocka_unit_test(only_named_parameters_may_repeat),
        cmocka_unit_test(count_is_limited),
        cmocka_unit_test(values_are_found),
        cmocka_unit_test(megabyte_field_is_one_value),
        cmocka_unit_test(result_does_not_depend_on_the_text),
        cmocka_unit_test(percent_decoding),
        cmocka_unit_test(cookies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
