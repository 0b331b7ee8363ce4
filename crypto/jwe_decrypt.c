#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "crypto/agreement.h"
#include "crypto/engine.h"
#include "crypto/json.h"
#include "crypto/primitives.h"

#define PARTY_BYTES_MAX 256 /* apu, apv: names of the two sides, of any length a sender likes */

static void free_context(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

/* apu or apv: base64url, absent is empty (RFC 7518 section 4.6.2). */
static bool read_party(struct arena *arena, const json_t *header, const char *name, str *out)
{
    *out = STR("");
    return !json_object_get(header, name) ||
           (json_is_string(json_object_get(header, name)) && base64url_decode(arena, json_str(header, name), out) &&
            out->n <= PARTY_BYTES_MAX);
}

/* The sender's point is on the curve: jwk_read sees to that (RFC 7518 section 8.4, "invalid curve"). */
static bool agree(struct arena *arena, const struct jwe_parts *jwe, const struct jose_key *own,
                  unsigned char key[static CONTENT_KEY_BYTES_MAX])
{
    const json_t *epk = json_object_get(jwe->header, "epk");
    const char *why;
    str apu, apv;
    if (!json_is_object(epk) || jwk_leak(epk) || !read_party(arena, jwe->header, "apu", &apu) ||
        !read_party(arena, jwe->header, "apv", &apv) || !str_is(json_str(epk, "kty"), "EC"))
        return false;
    CLEANUP(key_release) EVP_PKEY *other = jwk_read(epk, &why);
    return other && agreement_key(arena, own->pkey, other, jwe->enc, apu, apv, key);
}

/* A failure leaves the random key in place, and so shows itself only where a wrong content would: at the tag. */
static void unwrap(const struct jwe_parts *jwe, const struct jose_key *own,
                   unsigned char key[static CONTENT_KEY_BYTES_MAX])
{
    unsigned char out[SIGNATURE_BYTES_MAX];
    size_t n = sizeof out;
    random_fill(key, CONTENT_KEY_BYTES_MAX);
    CLEANUP(free_context) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own->pkey, NULL);
    engine_require(ctx && EVP_PKEY_decrypt_init(ctx) == 1 &&
                       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, engine_sha256()) == 1 &&
                       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, engine_sha256()) == 1,
                   "RSA-OAEP");
    const unsigned char *wrapped = (const unsigned char *)jwe->encrypted_key.p;
    if (EVP_PKEY_decrypt(ctx, out, &n, wrapped, jwe->encrypted_key.n) == 1 && n == content_key_bytes(jwe->enc))
        memcpy(key, out, n);
    ERR_clear_error();
    OPENSSL_cleanse(out, sizeof out);
}

bool jwe_decrypt(struct arena *arena, const struct jwe_parts *jwe, const struct jose_key *key, str *plain)
{
    unsigned char content_key[CONTENT_KEY_BYTES_MAX];
    if (!key->is_private || !key_alg_encrypts(key->alg) || jwe->alg != key->alg)
        return false;
    if (key->alg == ALG_RSA_OAEP_256)
        unwrap(jwe, key, content_key);
    else if (!agree(arena, jwe, key, content_key))
        return false;
    bool right = content_decrypt(arena, jwe, content_key, plain);
    OPENSSL_cleanse(content_key, sizeof content_key);
    return right;
}
