/* Of this room only: TLS, which libmicrohttpd has from GnuTLS. A session is a gnutls_session_t: it is called void * as
 * in libmicrohttpd, because GnuTLS's header and ours can't be included together (both have "params"). */
#ifndef KONSAO_HTTP_TLS_H
#define KONSAO_HTTP_TLS_H

#include "base/arena.h"

/* TLS 1.3, and 1.2 with what RFC 9325 section 4.2 recommends; FAPI 2.0 section 5.2.1 permits no more. For both, AES-GCM
 * with an ephemeral key on an elliptic curve; no signature with SHA-1. */
#define TLS_PRIORITIES                                                                                                 \
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:+AES-128-GCM:+AES-256-GCM:+AEAD:+COMP-NULL:+CTYPE-X509:"   \
    "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:"                                                \
    "+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:+SIGN-ECDSA-SHA512:+SIGN-ECDSA-SECP256R1-SHA256:"                           \
    "+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SECP521R1-SHA512:+SIGN-EDDSA-ED25519:+SIGN-RSA-PSS-RSAE-SHA256:"         \
    "+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512:+SIGN-RSA-PSS-SHA256:+SIGN-RSA-PSS-SHA384:"                   \
    "+SIGN-RSA-PSS-SHA512:+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512:%SERVER_PRECEDENCE"

/* The server's certificate and key, as they are in their files at the moment. */
struct tls;

/** Reads the files (PEM; the certificate with those between it and the authority's). NULL with a sentence in `error`.
 * The caller releases it with tls_free, once no session uses it any more. */
struct tls *tls_new(const char *certificate, const char *key, char *error, size_t error_size);
void tls_free(struct tls *tls);
/** Reads the files again if they have changed. When they can't be used, as while one of the two is not there yet, what
 * was read before stays in use. Cheap; one thread only. */
void tls_renew(struct tls *tls);
/** Gives a session that begins its certificate; `asks`: the client is asked for its own, but may have none. Any thread.
 * When that fails the session has none, and its handshake fails. */
void tls_begin(struct tls *tls, void *session, bool asks);
/** A gnutls_certificate_retrieve_function2 for MHD_OPTION_HTTPS_CERT_CALLBACK, which must be there: it is never asked,
 * because tls_begin was. */
extern void *const tls_no_certificate;
/** The certificate (DER, in `arena`) whose key the client has proved to have; STR_NONE when it presented none. */
str tls_client_certificate(struct arena *arena, void *session);
/** Sends as much of `text` as the connection takes at once; true when all of it. Only where libmicrohttpd is not using
 * the session. */
bool tls_say(void *session, str text);

#endif
