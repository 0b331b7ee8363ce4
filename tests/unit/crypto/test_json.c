#include "unit/crypto/support.h"

#include <string.h>

#define MAX 4096

static json_t *parse(const char *text)
{
    return json_parse_object(arena, str_of(text), MAX);
}

static void only_an_object_is_taken_at_the_top(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",      "[]",      "[{}]",       "\"a\"",   "1",
                                        "null",  "true",    "{",          "{}{}",    "{} x",
                                        "{a:1}", "{'a':1}", "{\"a\":1,}", "{\"a\"}", "\xef\xbb\xbf{}"};
    assert_non_null(parse("{}"));
    assert_non_null(parse(" {\"a\":[1,2]} \n"));
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_null(parse(wrong[i]));
    assert_null(json_parse_object(arena, STR_NONE, MAX));
}

static void repeated_members_are_refused_at_any_depth(void **state)
{
    (void)state;
    assert_null(parse("{\"a\":1,\"a\":1}"));
    assert_null(parse("{\"a\":1,\"\\u0061\":2}"));
    assert_null(parse("{\"x\":[{\"a\":1,\"b\":2,\"a\":3}]}"));
}

static void nul_and_broken_utf8_are_refused(void **state)
{
    (void)state;
    assert_null(parse("{\"a\":\"x\\u0000y\"}"));
    assert_null(parse("{\"a\\u0000\":1}"));
    assert_null(json_parse_object(arena, (str){"{\"a\":\"x\0y\"}", 11}, MAX));
    assert_null(json_parse_object(arena, (str){"{}\0", 3}, MAX));
    assert_null(parse("{\"a\":\"\xc0\x80\"}"));
    assert_null(parse("{\"a\":\"\xed\xa0\x80\"}"));
    assert_null(parse("{\"a\":\"\\ud800\"}"));
}

static str nested(size_t depth, char open, char close)
{
    char *text = arena_alloc(arena, 2 * depth + 16);
    size_t n = (size_t)snprintf(text, 16, "{\"a\":");
    memset(text + n, open, depth);
    if (open == '[')
        memset(text + n + depth, close, depth);
    n += open == '[' ? 2 * depth : depth;
    text[n++] = '}';
    return (str){text, n};
}

static void nesting_bombs_are_refused_before_they_are_parsed(void **state)
{
    (void)state;
    assert_non_null(json_parse_object(arena, nested(JSON_DEPTH_MAX - 1, '[', ']'), MAX));
    assert_null(json_parse_object(arena, nested(JSON_DEPTH_MAX, '[', ']'), MAX));
    assert_null(json_parse_object(arena, nested(500000, '[', ']'), 2000000));
    assert_null(json_parse_object(arena, nested(1000, '{', '}'), MAX));
}

static void brackets_inside_strings_are_not_depth(void **state)
{
    (void)state;
    assert_non_null(parse("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[\"}"));
    assert_non_null(parse("{\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[\"}"));
    assert_null(parse("{\"a\":\"\\\\\",\"b\":[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]}"));
}

static void text_longer_than_allowed_is_refused(void **state)
{
    (void)state;
    assert_non_null(json_parse_object(arena, STR("{\"a\":1}"), 7));
    assert_null(json_parse_object(arena, STR("{\"a\":1}"), 6));
}

static void a_number_is_taken_only_as_an_integer_in_its_range(void **state)
{
    (void)state;
    json_t *value = parse("{\"ok\":5,\"real\":5.0,\"half\":1.5,\"huge\":1e300,\"text\":\"5\",\"yes\":true,\"nil\":null,"
                          "\"neg\":-1,\"y2038\":2147483648,\"list\":[5]}");
    static const char *const wrong[] = {"real", "half", "huge", "text", "yes", "nil", "list", "absent"};
    int64_t out = 7;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(json_int(value, wrong[i], INT64_MIN, INT64_MAX, &out));
    assert_false(json_int(value, "neg", 0, 100, &out));
    assert_false(json_int(value, "ok", 6, 100, &out));
    assert_false(json_int(value, "ok", 0, 4, &out));
    assert_false(json_int(NULL, "ok", 0, 4, &out));
    assert_int_equal(out, 7);
    assert_true(json_int(value, "ok", 5, 5, &out));
    assert_int_equal(out, 5);
    assert_true(json_int(value, "y2038", 0, INT64_MAX, &out));
    assert_true(out == INT64_C(2147483648));
}

static void numbers_that_fit_nowhere_are_refused(void **state)
{
    (void)state;
    assert_null(parse("{\"a\":1e999}"));
    assert_null(parse("{\"a\":9223372036854775808}"));
    assert_null(parse("{\"a\":-9223372036854775809}"));
    assert_null(parse("{\"a\":0123}"));
    assert_null(parse("{\"a\":NaN}"));
    assert_null(parse("{\"a\":+1}"));
}

static void a_string_is_taken_only_as_a_string(void **state)
{
    (void)state;
    json_t *value = parse("{\"s\":\"x\",\"e\":\"\",\"n\":1,\"l\":[\"x\"]}");
    assert_str(json_str(value, "s"), "x");
    assert_str(json_str(value, "e"), "");
    assert_null(json_str(value, "n").p);
    assert_null(json_str(value, "l").p);
    assert_null(json_str(value, "absent").p);
    assert_null(json_str(NULL, "s").p);
}

static void text_keeps_the_order_and_is_compact(void **state)
{
    (void)state;
    assert_str(json_text(arena, parse("{ \"z\": 1, \"a\": [ true, null ], \"m\": \"\\u1780\" }")),
               "{\"z\":1,\"a\":[true,null],\"m\":\"\xe1\x9e\x80\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_an_object_is_taken_at_the_top),
        TEST(repeated_members_are_refused_at_any_depth),
        TEST(nul_and_broken_utf8_are_refused),
        TEST(nesting_bombs_are_refused_before_they_are_parsed),
        TEST(brackets_inside_strings_are_not_depth),
        TEST(text_longer_than_allowed_is_refused),
        TEST(a_number_is_taken_only_as_an_integer_in_its_range),
        TEST(numbers_that_fit_nowhere_are_refused),
        TEST(a_string_is_taken_only_as_a_string),
        TEST(text_keeps_the_order_and_is_compact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
