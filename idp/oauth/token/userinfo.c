/* The userinfo endpoint (OpenID Connect Core section 5.3): one look-up, one unsealing, one answer. */
#include "base/buf.h"
#include "base/clock.h"
#include "oauth/endpoints.h"
#include "oauth/nested.h"
#include "oauth/token/access_token.h"
#include "oauth/token/right.h"

#define INVALID_TOKEN OAUTH_ERROR_STATUS(401, "invalid_token", "the access token is unknown, revoked or has expired")

static struct oauth_error load_token(struct provider *provider, struct request *rq, str secret,
                                     struct access_token *token)
{
    switch (access_token_load(provider->store, rq->arena, secret, token)) {
    case STORE_OK:
        break;
    case STORE_NOT_FOUND:
        return INVALID_TOKEN;
    default:
        return OAUTH_UNAVAILABLE;
    }
    if (!str_list_has(token->audience, ' ', provider->settings->issuer))
        return OAUTH_ERROR_STATUS(401, "invalid_token", "the access token is for another resource");
    if (!token->of.grant.p || !str_list_has(token->of.scope, ' ', STR("openid")))
        return OAUTH_ERROR_STATUS(403, "insufficient_scope", "the access token has no openid scope");
    return OAUTH_OK;
}

/* A token that an official's right has gone from opens nothing. */
static struct oauth_error check_right(const struct provider *provider, struct arena *arena, const struct client *client,
                                      const struct access_token *token)
{
    struct officer right;
    switch (right_of(provider, arena, client, &token->of, &right)) {
    case STORE_OK:
        return OAUTH_OK;
    case STORE_NOT_FOUND:
        return INVALID_TOKEN;
    default:
        return OAUTH_UNAVAILABLE;
    }
}

/* Signed, encrypted or both, as the client registered (OpenID Connect Core section 5.3.2). */
static void respond_jwt(struct provider *provider, struct request *rq, const struct client *client, str claims)
{
    const struct nested how = {
        .client = client, .alg = client->userinfo_alg, .encryption = &client->userinfo_encryption};
    str jwt;
    if (nested_make(provider, rq, &how, claims, &jwt))
        respond(rq, 200, "application/jwt", jwt);
    else
        oauth_respond_error(rq, NESTED_NO_KEY);
}

/* Signed, it says who made it and for whom as well. */
static void respond_claims(struct provider *provider, struct request *rq, const struct client *client,
                           const struct access_token *token, str claims)
{
    bool is_signed = client->userinfo_alg != ALG_NONE_GIVEN;
    struct buf json = buf_new(rq->arena, 256 + claims.n);
    buf_char(&json, '{');
    buf_json_str(&json, "sub", token->of.subject);
    if (is_signed) {
        buf_json_str(&json, "iss", provider->settings->issuer);
        buf_json_str(&json, "aud", client->id);
        buf_json_int(&json, "iat", clock_now());
    }
    if (claims.n > 0) {
        buf_char(&json, ',');
        buf_add(&json, claims);
    }
    buf_char(&json, '}');
    if (is_signed || client->userinfo_encryption.alg != ALG_NONE_GIVEN)
        respond_jwt(provider, rq, client, buf_str(&json));
    else
        respond_json(rq, 200, buf_str(&json));
}

void userinfo_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct access_token token;
    str secret, claims;
    bool dpop_scheme;
    struct oauth_error error = presented_token(rq, &secret, &dpop_scheme);
    if (!error.code && !secret.p) {
        presented_respond_error(rq, OAUTH_OK);
        return;
    }
    if (!error.code)
        error = load_token(provider, rq, secret, &token);
    const struct client *client = error.code ? NULL : client_find(provider->clients, rq->arena, token.of.client_id);
    if (!error.code && !client)
        error = INVALID_TOKEN;
    if (!error.code)
        error = check_right(provider, rq->arena, client, &token);
    if (!error.code && nested_fetch_first(provider, rq, client, &client->userinfo_encryption))
        return;
    if (!error.code && dpop_scheme && !request_may_wait(rq)) { /* it is written down that a proof was used */
        request_move_to_worker(rq);
        return;
    }
    if (!error.code)
        error = binding_check_resource(provider, rq, secret, dpop_scheme, &token.of);
    if (!error.code && !claims_unseal(rq->arena, secret, RECORD_ACCESS, token.sealed_userinfo, &claims))
        error = INVALID_TOKEN;
    if (error.code)
        presented_respond_error(rq, error);
    else
        respond_claims(provider, rq, client, &token, claims);
}
