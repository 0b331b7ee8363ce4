/* Of this room only: the content key of ECDH-ES in its direct mode (RFC 7518 section 4.6). */
#ifndef KONSAO_CRYPTO_AGREEMENT_H
#define KONSAO_CRYPTO_AGREEMENT_H

#include "crypto/content.h"
#include "crypto/key.h"

/** Concat KDF (NIST SP 800-56A section 5.8.1) as RFC 7518 section 4.6.2 fills it in: the content key for `enc` from the
 * shared secret. At most 32 bytes, so one round of SHA-256 is all there is. */
void agreement_derive(struct arena *arena, str shared, enum jwe_enc enc, str apu, str apv,
                      unsigned char key[static CONTENT_KEY_BYTES_MAX]);
/** The same from a private key and the other side's public one. False when OpenSSL refuses the pair. */
MUST_CHECK bool agreement_key(struct arena *arena, EVP_PKEY *own, EVP_PKEY *other, enum jwe_enc enc, str apu, str apv,
                              unsigned char key[static CONTENT_KEY_BYTES_MAX]);

#endif
