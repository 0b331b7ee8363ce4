#include "crypto/json.h"
#include "crypto/primitives.h"
#include "webauthn/parts.h"

/* Until Level 3, browsers could say here that they bind tokens to TLS. We do not; one that says that it did has spoken
 * to somebody else. */
static bool has_no_token_binding(const json_t *data)
{
    const json_t *binding = json_object_get(data, "tokenBinding");
    str status = json_str(binding, "status");
    return !binding || str_is(status, "supported") || str_is(status, "not-supported");
}

static bool is_origin(const struct webauthn_site *site, str origin)
{
    return origin.n > 0 && (str_eq(origin, site->origin) || str_list_has(site->app_origins, ' ', origin));
}

enum webauthn_fault client_data_check(struct arena *arena, const struct webauthn_site *site, str client_data,
                                      const char *type, str challenge)
{
    const json_t *data = json_parse_object(arena, client_data, WEBAUTHN_BYTES_MAX);
    str given_type = json_str(data, "type"), given = json_str(data, "challenge"), origin = json_str(data, "origin");
    const json_t *cross = json_object_get(data, "crossOrigin");
    if (!given_type.p || !given.p || !origin.p || (cross && !json_is_boolean(cross)) || !has_no_token_binding(data))
        return WEBAUTHN_MALFORMED;
    if (!str_is(given_type, type))
        return WEBAUTHN_TYPE;
    if (challenge.n == 0 || !secret_equal(given, base64url_encode(arena, challenge)))
        return WEBAUTHN_CHALLENGE;
    if (!is_origin(site, origin) || json_is_true(cross) || json_object_get(data, "topOrigin"))
        return WEBAUTHN_ORIGIN;
    return WEBAUTHN_OK;
}
