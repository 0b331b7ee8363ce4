#include "base/buf.h"
#include "crypto/engine.h"
#include "crypto/json.h"
#include "crypto/key.h"
#include "crypto/primitives.h"

#define HEADER_BYTES_MAX 4096

str jws_sign(struct arena *arena, const struct jose_key *key, const char *typ, str payload)
{
    struct buf header = buf_new(arena, 160);
    buf_char(&header, '{');
    buf_json_str(&header, "alg", str_of(jose_alg_name(key->alg)));
    buf_json_str(&header, "kid", key->kid);
    buf_json_str(&header, "typ", str_of(typ));
    buf_char(&header, '}');
    struct buf jws = buf_new(arena, (header.n + payload.n + key->signature_bytes) * 4 / 3 + 16);
    buf_add(&jws, base64url_encode(arena, buf_str(&header)));
    buf_char(&jws, '.');
    buf_add(&jws, base64url_encode(arena, payload));
    unsigned char signature[SIGNATURE_BYTES_MAX];
    size_t n = key_sign(key, buf_str(&jws), signature);
    buf_char(&jws, '.');
    buf_add(&jws, base64url_encode(arena, str_bytes(signature, n)));
    return buf_str(&jws);
}

/* A string member that may be absent, but is nothing else. */
static bool take_text(const json_t *object, const char *name, str *out)
{
    *out = json_str(object, name);
    return out->p || !json_object_get(object, name);
}

static bool read_header(struct arena *arena, str encoded, struct jws_parts *out)
{
    str text;
    if (!base64url_decode(arena, encoded, &text))
        return false;
    out->header = json_parse_object(arena, text, HEADER_BYTES_MAX);
    if (!out->header || json_object_get(out->header, "crit")) /* RFC 7515 section 4.1.11: we understand no extension */
        return false;
    out->alg = jose_header_alg_of(json_str(out->header, "alg"));
    return out->alg != ALG_NONE_GIVEN && take_text(out->header, "kid", &out->kid) &&
           take_text(out->header, "typ", &out->typ);
}

bool jws_parse(struct arena *arena, str compact, size_t max, struct jws_parts *out)
{
    *out = (struct jws_parts){0};
    str header, payload, signature, rest, text;
    if (compact.n > max || !str_cut(compact, '.', &header, &rest) || !str_cut(rest, '.', &payload, &signature))
        return false;
    if (signature.n == 0 || !base64url_decode(arena, signature, &out->signature) || !read_header(arena, header, out) ||
        !base64url_decode(arena, payload, &text))
        return false;
    out->signing_input = (str){compact.p, header.n + 1 + payload.n};
    out->payload = json_parse_object(arena, text, max);
    return out->payload != NULL;
}

bool jws_verify(const struct jws_parts *jws, const struct jose_key *key)
{
    if (jws->alg != key->alg) /* RFC 8725 section 3.1 */
        return false;
    if (jws->kid.p && key->kid.p && !str_eq(jws->kid, key->kid))
        return false;
    return key_verify(key, jws->signing_input, jws->signature);
}

#define SECRET_BYTES_MIN 32 /* RFC 7518 section 3.2 */

bool jose_secret_of(str bytes, struct jose_secret *out)
{
    *out = (struct jose_secret){bytes};
    return bytes.n >= SECRET_BYTES_MIN;
}

bool jws_verify_hmac(const struct jws_parts *jws, struct jose_secret secret)
{
    unsigned char tag[SHA256_BYTES];
    if (jws->alg != ALG_HS256 || secret.bytes.n < SECRET_BYTES_MIN)
        return false;
    hmac_sha256(secret.bytes, jws->signing_input, tag);
    return secret_equal(jws->signature, str_bytes(tag, sizeof tag));
}

str jose_half_hash(struct arena *arena, enum jose_alg alg, str value)
{
    engine_require(alg != ALG_NONE_GIVEN, "half hash without an algorithm");
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (alg != ALG_EDDSA) {
        sha256(value, digest);
        return base64url_encode(arena, str_bytes(digest, SHA256_BYTES / 2));
    }
    unsigned n = 0;
    engine_require(EVP_Digest(value.p ? value.p : "", value.n, digest, &n, engine_sha512(), NULL) == 1, "SHA-512");
    return base64url_encode(arena, str_bytes(digest, n / 2));
}
