#include "tls_client.h"

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define SEE "GET /see HTTP/1.1\r\n" HOST

enum { TLS, MTLS };

/* Says whether a certificate could be, and was, presented: its DER in hex. */
static void see(struct request *rq, void *context)
{
    struct buf out = buf_new(rq->arena, 2048);
    (void)context;
    buf_printf(&out, "mtls=%d peer=%.*s certificate=", rq->mtls, STR_FMT(rq->peer));
    for (size_t i = 0; i < rq->client_certificate.n; i++)
        buf_printf(&out, "%02x", (unsigned char)rq->client_certificate.p[i]);
    respond(rq, 200, "text/plain", buf_str(&out));
}

static void size(struct request *rq, void *context)
{
    (void)context;
    response_header(rq, "X-Size", arena_printf(rq->arena, "%zu", rq->body.n));
    respond(rq, 200, "text/plain", rq->body);
}

static const struct route routes[] = {
    {"GET", "/see", RUN_INLINE, false, see, NULL},
    {"GET", "/work", RUN_WORKER, false, see, NULL},
    {"POST", "/size", RUN_INLINE, false, size, NULL},
    {"POST", "/work", RUN_WORKER, false, size, NULL},
};

static struct arena *arena;
static char folder[] = "/tmp/konsao-tls-XXXXXX";
static const char *certificate_file, *key_file;
static const struct http_entry entries[] = {{ENTRY_TLS, "127.0.0.1", 0}, {ENTRY_MTLS, "127.0.0.1", 0}};
static struct http_options options;
static struct http_server *server;

static int prepare(void **state)
{
    (void)state;
    arena = arena_new();
    assert_non_null(mkdtemp(folder));
    certificate_file = arena_printf(arena, "%s/certificate.pem", folder).p;
    key_file = arena_printf(arena, "%s/key.pem", folder).p;
    return 0;
}

static int clear(void **state)
{
    (void)state;
    unlink(certificate_file);
    unlink(key_file);
    rmdir(folder);
    arena_free(arena);
    return 0;
}

static void serve_as(struct identity identity)
{
    identity_write(arena, &identity, certificate_file, key_file);
    identity_free(&identity);
    options = test_options(routes, COUNT_OF(routes));
    options.entries = entries;
    options.entry_count = COUNT_OF(entries);
    options.tls_certificate = certificate_file;
    options.tls_key = key_file;
}

static int start(void **state)
{
    (void)state;
    serve_as(identity_ec());
    server = test_start(&options);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_stop(server, 5000);
    server = NULL;
    return 0;
}

static uint16_t port(size_t entry)
{
    return http_entry_port(server, entry);
}

static str ask(size_t entry, const char *priorities, const struct identity *identity, const char *request)
{
    struct tls_client client = tls_connect(port(entry), priorities, identity, NULL);
    str response = tls_exchange(arena, &client, arena_printf(arena, "%s\r\n", request));
    tls_disconnect(&client);
    return response;
}

static str hex(str bytes)
{
    struct buf out = buf_new(arena, 2048);
    for (size_t i = 0; i < bytes.n; i++)
        buf_printf(&out, "%02x", (unsigned char)bytes.p[i]);
    return buf_str(&out);
}

static void both_versions_serve_the_same_routes(void **state)
{
    (void)state;
    assert_str(test_body(ask(TLS, TLS_1_3, NULL, SEE)), "mtls=0 peer=127.0.0.1 certificate=");
    assert_str(test_body(ask(TLS, TLS_1_2, NULL, SEE)), "mtls=0 peer=127.0.0.1 certificate=");
    assert_str(test_body(ask(TLS, NULL, NULL, "GET /work HTTP/1.1\r\n" HOST)), "mtls=0 peer=127.0.0.1 certificate=");
    assert_str(test_body(test_ask(arena, server, STR(SEE "\r\n"))), "mtls=0 peer=127.0.0.1 certificate=");
}

static void where_it_is_wanted_answers_ask_for_tls_alone(void **state)
{
    (void)state;
    assert_null(test_header(ask(TLS, NULL, NULL, SEE), "Strict-Transport-Security").p);
    http_stop(server, 5000);
    options.strict = true;
    server = test_start(&options);
    assert_str(test_header(ask(TLS, NULL, NULL, SEE), "Strict-Transport-Security"), "max-age=31536000");
    assert_str(test_header(ask(TLS, NULL, NULL, "GET /nowhere HTTP/1.1\r\n" HOST), "Strict-Transport-Security"),
               "max-age=31536000");
    /* RFC 6797 section 7.2: never without TLS */
    assert_null(test_header(test_ask(arena, server, STR(SEE "\r\n")), "Strict-Transport-Security").p);
}

static void an_rsa_key_serves_as_well(void **state)
{
    (void)state;
    serve_as(identity_new(GNUTLS_PK_RSA, 2048, -DAY, DAY));
    server = test_start(&options);
    assert_int_equal(test_status(ask(TLS, TLS_1_3, NULL, SEE)), 200);
    assert_int_equal(test_status(ask(TLS, TLS_1_2, NULL, SEE)), 200);
    struct tls_client weak =
        tls_connect(port(TLS), "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", NULL, NULL); /* no forward secrecy */
    assert_false(weak.up);
    tls_disconnect(&weak);
    struct tls_client dhe = tls_connect(port(TLS), "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA", NULL, NULL);
    assert_false(dhe.up);
    tls_disconnect(&dhe);
    http_stop(server, 5000);
}

static void a_client_certificate_arrives_byte_for_byte(void **state)
{
    (void)state;
    struct identity identities[] = {identity_ec(), identity_new(GNUTLS_PK_RSA, 2048, -DAY, DAY)};
    const char *const versions[] = {TLS_1_2, TLS_1_3};
    for (size_t i = 0; i < COUNT_OF(identities); i++)
        for (size_t k = 0; k < COUNT_OF(versions); k++)
            for (size_t worker = 0; worker < 2; worker++) {
                str der = hex(identity_certificate(arena, &identities[i], GNUTLS_X509_FMT_DER));
                str got =
                    test_body(ask(MTLS, versions[k], &identities[i], worker ? "GET /work HTTP/1.1\r\n" HOST : SEE));
                assert_str(got, arena_printf(arena, "mtls=1 peer=127.0.0.1 certificate=%.*s", STR_FMT(der)).p);
            }
    for (size_t i = 0; i < COUNT_OF(identities); i++)
        identity_free(&identities[i]);
}

static void without_a_certificate_the_client_is_let_in(void **state)
{
    (void)state;
    assert_str(test_body(ask(MTLS, TLS_1_2, NULL, SEE)), "mtls=1 peer=127.0.0.1 certificate=");
    assert_str(test_body(ask(MTLS, TLS_1_3, NULL, SEE)), "mtls=1 peer=127.0.0.1 certificate=");
}

static void the_other_port_asks_for_none(void **state)
{
    (void)state;
    struct identity identity = identity_ec();
    assert_str(test_body(ask(TLS, TLS_1_2, &identity, SEE)), "mtls=0 peer=127.0.0.1 certificate=");
    assert_str(test_body(ask(TLS, TLS_1_3, &identity, SEE)), "mtls=0 peer=127.0.0.1 certificate=");
    identity_free(&identity);
}

static void a_certificate_without_its_key_is_worth_nothing(void **state)
{
    (void)state;
    struct identity owner = identity_ec(), thief = identity_ec();
    const char *const versions[] = {TLS_1_2, TLS_1_3};
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        struct tls_client client = tls_connect(port(MTLS), versions[i], &owner, thief.key);
        assert_int_equal(tls_exchange(arena, &client, STR(SEE "\r\n")).n, 0);
        tls_disconnect(&client);
    }
    identity_free(&owner);
    identity_free(&thief);
}

static void an_expired_certificate_still_proves_its_key(void **state)
{
    (void)state; /* RFC 8705 section 2.2.2: self-signed ones are compared, not judged */
    struct identity old = identity_new(GNUTLS_PK_RSA, 2048, -2 * DAY, -DAY);
    assert_true(
        str_ends(test_body(ask(MTLS, NULL, &old, SEE)), hex(identity_certificate(arena, &old, GNUTLS_X509_FMT_DER))));
    identity_free(&old);
}

static void old_versions_and_weak_suites_are_refused(void **state)
{
    static const char *const refused[] = {
        "NORMAL:-VERS-ALL:+VERS-TLS1.0:+SHA1:%ALLOW_SMALL_RECORDS",
        "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SHA1",
        TLS_1_2 ":-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC:+SHA1:+SHA256:+SHA384",
        TLS_1_2 ":-CIPHER-ALL:+AES-128-CCM:+AES-256-CCM:+AES-128-CCM-8",
        TLS_1_2 ":-CIPHER-ALL:+CHACHA20-POLY1305",
        TLS_1_2 ":-CIPHER-ALL:+3DES-CBC:+SHA1",
        TLS_1_2 ":-CIPHER-ALL:+CAMELLIA-128-GCM:+CAMELLIA-256-GCM",
        TLS_1_3 ":-CIPHER-ALL:+AES-128-CCM:+AES-128-CCM-8",
        TLS_1_2 ":-SIGN-ALL:+SIGN-ECDSA-SHA1:+SIGN-RSA-SHA1",
        TLS_1_3 ":-GROUP-ALL:+GROUP-FFDHE2048",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        for (size_t entry = TLS; entry <= MTLS; entry++) {
            struct tls_client client = tls_connect(port(entry), refused[i], NULL, NULL);
            if (client.up)
                fail_msg("%s was taken", refused[i]);
            gnutls_alert_description_t alert = client.fault == GNUTLS_E_FATAL_ALERT_RECEIVED
                                                   ? gnutls_alert_get(client.session)
                                                   : GNUTLS_A_CLOSE_NOTIFY;
            if (alert != GNUTLS_A_PROTOCOL_VERSION && alert != GNUTLS_A_HANDSHAKE_FAILURE)
                fail_msg("%s: %s, alert %d", refused[i], gnutls_strerror(client.fault), (int)alert);
            tls_disconnect(&client);
        }
    assert_int_equal(test_status(ask(TLS, TLS_1_2 ":-CIPHER-ALL:+AES-128-GCM", NULL, SEE)), 200);
    assert_int_equal(test_status(ask(TLS, TLS_1_2 ":-CIPHER-ALL:+AES-256-GCM", NULL, SEE)), 200);
}

static void a_connection_serves_many_requests(void **state)
{
    (void)state;
    struct tls_client client = tls_connect(port(TLS), NULL, NULL, NULL);
    for (size_t i = 0; i < 20; i++) {
        const char *path = i % 2 ? "/size" : "/work";
        size_t n = i % 3 == 0 ? 60000 : i * 100;
        char *body = arena_alloc(arena, n + 1);
        memset(body, 'b', n);
        str request =
            arena_printf(arena, "POST %s HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%.*s", path, n, (int)n, body);
        str response = tls_exchange(arena, &client, request);
        assert_int_equal(test_status(response), 200);
        assert_int_equal(test_body(response).n, n);
    }
    tls_disconnect(&client);
}

static void what_is_not_tls_is_hung_up_on(void **state)
{
    static const str sent[] = {
        STR_INIT(SEE "\r\n"),
        STR_INIT("\x16\x03\x01\xff\xff garbage that no handshake begins with"),
        STR_INIT("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"), /* an empty ClientHello */
        STR_INIT("\x80\x2e\x01\x00\x02"),                     /* as SSL 2 began */
        STR_INIT("\x17\x03\x03\x00\x10nothing agreed on"),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sent); i++) {
        int fd = test_connect_port(port(TLS));
        assert_true(test_write(fd, sent[i]));
        shutdown(fd, SHUT_WR);
        str answer = test_read(arena, fd, false);
        assert_null(memmem(answer.p, answer.n, "HTTP", 4));
        close(fd);
    }
    assert_int_equal(test_status(ask(TLS, NULL, NULL, SEE)), 200);
}

static void a_handshake_that_dawdles_is_cut_off(void **state)
{
    (void)state;
    serve_as(identity_ec());
    options.request_seconds = 1;
    server = test_start(&options);
    int silent = test_connect_port(port(TLS)), begun = test_connect_port(port(MTLS));
    assert_true(test_write(begun, STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")));
    char c;
    assert_true(test_readable(silent, 10000) && recv(silent, &c, 1, 0) <= 0); /* and no 408 in the clear */
    assert_true(test_readable(begun, 10000) && recv(begun, &c, 1, 0) <= 0);
    close(silent);
    close(begun);
    struct tls_client client = tls_connect(port(TLS), NULL, NULL, NULL);
    assert_true(client.up);
    assert_int_equal(tls_exchange(arena, &client, STR("GET /see HTTP/1.1\r\nHost:")).n,
                     0); /* a request that never ends */
    tls_disconnect(&client);
    http_stop(server, 5000);
}

static void one_address_gets_its_share_of_all_ports_together(void **state)
{
    (void)state;
    serve_as(identity_ec());
    options.connections_per_ip = 2;
    options.loops = 1;
    server = test_start(&options);
    struct tls_client one = tls_connect(port(TLS), NULL, NULL, NULL), two = tls_connect(port(MTLS), NULL, NULL, NULL);
    assert_true(one.up && two.up);
    struct tls_client three = tls_connect(port(TLS), NULL, NULL, NULL);
    assert_false(three.up);
    tls_disconnect(&one);
    tls_disconnect(&two);
    tls_disconnect(&three);
    http_stop(server, 5000);
}

static void a_head_that_is_too_large_is_refused_within_tls(void **state)
{
    (void)state;
    struct buf request = buf_new(arena, 16384);
    buf_add(&request, STR(SEE));
    for (size_t i = 0; i < 70; i++)
        buf_printf(&request, "X-%zu: %0100d\r\n", i, 1);
    assert_int_equal(test_status(ask(TLS, NULL, NULL, arena_cstr(arena, buf_str(&request)))), 431);
}

static void a_forged_header_is_no_certificate(void **state)
{
    (void)state;
    const char *forged =
        SEE "X-Client-Cert: -----BEGIN%20CERTIFICATE-----%0AMAA%3D%0A-----END%20CERTIFICATE-----%0A\r\n"
            "Client-Cert: :MAA=:\r\nX-Forwarded-For: 203.0.113.9\r\n";
    assert_str(test_body(ask(TLS, NULL, NULL, forged)), "mtls=0 peer=127.0.0.1 certificate=");
    assert_str(test_body(ask(MTLS, NULL, NULL, forged)), "mtls=1 peer=127.0.0.1 certificate=");
    assert_str(test_body(test_ask(arena, server, arena_printf(arena, "%s\r\n", forged))),
               "mtls=0 peer=127.0.0.1 certificate=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_versions_serve_the_same_routes, start, stop),
        cmocka_unit_test_setup_teardown(where_it_is_wanted_answers_ask_for_tls_alone, start, stop),
        cmocka_unit_test(an_rsa_key_serves_as_well),
        cmocka_unit_test_setup_teardown(a_client_certificate_arrives_byte_for_byte, start, stop),
        cmocka_unit_test_setup_teardown(without_a_certificate_the_client_is_let_in, start, stop),
        cmocka_unit_test_setup_teardown(the_other_port_asks_for_none, start, stop),
        cmocka_unit_test_setup_teardown(a_certificate_without_its_key_is_worth_nothing, start, stop),
        cmocka_unit_test_setup_teardown(an_expired_certificate_still_proves_its_key, start, stop),
        cmocka_unit_test_setup_teardown(old_versions_and_weak_suites_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(a_connection_serves_many_requests, start, stop),
        cmocka_unit_test_setup_teardown(what_is_not_tls_is_hung_up_on, start, stop),
        cmocka_unit_test(a_handshake_that_dawdles_is_cut_off),
        cmocka_unit_test(one_address_gets_its_share_of_all_ports_together),
        cmocka_unit_test_setup_teardown(a_head_that_is_too_large_is_refused_within_tls, start, stop),
        cmocka_unit_test_setup_teardown(a_forged_header_is_no_certificate, start, stop),
    };
    return cmocka_run_group_tests(tests, prepare, clear);
}
