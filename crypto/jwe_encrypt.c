#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/buf.h"
#include "crypto/agreement.h"
#include "crypto/engine.h"
#include "crypto/jwk_members.h"
#include "crypto/primitives.h"

static void free_context(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
}

/* Agrees with a key pair made for this one message; its public part goes into the header (epk). */
static void agree(struct arena *arena, const struct jose_key *recipient, enum jwe_enc enc, struct buf *header,
                  unsigned char key[static CONTENT_KEY_BYTES_MAX])
{
    CLEANUP(key_release) EVP_PKEY *ephemeral = EVP_EC_gen("P-256");
    engine_require(ephemeral && agreement_key(arena, ephemeral, recipient->pkey, enc, STR_NONE, STR_NONE, key), "ECDH");
    str members = jwk_members(ephemeral, arena);
    buf_json_raw(header, "epk", arena_printf(arena, "{%.*s}", STR_FMT(members)));
}

/* RSA-OAEP with SHA-256 twice (RFC 7518 section 4.3). */
static str wrap(struct arena *arena, const struct jose_key *recipient, str key)
{
    CLEANUP(free_context) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(recipient->pkey, NULL);
    unsigned char *out = arena_alloc(arena, SIGNATURE_BYTES_MAX);
    size_t n = SIGNATURE_BYTES_MAX;
    engine_require(ctx && EVP_PKEY_encrypt_init(ctx) == 1 &&
                       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, engine_sha256()) == 1 &&
                       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, engine_sha256()) == 1 &&
                       EVP_PKEY_encrypt(ctx, out, &n, (const unsigned char *)key.p, key.n) == 1,
                   "RSA-OAEP");
    return str_bytes(out, n);
}

static void add_part(struct buf *out, str bytes)
{
    buf_char(out, '.');
    buf_add(out, base64url_encode(out->arena, bytes));
}

str jwe_encrypt(struct arena *arena, const struct jose_key *recipient, enum jwe_enc enc, const char *cty, str plain)
{
    unsigned char key[CONTENT_KEY_BYTES_MAX], iv[CONTENT_IV_BYTES_MAX], tag[CONTENT_TAG_BYTES];
    engine_require(key_alg_encrypts(recipient->alg), "encryption to a key that is for signatures");
    struct buf header = buf_new(arena, 512);
    buf_char(&header, '{');
    buf_json_str(&header, "alg", str_of(jose_alg_name(recipient->alg)));
    buf_json_str(&header, "enc", str_of(jwe_enc_name(enc)));
    buf_json_str(&header, "kid", recipient->kid);
    buf_json_str(&header, "cty", str_of(cty));
    str wrapped = STR("");
    random_fill(iv, sizeof iv);
    if (recipient->alg == ALG_ECDH_ES) {
        agree(arena, recipient, enc, &header, key);
    } else {
        random_fill(key, sizeof key);
        wrapped = wrap(arena, recipient, str_bytes(key, content_key_bytes(enc)));
    }
    buf_char(&header, '}');
    str aad = base64url_encode(arena, buf_str(&header)); /* RFC 7516 section 5.1, step 14 */
    str ciphertext = content_encrypt(arena, enc, key, iv, aad, plain, tag);
    OPENSSL_cleanse(key, sizeof key);
    struct buf jwe = buf_new(arena, aad.n + (wrapped.n + ciphertext.n) * 4 / 3 + 128);
    buf_add(&jwe, aad);
    add_part(&jwe, wrapped);
    add_part(&jwe, str_bytes(iv, content_iv_bytes(enc)));
    add_part(&jwe, ciphertext);
    add_part(&jwe, str_bytes(tag, sizeof tag));
    return buf_str(&jwe);
}
