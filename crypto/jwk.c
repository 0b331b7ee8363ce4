#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#include "crypto/certificate_inside.h"
#include "crypto/engine.h"
#include "crypto/json.h"
#include "crypto/key.h"
#include "crypto/primitives.h"

#define P256_BYTES 32
#define KID_BYTES_MAX 256

struct member {
    const char *jwk, *param;
};

static const struct member rsa_members[] = {
    {"n", OSSL_PKEY_PARAM_RSA_N},          {"e", OSSL_PKEY_PARAM_RSA_E},
    {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
    {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
    {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1}};
#define RSA_PUBLIC_MEMBERS 2

static void free_builder(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void free_params(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static void free_context(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

static void free_number(void *number)
{
    BN_clear_free(number);
}

static bool read_bytes(struct arena *arena, const json_t *jwk, const char *name, str *out)
{
    str text = json_str(jwk, name);
    return text.n > 0 && text.n <= 2 * RSA_BITS_MAX / 8 && base64url_decode(arena, text, out);
}

static bool push_number(struct arena *arena, OSSL_PARAM_BLD *builder, const char *param, str bytes)
{
    BIGNUM *number = BN_bin2bn((const unsigned char *)bytes.p, (int)bytes.n, NULL);
    engine_require(number != NULL, "number");
    arena_defer(arena, free_number, number); /* the builder keeps the pointer */
    return OSSL_PARAM_BLD_push_BN(builder, param, number) == 1;
}

/* The key from its numbers, if they are consistent: the point on the curve, the private part the public one's. A public
 * RSA key has nothing to hold it against but its own modulus, and that takes milliseconds a stranger could spend. Quick
 * is all there is to check where the cofactor is 1, as on P-256. */
static EVP_PKEY *assemble(const char *type, OSSL_PARAM_BLD *builder, bool is_private)
{
    CLEANUP(free_params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    CLEANUP(free_context) EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;
    engine_require(params && maker && EVP_PKEY_fromdata_init(maker) == 1, "key");
    if (EVP_PKEY_fromdata(maker, &pkey, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    CLEANUP(free_context) EVP_PKEY_CTX *checker = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    engine_require(checker != NULL, "key");
    bool good = is_private ? EVP_PKEY_pairwise_check(checker) == 1
                           : EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_public_check_quick(checker) == 1;
    if (good)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

/* Modulus and exponent are odd, and the exponent is more than 1 and, as OpenSSL wants of large
 * keys, at most 64 bits: a longer one only makes checking slow. */
static bool is_rsa_number(const char *name, str bytes)
{
    if (strcmp(name, "n") == 0)
        return (unsigned char)bytes.p[bytes.n - 1] & 1;
    if (strcmp(name, "e") != 0)
        return true;
    uint64_t exponent = 0;
    for (size_t i = 0; i < bytes.n && bytes.n <= sizeof exponent; i++)
        exponent = exponent << 8 | (unsigned char)bytes.p[i];
    return exponent > 1 && (exponent & 1);
}

static EVP_PKEY *read_rsa(struct arena *arena, const json_t *jwk, bool is_private)
{
    CLEANUP(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    size_t count = is_private ? COUNT_OF(rsa_members) : RSA_PUBLIC_MEMBERS;
    for (size_t i = 0; i < count; i++) {
        str bytes;
        if (!read_bytes(arena, jwk, rsa_members[i].jwk, &bytes) || !is_rsa_number(rsa_members[i].jwk, bytes) ||
            !push_number(arena, builder, rsa_members[i].param, bytes))
            return NULL;
    }
    return assemble("RSA", builder, is_private);
}

static EVP_PKEY *read_ec(struct arena *arena, const json_t *jwk, bool is_private)
{
    CLEANUP(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    str x, y, d;
    if (!str_is(json_str(jwk, "crv"), "P-256") || !read_bytes(arena, jwk, "x", &x) ||
        !read_bytes(arena, jwk, "y", &y) || x.n != P256_BYTES || y.n != P256_BYTES)
        return NULL;
    unsigned char point[1 + 2 * P256_BYTES] = {4}; /* uncompressed (SEC 1 section 2.3.3) */
    memcpy(point + 1, x.p, P256_BYTES);
    memcpy(point + 1 + P256_BYTES, y.p, P256_BYTES);
    if (OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) != 1)
        return NULL;
    if (is_private && (!read_bytes(arena, jwk, "d", &d) || d.n != P256_BYTES ||
                       !push_number(arena, builder, OSSL_PKEY_PARAM_PRIV_KEY, d)))
        return NULL;
    return assemble("EC", builder, is_private);
}

static EVP_PKEY *read_okp(struct arena *arena, const json_t *jwk, bool is_private)
{
    str x, d;
    if (!str_is(json_str(jwk, "crv"), "Ed25519") || !read_bytes(arena, jwk, "x", &x) || x.n != 32)
        return NULL;
    if (!is_private)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)x.p, x.n);
    if (!read_bytes(arena, jwk, "d", &d) || d.n != 32)
        return NULL;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)d.p, d.n);
    unsigned char of_d[32];
    size_t n = sizeof of_d;
    if (pkey && EVP_PKEY_get_raw_public_key(pkey, of_d, &n) == 1 && str_eq(str_bytes(of_d, n), x))
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

static EVP_PKEY *read_numbers(struct arena *arena, const json_t *jwk)
{
    str kty = json_str(jwk, "kty");
    bool is_private = json_object_get(jwk, "d") != NULL;
    return str_is(kty, "EC")    ? read_ec(arena, jwk, is_private)
           : str_is(kty, "RSA") ? read_rsa(arena, jwk, is_private)
           : str_is(kty, "OKP") ? read_okp(arena, jwk, is_private)
                                : NULL;
}

/* RFC 7517 section 4.7: plain base64, and the first certificate is the key's own. */
static bool x5c_fits(struct arena *arena, const json_t *jwk, const EVP_PKEY *pkey)
{
    const json_t *chain = json_object_get(jwk, "x5c"), *first = json_array_get(chain, 0);
    str der;
    if (!chain)
        return true;
    if (!json_is_string(first) || json_string_length(first) > CERTIFICATE_BYTES_MAX * 4 / 3 ||
        !base64_decode(arena, (str){json_string_value(first), json_string_length(first)}, &der))
        return false;
    const struct certificate *certificate = certificate_from_der(arena, der);
    return certificate && certificate_is_of(certificate, pkey);
}

EVP_PKEY *jwk_read(const json_t *jwk, const char **why)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    EVP_PKEY *pkey = read_numbers(arena, jwk);
    *why = !pkey                         ? "the key's numbers are not a key of a type that we have"
           : !x5c_fits(arena, jwk, pkey) ? "the key's x5c is not a certificate of the key"
                                         : NULL;
    ERR_clear_error();
    if (!*why)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

const char *jwk_leak(const json_t *jwk)
{
    static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "priv"};
    if (str_is(json_str(jwk, "kty"), "oct") || json_object_get(jwk, "k"))
        return "a symmetric key stands where public keys belong";
    for (size_t i = 0; i < COUNT_OF(private_members); i++)
        if (json_object_get(jwk, private_members[i]))
            return "a private key stands where public keys belong";
    return NULL;
}

static bool has_word(const json_t *array, const char *const words[])
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));
        for (size_t k = 0; text && words[k]; k++)
            if (strcmp(text, words[k]) == 0)
                return true;
    }
    return false;
}

static bool is_string_or_absent(const json_t *jwk, const char *name)
{
    const json_t *value = json_object_get(jwk, name);
    return !value || (json_is_string(value) && json_string_length(value) > 0);
}

/* What RFC 7517 section 4 says of any key beside its numbers. */
static const char *misshape(const json_t *jwk)
{
    if (!json_is_object(jwk) || json_str(jwk, "kty").n == 0)
        return "the key has no type (kty)";
    if (str_is(json_str(jwk, "kty"), "oct") || json_object_get(jwk, "k"))
        return "the key is symmetric";
    if (!is_string_or_absent(jwk, "use") || !is_string_or_absent(jwk, "alg") || !is_string_or_absent(jwk, "kid"))
        return "use, alg or kid of the key is not a text";
    return json_str(jwk, "kid").n > KID_BYTES_MAX ? "the key's kid is longer than 256 bytes" : NULL;
}

static enum jose_alg alg_of(const json_t *jwk)
{
    str name = json_str(jwk, "alg");
    enum jose_alg alg = jose_header_alg_of(name);
    return alg != ALG_NONE_GIVEN ? alg : jose_encryption_alg_of(name);
}

const char *jwk_objection(const json_t *jwk, enum jose_alg alg)
{
    static const char *const signing[] = {"verify", "sign", NULL};
    static const char *const encrypting[] = {"encrypt", "wrapKey",   "deriveKey", "deriveBits",
                                             "decrypt", "unwrapKey", NULL};
    bool encrypts = key_alg_encrypts(alg);
    const char *fault = misshape(jwk);
    const json_t *ops = json_object_get(jwk, "key_ops");
    if (fault)
        return fault;
    if (json_object_get(jwk, "use") && !str_is(json_str(jwk, "use"), encrypts ? "enc" : "sig"))
        return encrypts ? "the key is not for encryption" : "the key is not for signatures";
    if (ops && !has_word(ops, encrypts ? encrypting : signing))
        return encrypts ? "the key's key_ops has nothing for encryption"
                        : "the key's key_ops has neither verify nor sign";
    if (!json_object_get(jwk, "alg"))
        return NULL;
    if (alg_of(jwk) == ALG_NONE_GIVEN)
        return "the key's algorithm is not one that we have";
    return alg_of(jwk) == alg ? NULL : "the key is for another algorithm";
}

static enum jose_alg alg_for(const json_t *jwk, enum jose_alg fallback)
{
    if (json_object_get(jwk, "alg") && alg_of(jwk) != ALG_NONE_GIVEN && !key_alg_encrypts(fallback))
        return alg_of(jwk);
    if (fallback != ALG_NONE_GIVEN)
        return fallback;
    str kty = json_str(jwk, "kty");
    return str_is(kty, "EC") ? ALG_ES256 : str_is(kty, "RSA") ? ALG_RS256 : ALG_EDDSA;
}

struct jose_key *jose_key_from_jwk(const json_t *jwk, enum jose_alg fallback, const char **why)
{
    enum jose_alg alg = alg_for(jwk, fallback);
    *why =
        key_alg_encrypts(alg) != key_alg_encrypts(fallback) ? "the key is not for signatures" : jwk_objection(jwk, alg);
    EVP_PKEY *pkey = *why ? NULL : jwk_read(jwk, why);
    struct jose_key *key = pkey ? key_wrap(pkey, alg, json_object_get(jwk, "d") != NULL, why) : NULL;
    if (key && json_object_get(jwk, "kid"))
        key_set_id(key, json_str(jwk, "kid"));
    return key;
}
