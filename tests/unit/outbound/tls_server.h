/* A server of a client: TLS on a loopback port, with a certificate made for the test, that does what the test's script
 * says for each path; one thread a connection. */
#ifndef KONSAO_TESTS_OUTBOUND_TLS_SERVER_H
#define KONSAO_TESTS_OUTBOUND_TLS_SERVER_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "unit/unit.h"

enum tls_how {
    TLS_ANSWER, /* status, headers, body; keeps the connection */
    TLS_CLOSE,  /* the same, then closes it */
    TLS_DROP,   /* closes without a word once the request is there */
    TLS_HOLD,   /* says nothing until the other side gives up */
    TLS_DRIP,   /* one header byte after the other, for ever */
    TLS_DRIP_BODY,
    TLS_ENDLESS,      /* a body without end or length */
    TLS_ENDLESS_HEAD, /* header lines without end */
    TLS_LONG_LINE,    /* one header line without end */
};

struct tls_step {
    enum tls_how how;
    int status;
    const char *headers; /* NULL: Content-Type: application/json */
    const char *body;    /* NULL: "" */
};

#define TLS_CONNECTIONS 256
#define TLS_HEARD 4096

struct tls_server {
    int listener;
    uint16_t port;
    SSL_CTX *context;
    char certificate[64]; /* a file */
    pthread_t acceptor, threads[TLS_CONNECTIONS];
    int sockets[TLS_CONNECTIONS];
    pthread_mutex_t lock;
    pthread_cond_t heard_one;
    struct tls_step step; /* what it does next, with every request */
    atomic_uint connections, requests;
    unsigned most_at_once, at_once; /* requests that were being answered */
    unsigned answer_delay_ms;
    char heard[TLS_HEARD];                                  /* the last request */
    void (*on_request)(void *context, const char *request); /* told of each, under the lock; NULL: nobody */
    void *on_request_context;
};

struct tls_connection {
    struct tls_server *server;
    int socket;
};

static inline void tls_add_names(X509 *certificate, const char *names)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* Self-signed, for `names` ("DNS:a,IP:b"), valid from an hour ago for `seconds` more; also in a file of its own. */
static inline void tls_make_certificate(struct tls_server *server, const char *names, long seconds)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"a client", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    tls_add_names(certificate, names);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(server->context, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server->context, key), 1);
    snprintf(server->certificate, sizeof server->certificate, "/tmp/konsao-tls-XXXXXX");
    int file = mkstemp(server->certificate);
    FILE *out = fdopen(file, "w");
    assert_non_null(out);
    PEM_write_X509(out, certificate);
    fclose(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static inline bool tls_send(SSL *to, const char *text)
{
    return SSL_write(to, text, (int)strlen(text)) > 0;
}

/* Reads one request, head and body. */
static inline bool tls_read(SSL *from, char out[TLS_HEARD])
{
    size_t n = 0;
    memset(out, 0, TLS_HEARD);
    for (;;) {
        int got = SSL_read(from, out + n, (int)(TLS_HEARD - 1 - n));
        if (got <= 0)
            return false;
        n += (size_t)got;
        const char *end = strstr(out, "\r\n\r\n"), *length = strcasestr(out, "Content-Length: ");
        if (end && n >= (size_t)(end + 4 - out) + (length && length < end ? strtoul(length + 16, NULL, 10) : 0))
            return true;
    }
}

/* Until the other side is gone, says `text` every 10 ms, or nothing. */
static inline void tls_until_gone(SSL *ssl, const char *text)
{
    struct pollfd wait = {.fd = SSL_get_fd(ssl), .events = POLLIN};
    char byte;
    while (poll(&wait, 1, 10) == 0 || SSL_read(ssl, &byte, 1) > 0)
        if (text && !tls_send(ssl, text))
            return;
}

static inline bool tls_answer(SSL *ssl, const struct tls_step *step)
{
    char head[1024], block[4001];
    memset(block, 'x', sizeof block - 1);
    block[sizeof block - 1] = '\0';
    const char *body = step->body ? step->body : "";
    switch (step->how) {
    case TLS_ANSWER:
    case TLS_CLOSE:
        snprintf(head, sizeof head, "HTTP/1.1 %d X\r\n%s%sContent-Length: %zu\r\n\r\n", step->status,
                 step->headers ? step->headers : "Content-Type: application/json\r\n",
                 step->how == TLS_CLOSE ? "Connection: close\r\n" : "", strlen(body));
        return tls_send(ssl, head) && (!*body || tls_send(ssl, body)) && step->how == TLS_ANSWER;
    case TLS_HOLD:
        tls_until_gone(ssl, NULL);
        return false;
    case TLS_DRIP:
        tls_send(ssl, "HTTP/1.1 200 OK\r\nX-Slow: ");
        tls_until_gone(ssl, "x");
        return false;
    case TLS_DRIP_BODY:
        tls_send(ssl, "HTTP/1.1 200 OK\r\n\r\n");
        tls_until_gone(ssl, "x");
        return false;
    case TLS_ENDLESS:
        for (bool on = tls_send(ssl, "HTTP/1.1 200 OK\r\n\r\n"); on;)
            on = tls_send(ssl, block);
        return false;
    case TLS_ENDLESS_HEAD:
        for (bool on = tls_send(ssl, "HTTP/1.1 200 OK\r\n"); on;)
            on = tls_send(ssl, "X-More: and more and more and more\r\n");
        return false;
    case TLS_LONG_LINE:
        for (bool on = tls_send(ssl, "HTTP/1.1 200 OK\r\nX-Long: "); on;)
            on = tls_send(ssl, block);
        return false;
    default:
        return false;
    }
}

static inline struct tls_step tls_hear(struct tls_server *server, const char *request)
{
    pthread_mutex_lock(&server->lock);
    struct tls_step step = server->step;
    memcpy(server->heard, request, TLS_HEARD);
    if (server->on_request)
        server->on_request(server->on_request_context, request);
    atomic_fetch_add(&server->requests, 1);
    if (++server->at_once > server->most_at_once)
        server->most_at_once = server->at_once;
    unsigned delay = server->answer_delay_ms;
    pthread_cond_broadcast(&server->heard_one);
    pthread_mutex_unlock(&server->lock);
    if (delay > 0) /* long enough for others to come meanwhile */
        usleep(delay * 1000);
    return step;
}

static inline void *tls_serve(void *context)
{
    struct tls_connection connection = *(struct tls_connection *)context;
    struct tls_server *server = connection.server;
    char request[TLS_HEARD];
    free(context);
    SSL *ssl = SSL_new(server->context);
    SSL_set_fd(ssl, connection.socket);
    bool on = SSL_accept(ssl) == 1;
    while (on && tls_read(ssl, request)) {
        struct tls_step step = tls_hear(server, request);
        on = tls_answer(ssl, &step);
        pthread_mutex_lock(&server->lock);
        server->at_once--;
        pthread_mutex_unlock(&server->lock);
    }
    SSL_free(ssl);
    shutdown(connection.socket, SHUT_RDWR);
    return NULL;
}

static inline void *tls_accept(void *context)
{
    struct tls_server *server = context;
    for (;;) {
        int socket = accept(server->listener, NULL, NULL);
        if (socket < 0)
            return NULL;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        unsigned n = atomic_load(&server->connections);
        struct tls_connection *connection = malloc(sizeof *connection);
        if (!connection || n >= TLS_CONNECTIONS)
            abort();
        *connection = (struct tls_connection){server, socket};
        server->sockets[n] = socket;
        if (pthread_create(&server->threads[n], NULL, tls_serve, connection) != 0)
            abort();
        atomic_store(&server->connections, n + 1);
    }
}

/* With a certificate for `names`, which expires in `seconds` (may be in the past). */
static inline struct tls_server *tls_start(const char *names, long seconds)
{
    struct tls_server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_non_null(server);
    signal(SIGPIPE, SIG_IGN);
    server->context = SSL_CTX_new(TLS_server_method());
    tls_make_certificate(server, names, seconds);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->heard_one, NULL);
    server->step = (struct tls_step){TLS_ANSWER, 200, NULL, "{}"};
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 128), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->acceptor, NULL, tls_accept, server), 0);
    return server;
}

static inline void tls_stop(struct tls_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->acceptor, NULL);
    for (unsigned i = 0; i < atomic_load(&server->connections); i++) {
        shutdown(server->sockets[i], SHUT_RDWR);
        pthread_join(server->threads[i], NULL);
        close(server->sockets[i]);
    }
    close(server->listener);
    SSL_CTX_free(server->context);
    unlink(server->certificate);
    pthread_cond_destroy(&server->heard_one);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

static inline void tls_script(struct tls_server *server, struct tls_step step)
{
    pthread_mutex_lock(&server->lock);
    server->step = step;
    pthread_mutex_unlock(&server->lock);
}

/* Waits until `count` requests came. */
static inline void tls_await(struct tls_server *server, unsigned count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&server->lock);
    while (atomic_load(&server->requests) < count)
        if (pthread_cond_timedwait(&server->heard_one, &server->lock, &until) != 0)
            fail_msg("%u requests came, not %u", atomic_load(&server->requests), count);
    pthread_mutex_unlock(&server->lock);
}

#endif
