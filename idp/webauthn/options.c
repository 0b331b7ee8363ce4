/* What navigator.credentials is given (Web Authentication sections 5.4 and 5.5), in the form that
 * PublicKeyCredential.parseCreationOptionsFromJSON and parseRequestOptionsFromJSON read. */
#include "base/buf.h"
#include "crypto/primitives.h"
#include "webauthn/webauthn.h"

#define TIMEOUT 120000 /* milliseconds: for as long as a challenge is good */

static str descriptors(struct arena *arena, const str *ids, size_t count)
{
    struct buf buf = buf_new(arena, 128);
    buf_char(&buf, '[');
    for (size_t i = 0; i < count; i++) {
        buf_add(&buf, i > 0 ? STR(",{") : STR("{"));
        buf_json_str(&buf, "type", STR("public-key"));
        buf_json_str(&buf, "id", base64url_encode(arena, ids[i]));
        buf_char(&buf, '}');
    }
    buf_char(&buf, ']');
    return buf_str(&buf);
}

static str user(struct arena *arena, str handle, str name)
{
    struct buf buf = buf_new(arena, 128);
    buf_char(&buf, '{');
    buf_json_str(&buf, "id", base64url_encode(arena, handle));
    buf_json_str(&buf, "name", name);
    buf_json_str(&buf, "displayName", name);
    buf_char(&buf, '}');
    return buf_str(&buf);
}

static str rp(struct arena *arena, const struct webauthn_site *site)
{
    struct buf buf = buf_new(arena, 128);
    buf_char(&buf, '{');
    buf_json_str(&buf, "id", site->rp_id);
    buf_json_str(&buf, "name", site->name);
    buf_char(&buf, '}');
    return buf_str(&buf);
}

str webauthn_create_options(struct arena *arena, const struct webauthn_site *site, str handle, str user_name,
                            str challenge, const str *exclude, size_t exclude_count)
{
    struct buf buf = buf_new(arena, 1024);
    buf_char(&buf, '{');
    buf_json_raw(&buf, "rp", rp(arena, site));
    buf_json_raw(&buf, "user", user(arena, handle, user_name));
    buf_json_str(&buf, "challenge", base64url_encode(arena, challenge));
    buf_json_raw(&buf, "pubKeyCredParams",
                 STR("[{\"type\":\"public-key\",\"alg\":-7},{\"type\":\"public-key\",\"alg\":-8},"
                     "{\"type\":\"public-key\",\"alg\":-257}]"));
    buf_json_int(&buf, "timeout", TIMEOUT);
    buf_json_raw(&buf, "excludeCredentials", descriptors(arena, exclude, exclude_count));
    buf_json_raw(&buf, "authenticatorSelection",
                 STR("{\"residentKey\":\"required\",\"requireResidentKey\":true,\"userVerification\":\"required\"}"));
    buf_json_str(&buf, "attestation", STR("none"));
    buf_char(&buf, '}');
    return buf_str(&buf);
}

str webauthn_request_options(struct arena *arena, const struct webauthn_site *site, str challenge, const str *allow,
                             size_t allow_count)
{
    struct buf buf = buf_new(arena, 512);
    buf_char(&buf, '{');
    buf_json_str(&buf, "challenge", base64url_encode(arena, challenge));
    buf_json_int(&buf, "timeout", TIMEOUT);
    buf_json_str(&buf, "rpId", site->rp_id);
    buf_json_raw(&buf, "allowCredentials", descriptors(arena, allow, allow_count));
    buf_json_str(&buf, "userVerification", STR("required"));
    buf_char(&buf, '}');
    return buf_str(&buf);
}
