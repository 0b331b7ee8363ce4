/* A client's X.509 certificate, as mutual TLS gives it (RFC 8705). TLS has checked, by then, that the client holds its
 * key; who the client is, is found here. */
#ifndef KONSAO_CRYPTO_CERTIFICATE_H
#define KONSAO_CRYPTO_CERTIFICATE_H

#include "crypto/jose.h"

#define CERTIFICATE_BYTES_MAX 16384

struct certificate;

/** From DER (nothing after it), or from PEM text with one certificate first, as a TLS front forwards it. At most
 * CERTIFICATE_BYTES_MAX bytes. Released by the arena. NULL when it is none. */
struct certificate *certificate_from_der(struct arena *arena, str der);
struct certificate *certificate_from_pem(struct arena *arena, str pem);

/** x5t#S256: base64url of the SHA-256 of the DER (RFC 8705 section 3.1). */
str certificate_thumbprint(const struct certificate *certificate, struct arena *arena);
/** Whether `now` (seconds) lies between notBefore and notAfter. */
bool certificate_is_current(const struct certificate *certificate, int64_t now);

/** True if `text` is a distinguished name as RFC 4514 writes it, with attribute types that we know or dotted numbers,
 * and not empty: what tls_client_auth_subject_dn may be. */
bool certificate_dn_is_valid(str text);
/** Whether `text` is the subject, compared by attributes and not as text (RFC 8705 section 2.1.2;
 * distinguishedNameMatch of RFC 4517): case and repeated spaces do not count, order does. */
bool certificate_has_subject(const struct certificate *certificate, str text);
/** The subject as RFC 4514 text, for people to read. */
str certificate_subject(const struct certificate *certificate, struct arena *arena);

enum certificate_san { SAN_DNS, SAN_URI, SAN_IP, SAN_EMAIL };
/** Whether the certificate's subject alternative names have exactly this one: dNSName without regard to case and never
 * through a wildcard; URI as it stands; an IP address as text, v4 or v6, however it is spelled; email with the case of
 * its domain disregarded. Never the subject's CN. */
bool certificate_has_san(const struct certificate *certificate, enum certificate_san kind, str value);

/** Whether the certificate's public key is one of the client's registered keys (self_signed_tls_client_auth, RFC 8705
 * section 2.2): the key of a JWK, which is also the key of its x5c[0] when it has one (RFC 7517 section 4.7). */
bool certificate_is_in_keyset(const struct certificate *certificate, const struct jose_keyset *set);

#endif
