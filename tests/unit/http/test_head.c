#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "http/head.h"
#include "http/route.h"

static struct arena *arena;

static int prepare(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int clean(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* A head as libmicrohttpd leaves it: NUL for the first colon of a line, for CR and for LF. */
static str as_left(const char *lines)
{
    char *text = arena_cstr(arena, str_of(lines));
    size_t n = strlen(text);
    bool name = true;
    for (size_t i = 0; i < n; i++) {
        bool line_end = text[i] == '\r' || text[i] == '\n';
        if (line_end || (text[i] == ':' && name)) {
            text[i] = '\0';
            name = line_end;
        }
    }
    return (str){text, n};
}

static void lines_become_fields(void **state)
{
    (void)state;
    struct head head;
    assert_int_equal(head_read(&head, arena, as_left("\r\nHost: a:80\r\nX-Empty:\r\nX-Space: \t b c\t \r\n\r\n")),
                     HEAD_OK);
    assert_int_equal(head.count, 3);
    assert_true(str_is(head_get(&head, "host"), "a:80"));
    assert_true(str_is(head_get(&head, "x-empty"), ""));
    assert_true(str_is(head_get(&head, "X-SPACE"), "b c"));
    assert_null(head_get(&head, "x").p);
    assert_int_equal(head_read(&head, arena, as_left("\r\n\r\n")), HEAD_OK);
    assert_int_equal(head.count, 0);
}

static void malformed_lines_are_refused(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "",
        "\r",
        "\r\n",
        "\n\n",
        "\r\n\r",
        "\r\n\r\n\r\n",
        "\r\nHost: a\r\n",
        "\r\nHost: a\n\r\n",
        "\r\nHost\r\n\r\n",
        "\r\nHost : a\r\n\r\n",
        "\r\n: a\r\n\r\n",
        "\r\nHost: a\r\n b: c\r\n\r\n",
        "\r\nHost: a\r\n\tb\r\n\r\n",
        "\r\nH(st: a\r\n\r\n",
        "\r\nHost: \x01\r\n\r\n",
        "\r\nHost: \x7f\r\n\r\n",
        "\r\nH\xc3\xb6st: a\r\n\r\n",
    };
    struct head head;
    for (size_t i = 0; i < COUNT_OF(heads); i++)
        if (head_read(&head, arena, as_left(heads[i])) != HEAD_MALFORMED)
            fail_msg("head %zu was read", i);
}

static void only_so_many_lines(void **state)
{
    (void)state;
    struct buf lines = buf_new(arena, 1024);
    struct head head;
    buf_add(&lines, STR("\r\n"));
    for (size_t i = 0; i < HEAD_FIELDS_MAX; i++)
        buf_add(&lines, STR("a: b\r\n"));
    str fits = arena_printf(arena, "%.*s\r\n", STR_FMT(buf_str(&lines)));
    str more = arena_printf(arena, "%.*sa: b\r\n\r\n", STR_FMT(buf_str(&lines)));
    assert_int_equal(head_read(&head, arena, as_left(fits.p)), HEAD_OK);
    assert_int_equal(head.count, HEAD_FIELDS_MAX);
    assert_int_equal(head_read(&head, arena, as_left(more.p)), HEAD_TOO_MANY);
    assert_int_equal(head.count, 0);
}

static const char *fault(const char *lines, bool http_1_1)
{
    struct head head;
    assert_int_equal(head_read(&head, arena, as_left(lines)), HEAD_OK);
    return head_fault(&head, http_1_1);
}

static void lines_together_are_judged(void **state)
{
    (void)state;
    assert_null(fault("\r\nHost: a\r\n\r\n", true));
    assert_null(fault("\r\nHost: a\r\nAccept: a\r\nAccept: b\r\n\r\n", true));
    assert_null(fault("\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n", true));
    assert_null(fault("\r\n\r\n", false));
    assert_non_null(fault("\r\n\r\n", true));
    assert_non_null(fault("\r\nHost: a\r\nhost: a\r\n\r\n", true));
    assert_non_null(fault("\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", true));
    assert_non_null(fault("\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", true));
    assert_non_null(fault("\r\nHost: a\r\nTransfer-Encoding: chunked\t\r\n\r\n", true));
    assert_non_null(fault("\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", true));
    assert_non_null(fault("\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", false));
}

static void targets_are_in_origin_form(void **state)
{
    (void)state;
    static const char *const fine[] = {"/", "/a?b=c%20d", "/a//b", "/?[]{}|\\^\"<>"};
    static const char *const bad[] = {"", "*", "a", "?a", "http://a/", "/a b", "/#", "/\x7f", "/\x80", "/\t", "\\"};
    for (size_t i = 0; i < COUNT_OF(fine); i++)
        assert_true(head_target_ok(str_of(fine[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(head_target_ok(str_of(bad[i])));
}

static void nothing(struct request *rq, void *context)
{
    (void)rq, (void)context;
}

static void routes_are_found_exact_first(void **state)
{
    (void)state;
    static const struct route routes[] = {{"GET", "/a/*", RUN_INLINE, false, nothing, NULL},
                                          {"POST", "/a/*", RUN_INLINE, false, nothing, NULL},
                                          {"GET", "/a/b", RUN_INLINE, false, nothing, NULL},
                                          {"GET", "/", RUN_INLINE, true, nothing, NULL},
                                          {"POST", "/a/b/*", RUN_INLINE, true, nothing, NULL}};
    const struct route *bad = NULL;
    struct route_table *table = route_table_new(arena, routes, COUNT_OF(routes), &bad);
    assert_non_null(table);
    assert_ptr_equal(route_find(table, STR("GET"), STR("/a/b")).route, &routes[2]);
    assert_ptr_equal(route_find(table, STR("POST"), STR("/a/b")).route, &routes[1]);
    struct route_match match = route_find(table, STR("GET"), STR("/a/c"));
    assert_ptr_equal(match.route, &routes[0]);
    assert_true(str_is(match.tail, "c"));
    match = route_find(table, STR("GET"), STR("/a/b/c"));
    assert_null(match.route);
    assert_true(match.known_path && match.cors);
    assert_false(route_find(table, STR("GET"), STR("/b")).known_path);
    assert_false(route_find(table, STR("GET"), STR("")).known_path);
    assert_true(str_is(route_allow(table, arena, STR("/"), true), "GET, HEAD, OPTIONS"));
    assert_true(str_is(route_allow(table, arena, STR("/a/b/c"), false), "POST"));
}

static void hundreds_of_routes_are_found(void **state)
{
    (void)state;
    struct route *routes = ARENA_ARRAY(arena, struct route, 500);
    const struct route *bad = NULL;
    for (size_t i = 0; i < 500; i++)
        routes[i] = (struct route){"GET", arena_printf(arena, "/r%zu", i).p, RUN_INLINE, false, nothing, NULL};
    struct route_table *table = route_table_new(arena, routes, 500, &bad);
    for (size_t i = 0; i < 500; i++)
        assert_ptr_equal(route_find(table, STR("GET"), str_of(routes[i].path)).route, &routes[i]);
    assert_null(route_find(table, STR("GET"), STR("/r500")).route);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_become_fields),          TEST(malformed_lines_are_refused), TEST(only_so_many_lines),
        TEST(lines_together_are_judged),    TEST(targets_are_in_origin_form),  TEST(routes_are_found_exact_first),
        TEST(hundreds_of_routes_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
