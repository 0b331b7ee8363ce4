#include "crypto/content.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "crypto/engine.h"
#include "crypto/primitives.h"

#define CBC_HALF 16 /* of an A128CBC-HS256 key: first the MAC's, then the cipher's (RFC 7518 section 5.2.2.1) */
#define CBC_BLOCK 16
#define GCM_IV_BYTES 12

size_t content_key_bytes(enum jwe_enc enc)
{
    return enc == ENC_A128GCM ? 16 : 32;
}

size_t content_iv_bytes(enum jwe_enc enc)
{
    return enc == ENC_A128CBC_HS256 ? CBC_BLOCK : GCM_IV_BYTES;
}

static void free_cipher(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
}

static const unsigned char *bytes_of(str s)
{
    return (const unsigned char *)(s.p ? s.p : "");
}

/* A context with cipher, key and IV, and what is authenticated beside. */
static EVP_CIPHER_CTX *start(enum jwe_enc enc, const unsigned char *key, const unsigned char *iv, str aad, bool encrypt)
{
    const EVP_CIPHER *cipher = enc == ENC_A128GCM   ? EVP_aes_128_gcm()
                               : enc == ENC_A256GCM ? EVP_aes_256_gcm()
                                                    : EVP_aes_128_cbc();
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;
    engine_require(ctx && aad.n <= INT_MAX && EVP_CipherInit_ex(ctx, cipher, NULL, key, iv, encrypt) == 1, "AES");
    if (aad.n > 0)
        engine_require(EVP_CipherUpdate(ctx, NULL, &n, bytes_of(aad), (int)aad.n) == 1, "AES AAD");
    return ctx;
}

/* RFC 7518 section 5.2.2.1: HMAC over AAD, IV, ciphertext and the AAD's length in bits; the first half of it. */
static void cbc_tag(struct arena *arena, const unsigned char *key, str aad, str iv, str ciphertext,
                    unsigned char tag[static CONTENT_TAG_BYTES])
{
    size_t n = aad.n + iv.n + ciphertext.n;
    unsigned char *input = arena_alloc(arena, n + 8), full[SHA256_BYTES];
    memcpy(input, bytes_of(aad), aad.n);
    memcpy(input + aad.n, bytes_of(iv), iv.n);
    memcpy(input + aad.n + iv.n, bytes_of(ciphertext), ciphertext.n);
    for (unsigned i = 0; i < 8; i++)
        input[n + i] = (unsigned char)((uint64_t)aad.n * 8 >> (56 - 8 * i));
    hmac_sha256(str_bytes(key, CBC_HALF), str_bytes(input, n + 8), full);
    memcpy(tag, full, CONTENT_TAG_BYTES);
}

str content_encrypt(struct arena *arena, enum jwe_enc enc, const unsigned char *key, const unsigned char *iv, str aad,
                    str plain, unsigned char tag[static CONTENT_TAG_BYTES])
{
    bool is_cbc = enc == ENC_A128CBC_HS256;
    CLEANUP(free_cipher)
    EVP_CIPHER_CTX *ctx = is_cbc ? start(enc, key + CBC_HALF, iv, STR_NONE, true) : start(enc, key, iv, aad, true);
    unsigned char *out = arena_alloc(arena, plain.n + CBC_BLOCK);
    int n = 0, rest = 0;
    engine_require(plain.n <= INT_MAX - CBC_BLOCK &&
                       EVP_CipherUpdate(ctx, out, &n, bytes_of(plain), (int)plain.n) == 1 &&
                       EVP_CipherFinal_ex(ctx, out + n, &rest) == 1,
                   "AES");
    str ciphertext = str_bytes(out, (size_t)n + (size_t)rest);
    if (is_cbc)
        cbc_tag(arena, key, aad, str_bytes(iv, CBC_BLOCK), ciphertext, tag);
    else
        engine_require(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CONTENT_TAG_BYTES, tag) == 1, "AES tag");
    return ciphertext;
}

/* After the tag of CBC, or with that of GCM. */
static bool decipher(struct arena *arena, EVP_CIPHER_CTX *ctx, str ciphertext, str *plain)
{
    unsigned char *out = arena_alloc(arena, ciphertext.n + CBC_BLOCK);
    int n = 0, rest = 0;
    bool right = EVP_CipherUpdate(ctx, out, &n, bytes_of(ciphertext), (int)ciphertext.n) == 1 &&
                 EVP_CipherFinal_ex(ctx, out + n, &rest) == 1;
    ERR_clear_error();
    if (right)
        *plain = str_bytes(out, (size_t)n + (size_t)rest);
    else
        OPENSSL_cleanse(out, ciphertext.n);
    return right;
}

bool content_decrypt(struct arena *arena, const struct jwe_parts *jwe, const unsigned char *key, str *plain)
{
    unsigned char tag[CONTENT_TAG_BYTES];
    if (jwe->ciphertext.n > INT_MAX - CBC_BLOCK || jwe->tag.n != CONTENT_TAG_BYTES ||
        jwe->iv.n != content_iv_bytes(jwe->enc))
        return false;
    memcpy(tag, jwe->tag.p, sizeof tag);
    if (jwe->enc != ENC_A128CBC_HS256) {
        CLEANUP(free_cipher) EVP_CIPHER_CTX *ctx = start(jwe->enc, key, bytes_of(jwe->iv), jwe->aad, false);
        engine_require(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CONTENT_TAG_BYTES, tag) == 1, "AES tag");
        return decipher(arena, ctx, jwe->ciphertext, plain);
    }
    cbc_tag(arena, key, jwe->aad, jwe->iv, jwe->ciphertext, tag);
    if (!secret_equal(str_bytes(tag, sizeof tag), jwe->tag))
        return false;
    CLEANUP(free_cipher)
    EVP_CIPHER_CTX *ctx = start(jwe->enc, key + CBC_HALF, bytes_of(jwe->iv), STR_NONE, false);
    return decipher(arena, ctx, jwe->ciphertext, plain);
}
