/* The authorities whose certificates we believe, for clients that are known by what an authority wrote into theirs
 * (RFC 8705 section 2.1). */
#ifndef KONSAO_CRYPTO_AUTHORITIES_H
#define KONSAO_CRYPTO_AUTHORITIES_H

#include "crypto/certificate.h"

/** Immutable, shared between threads. */
struct authorities;

/** From a PEM file of certificates, each of them trusted by itself: roots, intermediates, or both. NULL with a sentence
 * in `error`. Owned by the caller. */
struct authorities *authorities_load(const char *path, char *error, size_t error_size);
void authorities_free(struct authorities *authorities);
/** Whether one of them issued the certificate, itself or through others of them, for the authentication of a client,
 * and all of the chain is in date at `now` (RFC 5280 section 6). Nothing but the certificate and the authorities is
 * looked at; no lists of revoked certificates. */
bool authorities_issued(const struct authorities *authorities, const struct certificate *certificate, int64_t now);

#endif
