#include "client.h"

#define BIG ((size_t)1 << 20)

static void answer(struct request *rq, void *context)
{
    (void)context;
    respond(rq, 200, "text/plain",
            arena_printf(rq->arena, "body=%zu type=%d form=%zu/%d query=%zu/%d", rq->body.n, (int)rq->body_type,
                         rq->form.count, (int)rq->form.status, rq->query.count, (int)rq->query.status));
}

static const struct route routes[] = {
    {"GET", "/", RUN_INLINE, false, answer, NULL},
    {"POST", "/", RUN_INLINE, false, answer, NULL},
    {"POST", "/worker", RUN_WORKER, false, answer, NULL},
};

static struct http_server *server;
static struct arena *arena;

static int start(void **state)
{
    (void)state;
    struct http_options options = test_options(routes, COUNT_OF(routes));
    server = test_start(&options);
    arena = arena_new();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_stop(server, 5000);
    arena_free(arena);
    return 0;
}

/* After anything hostile the server still serves. */
static void assert_alive(void)
{
    assert_int_equal(test_status(test_ask(arena, server, STR("GET / HTTP/1.1\r\n" HOST "\r\n"))), 200);
}

static str filled(const char *before, char c, size_t n, const char *after)
{
    struct buf out = buf_new(arena, n + 256);
    buf_add(&out, str_of(before));
    for (size_t i = 0; i < n; i++)
        buf_char(&out, c);
    buf_add(&out, str_of(after));
    return buf_str(&out);
}

static void malformed_heads_are_refused_and_the_connection_closed(void **state)
{
    (void)state;
    static const str requests[] = {
        STR_INIT("GET / HTTP/1.1\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "DPoP: a\r\ndpop: b\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "Cookie: a=1\r\nCookie: b=2\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Type: a/b\r\nContent-Type: a/b\r\nContent-Length: 0\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\na"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST
                 "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n"),
        STR_INIT("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 1x\r\n\r\na"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\na"),
        STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\na"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n X: a\r\n" HOST "\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "X\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "X: a\0\0Y\0b\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "X\0: a\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\nHost: a\n\n"),
        STR_INIT("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1\r\n" HOST "\n"),
        STR_INIT("GET http://konsao.test/ HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET konsao HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET * HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("CONNECT konsao.test:443 HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET /#a HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET /\xe1\x9e\x80 HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET /\t HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET /a b HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET  / HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET /\0a HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET /?a\0b HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("G\0T / HTTP/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET /\r\n\r\n"),
        STR_INIT("GET / HTTP/1.1 \r\n" HOST "\r\n"),
        STR_INIT("GET / http/1.1\r\n" HOST "\r\n"),
        STR_INIT("GET / HTTP/11\r\n" HOST "\r\n"),
    };
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        int fd = test_connect(server);
        assert_true(test_write(fd, requests[i]));
        str response = test_read(arena, fd, true);
        if (test_status(response) != 400)
            fail_msg("request %zu: %.*s", i, STR_FMT(response));
        if (!test_closed(fd, 5000))
            fail_msg("request %zu: the connection stays open", i);
        close(fd);
    }
    assert_alive();
}

static void other_versions_are_refused(void **state)
{
    (void)state;
    assert_int_equal(test_status(test_ask(arena, server, STR("GET / HTTP/2.0\r\n" HOST "\r\n"))), 505);
    assert_int_equal(test_status(test_ask(arena, server, STR("GET / HTTP/0.9\r\n" HOST "\r\n"))), 505);
    assert_int_equal(test_status(test_ask(arena, server, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))), 505);
}

static void nothing_smuggled_behind_a_refusal_is_served(void **state)
{
    (void)state;
    int fd = test_connect(server);
    assert_true(test_write(fd, STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "0\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n")));
    assert_int_equal(test_status(test_read(arena, fd, true)), 400);
    assert_int_equal(test_read(arena, fd, true).n, 0);
    close(fd);
}

static void too_long_an_address_is_414(void **state)
{
    (void)state;
    assert_int_equal(
        test_status(test_ask(arena, server, filled("GET /?a=", 'a', HTTP_TARGET_MAX - 4, " HTTP/1.1\r\n" HOST "\r\n"))),
        200);
    assert_int_equal(
        test_status(test_ask(arena, server, filled("GET /?a=", 'a', HTTP_TARGET_MAX - 3, " HTTP/1.1\r\n" HOST "\r\n"))),
        414);
    assert_int_equal(test_status(test_ask(arena, server, filled("GET /?a=", 'a', BIG, ""))), 414);
    assert_alive();
}

static void too_large_headers_are_431(void **state)
{
    (void)state;
    static const size_t sizes[] = {HTTP_HEAD_MAX, 10000, 12000, 16000, BIG};
    assert_int_equal(
        test_status(test_ask(arena, server, filled("GET / HTTP/1.1\r\n" HOST "X: ", 'a', 8000, "\r\n\r\n"))), 200);
    assert_int_equal(
        test_status(test_ask(arena, server, filled("GET / HTTP/1.1\r\n" HOST "Cookie: a=", 'a', 5000, "\r\n\r\n"))),
        200);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        str request = filled("GET / HTTP/1.1\r\n" HOST "X: ", 'a', sizes[i], "\r\n\r\n");
        assert_int_equal(test_status(test_ask(arena, server, request)), 431);
        request = filled("GET / HTTP/1.1\r\n" HOST "", 'X', sizes[i], ": a\r\n\r\n");
        assert_int_equal(test_status(test_ask(arena, server, request)), 431);
    }
    for (size_t n = 5000; n < 18000; n += 50) { /* however little room is left to answer */
        str request = filled("GET / HTTP/1.1\r\n" HOST "Cookie: a=", 'a', n, "\r\n\r\n");
        str response = test_ask(arena, server, request);
        /* Where its own copy of the cookie does not fit, libmicrohttpd may close without an answer. */
        bool silent = n > 15900 && n < 16300 && response.n == 0;
        if (!silent && test_status(response) != (n < 5600 ? 200 : 431) && n != 5600)
            fail_msg("a cookie of %zu bytes: %.*s", n, STR_FMT(response));
    }
    assert_alive();
}

static void too_many_headers_are_431(void **state)
{
    (void)state;
    static const size_t counts[] = {63, 64, 200, 1000, 10000};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct buf request = buf_new(arena, 4096);
        buf_add(&request, STR("GET / HTTP/1.1\r\n" HOST));
        for (size_t k = 0; k < counts[i]; k++)
            buf_add(&request, STR("X: y\r\n"));
        buf_add(&request, STR("\r\n"));
        assert_int_equal(test_status(test_ask(arena, server, buf_str(&request))), counts[i] <= 63 ? 200 : 431);
    }
    assert_alive();
}

static void many_cookies_are_no_way_around(void **state)
{
    (void)state;
    struct buf request = buf_new(arena, 4096);
    buf_add(&request, STR("GET / HTTP/1.1\r\n" HOST "Cookie: "));
    for (size_t k = 0; k < 2000; k++)
        buf_add(&request, STR("a=;"));
    buf_add(&request, STR("\r\n\r\n"));
    assert_int_equal(test_status(test_ask(arena, server, buf_str(&request))), 431);
    assert_alive();
}

static str post(const char *path, str body)
{
    return test_ask(arena, server,
                    arena_printf(arena,
                                 "POST %s HTTP/1.1\r\n" HOST
                                 "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%.*s",
                                 path, body.n, STR_FMT(body)));
}

static void body_is_limited_to_body_max(void **state)
{
    (void)state;
    static const char *const paths[] = {"/", "/worker"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        assert_str(test_body(post(paths[i], filled("a=", 'b', 65534, ""))), "body=65536 type=1 form=1/0 query=0/0");
        assert_int_equal(test_status(post(paths[i], filled("a=", 'b', 65535, ""))), 413);
        assert_int_equal(test_status(post(paths[i], filled("a=", 'b', BIG, ""))), 413);
    }
    assert_alive();
}

static void refused_body_of_modest_size_leaves_the_connection_usable(void **state)
{
    (void)state;
    int fd = test_connect(server);
    str body = filled("", 'b', 100000, "");
    assert_true(test_write(
        fd, arena_printf(arena, "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%.*s", body.n, STR_FMT(body))));
    assert_int_equal(test_status(test_read(arena, fd, true)), 413);
    assert_true(test_write(fd, STR("POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"
                                   "GET / HTTP/1.1\r\n" HOST "\r\n")));
    assert_int_equal(test_status(test_read(arena, fd, true)), 404);
    assert_int_equal(test_status(test_read(arena, fd, true)), 200);
    close(fd);
}

static void announced_giant_body_is_refused_before_it_comes(void **state)
{
    (void)state;
    static const char *const lengths[] = {"100000000", "18446744073709551615", "99999999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        str request = arena_printf(arena, "POST / HTTP/1.1\r\n" HOST "Content-Length: %s\r\n\r\n", lengths[i]);
        assert_int_equal(test_status(test_ask(arena, server, request)), 413);
    }
    assert_int_equal(test_status(test_ask(arena, server,
                                          STR("POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                                              "Content-Length: 100000\r\n\r\n"))),
                     413);
    assert_alive();
}

static void chunked_body_is_limited_as_well(void **state)
{
    (void)state;
    struct buf request = buf_new(arena, BIG);
    buf_add(&request, STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"));
    for (size_t i = 0; i < 300; i++)
        buf_add(&request, filled("400\r\n", 'c', 1024, "\r\n"));
    str endless = buf_str(&request);
    buf_add(&request, STR("0\r\n\r\n"));
    assert_int_equal(test_status(test_ask(arena, server, buf_str(&request))), 413);

    int fd = test_connect(server);
    bool open = test_write(fd, endless);
    for (size_t i = 0; i < 64 && open; i++)
        open = test_write(fd, filled("40000\r\n", 'c', 0x40000, "\r\n"));
    assert_true(!open || test_closed(fd, 5000));
    close(fd);
    assert_alive();
}

static void malformed_chunks_are_refused(void **state)
{
    (void)state;
    static const char *const chunks[] = {"zz\r\n",        "-1\r\n", "0x1\r\na\r\n",
                                         "3\r\nabcd\r\n", "\r\n",   "fffffffffffffffffffff\r\n"};
    for (size_t i = 0; i < COUNT_OF(chunks); i++) {
        int status = test_status(test_ask(
            arena, server,
            arena_printf(arena, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n%s", chunks[i])));
        assert_true(status == 400 || status == 413);
    }
    assert_alive();
}

static void ten_thousand_parameters_are_too_many(void **state)
{
    (void)state;
    struct buf body = buf_new(arena, 65536);
    for (size_t i = 0; i < 10000; i++)
        buf_printf(&body, "%zx&", i);
    assert_str(test_body(post("/", buf_str(&body))), "body=45632 type=1 form=64/3 query=0/0");
}

static void many_query_parameters_are_too_many(void **state)
{
    (void)state;
    static const char *const pairs[] = {"&", "a=&", "=&"};
    struct buf line = buf_new(arena, 8192);
    for (size_t i = 0; i < 1500; i++)
        buf_printf(&line, "%zx&", i);
    str request = arena_printf(arena, "GET /?%.*s HTTP/1.1\r\n" HOST "\r\n", STR_FMT(buf_str(&line)));
    assert_str(test_body(test_ask(arena, server, request)), "body=0 type=0 form=0/0 query=64/3");
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        line = buf_new(arena, 8192);
        while (line.n < HTTP_TARGET_MAX - 5)
            buf_add(&line, str_of(pairs[i]));
        request = arena_printf(arena, "GET /?%.*s HTTP/1.1\r\n" HOST "\r\n", STR_FMT(buf_str(&line)));
        assert_int_equal(test_status(test_ask(arena, server, request)), 200);
    }
}

static void a_client_that_leaves_early_harms_nobody(void **state)
{
    (void)state;
    static const char *const parts[] = {"", "G", "GET / HTTP/1.1\r\nHo",
                                        "POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nabc",
                                        "POST /worker HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"};
    for (size_t i = 0; i < 20 * COUNT_OF(parts); i++) {
        int fd = test_connect(server);
        struct linger hard = {1, 0};
        (void)!test_write(fd, str_of(parts[i % COUNT_OF(parts)]));
        if (i % 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fd);
    }
    assert_alive();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_heads_are_refused_and_the_connection_closed),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(nothing_smuggled_behind_a_refusal_is_served),
        cmocka_unit_test(too_long_an_address_is_414),
        cmocka_unit_test(too_large_headers_are_431),
        cmocka_unit_test(too_many_headers_are_431),
        cmocka_unit_test(many_cookies_are_no_way_around),
        cmocka_unit_test(body_is_limited_to_body_max),
        cmocka_unit_test(refused_body_of_modest_size_leaves_the_connection_usable),
        cmocka_unit_test(announced_giant_body_is_refused_before_it_comes),
        cmocka_unit_test(chunked_body_is_limited_as_well),
        cmocka_unit_test(malformed_chunks_are_refused),
        cmocka_unit_test(ten_thousand_parameters_are_too_many),
        cmocka_unit_test(many_query_parameters_are_too_many),
        cmocka_unit_test(a_client_that_leaves_early_harms_nobody),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
