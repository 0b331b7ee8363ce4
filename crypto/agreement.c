#include "crypto/agreement.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/primitives.h"

#define SHARED_BYTES 32 /* the x coordinate of a point on P-256 */

static void add_number(struct buf *out, size_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_char(out, (char)(unsigned char)(number >> shift));
}

static void add_with_length(struct buf *out, str bytes)
{
    add_number(out, bytes.n);
    buf_add(out, bytes);
}

void agreement_derive(struct arena *arena, str shared, enum jwe_enc enc, str apu, str apv,
                      unsigned char key[static CONTENT_KEY_BYTES_MAX])
{
    struct buf input = buf_new(arena, 256 + apu.n + apv.n);
    unsigned char digest[SHA256_BYTES];
    add_number(&input, 1); /* the only round */
    buf_add(&input, shared);
    add_with_length(&input, str_of(jwe_enc_name(enc))); /* direct mode: the enc, not the alg */
    add_with_length(&input, apu);
    add_with_length(&input, apv);
    add_number(&input, content_key_bytes(enc) * 8);
    sha256(buf_str(&input), digest);
    memcpy(key, digest, content_key_bytes(enc));
    OPENSSL_cleanse(digest, sizeof digest);
}

static void free_context(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

bool agreement_key(struct arena *arena, EVP_PKEY *own, EVP_PKEY *other, enum jwe_enc enc, str apu, str apv,
                   unsigned char key[static CONTENT_KEY_BYTES_MAX])
{
    unsigned char shared[SHARED_BYTES];
    size_t n = sizeof shared;
    CLEANUP(free_context) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    bool agreed = ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
                  EVP_PKEY_derive(ctx, shared, &n) == 1 && n == sizeof shared;
    ERR_clear_error();
    if (agreed)
        agreement_derive(arena, str_bytes(shared, n), enc, apu, apv, key);
    OPENSSL_cleanse(shared, sizeof shared);
    return agreed;
}
