#include "oauth/token/introspect_jwt.h"

#include "base/buf.h"
#include "base/clock.h"
#include "oauth/nested.h"

#define MEDIA_TYPE "application/token-introspection+jwt"

bool introspect_wants_jwt(str accept)
{
    str item;
    while (str_word(&accept, ',', &item)) {
        str type, parameters;
        if (!str_cut(item, ';', &type, &parameters))
            type = item;
        if (str_eq_nocase(str_trim(type), STR(MEDIA_TYPE)))
            return true;
    }
    return false;
}

/* RFC 9701 section 5: iss, aud and iat around what was asked, and no sub or exp beside it, so that it is never taken
 * for an access token. */
static str wrap(struct provider *provider, struct arena *arena, const struct client *caller, str description)
{
    struct buf json = buf_new(arena, 256 + description.n);
    buf_char(&json, '{');
    buf_json_str(&json, "iss", provider->settings->issuer);
    buf_json_str(&json, "aud", caller->id);
    buf_json_int(&json, "iat", clock_now());
    buf_json_raw(&json, "token_introspection", description);
    buf_char(&json, '}');
    return buf_str(&json);
}

void introspect_respond(struct provider *provider, struct request *rq, const struct client *caller, str description)
{
    bool registered =
        caller->introspection_alg != ALG_NONE_GIVEN || caller->introspection_encryption.alg != ALG_NONE_GIVEN;
    if (!registered && !introspect_wants_jwt(request_header(rq, "Accept"))) {
        respond_json(rq, 200, description);
        return;
    }
    const struct nested how = {.client = caller,
                               .alg = caller->introspection_alg != ALG_NONE_GIVEN ? caller->introspection_alg
                                                                                  : caller->rules->alg,
                               .typ = "token-introspection+jwt",
                               .encryption = &caller->introspection_encryption};
    str jwt;
    if (nested_make(provider, rq, &how, wrap(provider, rq->arena, caller, description), &jwt))
        respond(rq, 200, MEDIA_TYPE, jwt);
    else
        oauth_respond_error(rq, NESTED_NO_KEY);
}
