/* JOSE: keys parsed once and pinned to one algorithm, compact signatures made and checked with them (RFC 7515, 7517,
 * 7518, 8725). There is no function that takes the algorithm from a token's header: the header must agree with the key
 * (RFC 8725 section 3.1). */
#ifndef KONSAO_CRYPTO_JOSE_H
#define KONSAO_CRYPTO_JOSE_H

#include <jansson.h>

#include "base/arena.h"

enum jose_alg {
    ALG_NONE_GIVEN,
    ALG_ES256,
    ALG_RS256,
    ALG_PS256,
    ALG_EDDSA
}; /* "none" does not exist; the first only says "not named" */

/** The JOSE name, "ES256" …; and back: ALG_NONE_GIVEN for any other text. */
const char *jose_alg_name(enum jose_alg alg);
enum jose_alg jose_alg_of(str name);

/** One key, public or private, with its kid and the only algorithm it is for. Immutable and shared between threads once
 * made. */
struct jose_key;

/** A new private key (P-256; RSA of 2048 bits, because ours are rotated; Ed25519). kid: its RFC 7638 thumbprint. Owned
 * by the caller. */
struct jose_key *jose_key_generate(enum jose_alg alg);
/** From a JWK object (RFC 7517), public or private. Without an `alg` member the algorithm is `fallback`, or, without
 * that either, ES256, RS256 or EdDSA by its type. Refuses symmetric keys, a use other than "sig", RSA below 2048 bits,
 * numbers that are no key, an algorithm that does not fit the key. NULL, with a reason (a static text) in `*why`, when
 * it is no such key. Without a `kid` member the key has none. */
struct jose_key *jose_key_from_jwk(const json_t *jwk, enum jose_alg fallback, const char **why);
/** The private key as PKCS#8 DER (to be sealed at rest), and back. */
str jose_key_to_der(const struct jose_key *key, struct arena *arena);
struct jose_key *jose_key_from_der(str der, enum jose_alg alg);
void jose_key_free(struct jose_key *key);

/** STR_NONE for a JWK without kid. */
str jose_key_id(const struct jose_key *key);
enum jose_alg jose_key_alg(const struct jose_key *key);
/** The public part as JWK text with kty, use, alg, kid and nothing private. */
str jose_key_public_jwk(const struct jose_key *key, struct arena *arena);
/** The public part as PEM (for libjwt in the tests). */
str jose_key_public_pem(const struct jose_key *key, struct arena *arena);

/** Signs `payload` (JSON text) as a compact JWS with header {alg, kid, typ}; `typ` may be NULL. */
str jws_sign(struct arena *arena, const struct jose_key *key, const char *typ, str payload);

struct jws_parts {
    str kid, typ;             /* STR_NONE when absent */
    enum jose_alg alg;        /* as the header says; only to choose among keys */
    json_t *header, *payload; /* released by the arena; believe the payload only after jws_verify */
    str signing_input, signature;
};

/** Takes a compact JWS apart without believing it: exactly three parts, strict base64url, JSON objects without repeated
 * members, no "crit", a known "alg", at most `max` bytes. False when it is not that. */
MUST_CHECK bool jws_parse(struct arena *arena, str compact, size_t max, struct jws_parts *out);
/** True if the header's algorithm is the key's (and its kid, when both have one) and the signature is right. */
MUST_CHECK bool jws_verify(const struct jws_parts *jws, const struct jose_key *key);

/** A client's keys, parsed once. */
struct jose_keyset;
/** From a JWK Set with at most 16 keys; keys of unknown types are passed over (RFC 7517 section 5). NULL with a reason
 * when nothing usable is in it, or a private or symmetric key is. */
struct jose_keyset *jose_keyset_from_jwks(const json_t *jwks, enum jose_alg fallback, const char **why);
void jose_keyset_free(struct jose_keyset *set);
/** Verifies with the key that the kid names, or, without a kid, with each key of that
 * algorithm. A key without a kid is tried for any; of keys that share a kid each is tried. */
MUST_CHECK bool jose_keyset_verify(const struct jose_keyset *set, const struct jws_parts *jws);

/** at_hash, c_hash: base64url of the left half of the SHA-256 of `value` (OpenID Connect Core section 3.1.3.6). All our
 * algorithms hash with SHA-256 but EdDSA (SHA-512). */
str jose_half_hash(struct arena *arena, enum jose_alg alg, str value);

#endif
