/* JWE in its compact serialization (RFC 7516): a content encrypted to one key. Key management ECDH-ES (direct, P-256)
 * and RSA-OAEP-256, nothing else: no RSA1_5 (an oracle), no PBES2 (a sender chooses our cost), no zip (a bomb), no
 * crit. A key is pinned to its algorithm; a header must agree with it. */
#ifndef KONSAO_CRYPTO_JWE_H
#define KONSAO_CRYPTO_JWE_H

#include "crypto/jose.h"

/** Content encryption (RFC 7518 section 5). */
enum jwe_enc { ENC_NONE_GIVEN, ENC_A128CBC_HS256, ENC_A128GCM, ENC_A256GCM };

/** The JOSE name, "A256GCM" …; and back: ENC_NONE_GIVEN for any other text. */
const char *jwe_enc_name(enum jwe_enc enc);
enum jwe_enc jwe_enc_of(str name);

/** Encrypts `plain` to `recipient` (of ALG_ECDH_ES or ALG_RSA_OAEP_256, see jose_keyset_encryption_key). Header: alg,
 * enc, the key's kid, and `cty` unless it is NULL: "JWT" for a nested JWT (RFC 7519 section 5.2). */
str jwe_encrypt(struct arena *arena, const struct jose_key *recipient, enum jwe_enc enc, const char *cty, str plain);

struct jwe_parts {
    enum jose_alg alg; /* as the header says; only to choose among our keys */
    enum jwe_enc enc;
    str kid, cty;   /* STR_NONE when absent */
    json_t *header; /* released by the arena */
    str aad, encrypted_key, iv, ciphertext, tag;
};

/** True if `text` has the form of a JWE rather than a JWS: four dots. For where both may come. */
bool jwe_is_form(str text);
/** Takes a compact JWE apart: exactly five parts, strict base64url, a JSON header without repeated members, no "crit",
 * no "zip", a known "alg" and "enc", IV and tag of their one length; at most `max` bytes. False when it is not that. */
MUST_CHECK bool jwe_parse(struct arena *arena, str compact, size_t max, struct jwe_parts *out);
/** Decrypts with our own private key. Whatever is wrong (key, tag, padding, point) is the same false; an RSA
 * decryption that fails goes on with a random content key (RFC 7516 section 11.5). `kid` is not looked at. */
MUST_CHECK bool jwe_decrypt(struct arena *arena, const struct jwe_parts *jwe, const struct jose_key *key, str *plain);

#endif
