#include "oauth/id_token.h"

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/json.h"
#include "oauth/request.h"

#define HINT_BYTES_MAX 8192

str id_token_make(const struct provider *provider, struct arena *arena, const struct client *client,
                  const struct token_subject *of, str nonce, str access_token, str claims)
{
    int64_t now = clock_now();
    struct buf json = buf_new(arena, 768 + claims.n);
    buf_char(&json, '{');
    buf_json_str(&json, "iss", provider->settings->issuer);
    buf_json_str(&json, "sub", of->subject);
    buf_json_str(&json, "aud", client->id);
    buf_json_int(&json, "exp", now + provider->settings->life_id_token);
    buf_json_int(&json, "iat", now);
    buf_json_int(&json, "auth_time", of->auth_time);
    buf_json_str(&json, "nonce", nonce);
    buf_json_str(&json, "acr", of->acr);
    buf_json_words(&json, "amr", of->amr, ' ');
    buf_json_str(&json, "sid", of->sid);
    buf_json_str(&json, "at_hash", jose_half_hash(arena, client->id_token_alg, access_token));
    if (claims.n > 0) {
        buf_char(&json, ',');
        buf_add(&json, claims);
    }
    buf_char(&json, '}');
    return jws_sign(arena, ring_signer(provider->keys, client->id_token_alg), "JWT", buf_str(&json));
}

bool id_token_read_hint(const struct provider *provider, struct arena *arena, str token, struct id_token_hint *out)
{
    struct jws_parts jws;
    if (!jws_parse(arena, token, HINT_BYTES_MAX, &jws) || !jws.kid.p)
        return false;
    const struct jose_key *key = ring_find(provider->keys, jws.kid);
    if (!key || !jws_verify(&jws, key) || !str_eq(json_str(jws.payload, "iss"), provider->settings->issuer))
        return false;
    *out = (struct id_token_hint){json_str(jws.payload, "sub"), json_str(jws.payload, "aud"),
                                  json_str(jws.payload, "sid")};
    /* Access tokens are signed with the same keys; their type tells them apart (RFC 9068 section 2.1, RFC 8725
     * section 3.11). */
    return str_eq(jws.typ, STR("JWT")) && out->subject.p && out->audience.p;
}

struct oauth_error check_id_token_hint(struct authorize_request *request)
{
    str token = authorize_param(request, "id_token_hint");
    struct id_token_hint hint;
    if (!token.p)
        return OAUTH_OK;
    if (!id_token_read_hint(request->provider, request->rq->arena, token, &hint) ||
        !str_eq(hint.audience, request->client->id))
        return OAUTH_ERROR("invalid_request", "id_token_hint is not an ID token that was issued to this client");
    request->interaction.subject_hint = hint.subject;
    return OAUTH_OK;
}
