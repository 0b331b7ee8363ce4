#include "client.h"

/* Says what the handler saw: method path tail, then the query, then the form. */
static void echo(struct request *rq, void *context)
{
    struct buf out = buf_new(rq->arena, 256);
    (void)context;
    buf_printf(&out, "%.*s %.*s tail=%.*s type=%d status=%d/%d", STR_FMT(rq->method), STR_FMT(rq->path),
               STR_FMT(rq->tail), (int)rq->body_type, (int)rq->query.status, (int)rq->form.status);
    for (size_t i = 0; i < rq->query.count; i++)
        buf_printf(&out, " q:%.*s=%.*s", STR_FMT(rq->query.items[i].name), STR_FMT(rq->query.items[i].value));
    for (size_t i = 0; i < rq->form.count; i++)
        buf_printf(&out, " f:%.*s=%.*s", STR_FMT(rq->form.items[i].name), STR_FMT(rq->form.items[i].value));
    respond(rq, 200, "text/plain", buf_str(&out));
}

static void body_size(struct request *rq, void *context)
{
    (void)context;
    respond(rq, 200, "text/plain", arena_printf(rq->arena, "%zu %d", rq->body.n, (int)rq->body_type));
}

static void see(struct request *rq, void *context)
{
    (void)context;
    respond(rq, 200, "text/plain",
            arena_printf(rq->arena, "peer=%.*s agent=%.*s sid=%.*s id=%s", STR_FMT(rq->peer),
                         STR_FMT(request_header(rq, "user-AGENT")), STR_FMT(request_cookie(rq, "sid")), rq->id));
}

static void headers(struct request *rq, void *context)
{
    (void)context;
    response_header(rq, "Cache-Control", STR("max-age=60"));
    response_cookie(rq, "sid", STR("abc"), 60);
    response_cookie(rq, "gone", STR(""), 0);
    response_cookie(rq, "session", STR("x"), -1);
    response_cookie_open(rq, "open", STR("y"), -1);
    response_cookie_open(rq, "shut", STR(""), 0);
    respond_json(rq, 201, STR("{}"));
}

static void split_response(struct request *rq, void *context)
{
    (void)context;
    response_header(rq, "X-Evil", STR("a\r\nSet-Cookie: b=c"));
    response_header(rq, "X-Before", STR("secret"));
    respond(rq, 200, "text/plain", STR("hello"));
}

static void bad_cookie(struct request *rq, void *context)
{
    (void)context;
    response_cookie(rq, "sid", STR("a; Domain=evil"), -1);
    respond(rq, 200, "text/plain", STR("hello"));
}

static void silent(struct request *rq, void *context)
{
    (void)rq, (void)context;
}

static void twice(struct request *rq, void *context)
{
    (void)context;
    respond(rq, 200, "text/plain", STR("first"));
    respond(rq, 500, "text/plain", STR("second"));
}

static void redirect(struct request *rq, void *context)
{
    (void)context;
    respond_redirect(rq, STR("https://portal.test/back?code=1"));
}

static void moves(struct request *rq, void *context)
{
    (void)context;
    response_header(rq, "X-May-Wait", request_may_wait(rq) ? STR("yes") : STR("no"));
    request_move_to_worker(rq);
    if (request_may_wait(rq))
        respond(rq, 200, "text/plain", params_get(&rq->form, "a"));
}

static void never_answers_on_a_worker(struct request *rq, void *context)
{
    (void)context;
    request_move_to_worker(rq);
}

/* Says where it runs, each time; only on a worker is it heard. */
static void calls_out(struct request *rq, void *context)
{
    (void)context;
    response_header(rq, "X-Writer", request_may_wait(rq) && !request_may_call_out(rq) ? STR("yes") : STR("no"));
    if (str_is(rq->tail, "by-a-writer") && !request_may_wait(rq)) {
        request_move_to_worker(rq);
        return;
    }
    request_move_to_call_out(rq);
    respond(rq, request_is_moving(rq) ? 500 : 200, "text/plain", request_may_call_out(rq) ? STR("worker") : STR("?"));
}

static const char *const resources[] = {"resource", NULL};

static const struct route routes[] = {
    {"GET", "/echo", RUN_INLINE, false, echo, resources},
    {"POST", "/echo", RUN_WORKER, false, echo, resources},
    {"GET", "/item/*", RUN_INLINE, false, echo, NULL},
    {"GET", "/item/new", RUN_INLINE, false, see, NULL},
    {"POST", "/open", RUN_INLINE, true, echo, NULL},
    {"GET", "/open", RUN_INLINE, true, headers, NULL},
    {"POST", "/size", RUN_INLINE, false, body_size, NULL},
    {"GET", "/see", RUN_INLINE, false, see, NULL},
    {"GET", "/headers", RUN_INLINE, false, headers, NULL},
    {"GET", "/split", RUN_INLINE, false, split_response, NULL},
    {"GET", "/bad-cookie", RUN_INLINE, false, bad_cookie, NULL},
    {"GET", "/silent", RUN_INLINE, false, silent, NULL},
    {"GET", "/twice", RUN_INLINE, false, twice, NULL},
    {"POST", "/moves", RUN_INLINE, false, moves, NULL},
    {"GET", "/moves", RUN_INLINE, false, never_answers_on_a_worker, NULL},
    {"GET", "/calls-out/*", RUN_INLINE, false, calls_out, NULL},
    {"POST", "/calls-out", RUN_WRITER, false, calls_out, NULL},
    {"GET", "/redirect", RUN_WORKER, false, redirect, NULL},
};

static struct http_server *server;
static struct arena *arena;

static int start(void **state)
{
    (void)state;
    struct http_options options = test_options(routes, COUNT_OF(routes));
    options.writers = 1;
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

static str ask(const char *line, const char *more)
{
    return test_ask(arena, server, arena_printf(arena, "%s HTTP/1.1\r\n" HOST "%s\r\n", line, more));
}

static str post(const char *path, const char *type, str body)
{
    return test_ask(arena, server,
                    arena_printf(arena,
                                 "POST %s HTTP/1.1\r\n" HOST "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%.*s",
                                 path, type, body.n, STR_FMT(body)));
}

static void handler_sees_raw_path_and_decoded_query(void **state)
{
    (void)state;
    assert_str(test_body(ask("GET /echo?a=%41+b&&c&d==%26", "")),
               "GET /echo tail= type=0 status=0/0 q:a=A b q:c= q:d==&");
    assert_str(test_body(ask("GET /echo", "")), "GET /echo tail= type=0 status=0/0");
    assert_str(test_body(ask("GET /echo?", "")), "GET /echo tail= type=0 status=0/0");
    assert_int_equal(test_status(ask("GET /%65cho", "")), 404);
    assert_int_equal(test_status(ask("GET /echo/", "")), 404);
}

static void odd_queries_reach_the_handler_with_their_fault(void **state)
{
    (void)state;
    static const struct {
        const char *query, *expected;
    } cases[] = {
        {"&", "0/0"},       {"=", "0/0 q:="},
        {"a", "0/0 q:a="},  {"%", "1/0"},
        {"%zz", "1/0"},     {"%00", "1/0"},
        {"%ff", "1/0"},     {"%c0%80", "1/0"},
        {"%4", "1/0"},      {"x=1&a=%0", "1/0 q:x=1"},
        {"%07", "1/0"},     {"a=1&a=2", "2/0 q:a=1"},
        {"=&=", "2/0 q:="}, {"resource=1&resource=2", "0/0 q:resource=1 q:resource=2"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[128], expected[128];
        snprintf(line, sizeof line, "GET /echo?%s", cases[i].query);
        snprintf(expected, sizeof expected, "GET /echo tail= type=0 status=%s", cases[i].expected);
        assert_str(test_body(ask(line, "")), expected);
    }
}

static void form_is_parsed_on_a_worker(void **state)
{
    (void)state;
    assert_str(test_body(post("/echo", "application/x-www-form-urlencoded", STR("a=1&b=%E1%9E%80"))),
               "POST /echo tail= type=1 status=0/0 f:a=1 f:b=ក");
    assert_str(test_body(post("/echo", "application/x-www-form-urlencoded; charset=UTF-8", STR("a=1"))),
               "POST /echo tail= type=1 status=0/0 f:a=1");
    assert_str(test_body(post("/echo", "application/x-www-form-urlencoded;charset=koi8-r", STR("a=1"))),
               "POST /echo tail= type=3 status=0/0");
    assert_str(test_body(post("/echo", "application/json", STR("{}"))), "POST /echo tail= type=2 status=0/0");
    assert_str(test_body(post("/echo", "multipart/form-data; boundary=x", STR("--x"))),
               "POST /echo tail= type=3 status=0/0");
    assert_str(test_body(ask("POST /echo", "Content-Length: 0\r\n")), "POST /echo tail= type=0 status=0/0");
    assert_str(test_body(ask("POST /echo", "")), "POST /echo tail= type=0 status=0/0");
}

static void tail_is_one_plain_segment(void **state)
{
    (void)state;
    assert_str(test_body(ask("GET /item/a-Z_0.~", "")), "GET /item/a-Z_0.~ tail=a-Z_0.~ type=0 status=0/0");
    static const char *const unknown[] = {"/item/",  "/item",     "/item/a/b", "/item/%41", "/item/..",
                                          "/item/.", "/item/a,b", "/",         "//",        "/item/*"};
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        char line[64];
        snprintf(line, sizeof line, "GET %s", unknown[i]);
        assert_int_equal(test_status(ask(line, "")), 404);
    }
    assert_true(str_starts(test_body(ask("GET /item/new", "")), STR("peer=")));
}

static void wrong_method_names_the_right_ones(void **state)
{
    (void)state;
    str response = ask("POST /see", "");
    assert_int_equal(test_status(response), 405);
    assert_str(test_header(response, "Allow"), "GET, HEAD");
    assert_int_equal(test_status(ask("BREW /see", "")), 405);
    assert_int_equal(test_status(ask("OPTIONS /see", "")), 405);
    assert_int_equal(test_status(ask("BREW /nothing", "")), 404);
    assert_str(test_header(ask("PUT /size", ""), "Allow"), "POST");
    assert_int_equal(test_status(ask("HEAD /size", "")), 405);
}

static void head_has_headers_but_no_body(void **state)
{
    (void)state;
    str response = ask("HEAD /echo", "");
    assert_int_equal(test_status(response), 200);
    assert_str(test_header(response, "Content-Length"), "33");
    assert_int_equal(test_body(response).n, 0);
}

static void preflight_is_for_cors_routes_alone(void **state)
{
    (void)state;
    str response = ask("OPTIONS /open", "Origin: https://app.test\r\nAccess-Control-Request-Method: POST\r\n");
    assert_int_equal(test_status(response), 204);
    assert_str(test_header(response, "Access-Control-Allow-Origin"), "*");
    assert_str(test_header(response, "Access-Control-Allow-Headers"), "Authorization, Content-Type, DPoP");
    assert_non_null(strstr(arena_cstr(arena, test_header(response, "Access-Control-Allow-Methods")), "POST"));
    assert_null(test_header(response, "Access-Control-Allow-Credentials").p);

    response = ask("GET /open", "Origin: https://app.test\r\n");
    assert_str(test_header(response, "Access-Control-Allow-Origin"), "*");
    assert_str(test_header(response, "Access-Control-Expose-Headers"), "WWW-Authenticate, DPoP-Nonce");
    assert_null(test_header(ask("GET /see", "Origin: https://app.test\r\n"), "Access-Control-Allow-Origin").p);
}

static void standing_headers_are_on_every_answer(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET /see", "GET /nothing", "POST /see"};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        str response = ask(lines[i], "");
        assert_str(test_header(response, "Cache-Control"), "no-store");
        assert_str(test_header(response, "X-Content-Type-Options"), "nosniff");
        assert_str(test_header(response, "Referrer-Policy"), "no-referrer");
        assert_int_equal(test_header(response, "X-Request-Id").n, 32);
        assert_non_null(test_header(response, "Date").p);
    }
    str first = arena_str(arena, test_header(ask("GET /see", ""), "X-Request-Id"));
    assert_false(str_eq(first, test_header(ask("GET /see", ""), "X-Request-Id")));
}

static void cookies_and_headers_of_a_handler_are_sent(void **state)
{
    (void)state;
    str response = ask("GET /headers", "");
    const char *text = arena_cstr(arena, response);
    assert_int_equal(test_status(response), 201);
    assert_str(test_header(response, "Content-Type"), "application/json");
    assert_str(test_header(response, "Cache-Control"), "max-age=60");
    assert_non_null(strstr(text, "Set-Cookie: sid=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60\r\n"));
    assert_non_null(strstr(text, "Set-Cookie: gone=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0\r\n"));
    assert_non_null(strstr(text, "Set-Cookie: session=x; Path=/; HttpOnly; SameSite=Lax\r\n"));
    assert_non_null(strstr(text, "Set-Cookie: open=y; Path=/; SameSite=Lax\r\n"));
    assert_non_null(strstr(text, "Set-Cookie: shut=; Path=/; SameSite=Lax; Max-Age=0\r\n"));
    assert_null(strstr(text, "Secure"));
}

static void redirect_is_303(void **state)
{
    (void)state;
    str response = ask("GET /redirect", "");
    assert_int_equal(test_status(response), 303);
    assert_str(test_header(response, "Location"), "https://portal.test/back?code=1");
}

static void handler_mistakes_become_500_and_leak_nothing(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET /split", "GET /bad-cookie", "GET /silent"};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        str response = ask(lines[i], "");
        assert_int_equal(test_status(response), 500);
        assert_null(test_header(response, "Set-Cookie").p);
        assert_null(test_header(response, "X-Before").p);
    }
    assert_str(test_body(ask("GET /twice", "")), "first");
}

static void inline_handler_that_must_wait_runs_again_on_a_worker(void **state)
{
    (void)state;
    str response = post("/moves", "application/x-www-form-urlencoded", STR("a=1"));
    const char *first = strstr(arena_cstr(arena, response), "X-May-Wait: ");
    assert_non_null(first);
    assert_null(strstr(first + 1, "X-May-Wait: ")); /* what it set before it moved is forgotten */
    assert_str(test_header(response, "X-May-Wait"), "yes");
    assert_str(test_body(response), "1");
    assert_int_equal(test_status(ask("GET /moves", "")), 500);
}

static void handler_that_must_call_out_runs_again_on_a_worker_from_wherever_it_was(void **state)
{
    (void)state;
    str responses[] = {ask("GET /calls-out/at-once", ""), ask("GET /calls-out/by-a-writer", ""),
                       post("/calls-out", "text/plain", STR("x"))};
    for (size_t i = 0; i < COUNT_OF(responses); i++) {
        assert_int_equal(test_status(responses[i]), 200);
        assert_str(test_body(responses[i]), "worker");
        assert_str(test_header(responses[i], "X-Writer"), "no");
    }
}

static void request_headers_are_found_in_any_case(void **state)
{
    (void)state;
    str body = test_body(ask("GET /see", "USER-agent:  Mozilla  \r\ncookie: a=1; sid=xyz; b=2\r\n"));
    assert_true(str_starts(body, STR("peer=127.0.0.1 agent=Mozilla sid=xyz id=")));
}

static void forwarded_for_is_not_believed_from_strangers(void **state)
{
    (void)state;
    assert_true(str_starts(test_body(ask("GET /see", "X-Forwarded-For: 203.0.113.9\r\n")), STR("peer=127.0.0.1 ")));
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    int fd = test_connect(server);
    assert_true(test_write(fd, STR("GET /echo?n=1 HTTP/1.1\r\n" HOST "\r\n"
                                   "POST /echo HTTP/1.1\r\n" HOST
                                   "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\nn=2"
                                   "GET /item/3 HTTP/1.1\r\n" HOST "\r\n")));
    assert_str(test_body(test_read(arena, fd, true)), "GET /echo tail= type=0 status=0/0 q:n=1");
    assert_str(test_body(test_read(arena, fd, true)), "POST /echo tail= type=1 status=0/0 f:n=2");
    assert_str(test_body(test_read(arena, fd, true)), "GET /item/3 tail=3 type=0 status=0/0");
    close(fd);
}

static void chunked_body_is_put_together(void **state)
{
    (void)state;
    str request = STR("POST /echo HTTP/1.1\r\n" HOST "Content-Type: application/x-www-form-urlencoded\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n"
                      "3\r\na=1\r\n1;ext=x\r\n&\r\n4\r\nbb=2\r\n0\r\nTrailer: x\r\n\r\n");
    int fd = test_connect(server);
    for (size_t i = 0; i < request.n; i++) /* whatever the pieces in which it comes */
        assert_true(test_write(fd, (str){request.p + i, 1}));
    assert_str(test_body(test_read(arena, fd, true)), "POST /echo tail= type=1 status=0/0 f:a=1 f:bb=2");
    close(fd);
}

static void expect_continue_is_answered(void **state)
{
    (void)state;
    int fd = test_connect(server);
    assert_true(
        test_write(fd, STR("POST /size HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")));
    assert_int_equal(test_status(test_read(arena, fd, false)), 100);
    assert_true(test_write(fd, STR("hello")));
    assert_str(test_body(test_read(arena, fd, true)), "5 3");
    close(fd);
}

static void http_1_0_needs_no_host_and_closes(void **state)
{
    (void)state;
    int fd = test_connect(server);
    assert_true(test_write(fd, STR("GET /echo HTTP/1.0\r\n\r\n")));
    assert_int_equal(test_status(test_read(arena, fd, true)), 200);
    assert_true(test_closed(fd, 5000));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handler_sees_raw_path_and_decoded_query),
        cmocka_unit_test(odd_queries_reach_the_handler_with_their_fault),
        cmocka_unit_test(form_is_parsed_on_a_worker),
        cmocka_unit_test(tail_is_one_plain_segment),
        cmocka_unit_test(wrong_method_names_the_right_ones),
        cmocka_unit_test(head_has_headers_but_no_body),
        cmocka_unit_test(preflight_is_for_cors_routes_alone),
        cmocka_unit_test(standing_headers_are_on_every_answer),
        cmocka_unit_test(cookies_and_headers_of_a_handler_are_sent),
        cmocka_unit_test(redirect_is_303),
        cmocka_unit_test(handler_mistakes_become_500_and_leak_nothing),
        cmocka_unit_test(inline_handler_that_must_wait_runs_again_on_a_worker),
        cmocka_unit_test(handler_that_must_call_out_runs_again_on_a_worker_from_wherever_it_was),
        cmocka_unit_test(request_headers_are_found_in_any_case),
        cmocka_unit_test(forwarded_for_is_not_believed_from_strangers),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(chunked_body_is_put_together),
        cmocka_unit_test(expect_continue_is_answered),
        cmocka_unit_test(http_1_0_needs_no_host_and_closes),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
