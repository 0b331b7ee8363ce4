/* Token revocation (RFC 7009). A refresh token ends its whole grant; an access token itself. 200 is said only when it
 * is done. */
#include "oauth/client/client_auth.h"
#include "oauth/endpoints.h"
#include "records/grant.h"
#include "records/token.h"

/* Ends the token if it is this client's; what is unknown, or another's, is left alone and looks the same. */
static enum store_result revoke(struct provider *provider, struct request *rq, const struct client *client, str secret)
{
    struct refresh_token refresh;
    enum store_result result = refresh_token_load(provider->store, rq->arena, secret, &refresh);
    if (result == STORE_OK)
        return str_eq(refresh.of.client_id, client->id) ? grant_revoke(provider->store, rq->arena, refresh.of.grant)
                                                        : STORE_NOT_FOUND;
    if (result != STORE_NOT_FOUND)
        return result;
    struct access_token access;
    result = access_token_load(provider->store, rq->arena, secret, &access);
    if (result != STORE_OK || !str_eq(access.of.client_id, client->id))
        return result == STORE_OK ? STORE_NOT_FOUND : result;
    struct store_op op = token_remove_op(rq->arena, RECORD_ACCESS, secret);
    return store_write(provider->store, &op, 1);
}

void revoke_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    const struct client *client;
    struct oauth_error error = client_authenticate(provider, rq, &client);
    str secret = params_nonempty(&rq->form, "token");
    if (!error.code && !secret.p)
        error = OAUTH_ERROR("invalid_request", "token is missing");
    enum store_result result = error.code ? STORE_NOT_FOUND : revoke(provider, rq, client, secret);
    if (!error.code && result != STORE_OK && result != STORE_NOT_FOUND)
        error = OAUTH_UNAVAILABLE;
    if (error.code) {
        oauth_respond_error(rq, error);
        return;
    }
    if (result == STORE_OK) {
        struct audit_entry entry = {.action = STR("token.revoke"),
                                    .outcome = STR("ok"),
                                    .actor = arena_printf(rq->arena, "client:%.*s", STR_FMT(client->id)),
                                    .client_id = client->id,
                                    .request_id = str_of(rq->id),
                                    .peer = rq->peer};
        audit_later(provider->audit, &entry);
    }
    respond_json(rq, 200, STR("{}"));
}
