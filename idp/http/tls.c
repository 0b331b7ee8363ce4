#include "http/tls.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/tls_check.h"

#define RENEW_MS 1000
#define RSA_BITS_MIN 2048 /* RFC 9325 section 4.5 */

/* Tells whether a file is still the same. */
struct stamp {
    struct timespec changed;
    ino_t inode;
    off_t size;
};

struct generation {
    struct generation *older;
    gnutls_certificate_credentials_t credentials;
};

typedef int handshake_function(gnutls_session_t session);

struct tls {
    char *certificate, *key; /* paths */
    struct stamp stamps[2];
    int64_t looked_ms;
    /* All that were ever read: a session may still use an old one, and they come once in months. */
    _Atomic(struct generation *) newest;
};

static struct stamp stamp_of(const char *path)
{
    struct stat status;
    struct stamp stamp;
    memset(&stamp, 0, sizeof stamp);
    if (stat(path, &status) == 0) {
        stamp.changed = status.st_mtim;
        stamp.inode = status.st_ino;
        stamp.size = status.st_size;
    }
    return stamp;
}

static bool readable(const char *what, const char *path, char *error, size_t size)
{
    if (access(path, R_OK) == 0)
        return true;
    snprintf(error, size, "the %s %s can't be read: %s", what, path, strerror(errno));
    return false;
}

static gnutls_certificate_credentials_t load(const char *certificate, const char *key, char *error, size_t size)
{
    gnutls_certificate_credentials_t credentials = NULL;
    if (!readable("TLS certificate", certificate, error, size) || !readable("TLS key", key, error, size))
        return NULL;
    int fault = gnutls_certificate_allocate_credentials(&credentials);
    if (fault >= 0)
        fault = gnutls_certificate_set_x509_key_file(credentials, certificate, key, GNUTLS_X509_FMT_PEM);
    if (fault >= 0)
        return credentials;
    if (fault == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        snprintf(error, size, "the TLS key %s does not belong to the certificate %s", key, certificate);
    else
        snprintf(error, size, "the TLS certificate %s and its key %s can't be used: %s", certificate, key,
                 gnutls_strerror(fault));
    if (credentials)
        gnutls_certificate_free_credentials(credentials);
    return NULL;
}

static void adopt(struct tls *tls, gnutls_certificate_credentials_t credentials)
{
    struct generation *generation = calloc(1, sizeof *generation);
    if (!generation)
        abort();
    generation->credentials = credentials;
    generation->older = atomic_load(&tls->newest);
    atomic_store(&tls->newest, generation);
}

struct tls *tls_new(const char *certificate, const char *key, char *error, size_t error_size)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls || !(tls->certificate = strdup(certificate)) || !(tls->key = strdup(key)))
        abort();
    tls->stamps[0] = stamp_of(certificate);
    tls->stamps[1] = stamp_of(key);
    gnutls_certificate_credentials_t credentials = load(certificate, key, error, error_size);
    if (!credentials) {
        tls_free(tls);
        return NULL;
    }
    adopt(tls, credentials);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    for (struct generation *next, *at = atomic_load(&tls->newest); at; at = next) {
        next = at->older;
        gnutls_certificate_free_credentials(at->credentials);
        free(at);
    }
    free(tls->certificate);
    free(tls->key);
    free(tls);
}

void tls_renew(struct tls *tls)
{
    char error[512];
    int64_t now = clock_mono_ms();
    if (now - tls->looked_ms < RENEW_MS)
        return;
    tls->looked_ms = now;
    struct stamp stamps[2] = {stamp_of(tls->certificate), stamp_of(tls->key)};
    if (memcmp(stamps, tls->stamps, sizeof stamps) == 0)
        return;
    memcpy(tls->stamps, stamps, sizeof stamps); /* before reading: what changes meanwhile is read the next time */
    gnutls_certificate_credentials_t credentials = load(tls->certificate, tls->key, error, sizeof error);
    if (!credentials) {
        log_error("http.certificate_not_renewed reason=\"%s\"", error);
        return;
    }
    adopt(tls, credentials);
    log_info("http.certificate_renewed file=%s", tls->certificate);
}

void tls_begin(struct tls *tls, void *session, bool asks)
{
    const struct generation *generation = atomic_load(&tls->newest);
    if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, generation->credentials) < 0)
        log_error("http.tls_session");
    if (asks) /* GNUTLS_CERT_REQUIRE would shut out clients that need none */
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
}

static int no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                          const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **certificates,
                          unsigned *certificate_count, gnutls_privkey_t *key)
{
    (void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    (void)certificates, (void)certificate_count, (void)key;
    return -1;
}
void *const tls_no_certificate = (void *)(uintptr_t)no_certificate;

str tls_client_certificate(struct arena *arena, void *session)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    if (!chain || count == 0)
        return STR_NONE;
    return arena_str(arena, str_bytes(chain[0].data, chain[0].size));
}

bool tls_say(void *session, str text)
{
    return gnutls_record_send(session, text.p, text.n) == (ssize_t)text.n;
}

/* libmicrohttpd 0.9.75 ends a failed handshake without the alert that says why (RFC 8446 section 6.2, RFC 5246 section
 * 7.2.2), and offers no place to send it from. So this stands in front of GnuTLS's function of the same name: a
 * program's own symbols come before those of its libraries. */
int gnutls_handshake(gnutls_session_t session)
{
    static _Atomic(handshake_function *) real;
    handshake_function *handshake = atomic_load(&real);
    if (!handshake) {
        handshake = (handshake_function *)(uintptr_t)dlsym(RTLD_NEXT, "gnutls_handshake");
        if (!handshake)
            abort();
        atomic_store(&real, handshake);
    }
    int result = handshake(session);
    bool gone = result == GNUTLS_E_FATAL_ALERT_RECEIVED || result == GNUTLS_E_PREMATURE_TERMINATION ||
                result == GNUTLS_E_PULL_ERROR || result == GNUTLS_E_PUSH_ERROR;
    if (result < 0 && gnutls_error_is_fatal(result) && !gone)
        gnutls_alert_send_appropriate(session, result); /* if it can't be sent at once, the client does without */
    return result;
}

static const char *fault_of(gnutls_x509_crt_t leaf, const char *host)
{
    unsigned bits = 0;
    time_t now = time(NULL);
    int algorithm = gnutls_x509_crt_get_pk_algorithm(leaf, &bits);
    if (gnutls_x509_crt_get_expiration_time(leaf) < now)
        return "has expired";
    if (gnutls_x509_crt_get_activation_time(leaf) > now)
        return "is not valid yet";
    if ((algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS) && bits < RSA_BITS_MIN)
        return "has an RSA key that is too short: 2048 bits it must have";
    if (host && !gnutls_x509_crt_check_hostname(leaf, host))
        return "is for another host";
    return NULL;
}

bool tls_check(const char *certificate, const char *key, const char *host, char *text, size_t text_size)
{
    gnutls_x509_crt_t *list = NULL;
    unsigned count = 0;
    gnutls_certificate_credentials_t credentials = load(certificate, key, text, text_size);
    if (!credentials)
        return false;
    int read = gnutls_certificate_get_x509_crt(credentials, 0, &list, &count);
    const char *fault = read < 0 || count == 0 ? "can't be read back" : fault_of(list[0], host);
    if (fault) {
        snprintf(text, text_size, "the TLS certificate %s %s", certificate, fault);
    } else {
        struct tm until;
        time_t expires = gnutls_x509_crt_get_expiration_time(list[0]);
        size_t n = (size_t)snprintf(text, text_size, "the certificate and its key can be used, until ");
        if (n < text_size)
            strftime(text + n, text_size - n, "%Y-%m-%d", gmtime_r(&expires, &until));
    }
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
    gnutls_certificate_free_credentials(credentials);
    return fault == NULL;
}
