/* The refresh_token grant (RFC 6749 section 6). Clients that authenticate keep their refresh token. A public client's
 * rotates: the one before works for a short grace (a lost answer, two tabs), and gives the same successor; used later,
 * somebody else has it, and the family ends. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "oauth/claims.h"
#include "oauth/token/access_token.h"
#include "oauth/token/extent.h"
#include "oauth/token/id_token.h"
#include "oauth/token/right.h"
#include "oauth/token/token.h"
#include "records/grant.h"

struct refresh {
    struct token_request *request;
    str secret;
    struct refresh_token token;
    struct grant grant;
    struct claim_texts claims;
    struct officer right;
    str access_claims;           /* what the new access token opens at userinfo */
    struct token_subject extent; /* how far it reaches */
};

str refresh_token_successor(const struct provider *provider, struct arena *arena, str token)
{
    unsigned char mac[SHA256_BYTES];
    ring_mac(provider->keys, ROOT_SUCCESSOR, 1, token, mac);
    return base64url_encode(arena, str_bytes(mac, sizeof mac));
}

static struct oauth_error revoke_family(struct refresh *refresh, const char *why)
{
    struct provider *provider = refresh->request->provider;
    struct request *rq = refresh->request->rq;
    if (grant_revoke(provider->store, rq->arena, refresh->token.of.grant) != STORE_OK)
        return OAUTH_UNAVAILABLE;
    struct audit_entry entry = {.action = STR("refresh.reuse"),
                                .outcome = STR("revoked"),
                                .client_id = refresh->token.of.client_id,
                                .subject = refresh->token.of.subject,
                                .request_id = str_of(rq->id),
                                .peer = rq->peer};
    if (!audit_write(provider->store, &entry))
        log_error("audit.write failed action=refresh.reuse request=%s", rq->id);
    return OAUTH_ERROR("invalid_grant", why);
}

/* Finds the refresh token and the grant it stands on. */
static struct oauth_error load(struct refresh *refresh)
{
    struct provider *provider = refresh->request->provider;
    struct arena *arena = refresh->request->rq->arena;
    refresh->secret = params_nonempty(&refresh->request->rq->form, "refresh_token");
    if (!refresh->secret.p)
        return OAUTH_ERROR("invalid_request", "refresh_token is missing");
    enum store_result result = refresh_token_load(provider->store, arena, refresh->secret, &refresh->token);
    if (result == STORE_OK && !str_eq(refresh->token.of.client_id, refresh->request->client->id))
        result = STORE_NOT_FOUND; /* another client learns nothing of it */
    if (result == STORE_OK)
        result = grant_load(provider->store, arena, refresh->token.of.grant, &refresh->grant);
    if (result == STORE_NOT_FOUND)
        return OAUTH_ERROR("invalid_grant", "the refresh token is unknown, revoked or has expired");
    if (result != STORE_OK)
        return OAUTH_UNAVAILABLE;
    const struct token_subject *of = &refresh->token.of;
    return binding_fault(&refresh->request->binding, of->jkt, of->x5t)
               ? OAUTH_ERROR("invalid_grant", "the refresh token is bound to another DPoP key or certificate")
               : OAUTH_OK;
}

/* A narrower scope may be asked for, never a wider one; it holds for this access token only, which then opens no more
 * at userinfo than the scope says. */
static struct oauth_error narrow_scope(struct refresh *refresh)
{
    struct arena *arena = refresh->request->rq->arena;
    str asked = params_nonempty(&refresh->request->rq->form, "scope"), list = asked, word;
    if (!asked.p)
        return OAUTH_OK;
    struct buf scope = buf_new(arena, asked.n);
    while (str_word(&list, ' ', &word)) {
        if (!str_list_has(refresh->token.of.scope, ' ', word))
            return OAUTH_ERROR("invalid_scope", "scope is wider than what was granted");
        if (str_list_has(buf_str(&scope), ' ', word))
            continue;
        buf_add_word(&scope, word);
    }
    if (scope.n == 0)
        return OAUTH_ERROR("invalid_scope", "scope is empty");
    refresh->access_claims = claims_narrow(arena, refresh->claims.userinfo, refresh->token.of.scope, buf_str(&scope));
    refresh->token.of.scope = buf_str(&scope);
    return OAUTH_OK;
}

/* Stores the successor and marks this token as rotated, unless that has been done (a retry within the grace). */
static enum store_result store_successor(struct refresh *refresh, str successor, str scope)
{
    struct arena *arena = refresh->request->rq->arena;
    int64_t now = clock_now();
    struct refresh_token next = refresh->token;
    next.of.scope = scope;
    next.version = 0;
    next.issued_at = now;
    next.sealed_id_token = claims_seal(arena, successor, RECORD_REFRESH, refresh->claims.id_token);
    next.sealed_userinfo = claims_seal(arena, successor, RECORD_REFRESH, refresh->claims.userinfo);
    struct refresh_token old = refresh->token;
    old.of.scope = scope;
    old.rotated_at = now;
    struct store_op ops[] = {grant_op(arena, &refresh->grant, IF_PRESENT),
                             refresh_token_op(arena, refresh->secret, &old), refresh_token_op(arena, successor, &next)};
    return store_write(refresh->request->provider->store, ops, COUNT_OF(ops));
}

static struct oauth_error rotate(struct refresh *refresh, str scope, struct token_answer *answer)
{
    const struct provider *provider = refresh->request->provider;
    struct arena *arena = refresh->request->rq->arena;
    answer->refresh_token = refresh_token_successor(provider, arena, refresh->secret);
    if (refresh->token.rotated_at == 0) {
        enum store_result result = store_successor(refresh, answer->refresh_token, scope);
        if (result != STORE_OK && result != STORE_CONFLICT)
            return OAUTH_UNAVAILABLE;
        /* After a conflict another request with this token was first, or the grant has ended; the load below tells. */
    } else if (clock_now() - refresh->token.rotated_at > provider->settings->life_refresh_grace) {
        return revoke_family(refresh, "the refresh token was used before");
    }
    struct refresh_token successor;
    if (refresh_token_load(provider->store, arena, answer->refresh_token, &successor) != STORE_OK)
        return OAUTH_ERROR("invalid_grant", "the refresh token was revoked");
    return OAUTH_OK;
}

static struct oauth_error issue(struct refresh *refresh, struct token_answer *answer)
{
    const struct provider *provider = refresh->request->provider;
    const struct client *client = refresh->request->client;
    struct arena *arena = refresh->request->rq->arena;
    struct oauth_error error = OAUTH_OK;
    struct issued_token access = access_token_make(refresh->request, &refresh->extent, refresh->access_claims);
    const struct id_token id_token = {.of = &refresh->token.of,
                                      .nonce = refresh->token.nonce,
                                      .access_token = access.text,
                                      .claims = refresh->claims.id_token,
                                      .officer = refresh->right.client_id.p ? &refresh->right : NULL};
    if (str_list_has(refresh->token.of.scope, ' ', STR("openid")))
        error = id_token_make(provider, refresh->request->rq, client, &id_token, &answer->id_token);
    if (error.code)
        return error;
    enum store_result result = access_token_store(provider->store, arena, &access.op, 1, &access, refresh->grant.key);
    if (result == STORE_NOT_FOUND)
        return OAUTH_ERROR("invalid_grant", "the refresh token was revoked");
    if (result != STORE_OK)
        return OAUTH_UNAVAILABLE;
    answer->access_token = access.text;
    answer->expires_in = access.expires_in;
    answer->scope = refresh->token.of.scope;
    answer->authorization_details = refresh->extent.authorization_details;
    return OAUTH_OK;
}

struct oauth_error grant_refresh_token(struct token_request *request, struct token_answer *answer)
{
    struct refresh refresh = {.request = request};
    struct arena *arena = request->rq->arena;
    struct oauth_error error = load(&refresh);
    if (!error.code)
        error = right_for(request, &refresh.token.of, &refresh.right);
    if (error.code)
        return error;
    if (!claims_unseal(arena, refresh.secret, RECORD_REFRESH, refresh.token.sealed_id_token,
                       &refresh.claims.id_token) ||
        !claims_unseal(arena, refresh.secret, RECORD_REFRESH, refresh.token.sealed_userinfo, &refresh.claims.userinfo))
        return OAUTH_UNAVAILABLE;
    refresh.access_claims = refresh.claims.userinfo;
    str whole_scope = refresh.token.of.scope;
    error = narrow_scope(&refresh);
    refresh.extent = refresh.token.of;
    if (!error.code)
        error = extent_narrow(request, &refresh.extent);
    if (!error.code && request->client->auth == AUTH_NONE)
        error = rotate(&refresh, whole_scope, answer);
    if (!error.code)
        error = issue(&refresh, answer);
    if (error.code)
        return error;
    struct audit_entry entry = {.action = STR("token.issue"),
                                .outcome = STR("ok"),
                                .client_id = request->client->id,
                                .subject = refresh.token.of.subject,
                                .request_id = str_of(request->rq->id),
                                .peer = request->rq->peer,
                                .detail = STR("refresh_token")};
    audit_later(request->provider->audit, &entry);
    return OAUTH_OK;
}
