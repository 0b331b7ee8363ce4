/* The guarded request against servers that mean harm, over real TLS. */
#include <signal.h>

#include "base/clock.h"
#include "outbound/outbound.h"
#include "unit/outbound/tls_server.h"

#define NAMES "DNS:bank.example,DNS:localhost,IP:127.0.0.1"
#define HOUR 3600

struct world {
    struct tls_server *server;
    struct outbound *outbound;
    struct arena *arena;
    str base; /* https://bank.example:PORT */
    const char *resolve[3];
};

static struct outbound *open_outbound(struct world *w, const char *allow, const char *ca_file, unsigned timeout_ms)
{
    const struct outbound_options options = {
        .allow = allow, .ca_file = ca_file, .timeout_ms = timeout_ms, .resolve = w->resolve};
    char error[256] = "";
    struct outbound *outbound = outbound_new(&options, error, sizeof error);
    if (!outbound)
        fail_msg("%s", error);
    return outbound;
}

/* bank.example is the server, and may have a loopback address; other.example has one too, but may not. */
static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->arena = arena_new();
    w->server = tls_start(NAMES, HOUR);
    w->base = arena_printf(w->arena, "https://bank.example:%u", w->server->port);
    w->resolve[0] = arena_printf(w->arena, "bank.example:%u:127.0.0.1", w->server->port).p;
    w->resolve[1] = arena_printf(w->arena, "other.example:%u:127.0.0.1", w->server->port).p;
    w->outbound = open_outbound(w, "bank.example", w->server->certificate, 2000);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    outbound_free(w->outbound);
    tls_stop(w->server);
    arena_free(w->arena);
    free(w);
    return 0;
}

static enum outbound_result fetch(struct world *w, struct outbound *outbound, str url, struct outbound_answer *answer,
                                  str *why)
{
    const struct outbound_request request = {.url = url, .answer_max = 1000};
    return outbound_fetch(outbound, w->arena, &request, answer, why);
}

static str path(struct world *w, const char *text)
{
    return arena_printf(w->arena, "%.*s%s", STR_FMT(w->base), text);
}

static void assert_result(struct world *w, enum outbound_result expected)
{
    struct outbound_answer answer;
    str why = STR_NONE;
    enum outbound_result result = fetch(w, w->outbound, path(w, "/secret-path?token=secret"), &answer, &why);
    if (result != expected)
        fail_msg("%s, not %s: %.*s", outbound_result_name(result), outbound_result_name(expected), STR_FMT(why));
    if (result != OUTBOUND_ANSWERED) {
        assert_true(str_starts(why, STR("bank.example:")));
        assert_null(strstr(why.p, "secret"));
    }
}

static void a_document_is_fetched(void **state)
{
    struct world *w = *state;
    struct outbound_answer answer;
    str why;
    tls_script(w->server, (struct tls_step){TLS_ANSWER, 200, "Content-Type: text/x; a=b\r\n", "the document"});
    assert_int_equal(fetch(w, w->outbound, path(w, "/a/../b?x=1"), &answer, &why), OUTBOUND_ANSWERED);
    assert_int_equal(answer.status, 200);
    assert_str(answer.content_type, "text/x; a=b");
    assert_str(answer.body, "the document");
    assert_non_null(strstr(w->server->heard, "GET /a/../b?x=1 HTTP/1.1\r\n"));
    assert_null(strstr(w->server->heard, "Authorization"));
    assert_null(strstr(w->server->heard, "Cookie"));
    assert_null(strstr(w->server->heard, "Accept-Encoding"));
}

static void a_body_is_posted_with_its_headers_and_nothing_stays_for_the_next_request(void **state)
{
    struct world *w = *state;
    struct outbound_answer answer;
    str why;
    const struct outbound_request request = {.url = path(w, "/notice"),
                                             .body = STR("logout_token=x"),
                                             .content_type = STR("application/x-www-form-urlencoded"),
                                             .accept = STR("application/json"),
                                             .authorization = STR("Bearer abc"),
                                             .answer_max = 1000};
    tls_script(w->server, (struct tls_step){TLS_ANSWER, 204, "Set-Cookie: a=b\r\n", NULL});
    assert_int_equal(outbound_fetch(w->outbound, w->arena, &request, &answer, &why), OUTBOUND_ANSWERED);
    assert_int_equal(answer.status, 204);
    assert_non_null(strstr(w->server->heard, "POST /notice HTTP/1.1\r\n"));
    assert_non_null(strstr(w->server->heard, "Content-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(w->server->heard, "Authorization: Bearer abc\r\n"));
    assert_non_null(strstr(w->server->heard, "\r\n\r\nlogout_token=x"));
    assert_null(strstr(w->server->heard, "Expect"));
    tls_script(w->server, (struct tls_step){TLS_ANSWER, 200, NULL, "{}"});
    assert_int_equal(fetch(w, w->outbound, path(w, "/next"), &answer, &why), OUTBOUND_ANSWERED);
    assert_non_null(strstr(w->server->heard, "GET /next"));
    assert_null(strstr(w->server->heard, "Bearer"));
    assert_null(strstr(w->server->heard, "Cookie"));
    assert_null(strstr(w->server->heard, "logout_token"));
}

static void connections_are_kept(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 5; i++)
        assert_result(w, OUTBOUND_ANSWERED);
    assert_int_equal(w->server->connections, 1);
}

static void redirects_are_not_followed(void **state)
{
    struct world *w = *state;
    struct outbound_answer answer;
    str why;
    tls_script(w->server, (struct tls_step){TLS_ANSWER, 302, "Location: /elsewhere\r\n", NULL});
    assert_int_equal(fetch(w, w->outbound, path(w, "/"), &answer, &why), OUTBOUND_ANSWERED);
    assert_int_equal(answer.status, 302);
    assert_int_equal(w->server->requests, 1);
}

static void a_header_can_not_be_smuggled_in(void **state)
{
    struct world *w = *state;
    struct outbound_answer answer;
    str why;
    const struct outbound_request request = {
        .url = w->base, .authorization = STR("Bearer a\r\nX-Evil: b"), .answer_max = 1000};
    assert_int_equal(outbound_fetch(w->outbound, w->arena, &request, &answer, &why), OUTBOUND_BAD_URL);
    assert_int_equal(w->server->connections, 0);
}

/* ---- where it leads ---- */

static void a_name_with_a_loopback_address_gets_no_connection(void **state)
{
    struct world *w = *state;
    struct outbound_answer answer;
    str why, url = arena_printf(w->arena, "https://other.example:%u/", w->server->port);
    const char *reason;
    assert_true(outbound_accepts(w->outbound, url, &reason)); /* the name says nothing */
    assert_int_equal(fetch(w, w->outbound, url, &answer, &why), OUTBOUND_FORBIDDEN);
    assert_int_equal(w->server->connections, 0);
    struct outbound_counts counts;
    outbound_counts(w->outbound, &counts);
    assert_int_equal(counts.forbidden, 1);
}

/* [12] DNS rebinding: a name passes every look at it beforehand, and leads to loopback in the moment of the call, as
 * its only address or as the one after another that does not answer. The address is looked at when the connection is
 * opened, and the connection goes to that very one: there is nothing in between. */
static void a_name_that_changes_its_address_gains_nothing(void **state)
{
    struct world *w = *state;
    struct outbound_answer answer;
    str why, url = arena_printf(w->arena, "https://rebound.example:%u/", w->server->port);
    const char *reason;
    assert_true(outbound_accepts(w->outbound, url, &reason));
    w->resolve[0] = arena_printf(w->arena, "rebound.example:%u:[2001:db8::1],127.0.0.1", w->server->port).p;
    w->resolve[1] = NULL;
    struct outbound *outbound = open_outbound(w, NULL, w->server->certificate, 1000);
    assert_int_equal(fetch(w, outbound, url, &answer, &why), OUTBOUND_FORBIDDEN);
    outbound_free(outbound);
    w->resolve[0] = arena_printf(w->arena, "rebound.example:%u:127.0.0.1", w->server->port).p;
    outbound = open_outbound(w, NULL, w->server->certificate, 1000);
    assert_int_equal(fetch(w, outbound, url, &answer, &why), OUTBOUND_FORBIDDEN);
    outbound_free(outbound);
    assert_int_equal(w->server->connections, 0);
}

static void the_real_resolver_is_guarded_too(void **state)
{
    struct world *w = *state;
    struct outbound_answer answer;
    str why;
    struct outbound *outbound = open_outbound(w, "localhost:1", w->server->certificate, 2000);
    str url = arena_printf(w->arena, "https://localhost:%u/", w->server->port);
    assert_int_equal(fetch(w, outbound, url, &answer, &why), OUTBOUND_FORBIDDEN);
    outbound_free(outbound);
    outbound = open_outbound(w, "localhost", w->server->certificate, 2000);
    assert_int_equal(fetch(w, outbound, url, &answer, &why), OUTBOUND_ANSWERED);
    outbound_free(outbound);
}

static void proxies_of_the_environment_are_not_used(void **state)
{
    struct world *w = *state;
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    assert_result(w, OUTBOUND_ANSWERED);
    unsetenv("https_proxy");
    unsetenv("ALL_PROXY");
}

/* ---- whom it trusts ---- */

static void assert_distrusted(struct tls_server *server, const char *ca_file)
{
    struct world w = {.arena = arena_new(), .server = server};
    struct outbound_answer answer;
    str why;
    w.resolve[0] = arena_printf(w.arena, "bank.example:%u:127.0.0.1", server->port).p;
    struct outbound *outbound = open_outbound(&w, "bank.example", ca_file, 2000);
    str url = arena_printf(w.arena, "https://bank.example:%u/", server->port);
    assert_int_equal(fetch(&w, outbound, url, &answer, &why), OUTBOUND_UNREACHED);
    assert_non_null(strstr(why.p, "certificate"));
    assert_int_equal(server->requests, 0);
    outbound_free(outbound);
    arena_free(w.arena);
    tls_stop(server);
}

static void a_certificate_that_nobody_vouches_for_is_refused(void **state)
{
    (void)state;
    assert_distrusted(tls_start(NAMES, HOUR), NULL);
}

static void a_certificate_of_another_name_is_refused(void **state)
{
    struct tls_server *server = tls_start("DNS:other.example,IP:127.0.0.1", HOUR);
    (void)state;
    assert_distrusted(server, server->certificate);
}

static void an_expired_certificate_is_refused(void **state)
{
    struct tls_server *server = tls_start(NAMES, -60);
    (void)state;
    assert_distrusted(server, server->certificate);
}

static void tls_before_1_2_and_weak_ciphers_are_refused(void **state)
{
    struct world *w = *state;
    SSL_CTX_set_options(w->server->context, SSL_OP_NO_TLSv1_3);
    SSL_CTX_set_cipher_list(w->server->context, "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0");
    assert_result(w, OUTBOUND_UNREACHED);
    SSL_CTX_set_cipher_list(w->server->context, "ECDHE-ECDSA-AES128-GCM-SHA256");
    assert_result(w, OUTBOUND_ANSWERED);
    outbound_free(w->outbound);
    w->outbound = open_outbound(w, "bank.example", w->server->certificate, 2000);
    SSL_CTX_set_cipher_list(w->server->context, "DEFAULT:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(w->server->context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(w->server->context, TLS1_1_VERSION);
    assert_result(w, OUTBOUND_UNREACHED);
}

static void *answer_in_the_clear(void *context)
{
    int listener = *(int *)context, socket = accept(listener, NULL, NULL);
    char request[1024];
    if (recv(socket, request, sizeof request, 0) > 0)
        send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38, MSG_NOSIGNAL);
    close(socket);
    return NULL;
}

static void a_server_without_tls_gets_no_request(void **state)
{
    struct world *w = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    pthread_t thread;
    struct outbound_answer answer;
    str why;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(pthread_create(&thread, NULL, answer_in_the_clear, &listener), 0);
    struct outbound *outbound = open_outbound(w, "127.0.0.1", w->server->certificate, 2000);
    str url = arena_printf(w->arena, "https://127.0.0.1:%u/", ntohs(address.sin_port));
    assert_int_equal(fetch(w, outbound, url, &answer, &why), OUTBOUND_UNREACHED);
    pthread_join(thread, NULL);
    close(listener);
    outbound_free(outbound);
}

static void a_port_where_nobody_listens_is_unreached(void **state)
{
    struct world *w = *state;
    struct outbound_answer answer;
    str why;
    struct outbound *outbound = open_outbound(w, "127.0.0.1", NULL, 2000);
    assert_int_equal(fetch(w, outbound, STR("https://127.0.0.1:1/"), &answer, &why), OUTBOUND_UNREACHED);
    outbound_free(outbound);
}

/* ---- limits ---- */

static void answers_that_are_too_large_are_broken_off(void **state)
{
    static const enum tls_how ways[] = {TLS_ENDLESS, TLS_ENDLESS_HEAD, TLS_LONG_LINE};
    struct world *w = *state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        tls_script(w->server, (struct tls_step){.how = ways[i]});
        assert_result(w, OUTBOUND_TOO_LARGE);
    }
    char body[1002] = "";
    memset(body, 'x', 1001);
    tls_script(w->server, (struct tls_step){TLS_ANSWER, 200, NULL, body});
    assert_result(w, OUTBOUND_TOO_LARGE);
    body[1000] = '\0';
    tls_script(w->server, (struct tls_step){TLS_ANSWER, 200, NULL, body});
    assert_result(w, OUTBOUND_ANSWERED);
}

static void a_compressed_answer_is_not_unpacked(void **state)
{
    struct world *w = *state;
    struct outbound_answer answer;
    str why;
    tls_script(w->server, (struct tls_step){TLS_ANSWER, 200, "Content-Encoding: gzip\r\n", "\x1f\x8b packed"});
    assert_int_equal(fetch(w, w->outbound, w->base, &answer, &why), OUTBOUND_ANSWERED);
    assert_str(answer.body, "\x1f\x8b packed");
}

static void servers_that_are_slow_are_left_in_time(void **state)
{
    static const enum tls_how ways[] = {TLS_HOLD, TLS_DRIP, TLS_DRIP_BODY};
    struct world *w = *state;
    outbound_free(w->outbound);
    w->outbound = open_outbound(w, "bank.example", w->server->certificate, 600);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        int64_t begun = clock_mono_ms();
        tls_script(w->server, (struct tls_step){.how = ways[i]});
        assert_result(w, OUTBOUND_LOST);
        assert_in_range(clock_mono_ms() - begun, 500, 5000);
    }
}

static void a_connection_that_breaks_is_lost(void **state)
{
    struct world *w = *state;
    tls_script(w->server, (struct tls_step){.how = TLS_DROP});
    assert_result(w, OUTBOUND_LOST);
}

/* ---- many at a time ---- */

#define CALLERS 12

struct caller {
    struct world *world;
    pthread_t thread;
    enum outbound_result result;
};

static void *call(void *context)
{
    struct caller *caller = context;
    TEST_ARENA;
    struct outbound_answer answer;
    str why;
    const struct outbound_request request = {.url = caller->world->base, .answer_max = 1000};
    caller->result = outbound_fetch(caller->world->outbound, arena, &request, &answer, &why);
    return NULL;
}

static void a_slow_host_takes_its_share_of_calls_and_no_more(void **state)
{
    struct world *w = *state;
    struct caller callers[CALLERS];
    unsigned busy = 0;
    outbound_free(w->outbound);
    w->outbound = open_outbound(w, "bank.example", w->server->certificate, 20000);
    tls_script(w->server, (struct tls_step){.how = TLS_HOLD});
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.world = w};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    tls_await(w->server, 8);
    int64_t begun = clock_mono_ms();
    outbound_shut(w->outbound); /* ends those that wait */
    for (size_t i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        busy += callers[i].result == OUTBOUND_BUSY;
        assert_int_not_equal(callers[i].result, OUTBOUND_ANSWERED);
    }
    assert_in_range(clock_mono_ms() - begun, 0, 10000);
    assert_int_equal(busy, CALLERS - 8);
    assert_int_equal(w->server->most_at_once, 8);
    assert_result(w, OUTBOUND_BUSY); /* shut */
}

#define FETCH_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FETCH_TEST(a_document_is_fetched),
        FETCH_TEST(a_body_is_posted_with_its_headers_and_nothing_stays_for_the_next_request),
        FETCH_TEST(connections_are_kept),
        FETCH_TEST(redirects_are_not_followed),
        FETCH_TEST(a_header_can_not_be_smuggled_in),
        FETCH_TEST(a_name_with_a_loopback_address_gets_no_connection),
        FETCH_TEST(a_name_that_changes_its_address_gains_nothing),
        FETCH_TEST(the_real_resolver_is_guarded_too),
        FETCH_TEST(proxies_of_the_environment_are_not_used),
        cmocka_unit_test(a_certificate_that_nobody_vouches_for_is_refused),
        cmocka_unit_test(a_certificate_of_another_name_is_refused),
        cmocka_unit_test(an_expired_certificate_is_refused),
        FETCH_TEST(tls_before_1_2_and_weak_ciphers_are_refused),
        FETCH_TEST(a_server_without_tls_gets_no_request),
        FETCH_TEST(a_port_where_nobody_listens_is_unreached),
        FETCH_TEST(answers_that_are_too_large_are_broken_off),
        FETCH_TEST(a_compressed_answer_is_not_unpacked),
        FETCH_TEST(servers_that_are_slow_are_left_in_time),
        FETCH_TEST(a_connection_that_breaks_is_lost),
        FETCH_TEST(a_slow_host_takes_its_share_of_calls_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
