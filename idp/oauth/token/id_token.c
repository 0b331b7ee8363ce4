#include "oauth/token/id_token.h"

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/json.h"
#include "oauth/nested.h"
#include "oauth/request/request.h"

#define HINT_BYTES_MAX 8192

static void add_hash(struct buf *json, const char *name, enum jose_alg alg, str value)
{
    if (value.p)
        buf_json_str(json, name, jose_half_hash(json->arena, alg, value));
}

struct oauth_error id_token_make(const struct provider *provider, struct request *rq, const struct client *client,
                                 const struct id_token *what, str *out)
{
    int64_t now = clock_now();
    struct buf json = buf_new(rq->arena, 768 + what->claims.n);
    buf_char(&json, '{');
    buf_json_str(&json, "iss", provider->settings->issuer);
    buf_json_str(&json, "sub", what->of->subject);
    buf_json_str(&json, "aud", client->id);
    buf_json_int(&json, "exp", now + provider->settings->life_id_token);
    buf_json_int(&json, "iat", now);
    buf_json_int(&json, "auth_time", what->of->auth_time);
    buf_json_str(&json, "nonce", what->nonce);
    buf_json_str(&json, "acr", what->of->acr);
    buf_json_words(&json, "amr", what->of->amr, ' ');
    buf_json_str(&json, "sid", what->of->sid);
    if (what->officer)
        officer_add_claims(&json, what->officer);
    add_hash(&json, "at_hash", client->id_token_alg, what->access_token);
    add_hash(&json, "c_hash", client->id_token_alg, what->code);
    add_hash(&json, "s_hash", client->id_token_alg, what->state);
    if (what->claims.n > 0) {
        buf_char(&json, ',');
        buf_add(&json, what->claims);
    }
    buf_char(&json, '}');
    const struct nested how = {client, client->id_token_alg, "JWT", &client->id_token_encryption};
    return nested_make(provider, rq, &how, buf_str(&json), out) ? OAUTH_OK : NESTED_NO_KEY;
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
