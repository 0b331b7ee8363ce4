/* The userinfo endpoint (OpenID Connect Core section 5.3): one look-up, one unsealing, one answer. */
#include "base/buf.h"
#include "base/clock.h"
#include "oauth/access_token.h"
#include "oauth/endpoints.h"

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
    if (!token->of.grant.p || !str_list_has(token->of.scope, ' ', STR("openid")))
        return OAUTH_ERROR_STATUS(403, "insufficient_scope", "the access token has no openid scope");
    return OAUTH_OK;
}

/* As a JWT it says who made it and for whom as well (section 5.3.2). */
static void respond_claims(struct provider *provider, struct request *rq, const struct client *client,
                           const struct access_token *token, str claims)
{
    struct buf json = buf_new(rq->arena, 256 + claims.n);
    buf_char(&json, '{');
    buf_json_str(&json, "sub", token->of.subject);
    if (client->userinfo_alg != ALG_NONE_GIVEN) {
        buf_json_str(&json, "iss", provider->settings->issuer);
        buf_json_str(&json, "aud", client->id);
        buf_json_int(&json, "iat", clock_now());
    }
    if (claims.n > 0) {
        buf_char(&json, ',');
        buf_add(&json, claims);
    }
    buf_char(&json, '}');
    if (client->userinfo_alg == ALG_NONE_GIVEN)
        respond_json(rq, 200, buf_str(&json));
    else
        respond(rq, 200, "application/jwt",
                jws_sign(rq->arena, ring_signer(provider->keys, client->userinfo_alg), NULL, buf_str(&json)));
}

void userinfo_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct access_token token;
    str secret, claims;
    struct oauth_error error = bearer_token(rq, &secret);
    if (!error.code && !secret.p) {
        bearer_respond_error(rq, OAUTH_OK);
        return;
    }
    if (!error.code)
        error = load_token(provider, rq, secret, &token);
    const struct client *client = error.code ? NULL : client_find(provider->clients, rq->arena, token.of.client_id);
    if (!error.code && (!client || !claims_unseal(rq->arena, secret, RECORD_ACCESS, token.sealed_userinfo, &claims)))
        error = INVALID_TOKEN;
    if (error.code)
        bearer_respond_error(rq, error);
    else
        respond_claims(provider, rq, client, &token, claims);
}
