#include "oauth/token/access_token.h"

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
    /* an official's may change before the token ends: it is told at introspection, never in here */
    bool of_official = token->of.officer.p && !token->of.actor.p;
    buf_json_str(&json, of_official ? "client_organization" : "organization", client->organization);
    buf_json_raw(&json, "act", token->of.actor);
    buf_json_raw(&json, "authorization_details", token->of.authorization_details);
    binding_add_confirmation(&json, &token->of);
    buf_char(&json, '}');
    return jws_sign(arena, ring_signer(provider->keys, ALG_ES256), "at+jwt", buf_str(&json));
}

struct issued_token access_token_make(const struct token_request *request, const struct token_subject *of,
                                      str userinfo_claims)
{
    const struct provider *provider = request->provider;
    struct arena *arena = request->rq->arena;
    int64_t now = clock_now(), life = provider->settings->life_access;
    if (request->expires_by > 0 && request->expires_by < now + life)
        life = request->expires_by - now;
    struct access_token token = {.of = *of,
                                 .audience = of->resources.p ? of->resources : provider->settings->issuer,
                                 .jti = random_token(arena, 16),
                                 .issued_at = now,
                                 .expires_at = now + life};
    struct issued_token issued = {.expires_in = life};
    token.of.jkt = request->binding.jkt;
    token.of.x5t = request->binding.x5t;
    issued.text = request->client->opaque_access_token ? random_token(arena, 32)
                                                       : make_jwt(provider, arena, request->client, &token);
    token.sealed_userinfo = claims_seal(arena, issued.text, RECORD_ACCESS, userinfo_claims);
    issued.op = access_token_op(arena, issued.text, &token);
    return issued;
}

bool access_token_concerns(const struct access_token *token, const struct client *client)
{
    if (str_eq(client->id, token->of.client_id) || str_list_has(token->audience, ' ', client->id))
        return true;
    for (size_t i = 0; i < client->resources.count; i++)
        if (str_list_has(token->audience, ' ', client->resources.items[i]))
            return true;
    return false;
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
