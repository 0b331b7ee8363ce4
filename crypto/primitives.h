/* Digests, random bytes, key derivation, authenticated encryption, constant-time comparison: OpenSSL behind small
 * functions. None of them can fail in use; if OpenSSL fails (no memory, no entropy) the process ends rather than go on
 * with less. */
#ifndef KONSAO_CRYPTO_PRIMITIVES_H
#define KONSAO_CRYPTO_PRIMITIVES_H

#include "base/arena.h"

#define SHA256_BYTES 32
#define SEAL_KEY_BYTES 32

void random_fill(void *out, size_t n);
/** `bytes` random bytes as base64url text in `arena`: 32 for anything that is presented as a secret. */
str random_token(struct arena *arena, size_t bytes);
/** A random UUID, version 4 (RFC 9562 section 5.4), 36 characters. */
str random_uuid(struct arena *arena);

void sha256(str data, unsigned char out[static SHA256_BYTES]);
/** The digest as 32 bytes in `arena`: the store's key for a secret. */
str sha256_key(struct arena *arena, str data);
void hmac_sha256(str key, str data, unsigned char out[static SHA256_BYTES]);
/** HKDF-SHA256 (RFC 5869) without salt: `n` bytes (at most 255 * 32) from `secret` for the purpose `info`. */
void hkdf_sha256(str secret, str info, unsigned char *out, size_t n);

/** Same bytes, in time that depends on the lengths only. For everything secret. */
bool secret_equal(str a, str b);

/** AES-256-GCM with a fresh random nonce: nonce (12) ciphertext tag (16). `context` is authenticated, not stored. */
str seal(struct arena *arena, const unsigned char key[static SEAL_KEY_BYTES], str context, str plain);
/** The reverse. False when the key, the context or a bit is wrong. */
MUST_CHECK bool unseal(struct arena *arena, const unsigned char key[static SEAL_KEY_BYTES], str context, str sealed,
                       str *plain);
/** seal and unseal under the key that `secret` (a token, a cookie) gives by HKDF for `purpose`: what the store keeps of
 * a person opens only with the secret that its holder presents. `purpose` is also the authenticated context. */
str seal_under(struct arena *arena, str secret, str purpose, str plain);
MUST_CHECK bool unseal_under(struct arena *arena, str secret, str purpose, str sealed, str *plain);

/** Unpadded base64url (RFC 4648 section 5). */
str base64url_encode(struct arena *arena, str bytes);
/** Strict: no padding, no white space, no other alphabet, no stray bits at the end. */
MUST_CHECK bool base64url_decode(struct arena *arena, str text, str *bytes);
/** Padded base64 (RFC 4648 section 4), strict, for HTTP Basic. */
MUST_CHECK bool base64_decode(struct arena *arena, str text, str *bytes);
str hex_encode(struct arena *arena, str bytes);

#endif
