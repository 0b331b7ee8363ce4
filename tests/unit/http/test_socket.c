/* A proxy in front, on a Unix socket: what is believed of what it says, and on which socket. */
#include <sys/stat.h>
#include <sys/un.h>

#include "tls_client.h"

#define SEE "GET /see HTTP/1.1\r\n" HOST

static void see(struct request *rq, void *context)
{
    (void)context;
    struct buf out = buf_new(rq->arena, 2048);
    buf_printf(&out, "mtls=%d peer=%.*s certificate=", rq->mtls, STR_FMT(rq->peer));
    buf_add(&out, rq->client_certificate);
    respond(rq, 200, "application/octet-stream", buf_str(&out));
}

static const struct route routes[] = {{"GET", "/see", RUN_INLINE, false, see, NULL}};

static struct arena *arena;
static char folder[] = "/tmp/konsao-socket-XXXXXX";
static struct http_entry entries[] = {{ENTRY_SOCKET, NULL, 0}, {ENTRY_MTLS_SOCKET, NULL, 0}};
static const char *plain_path, *mtls_path;
static struct identity identity;
static str der, header; /* the certificate, and X-Client-Cert as nginx writes it */
static struct http_server *server;

/* As nginx's $ssl_client_escaped_cert (ngx_escape_uri, NGX_ESCAPE_URI_COMPONENT). */
static str escape(str text)
{
    struct buf out = buf_new(arena, 2048);
    for (size_t i = 0; i < text.n; i++) {
        bool plain = (text.p[i] >= '0' && text.p[i] <= '9') || (text.p[i] >= 'A' && text.p[i] <= 'Z') ||
                     (text.p[i] >= 'a' && text.p[i] <= 'z') || str_has(STR("-._~"), text.p[i]);
        if (plain)
            buf_char(&out, text.p[i]);
        else
            buf_printf(&out, "%%%02X", (unsigned char)text.p[i]);
    }
    return buf_str(&out);
}

static int prepare(void **state)
{
    (void)state;
    arena = arena_new();
    assert_non_null(mkdtemp(folder));
    entries[0].address = plain_path = arena_printf(arena, "%s/plain.sock", folder).p;
    entries[1].address = mtls_path = arena_printf(arena, "%s/mtls.sock", folder).p;
    identity = identity_ec();
    der = identity_certificate(arena, &identity, GNUTLS_X509_FMT_DER);
    str pem = escape(identity_certificate(arena, &identity, GNUTLS_X509_FMT_PEM));
    header = arena_printf(arena, "X-Client-Cert: %.*s\r\n", STR_FMT(pem));
    return 0;
}

static int clear(void **state)
{
    (void)state;
    identity_free(&identity);
    rmdir(folder);
    arena_free(arena);
    return 0;
}

static struct http_options socket_options(void)
{
    struct http_options options = test_options(routes, COUNT_OF(routes));
    options.entries = entries;
    options.entry_count = COUNT_OF(entries);
    return options;
}

static int start(void **state)
{
    (void)state;
    struct http_options options = socket_options();
    options.connections_per_ip = 1; /* of a proxy's connections there may be many */
    server = test_start(&options);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_stop(server, 5000);
    return 0;
}

static int connect_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static str ask(const char *path, const char *more)
{
    int fd = connect_path(path);
    assert_true(fd >= 0);
    assert_true(test_write(fd, arena_printf(arena, SEE "%s\r\n", more)));
    str response = test_read(arena, fd, true);
    close(fd);
    return response;
}

/* As assert_str, with the bytes of a certificate in it. */
#define assert_body(response, expected)                                                                                \
    do {                                                                                                               \
        str response_ = (response);                                                                                    \
        assert_int_equal(test_status(response_), 200);                                                                 \
        assert_true(str_eq(test_body(response_), (expected)));                                                         \
    } while (0)

static str certified(const char *beginning)
{
    struct buf out = buf_new(arena, 2048);
    buf_add(&out, str_of(beginning));
    buf_add(&out, der);
    return buf_str(&out);
}

static void a_proxy_says_who_the_client_is(void **state)
{
    (void)state;
    assert_str(test_body(ask(plain_path, "X-Forwarded-For: 203.0.113.9\r\n")), "mtls=0 peer=203.0.113.9 certificate=");
    assert_str(test_body(ask(mtls_path, "X-Forwarded-For: 198.51.100.1, 2001:db8::7\r\n")),
               "mtls=1 peer=2001:db8::7 certificate=");
    assert_str(test_body(ask(plain_path, "")), "mtls=0 peer=unix certificate=");
    assert_str(test_body(ask(plain_path, "X-Forwarded-For: nobody\r\n")), "mtls=0 peer=unix certificate=");
}

static void the_forwarded_certificate_arrives_byte_for_byte(void **state)
{
    (void)state;
    assert_body(ask(mtls_path, header.p), certified("mtls=1 peer=unix certificate="));
    assert_body(ask(mtls_path, arena_printf(arena, "X-Forwarded-For: ::1\r\n%s", header.p).p),
                certified("mtls=1 peer=::1 certificate="));
}

static void without_one_the_client_has_none(void **state)
{
    (void)state;
    assert_str(test_body(ask(mtls_path, "")), "mtls=1 peer=unix certificate=");
    assert_str(test_body(ask(mtls_path, "X-Client-Cert:\r\n")), "mtls=1 peer=unix certificate=");
}

static void nobody_else_is_believed(void **state)
{
    (void)state;
    assert_str(test_body(ask(plain_path, header.p)), "mtls=0 peer=unix certificate=");
    str request = arena_printf(arena, SEE "%s\r\n", header.p);
    assert_str(test_body(test_ask(arena, server, request)), "mtls=0 peer=127.0.0.1 certificate=");
}

static void the_trusted_proxy_on_a_port_is_believed_its_address_only(void **state)
{
    (void)state;
    struct http_options options = socket_options();
    options.trusted_proxy = "127.0.0.1";
    server = test_start(&options);
    str request = arena_printf(arena, SEE "X-Forwarded-For: 203.0.113.9\r\n%s\r\n", header.p);
    assert_str(test_body(test_ask(arena, server, request)), "mtls=0 peer=203.0.113.9 certificate=");
    http_stop(server, 5000);
}

static void a_malformed_certificate_is_refused(void **state)
{
    (void)state;
    str pem = identity_certificate(arena, &identity, GNUTLS_X509_FMT_PEM);
    str cut = escape((str){pem.p, pem.n / 2});
    str twice = arena_printf(arena, "%.*s%.*s", STR_FMT(pem), STR_FMT(pem));
    const char *const bad[] = {
        "X-Client-Cert: nonsense\r\n",
        "X-Client-Cert: %\r\n",
        "X-Client-Cert: %00\r\n",
        "X-Client-Cert: -----BEGIN%20CERTIFICATE-----%0A-----END%20CERTIFICATE-----%0A\r\n",
        "X-Client-Cert: -----BEGIN%20CERTIFICATE-----%0AMAA%3D%0A-----END%20CERTIFICATE-----%0A\r\n",
        "X-Client-Cert: -----BEGIN%20PUBLIC%20KEY-----%0AMAA%3D%0A-----END%20PUBLIC%20KEY-----%0A\r\n",
        "X-Client-Cert: (null)\r\n",
        arena_printf(arena, "X-Client-Cert: %.*s\r\n", STR_FMT(cut)).p,
        arena_printf(arena, "X-Client-Cert: %.*s\r\n", STR_FMT(escape(twice))).p,
        arena_printf(arena, "X-Client-Cert: x%s", header.p + strlen("X-Client-Cert: ")).p,
        arena_printf(arena, "%s%s", header.p, header.p).p,
        arena_printf(arena, "X-Client-Cert:\r\n%s", header.p).p,
        arena_printf(arena, "%sx-client-CERT: nonsense\r\n", header.p).p,
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (test_status(ask(mtls_path, bad[i])) != 400)
            fail_msg("not refused: %s", bad[i]);
}

static void many_connections_of_the_proxy_are_fine(void **state)
{
    (void)state;
    int fds[20];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = connect_path(plain_path);
        assert_true(test_write(fds[i], STR(SEE "\r\n")));
        assert_int_equal(test_status(test_read(arena, fds[i], true)), 200);
    }
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        assert_true(test_write(fds[i], STR(SEE "\r\n"))); /* kept open */
        assert_int_equal(test_status(test_read(arena, fds[i], true)), 200);
        close(fds[i]);
    }
}

static void the_socket_is_for_user_and_group_and_goes_with_the_server(void **state)
{
    (void)state;
    struct stat status;
    struct http_options options = socket_options();
    options.address = NULL; /* no port at all */
    server = test_start(&options);
    assert_int_equal(http_port(server), 0);
    assert_int_equal(stat(mtls_path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0660);
    http_stop(server, 5000);
    assert_int_equal(access(plain_path, F_OK), -1);
    assert_int_equal(access(mtls_path, F_OK), -1);
}

static void what_a_killed_server_left_makes_way_and_nothing_else(void **state)
{
    (void)state;
    char error[256] = "";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct http_options options = socket_options();
    options.entry_count = 1;
    strcpy(address.sun_path, plain_path);
    int left = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(left, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(left, 1), 0);
    assert_null(http_start(&options, error, sizeof error)); /* somebody serves it */
    assert_non_null(strstr(error, "already in use"));
    assert_int_equal(access(plain_path, F_OK), 0);
    close(left);
    server = test_start(&options);
    assert_int_equal(test_status(ask(plain_path, "")), 200);
    http_stop(server, 5000);

    write_file(plain_path, STR("precious"));
    assert_null(http_start(&options, error, sizeof error));
    assert_int_equal(access(plain_path, F_OK), 0);
    unlink(plain_path);
    entries[0].address = "relative.sock";
    assert_null(http_start(&options, error, sizeof error));
    entries[0].address = arena_printf(arena, "%s/no/folder.sock", folder).p;
    assert_null(http_start(&options, error, sizeof error));
    assert_non_null(strstr(error, "No such file"));
    entries[0].address = plain_path;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_proxy_says_who_the_client_is, start, stop),
        cmocka_unit_test_setup_teardown(the_forwarded_certificate_arrives_byte_for_byte, start, stop),
        cmocka_unit_test_setup_teardown(without_one_the_client_has_none, start, stop),
        cmocka_unit_test_setup_teardown(nobody_else_is_believed, start, stop),
        cmocka_unit_test(the_trusted_proxy_on_a_port_is_believed_its_address_only),
        cmocka_unit_test_setup_teardown(a_malformed_certificate_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(many_connections_of_the_proxy_are_fine, start, stop),
        cmocka_unit_test(the_socket_is_for_user_and_group_and_goes_with_the_server),
        cmocka_unit_test(what_a_killed_server_left_makes_way_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, prepare, clear);
}
