#include "oauth/access_token.h"

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/primitives.h"
#include "records/grant.h"

static void add_audience(struct buf *json, str audience)
{
    if (str_has(audience, ' '))
        buf_json_words(json, "aud", audience, ' ');
    else
        buf_json_str(json, "aud", audience);
}

/* RFC 9068 section 2.2. The signature is ES256 whatever the client chose for ID tokens: it is the resource servers that
 * read it. */
static str make_jwt(const struct provider *provider, struct arena *arena, const struct client *client,
                    const struct access_token *token)
{
    struct buf json = buf_new(arena, 768);
    buf_char(&json, '{');
    buf_json_str(&json, "iss", provider->settings->issuer);
    buf_json_str(&json, "sub", token->of.subject);
    add_audience(&json, token->audience);
    buf_json_int(&json, "exp", token->expires_at);
    buf_json_int(&json, "iat", token->issued_at);
    buf_json_str(&json, "jti", token->jti);
    buf_json_str(&json, "client_id", client->id);
    if (token->of.scope.n > 0)
        buf_json_str(&json, "scope", token->of.scope);
    if (token->of.auth_time > 0)
        buf_json_int(&json, "auth_time", token->of.auth_time);
    buf_json_str(&json, "acr", token->of.acr);
    if (token->of.amr.n > 0)
        buf_json_words(&json, "amr", token->of.amr, ' ');
    buf_json_str(&json, "organization", client->organization);
    buf_json_raw(&json, "authorization_details", token->of.authorization_details);
    buf_char(&json, '}');
    return jws_sign(arena, ring_signer(provider->keys, ALG_ES256), "at+jwt", buf_str(&json));
}

struct issued_token access_token_make(const struct provider *provider, struct arena *arena, const struct client *client,
                                      const struct token_subject *of, str userinfo_claims)
{
    int64_t now = clock_now();
    struct access_token token = {.of = *of,
                                 .audience = of->resources.p ? of->resources : provider->settings->issuer,
                                 .jti = random_token(arena, 16),
                                 .issued_at = now,
                                 .expires_at = now + provider->settings->life_access};
    struct issued_token issued = {.expires_in = provider->settings->life_access};
    issued.text = client->opaque_access_token ? random_token(arena, 32) : make_jwt(provider, arena, client, &token);
    token.sealed_userinfo = claims_seal(arena, issued.text, RECORD_ACCESS, userinfo_claims);
    issued.op = access_token_op(arena, issued.text, &token);
    return issued;
}

enum store_result access_token_store(struct store *store, struct arena *arena, const struct store_op *ops, size_t count,
                                     const struct issued_token *token, str grant)
{
    struct grant standing;
    enum store_result result = store_write(store, ops, count);
    if (result != STORE_OK)
        return result;
    /* Looked at after the write: who ends the grant deletes it first and its tokens then, so one of the two sees the
     * other. */
    result = grant_load(store, arena, grant, &standing);
    if (result == STORE_OK)
        return STORE_OK;
    struct store_op undo = token_remove_op(arena, RECORD_ACCESS, token->text);
    enum store_result undone = store_write(store, &undo, 1);
    return undone == STORE_OK ? result : undone;
}

struct oauth_error bearer_token(struct request *rq, str *token)
{
    str header = request_header(rq, "Authorization"), scheme, value;
    str in_form = params_get(&rq->form, "access_token");
    *token = STR_NONE;
    if (params_get(&rq->query, "access_token").p) /* it would end up in logs and histories (RFC 9700 section 4.3.2) */
        return OAUTH_ERROR("invalid_request", "the access token must not be in the query");
    if (rq->form.status != PARAMS_OK || (header.p && in_form.p))
        return OAUTH_ERROR("invalid_request", "the access token must be sent once");
    if (header.p && str_cut(header, ' ', &scheme, &value) && str_eq_nocase(scheme, STR("Bearer")))
        *token = str_trim(value);
    else if (in_form.p)
        *token = in_form;
    return OAUTH_OK;
}

void bearer_respond_error(struct request *rq, struct oauth_error error)
{
    if (!error.code) {
        response_header(rq, "WWW-Authenticate", STR("Bearer realm=\"konsao\""));
        respond_json(rq, 401, STR("{}"));
        return;
    }
    response_header(rq, "WWW-Authenticate",
                    arena_printf(rq->arena, "Bearer realm=\"konsao\", error=\"%s\", error_description=\"%s\"",
                                 error.code, error.description));
    struct buf json = buf_new(rq->arena, 128);
    buf_char(&json, '{');
    buf_json_str(&json, "error", str_of(error.code));
    buf_json_str(&json, "error_description", str_of(error.description));
    buf_char(&json, '}');
    respond_json(rq, error.status ? error.status : 400, buf_str(&json));
}
