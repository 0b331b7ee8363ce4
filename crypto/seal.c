#include <limits.h>
#include <openssl/crypto.h>

#include "crypto/engine.h"
#include "crypto/primitives.h"

#define NONCE_BYTES 12
#define TAG_BYTES 16

/* Key, nonce and context into this thread's cipher. The length of the nonce is GCM's default. */
static EVP_CIPHER_CTX *start(const unsigned char *key, const unsigned char *nonce, str context, bool encrypt)
{
    EVP_CIPHER_CTX *ctx = engine_get()->gcm;
    int n;
    engine_require(context.n <= INT_MAX && EVP_CipherInit_ex(ctx, NULL, NULL, key, nonce, encrypt) == 1, "AES-256-GCM");
    if (context.n > 0)
        engine_require(EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)context.p, (int)context.n) == 1,
                       "GCM AAD");
    return ctx;
}

/* The key must not wait in the context for the next use of this thread. */
static void forget_key(EVP_CIPHER_CTX *ctx)
{
    static const unsigned char zero[SEAL_KEY_BYTES];
    engine_require(EVP_CipherInit_ex(ctx, NULL, NULL, zero, NULL, 1) == 1, "AES-256-GCM");
}

str seal(struct arena *arena, const unsigned char key[static SEAL_KEY_BYTES], str context, str plain)
{
    engine_require(plain.n <= INT_MAX, "AES-256-GCM: too long");
    unsigned char *out = arena_alloc(arena, NONCE_BYTES + plain.n + TAG_BYTES);
    unsigned char *text = out + NONCE_BYTES, *tag = text + plain.n;
    random_fill(out, NONCE_BYTES);
    EVP_CIPHER_CTX *ctx = start(key, out, context, true);
    int n;
    if (plain.n > 0)
        engine_require(EVP_CipherUpdate(ctx, text, &n, (const unsigned char *)plain.p, (int)plain.n) == 1,
                       "AES-256-GCM");
    engine_require(EVP_CipherFinal_ex(ctx, tag, &n) == 1 &&
                       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) == 1,
                   "AES-256-GCM");
    forget_key(ctx);
    return str_bytes(out, NONCE_BYTES + plain.n + TAG_BYTES);
}

bool unseal(struct arena *arena, const unsigned char key[static SEAL_KEY_BYTES], str context, str sealed, str *plain)
{
    if (sealed.n < NONCE_BYTES + TAG_BYTES || sealed.n > INT_MAX)
        return false;
    size_t length = sealed.n - NONCE_BYTES - TAG_BYTES;
    const unsigned char *nonce = (const unsigned char *)sealed.p, *text = nonce + NONCE_BYTES;
    unsigned char *out = arena_alloc(arena, length + 1), tag[TAG_BYTES];
    for (size_t i = 0; i < TAG_BYTES; i++)
        tag[i] = text[length + i];
    EVP_CIPHER_CTX *ctx = start(key, nonce, context, false);
    int n;
    bool right = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1;
    if (right && length > 0)
        right = EVP_CipherUpdate(ctx, out, &n, text, (int)length) == 1;
    right = right && EVP_CipherFinal_ex(ctx, out + length, &n) == 1;
    forget_key(ctx);
    if (!right) {
        OPENSSL_cleanse(out, length);
        return false;
    }
    *plain = str_bytes(out, length);
    return true;
}

str seal_under(struct arena *arena, str secret, str purpose, str plain)
{
    engine_require(secret.n > 0, "sealing under an empty secret");
    unsigned char key[SEAL_KEY_BYTES];
    hkdf_sha256(secret, purpose, key, sizeof key);
    str sealed = seal(arena, key, purpose, plain);
    OPENSSL_cleanse(key, sizeof key);
    return sealed;
}

bool unseal_under(struct arena *arena, str secret, str purpose, str sealed, str *plain)
{
    if (secret.n == 0)
        return false;
    unsigned char key[SEAL_KEY_BYTES];
    hkdf_sha256(secret, purpose, key, sizeof key);
    bool right = unseal(arena, key, purpose, sealed, plain);
    OPENSSL_cleanse(key, sizeof key);
    return right;
}
