/* JOSE: keys parsed once and pinned to one algorithm, compact signatures made and checked with them (RFC 7515, 7517,
 * 7518, 8725). There is no function that takes the algorithm from a token's header: the header must agree with the key
 * (RFC 8725 section 3.1), and with what the caller accepts. */
#ifndef KONSAO_CRYPTO_JOSE_H
#define KONSAO_CRYPTO_JOSE_H

#include <jansson.h>

#include "base/arena.h"

enum jose_alg {
    ALG_NONE_GIVEN, /* "none" does not exist; this only says "not named" */
    ALG_ES256,
    ALG_RS256,
    ALG_PS256,
    ALG_EDDSA, /* the last one that signs with a key pair */
    ALG_HS256, /* client_secret_jwt alone (jws_verify_hmac): no key object has it */
    ALG_ECDH_ES,
    ALG_RSA_OAEP_256
};

/* Sets of algorithms, for callers that say which ones they accept. */
#define JOSE_ALG_BIT(alg) (1u << (alg))
#define JOSE_ALGS_FAPI (JOSE_ALG_BIT(ALG_ES256) | JOSE_ALG_BIT(ALG_PS256) | JOSE_ALG_BIT(ALG_EDDSA))
#define JOSE_ALGS_ALL (JOSE_ALGS_FAPI | JOSE_ALG_BIT(ALG_RS256))

/** The JOSE name, "ES256" …. */
const char *jose_alg_name(enum jose_alg alg);
/** The signature algorithm of a key pair by its name; ALG_NONE_GIVEN for any other text, HS256 too. */
enum jose_alg jose_alg_of(str name);
/** The same for key management: ECDH-ES or RSA-OAEP-256. */
enum jose_alg jose_encryption_alg_of(str name);
/** As the header of a JWS, or a JWK for signatures, may spell it: also Ed25519, which is ALG_EDDSA (RFC 9864), and
 * HS256. */
enum jose_alg jose_header_alg_of(str name);

/** One key, public or private, with its kid and the only algorithm it is for. Immutable and shared between threads once
 * made. */
struct jose_key;

/** A new private key (P-256; RSA of 2048 bits, because ours are rotated; Ed25519), to sign or to decrypt with. kid: its
 * RFC 7638 thumbprint. Owned by the caller. */
struct jose_key *jose_key_generate(enum jose_alg alg);
/** From a JWK object (RFC 7517), public or private, for signatures. Without an `alg` member the algorithm is
 * `fallback`, or, without that either, ES256, RS256 or EdDSA by its type. Refuses symmetric keys, a use other than
 * "sig", RSA below 2048 bits, numbers that are no key, an algorithm that does not fit the key, an x5c that is of
 * another key. NULL, with a reason (a static text) in `*why`, when it is no such key. Without a `kid` member the key
 * has none. With an encryption algorithm as `fallback` the same for encryption: use, if any, is "enc". */
struct jose_key *jose_key_from_jwk(const json_t *jwk, enum jose_alg fallback, const char **why);
/** The private key as PKCS#8 DER (to be sealed at rest), and back. */
str jose_key_to_der(const struct jose_key *key, struct arena *arena);
struct jose_key *jose_key_from_der(str der, enum jose_alg alg);
void jose_key_free(struct jose_key *key);

/** STR_NONE for a JWK without kid. */
str jose_key_id(const struct jose_key *key);
enum jose_alg jose_key_alg(const struct jose_key *key);
/** The SHA-256 thumbprint of the public part, base64url (RFC 7638). */
str jose_key_thumbprint(const struct jose_key *key, struct arena *arena);
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
 * members, no "crit", an "alg" that jose_header_alg_of knows, at most `max` bytes. False when it is not that. */
MUST_CHECK bool jws_parse(struct arena *arena, str compact, size_t max, struct jws_parts *out);
/** True if the header's algorithm is the key's (and its kid, when both have one) and the signature is right. */
MUST_CHECK bool jws_verify(const struct jws_parts *jws, const struct jose_key *key);

/** A client's secret as an HMAC key: a type of its own, so that no public key is ever taken for one. */
struct jose_secret {
    str bytes;
};
/** False when the secret is shorter than the 32 bytes that RFC 7518 section 3.2 asks for. */
MUST_CHECK bool jose_secret_of(str bytes, struct jose_secret *out);
/** True if the header says HS256 and the tag is right (compared in constant time). For client_secret_jwt. */
MUST_CHECK bool jws_verify_hmac(const struct jws_parts *jws, struct jose_secret secret);

/** A client's public keys, parsed once, for signatures and for encryption. Immutable and shared between threads. */
struct jose_keyset;
/** From a JWK Set with at most 16 keys; keys of unknown types, algorithms or uses are passed over (RFC 7517 section 5).
 * A key without `alg` serves each algorithm of its type that its `use` allows, so the caller says which ones the client
 * is registered for. NULL with a reason when nothing usable is in it, or a private or symmetric key is. */
struct jose_keyset *jose_keyset_from_jwks(const json_t *jwks, const char **why);
void jose_keyset_free(struct jose_keyset *set);
/** Verifies under an algorithm out of `algs` (JOSE_ALG_BIT; what the client is registered for, or what its profile
 * allows), with the key that the kid names, or, without a kid, with each key of that algorithm. A key without a kid is
 * tried for any; of keys that share a kid each is tried, and what one of them signed counts: they are all the client's.
 */
MUST_CHECK bool jose_keyset_verify(const struct jose_keyset *set, const struct jws_parts *jws, unsigned algs);
/** Whether a key in the set could verify this header (its kid and alg): false asks for a fresh copy of a jwks_uri. */
bool jose_keyset_knows(const struct jose_keyset *set, const struct jws_parts *jws);
/** The first key for `alg`, whose kid is `kid` unless that is STR_NONE, sooner one that says what it is for; NULL when
 * there is none. For encryption to the client: ALG_ECDH_ES or ALG_RSA_OAEP_256. */
const struct jose_key *jose_keyset_find(const struct jose_keyset *set, str kid, enum jose_alg alg);

/** at_hash, c_hash: base64url of the left half of the SHA-256 of `value` (OpenID Connect Core section 3.1.3.6). All our
 * algorithms hash with SHA-256 but EdDSA (SHA-512). */
str jose_half_hash(struct arena *arena, enum jose_alg alg, str value);

#endif
