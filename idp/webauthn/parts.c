/* A credential as a browser's toJSON() writes it (section 5.1): the part that registrations and assertions share. */
#include "webauthn/parts.h"

#include "crypto/json.h"
#include "crypto/primitives.h"

bool parts_bytes(struct arena *arena, const json_t *object, const char *name, size_t min, size_t max, str *out)
{
    str text = json_str(object, name);
    return text.p && text.n <= (max * 4 + 2) / 3 && base64url_decode(arena, text, out) && out->n >= min &&
           out->n <= max;
}

enum webauthn_fault parts_read(struct arena *arena, const json_t *credential, str *credential_id, str *client_data,
                               const json_t **response)
{
    str id = json_str(credential, "id"), raw_id = json_str(credential, "rawId");
    const json_t *extensions = json_object_get(credential, "clientExtensionResults");
    *response = json_object_get(credential, "response");
    if (!id.p || !raw_id.p || !str_eq(id, raw_id) || !json_is_object(*response) ||
        !str_is(json_str(credential, "type"), "public-key") || (extensions && !json_is_object(extensions)) ||
        !parts_bytes(arena, credential, "rawId", 1, WEBAUTHN_BYTES_MAX, credential_id) ||
        !parts_bytes(arena, *response, "clientDataJSON", 1, WEBAUTHN_BYTES_MAX, client_data))
        return WEBAUTHN_MALFORMED;
    return credential_id->n <= CREDENTIAL_ID_MAX ? WEBAUTHN_OK : WEBAUTHN_CREDENTIAL;
}
