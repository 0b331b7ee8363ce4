/* Token introspection (RFC 7662): one hash, one read (for an official's token two). Answers only those whom a token
 * concerns: the client that it was issued to, and the protected resources that it is for. Everything else, an ID token
 * or a refresh token among it, is not active. */
#include "base/buf.h"
#include "oauth/client/binding.h"
#include "oauth/client/client_auth.h"
#include "oauth/endpoints.h"
#include "oauth/token/access_token.h"
#include "oauth/token/introspect_jwt.h"
#include "oauth/token/right.h"

static str describe(struct provider *provider, struct request *rq, const struct client *owner,
                    const struct access_token *token, const struct officer *right)
{
    struct buf json = buf_new(rq->arena, 512);
    buf_char(&json, '{');
    buf_json_bool(&json, "active", true);
    if (token->of.scope.n > 0)
        buf_json_str(&json, "scope", token->of.scope);
    buf_json_str(&json, "client_id", token->of.client_id);
    buf_json_str(&json, "token_type", binding_token_type(&token->of));
    buf_json_int(&json, "exp", token->expires_at);
    buf_json_int(&json, "iat", token->issued_at);
    buf_json_str(&json, "sub", token->of.subject);
    if (str_has(token->audience, ' '))
        buf_json_words(&json, "aud", token->audience, ' ');
    else
        buf_json_str(&json, "aud", token->audience);
    buf_json_str(&json, "iss", provider->settings->issuer);
    buf_json_str(&json, "jti", token->jti);
    buf_json_str(&json, "acr", token->of.acr);
    if (token->of.auth_time > 0)
        buf_json_int(&json, "auth_time", token->of.auth_time);
    bool told = right_is_told(right, &token->of);
    if (told) /* whom the person works for, and as what: as granted now */
        officer_add_claims(&json, right);
    buf_json_str(&json, told ? "client_organization" : "organization", owner->organization); /* who calls */
    buf_json_raw(&json, "act", token->of.actor);
    buf_json_raw(&json, "authorization_details", token->of.authorization_details);
    binding_add_confirmation(&json, &token->of);
    buf_char(&json, '}');
    return buf_str(&json);
}

void introspect_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    const struct client *caller, *owner = NULL;
    struct access_token token;
    struct officer right;
    struct oauth_error error = OAUTH_OK;
    if (!client_authenticate_by_secret(provider, rq, &caller)) {
        if (!request_may_wait(rq)) { /* assertions and failures are written down */
            request_move_to_worker(rq);
            return;
        }
        error = client_authenticate(provider, rq, &caller);
    }
    str secret = params_nonempty(&rq->form, "token");
    if (!error.code && caller->auth == AUTH_NONE)
        error = OAUTH_ERROR_STATUS(401, "invalid_client", "a public client may not introspect");
    if (!error.code && !secret.p)
        error = OAUTH_ERROR("invalid_request", "token is missing");
    if (error.code) {
        oauth_respond_error(rq, error);
        return;
    }
    enum store_result result = access_token_load(provider->store, rq->arena, secret, &token);
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        oauth_respond_error(rq, OAUTH_UNAVAILABLE);
        return;
    }
    if (result == STORE_OK && access_token_concerns(&token, caller))
        owner = client_find(provider->clients, rq->arena, token.of.client_id); /* a removed client's tokens are dead */
    result = owner ? right_of(provider, rq->arena, owner, &token.of, &right) : STORE_NOT_FOUND;
    if (result == STORE_OK)
        introspect_respond(provider, rq, caller, describe(provider, rq, owner, &token, &right));
    else if (result == STORE_NOT_FOUND)
        introspect_respond(provider, rq, caller, STR("{\"active\":false}"));
    else
        oauth_respond_error(rq, OAUTH_UNAVAILABLE);
}
