#include "crypto/primitives.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/random.h>

#include "crypto/engine.h"

void random_fill(void *out, size_t n)
{
    unsigned char *at = out;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        engine_require(got > 0 || errno == EINTR, "getrandom");
        if (got > 0) {
            at += got;
            n -= (size_t)got;
        }
    }
}

str random_token(struct arena *arena, size_t bytes)
{
    unsigned char *random = arena_alloc(arena, bytes);
    random_fill(random, bytes);
    return base64url_encode(arena, str_bytes(random, bytes));
}

str random_uuid(struct arena *arena)
{
    unsigned char bytes[16];
    random_fill(bytes, sizeof bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80); /* variant 10 */
    str hex = hex_encode(arena, str_bytes(bytes, sizeof bytes));
    return arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex.p, hex.p + 8, hex.p + 12, hex.p + 16, hex.p + 20);
}

/* OpenSSL takes a NULL pointer for "as before", not for "empty". */
static const unsigned char *bytes_of(str s)
{
    return (const unsigned char *)(s.p ? s.p : "");
}

void sha256(str data, unsigned char out[static SHA256_BYTES])
{
    EVP_MD_CTX *ctx = engine_get()->digest;
    engine_require(EVP_DigestInit_ex(ctx, engine_sha256(), NULL) == 1 &&
                       EVP_DigestUpdate(ctx, bytes_of(data), data.n) == 1 && EVP_DigestFinal_ex(ctx, out, NULL) == 1,
                   "SHA-256");
}

str sha256_key(struct arena *arena, str data)
{
    unsigned char *out = arena_alloc(arena, SHA256_BYTES);
    sha256(data, out);
    return str_bytes(out, SHA256_BYTES);
}

void hmac_sha256(str key, str data, unsigned char out[static SHA256_BYTES])
{
    EVP_MAC_CTX *ctx = engine_get()->hmac;
    size_t n = 0;
    engine_require(EVP_MAC_init(ctx, bytes_of(key), key.n, NULL) == 1 &&
                       EVP_MAC_update(ctx, bytes_of(data), data.n) == 1 &&
                       EVP_MAC_final(ctx, out, &n, SHA256_BYTES) == 1 && n == SHA256_BYTES,
                   "HMAC-SHA256");
}

/* Over our kept HMAC context, because OpenSSL's HKDF fetches HMAC anew at each of its steps. */
void hkdf_sha256(str secret, str info, unsigned char *out, size_t n)
{
    static const char no_salt[SHA256_BYTES];
    engine_require(n <= (size_t)255 * SHA256_BYTES && info.n <= 512, "HKDF: too long");
    unsigned char prk[SHA256_BYTES], block[SHA256_BYTES], input[SHA256_BYTES + 512 + 1];
    hmac_sha256(str_bytes(no_salt, sizeof no_salt), secret, prk);
    size_t before = 0; /* of the last block in the input: none at first */
    for (unsigned char count = 1; n > 0; count++) {
        memcpy(input, block, before);
        memcpy(input + before, bytes_of(info), info.n);
        input[before + info.n] = count;
        hmac_sha256(str_bytes(prk, sizeof prk), str_bytes(input, before + info.n + 1), block);
        size_t take = n < SHA256_BYTES ? n : SHA256_BYTES;
        memcpy(out, block, take);
        out += take;
        n -= take;
        before = SHA256_BYTES;
    }
    OPENSSL_cleanse(prk, sizeof prk);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(input, sizeof input);
}

bool secret_equal(str a, str b)
{
    return a.n == b.n && CRYPTO_memcmp(bytes_of(a), bytes_of(b), a.n) == 0;
}
