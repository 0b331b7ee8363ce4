/* The server's own certificate: what is said of it before the start, and that a new one is taken up while it serves. */
#include "http/tls_check.h"

#include "tls_client.h"

static struct arena *arena;
static char folder[] = "/tmp/konsao-certificate-XXXXXX";
static const char *certificate_file, *key_file;

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

/* What the check says of the files, for `host`; `fine`: what it should find. */
static str check(const char *host, bool fine)
{
    char text[512] = "";
    assert_int_equal(tls_check(certificate_file, key_file, host, text, sizeof text), fine);
    return arena_str(arena, str_of(text));
}

static str check_identity(struct identity identity, const char *host, bool fine)
{
    identity_write(arena, &identity, certificate_file, key_file);
    identity_free(&identity);
    return check(host, fine);
}

static void a_good_pair_is_said_to_be_usable_and_until_when(void **state)
{
    (void)state;
    assert_true(
        str_starts(check_identity(identity_ec(), "localhost", true), STR("the certificate and its key can be")));
    check_identity(identity_new(GNUTLS_PK_RSA, 2048, -DAY, DAY), NULL, true);
}

#define assert_ends(text, end)                                                                                         \
    do {                                                                                                               \
        str text_ = (text);                                                                                            \
        if (!str_ends(text_, str_of(end)))                                                                             \
            fail_msg("\"%.*s\" does not end in \"%s\"", STR_FMT(text_), (end));                                        \
    } while (0)

static void each_fault_has_a_sentence_of_its_own(void **state)
{
    (void)state;
    assert_ends(check_identity(identity_ec(), "id.example.gov.kh", false),
                "certificate.pem is for another host");
    assert_ends(
        check_identity(identity_new(GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), -2 * DAY, -DAY),
                       "localhost", false),
        "certificate.pem has expired");
    assert_ends(
        check_identity(identity_new(GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), DAY, 2 * DAY),
                       "localhost", false),
        "certificate.pem is not valid yet");
    assert_ends(check_identity(identity_new(GNUTLS_PK_RSA, 1024, -DAY, DAY), "localhost", false),
                "certificate.pem has an RSA key that is too short: 2048 bits it must have");
    struct identity other = identity_ec();
    identity_write(arena, &other, NULL, key_file);
    identity_free(&other);
    assert_true(str_starts(check("localhost", false), STR("the TLS key ")));
    write_file(key_file, STR("no key at all\n"));
    assert_true(str_starts(check("localhost", false), STR("the TLS certificate ")));
    unlink(key_file);
    assert_ends(check("localhost", false), "key.pem can't be read: No such file or directory");
    unlink(certificate_file);
    assert_ends(check("localhost", false), "certificate.pem can't be read: No such file or directory");
}

static void quick(struct request *rq, void *context)
{
    (void)context;
    respond(rq, 200, "text/plain", STR("here"));
}

static const struct route routes[] = {{"GET", "/quick", RUN_INLINE, false, quick, NULL}};
static const struct http_entry entries[] = {{ENTRY_TLS, "127.0.0.1", 0}};

static struct http_options options_with_tls(void)
{
    struct http_options options = test_options(routes, COUNT_OF(routes));
    options.entries = entries;
    options.entry_count = COUNT_OF(entries);
    options.tls_certificate = certificate_file;
    options.tls_key = key_file;
    return options;
}

/* The certificate (DER) that the server shows a new connection. */
static str shown(const struct http_server *server)
{
    struct tls_client client = tls_connect(http_entry_port(server, 0), NULL, NULL, NULL);
    unsigned count = 0;
    assert_true(client.up);
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(client.session, &count);
    str der = arena_str(arena, str_bytes(chain[0].data, chain[0].size));
    tls_disconnect(&client);
    return der;
}

static bool comes_to_show(const struct http_server *server, str der)
{
    int64_t deadline = clock_mono_ms() + 20000;
    while (clock_mono_ms() < deadline) {
        if (str_eq(shown(server), der))
            return true;
        usleep(20000);
    }
    return false;
}

static void a_new_certificate_is_taken_up_and_half_of_one_is_not(void **state)
{
    (void)state;
    struct identity first = identity_ec(), second = identity_new(GNUTLS_PK_RSA, 2048, -DAY, DAY);
    identity_write(arena, &first, certificate_file, key_file);
    struct http_options options = options_with_tls();
    struct http_server *server = test_start(&options);
    str one = identity_certificate(arena, &first, GNUTLS_X509_FMT_DER);
    str two = identity_certificate(arena, &second, GNUTLS_X509_FMT_DER);
    assert_true(str_eq(shown(server), one));
    struct tls_client before = tls_connect(http_entry_port(server, 0), NULL, NULL, NULL);

    identity_write(arena, &second, certificate_file, NULL);
    int64_t deadline = clock_mono_ms() + 2500; /* it has looked at least once within this */
    while (clock_mono_ms() < deadline)
        assert_true(str_eq(shown(server), one));
    identity_write(arena, &second, NULL, key_file);
    assert_true(comes_to_show(server, two));

    str answer = tls_exchange(arena, &before, STR("GET /quick HTTP/1.1\r\n" HOST "\r\n"));
    assert_int_equal(test_status(answer), 200); /* who was connected stays so */
    tls_disconnect(&before);
    http_stop(server, 5000);
    identity_free(&first);
    identity_free(&second);
}

static void tls_without_usable_files_stops_the_start(void **state)
{
    (void)state;
    char error[256] = "";
    struct http_options options = options_with_tls();
    unlink(key_file);
    assert_null(http_start(&options, error, sizeof error));
    assert_non_null(strstr(error, "can't be read"));
    options.tls_key = NULL;
    assert_null(http_start(&options, error, sizeof error));
    assert_string_equal(error, "TLS needs a certificate and its key");
    options.entry_count = 0;
    options.address = NULL;
    assert_null(http_start(&options, error, sizeof error));
    assert_string_equal(error, "there is no address, port or socket to listen on");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_pair_is_said_to_be_usable_and_until_when),
        cmocka_unit_test(each_fault_has_a_sentence_of_its_own),
        cmocka_unit_test(a_new_certificate_is_taken_up_and_half_of_one_is_not),
        cmocka_unit_test(tls_without_usable_files_stops_the_start),
    };
    return cmocka_run_group_tests(tests, prepare, clear);
}
