/* The client_credentials grant (RFC 6749 section 4.4): organization-level tokens, for calls between ministries over
 * CamDX. No person is in them. */
#include "oauth/claims.h"
#include "oauth/token/access_token.h"
#include "oauth/token/extent.h"
#include "oauth/token/token.h"

#include "base/buf.h"

/* What the client asks for, or all of its own scopes; never one that speaks of a person. */
static struct oauth_error choose_scope(struct token_request *request, str *scope)
{
    str asked = params_nonempty(&request->rq->form, "scope"), list = asked, word;
    *scope = asked;
    while (str_word(&list, ' ', &word))
        if (!client_has_scope(request->client, word) || scope_is_known(word))
            return OAUTH_ERROR("invalid_scope", "the client may not have one of the scopes in an organization token");
    if (asked.p)
        return OAUTH_OK;
    struct buf all = buf_new(request->rq->arena, 64);
    for (size_t i = 0; i < request->client->scopes.count; i++) {
        if (scope_is_known(request->client->scopes.items[i]))
            continue;
        buf_add_word(&all, request->client->scopes.items[i]);
    }
    *scope = buf_str(&all);
    return OAUTH_OK;
}

struct oauth_error grant_client_credentials(struct token_request *request, struct token_answer *answer)
{
    const struct client *client = request->client;
    if (client->auth == AUTH_NONE)
        return OAUTH_ERROR("unauthorized_client", "a public client has no credentials");
    struct token_subject of = {.client_id = client->id, .subject = client->id};
    struct oauth_error error = choose_scope(request, &of.scope);
    if (!error.code)
        error = extent_of_client(request, &of);
    if (error.code)
        return error;
    struct issued_token access = access_token_make(request, &of, STR(""));
    if (store_write(request->provider->store, &access.op, 1) != STORE_OK)
        return OAUTH_UNAVAILABLE;
    answer->access_token = access.text;
    answer->expires_in = access.expires_in;
    answer->scope = of.scope;
    struct audit_entry entry = {.action = STR("token.issue"),
                                .outcome = STR("ok"),
                                .client_id = client->id,
                                .request_id = str_of(request->rq->id),
                                .peer = request->rq->peer,
                                .detail = STR("client_credentials")};
    audit_later(request->provider->audit, &entry);
    return OAUTH_OK;
}
