#include "crypto/key.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/engine.h"

#define RSA_BITS_NEW 2048 /* signing takes a third of the time of 3072, and our keys are rotated */

static const char *const names[] = {[ALG_ES256] = "ES256",
                                    [ALG_RS256] = "RS256",
                                    [ALG_PS256] = "PS256",
                                    [ALG_EDDSA] = "EdDSA",
                                    [ALG_HS256] = "HS256",
                                    [ALG_ECDH_ES] = "ECDH-ES",
                                    [ALG_RSA_OAEP_256] = "RSA-OAEP-256"};

const char *jose_alg_name(enum jose_alg alg)
{
    engine_require(alg > ALG_NONE_GIVEN && alg < COUNT_OF(names), "no algorithm");
    return names[alg];
}

static enum jose_alg find_name(str name, enum jose_alg first, enum jose_alg last)
{
    for (unsigned alg = first; alg <= last; alg++)
        if (str_is(name, names[alg]))
            return (enum jose_alg)alg;
    return ALG_NONE_GIVEN;
}

enum jose_alg jose_alg_of(str name)
{
    return find_name(name, ALG_ES256, ALG_EDDSA);
}

enum jose_alg jose_encryption_alg_of(str name)
{
    return find_name(name, ALG_ECDH_ES, ALG_RSA_OAEP_256);
}

enum jose_alg jose_header_alg_of(str name)
{
    return str_is(name, "Ed25519") ? ALG_EDDSA : find_name(name, ALG_ES256, ALG_HS256);
}

static const char *misfit(const EVP_PKEY *pkey, enum jose_alg alg)
{
    switch (alg) {
    case ALG_ES256:
    case ALG_ECDH_ES: {
        char group[32] = "";
        if (!EVP_PKEY_is_a(pkey, "EC") || EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1 ||
            strcmp(group, "prime256v1") != 0)
            return "the key is not on P-256, as its algorithm wants";
        return NULL;
    }
    case ALG_RS256:
    case ALG_PS256:
    case ALG_RSA_OAEP_256:
        if (!EVP_PKEY_is_a(pkey, "RSA"))
            return "the key is not RSA, as its algorithm wants";
        if (EVP_PKEY_get_bits(pkey) < RSA_BITS_MIN)
            return "the RSA key is shorter than 2048 bits";
        if (EVP_PKEY_get_bits(pkey) > RSA_BITS_MAX)
            return "the RSA key is longer than 8192 bits";
        return NULL;
    case ALG_EDDSA:
        return EVP_PKEY_is_a(pkey, "ED25519") ? NULL : "the key is not Ed25519, as EdDSA wants";
    case ALG_HS256:
        return "HS256 is for a secret, not for a key pair";
    case ALG_NONE_GIVEN:
    default:
        return "the key names no algorithm that we have";
    }
}

/* A context that is ready but for the message. */
static EVP_MD_CTX *prepare(const struct jose_key *key, bool sign)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    const EVP_MD *digest = key->alg == ALG_EDDSA ? NULL : engine_sha256();
    engine_require(ctx != NULL, "context");
    int done = sign ? EVP_DigestSignInit(ctx, &pctx, digest, NULL, key->pkey)
                    : EVP_DigestVerifyInit(ctx, &pctx, digest, NULL, key->pkey);
    if (done == 1 && key->alg == ALG_PS256) /* RFC 7518 section 3.5: one MGF, and a salt as long as the digest */
        done = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, digest) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    engine_require(done == 1, "signature context");
    return ctx;
}

bool key_alg_encrypts(enum jose_alg alg)
{
    return alg == ALG_ECDH_ES || alg == ALG_RSA_OAEP_256;
}

void key_release(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

struct jose_key *key_wrap(EVP_PKEY *pkey, enum jose_alg alg, bool is_private, const char **why)
{
    *why = pkey ? misfit(pkey, alg) : "the key's numbers are not a key";
    if (*why) {
        EVP_PKEY_free(pkey);
        ERR_clear_error();
        return NULL;
    }
    struct jose_key *key = calloc(1, sizeof *key);
    engine_require(key != NULL, "memory");
    *key = (struct jose_key){.pkey = pkey, .alg = alg, .is_private = is_private};
    if (key_alg_encrypts(alg))
        return key;
    key->signature_bytes = EVP_PKEY_is_a(pkey, "RSA") ? (size_t)EVP_PKEY_get_size(pkey) : 64;
    key->verifier = prepare(key, false);
    if (is_private)
        key->signer = prepare(key, true);
    return key;
}

void key_set_id(struct jose_key *key, str kid)
{
    char *copy = malloc(kid.n + 1);
    engine_require(copy != NULL, "memory");
    memcpy(copy, kid.p, kid.n);
    key->kid = (str){copy, kid.n};
}

static struct jose_key *named_by_thumbprint(struct jose_key *key)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    key_set_id(key, jose_key_thumbprint(key, arena));
    return key;
}

struct jose_key *jose_key_generate(enum jose_alg alg)
{
    const char *why;
    EVP_PKEY *pkey = alg == ALG_ES256 || alg == ALG_ECDH_ES ? EVP_EC_gen("P-256")
                     : alg == ALG_EDDSA                     ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                            : EVP_RSA_gen(RSA_BITS_NEW);
    struct jose_key *key = key_wrap(pkey, alg, true, &why);
    engine_require(key != NULL, "key generation");
    return named_by_thumbprint(key);
}

static void free_pkcs8(PKCS8_PRIV_KEY_INFO **info)
{
    PKCS8_PRIV_KEY_INFO_free(*info);
}

str jose_key_to_der(const struct jose_key *key, struct arena *arena)
{
    CLEANUP(free_pkcs8) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
    int n = i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
    engine_require(key->is_private && n > 0, "private key");
    unsigned char *out = arena_alloc(arena, (size_t)n), *at = out;
    engine_require(i2d_PKCS8_PRIV_KEY_INFO(info, &at) == n, "private key");
    return str_bytes(out, (size_t)n);
}

struct jose_key *jose_key_from_der(str der, enum jose_alg alg)
{
    const unsigned char *at = (const unsigned char *)der.p;
    const char *why;
    CLEANUP(free_pkcs8)
    PKCS8_PRIV_KEY_INFO *info = der.n <= LONG_MAX ? d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.n) : NULL;
    struct jose_key *key = info ? key_wrap(EVP_PKCS82PKEY(info), alg, true, &why) : NULL;
    ERR_clear_error();
    return key ? named_by_thumbprint(key) : NULL;
}

void jose_key_free(struct jose_key *key)
{
    if (!key)
        return;
    EVP_MD_CTX_free(key->signer);
    EVP_MD_CTX_free(key->verifier);
    EVP_PKEY_free(key->pkey);
    free((void *)(uintptr_t)key->kid.p);
    free(key);
}

str jose_key_id(const struct jose_key *key)
{
    return key->kid;
}

enum jose_alg jose_key_alg(const struct jose_key *key)
{
    return key->alg;
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

str jose_key_public_pem(const struct jose_key *key, struct arena *arena)
{
    CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    engine_require(bio && PEM_write_bio_PUBKEY(bio, key->pkey) == 1, "PEM");
    long n = BIO_get_mem_data(bio, &text);
    return arena_str(arena, (str){text, (size_t)n});
}
