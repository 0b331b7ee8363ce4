/* Certificates made on the spot, and a client that speaks TLS as a test wants it: what the tests of TLS share. */
#ifndef KONSAO_TEST_HTTP_TLS_CLIENT_H
#define KONSAO_TEST_HTTP_TLS_CLIENT_H

#define params gnutls_params /* GnuTLS has a union of this name, http.h a struct */
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#undef params

#include <fcntl.h>

#include "client.h"

#define DAY 86400

/* A key, and a certificate for "localhost" that it signed itself. */
struct identity {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
};

static inline struct identity identity_new(gnutls_pk_algorithm_t algorithm, unsigned bits, int64_t from, int64_t until)
{
    struct identity made;
    static unsigned char serial = 1;
    assert_int_equal(gnutls_x509_privkey_init(&made.key), 0);
    assert_int_equal(gnutls_x509_privkey_generate(made.key, algorithm, bits, 0), 0);
    assert_int_equal(gnutls_x509_crt_init(&made.certificate), 0);
    serial++;
    assert_int_equal(gnutls_x509_crt_set_serial(made.certificate, &serial, 1), 0);
    assert_int_equal(gnutls_x509_crt_set_version(made.certificate, 3), 0);
    assert_int_equal(gnutls_x509_crt_set_dn(made.certificate, "CN=a test", NULL), 0);
    assert_int_equal(gnutls_x509_crt_set_subject_alt_name(made.certificate, GNUTLS_SAN_DNSNAME, "localhost", 9, 0), 0);
    assert_int_equal(gnutls_x509_crt_set_activation_time(made.certificate, time(NULL) + from), 0);
    assert_int_equal(gnutls_x509_crt_set_expiration_time(made.certificate, time(NULL) + until), 0);
    assert_int_equal(gnutls_x509_crt_set_key(made.certificate, made.key), 0);
    assert_int_equal(gnutls_x509_crt_sign2(made.certificate, made.certificate, made.key, GNUTLS_DIG_SHA256, 0), 0);
    return made;
}

static inline struct identity identity_ec(void)
{
    return identity_new(GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), -DAY, DAY);
}

static inline void identity_free(struct identity *identity)
{
    gnutls_x509_crt_deinit(identity->certificate);
    gnutls_x509_privkey_deinit(identity->key);
}

static inline str datum_copy(struct arena *arena, gnutls_datum_t datum)
{
    str copy = arena_str(arena, str_bytes(datum.data, datum.size));
    gnutls_free(datum.data);
    return copy;
}

static inline str identity_certificate(struct arena *arena, const struct identity *identity, gnutls_x509_crt_fmt_t form)
{
    gnutls_datum_t out;
    assert_int_equal(gnutls_x509_crt_export2(identity->certificate, form, &out), 0);
    return datum_copy(arena, out);
}

static inline void write_file(const char *path, str text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.p, text.n), text.n);
    close(fd);
}

/* Puts the certificate, the key, or both into files; NULL leaves one out. */
static inline void identity_write(struct arena *arena, const struct identity *identity, const char *certificate,
                                  const char *key)
{
    gnutls_datum_t out;
    if (certificate)
        write_file(certificate, identity_certificate(arena, identity, GNUTLS_X509_FMT_PEM));
    if (!key)
        return;
    assert_int_equal(gnutls_x509_privkey_export2(identity->key, GNUTLS_X509_FMT_PEM, &out), 0);
    write_file(key, datum_copy(arena, out));
}

/* A client's connection. */
struct tls_client {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    int fault; /* of the handshake */
    bool up;   /* it was done */
};

/* Connects to `port` and shakes hands. `priorities` NULL: "NORMAL". `identity`: NULL, or what to present; `key`: NULL,
 * or another key than that certificate's. */
static inline struct tls_client tls_connect(uint16_t port, const char *priorities, const struct identity *identity,
                                            gnutls_x509_privkey_t key)
{
    struct tls_client client = {.fd = test_connect_port(port)};
    assert_int_equal(gnutls_init(&client.session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL), 0);
    assert_int_equal(gnutls_certificate_allocate_credentials(&client.credentials), 0);
    if (identity) {
        gnutls_x509_crt_t chain[] = {identity->certificate};
        gnutls_certificate_set_flags(client.credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
        assert_true(gnutls_certificate_set_x509_key(client.credentials, chain, 1, key ? key : identity->key) >= 0);
    }
    assert_int_equal(gnutls_priority_set_direct(client.session, priorities ? priorities : "NORMAL", NULL), 0);
    assert_int_equal(gnutls_credentials_set(client.session, GNUTLS_CRD_CERTIFICATE, client.credentials), 0);
    gnutls_transport_set_int(client.session, client.fd);
    gnutls_handshake_set_timeout(client.session, 20000);
    do
        client.fault = gnutls_handshake(client.session);
    while (client.fault < 0 && !gnutls_error_is_fatal(client.fault));
    client.up = client.fault == 0;
    return client;
}

static inline void tls_disconnect(struct tls_client *client)
{
    gnutls_deinit(client->session);
    gnutls_certificate_free_credentials(client->credentials);
    close(client->fd);
}

/* Sends `request` and reads one response, or what comes of it before the end; empty when nothing does. */
static inline str tls_exchange(struct arena *arena, struct tls_client *client, str request)
{
    struct buf got = buf_new(arena, 512);
    size_t whole = 0;
    char c;
    if (!client->up)
        return STR("");
    while (request.n > 0) {
        ssize_t n = gnutls_record_send(client->session, request.p, request.n); /* at most a record */
        if (n <= 0)
            return STR("");
        request = (str){request.p + n, request.n - (size_t)n};
    }
    gnutls_record_set_timeout(client->session, 20000);
    while ((whole == 0 || got.n < whole) && gnutls_record_recv(client->session, &c, 1) == 1) {
        buf_char(&got, c);
        if (whole == 0 && str_ends(buf_str(&got), STR("\r\n\r\n")))
            whole = got.n + content_length(buf_str(&got));
    }
    return buf_str(&got);
}

#endif
