#include "crypto/content.h"
#include "crypto/engine.h"
#include "crypto/json.h"
#include "crypto/primitives.h"

#define HEADER_BYTES_MAX 4096
#define PARTS 5

static const char *const names[] = {
    [ENC_A128CBC_HS256] = "A128CBC-HS256", [ENC_A128GCM] = "A128GCM", [ENC_A256GCM] = "A256GCM"};

const char *jwe_enc_name(enum jwe_enc enc)
{
    engine_require(enc > ENC_NONE_GIVEN && enc < COUNT_OF(names), "no content encryption");
    return names[enc];
}

enum jwe_enc jwe_enc_of(str name)
{
    for (unsigned enc = ENC_A128CBC_HS256; enc < COUNT_OF(names); enc++)
        if (str_is(name, names[enc]))
            return (enum jwe_enc)enc;
    return ENC_NONE_GIVEN;
}

bool jwe_is_form(str text)
{
    size_t dots = 0;
    for (size_t i = 0; i < text.n; i++)
        dots += text.p[i] == '.';
    return dots == PARTS - 1;
}

/* A string member that may be absent, but is nothing else. */
static bool take_text(const json_t *object, const char *name, str *out)
{
    *out = json_str(object, name);
    return out->p || !json_object_get(object, name);
}

static bool read_header(struct arena *arena, str encoded, struct jwe_parts *out)
{
    str text;
    if (!base64url_decode(arena, encoded, &text))
        return false;
    out->header = json_parse_object(arena, text, HEADER_BYTES_MAX);
    if (!out->header || json_object_get(out->header, "crit") || json_object_get(out->header, "zip"))
        return false;
    out->alg = jose_encryption_alg_of(json_str(out->header, "alg"));
    out->enc = jwe_enc_of(json_str(out->header, "enc"));
    return out->alg != ALG_NONE_GIVEN && out->enc != ENC_NONE_GIVEN && take_text(out->header, "kid", &out->kid) &&
           take_text(out->header, "cty", &out->cty);
}

bool jwe_parse(struct arena *arena, str compact, size_t max, struct jwe_parts *out)
{
    *out = (struct jwe_parts){0};
    str parts[PARTS], *const bytes[PARTS] = {NULL, &out->encrypted_key, &out->iv, &out->ciphertext, &out->tag};
    if (compact.n > max || !jwe_is_form(compact))
        return false;
    for (size_t i = 0; i < PARTS; i++) {
        str rest = compact;
        str_cut(rest, '.', &parts[i], &compact);
        if (bytes[i] && !base64url_decode(arena, parts[i], bytes[i]))
            return false;
    }
    out->aad = parts[0];
    return read_header(arena, parts[0], out) && out->iv.n == content_iv_bytes(out->enc) &&
           out->tag.n == CONTENT_TAG_BYTES && (out->encrypted_key.n == 0) == (out->alg == ALG_ECDH_ES);
}
