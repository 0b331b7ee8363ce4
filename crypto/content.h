/* Of this room only: content encryption of JWE (RFC 7518 section 5), with the content key already known. */
#ifndef KONSAO_CRYPTO_CONTENT_H
#define KONSAO_CRYPTO_CONTENT_H

#include "crypto/jwe.h"

#define CONTENT_KEY_BYTES_MAX 32
#define CONTENT_IV_BYTES_MAX 16
#define CONTENT_TAG_BYTES 16

size_t content_key_bytes(enum jwe_enc enc);
size_t content_iv_bytes(enum jwe_enc enc);

/** Encrypts `plain` under `key` and `iv`, of the lengths above, with `aad` authenticated. Returns the ciphertext. */
str content_encrypt(struct arena *arena, enum jwe_enc enc, const unsigned char *key, const unsigned char *iv, str aad,
                    str plain, unsigned char tag[static CONTENT_TAG_BYTES]);
/** The reverse of a parsed JWE. The tag is checked, in constant time, before a byte of the plaintext is shown. */
MUST_CHECK bool content_decrypt(struct arena *arena, const struct jwe_parts *jwe, const unsigned char *key, str *plain);

#endif
