#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "base/buf.h"
#include "crypto/engine.h"
#include "crypto/jwk_members.h"
#include "crypto/key.h"
#include "crypto/primitives.h"

#define P256_BYTES 32

static void free_number(void *number)
{
    BN_clear_free(number);
}

static str number_text(const EVP_PKEY *pkey, const char *param, struct arena *arena)
{
    BIGNUM *number = NULL;
    engine_require(EVP_PKEY_get_bn_param(pkey, param, &number) == 1, "public key");
    arena_defer(arena, free_number, number);
    size_t n = (size_t)BN_num_bytes(number);
    unsigned char *bytes = arena_alloc(arena, n);
    BN_bn2bin(number, bytes);
    return base64url_encode(arena, str_bytes(bytes, n));
}

str jwk_members(const EVP_PKEY *pkey, struct arena *arena)
{
    unsigned char bytes[1 + 2 * P256_BYTES];
    size_t n = sizeof bytes;
    if (EVP_PKEY_is_a(pkey, "RSA")) {
        str e = number_text(pkey, OSSL_PKEY_PARAM_RSA_E, arena),
            modulus = number_text(pkey, OSSL_PKEY_PARAM_RSA_N, arena);
        return arena_printf(arena, "\"e\":\"%.*s\",\"kty\":\"RSA\",\"n\":\"%.*s\"", STR_FMT(e), STR_FMT(modulus));
    }
    if (EVP_PKEY_is_a(pkey, "ED25519")) {
        engine_require(EVP_PKEY_get_raw_public_key(pkey, bytes, &n) == 1, "public key");
        str x = base64url_encode(arena, str_bytes(bytes, n));
        return arena_printf(arena, "\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%.*s\"", STR_FMT(x));
    }
    engine_require(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof bytes, &n) == 1 &&
                       n == sizeof bytes,
                   "public key");
    str x = base64url_encode(arena, str_bytes(bytes + 1, P256_BYTES));
    str y = base64url_encode(arena, str_bytes(bytes + 1 + P256_BYTES, P256_BYTES));
    return arena_printf(arena, "\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.*s\",\"y\":\"%.*s\"", STR_FMT(x),
                        STR_FMT(y));
}

str jose_key_thumbprint(const struct jose_key *key, struct arena *arena)
{
    str members = jwk_members(key->pkey, arena);
    return base64url_encode(arena, sha256_key(arena, arena_printf(arena, "{%.*s}", STR_FMT(members))));
}

str jose_key_public_jwk(const struct jose_key *key, struct arena *arena)
{
    struct buf jwk = buf_new(arena, 1024);
    buf_char(&jwk, '{');
    buf_add(&jwk, jwk_members(key->pkey, arena));
    buf_json_str(&jwk, "use", key_alg_encrypts(key->alg) ? STR("enc") : STR("sig"));
    buf_json_str(&jwk, "alg", str_of(jose_alg_name(key->alg)));
    buf_json_str(&jwk, "kid", key->kid);
    buf_char(&jwk, '}');
    return buf_str(&jwk);
}
