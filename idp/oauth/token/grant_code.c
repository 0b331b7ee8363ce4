/* The authorization_code grant (RFC 6749 section 4.1.3): a code, once, for the client and the browser flow it was
 * issued to. */
#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "oauth/request/pkce.h"
#include "oauth/token/access_token.h"
#include "oauth/token/extent.h"
#include "oauth/token/id_token.h"
#include "oauth/token/right.h"
#include "oauth/token/token.h"
#include "records/grant.h"

struct exchange_of_code {
    struct token_request *request;
    str secret;
    struct code code;
    struct claim_texts claims;
    struct officer right;
    struct token_subject extent; /* what the access token gets of it */
    bool polled;                 /* nobody saw the code: two polls at a time are no theft */
};

static const char *check_code(const struct exchange_of_code *exchange)
{
    const struct params *form = &exchange->request->rq->form;
    if (!str_eq(exchange->code.of.client_id, exchange->request->client->id))
        return "the code was issued to another client";
    if (!str_eq(exchange->code.redirect_uri, params_get(form, "redirect_uri")))
        return "redirect_uri is not the one of the authorization request";
    if (!pkce_matches(exchange->request->rq->arena, exchange->code.code_challenge, params_get(form, "code_verifier")))
        return "code_verifier does not fit the code_challenge";
    if (binding_fault(&exchange->request->binding, exchange->code.of.jkt, STR_NONE)) /* RFC 9449 section 10 */
        return "the code is bound to another DPoP key";
    return NULL;
}

/* Something is wrong with who brought the code, or it was used before: it may be stolen, so everything that came of it
 * ends (RFC 6749 section 4.1.2, RFC 9700 section 4.5). */
static struct oauth_error burn(struct exchange_of_code *exchange, const char *why)
{
    struct provider *provider = exchange->request->provider;
    struct request *rq = exchange->request->rq;
    if (exchange->polled)
        return OAUTH_ERROR("invalid_grant", why);
    struct store_op op = token_remove_op(rq->arena, RECORD_CODE, exchange->secret);
    bool stored = exchange->code.used || store_write(provider->store, &op, 1) == STORE_OK;
    if (!stored || grant_revoke(provider->store, rq->arena, exchange->code.of.grant) != STORE_OK)
        return OAUTH_UNAVAILABLE;
    struct audit_entry entry = {.action = STR("code.refuse"),
                                .outcome = str_of(why),
                                .actor = arena_printf(rq->arena, "client:%.*s", STR_FMT(exchange->request->client->id)),
                                .client_id = exchange->code.of.client_id,
                                .subject = exchange->code.of.subject,
                                .request_id = str_of(rq->id),
                                .peer = rq->peer};
    if (!audit_write(provider->store, &entry))
        log_error("audit.write failed action=code.refuse request=%s", rq->id);
    return OAUTH_ERROR("invalid_grant", why);
}

/* The refresh token, durable, and only while the grant stands. A public client's is bound as its access tokens are; who
 * authenticates is known by that, and may change its key (RFC 9449 section 5, RFC 8705 section 4). */
static enum store_result store_refresh_token(struct exchange_of_code *exchange, str secret)
{
    struct provider *provider = exchange->request->provider;
    struct arena *arena = exchange->request->rq->arena;
    struct grant grant;
    bool public = exchange->request->client->auth == AUTH_NONE;
    enum store_result result = grant_load(provider->store, arena, exchange->code.of.grant, &grant);
    if (result != STORE_OK)
        return result;
    struct refresh_token token = {
        .of = exchange->code.of,
        .nonce = exchange->code.nonce,
        .sealed_id_token = claims_seal(arena, secret, RECORD_REFRESH, exchange->claims.id_token),
        .sealed_userinfo = claims_seal(arena, secret, RECORD_REFRESH, exchange->claims.userinfo),
        .issued_at = clock_now(),
        .expires_at = grant.expires_at,
    };
    token.of.jkt = public ? exchange->request->binding.jkt : STR_NONE;
    token.of.x5t = public ? exchange->request->binding.x5t : STR_NONE;
    struct store_op ops[] = {grant_op(arena, &grant, IF_PRESENT), refresh_token_op(arena, secret, &token)};
    return store_write(provider->store, ops, COUNT_OF(ops));
}

/* Marks the code as used and stores the access token, at once: of two requests with one code, one gets here. */
static enum store_result store_access_token(struct exchange_of_code *exchange, const struct issued_token *access)
{
    const struct settings *settings = exchange->request->provider->settings;
    exchange->code.used = true;
    int64_t keep_until = clock_now() + settings->life_access + settings->life_refresh;
    struct store_op ops[] = {code_op(exchange->request->rq->arena, exchange->secret, &exchange->code, keep_until),
                             access->op};
    return access_token_store(exchange->request->provider->store, exchange->request->rq->arena, ops, COUNT_OF(ops),
                              access, exchange->code.of.grant);
}

static struct oauth_error issue(struct exchange_of_code *exchange, struct token_answer *answer)
{
    const struct provider *provider = exchange->request->provider;
    const struct client *client = exchange->request->client;
    struct arena *arena = exchange->request->rq->arena;
    if (!claims_unseal(arena, exchange->secret, RECORD_CODE, exchange->code.sealed_id_token,
                       &exchange->claims.id_token) ||
        !claims_unseal(arena, exchange->secret, RECORD_CODE, exchange->code.sealed_userinfo,
                       &exchange->claims.userinfo))
        return OAUTH_UNAVAILABLE;
    struct issued_token access = access_token_make(exchange->request, &exchange->extent, exchange->claims.userinfo);
    const struct id_token id_token = {.of = &exchange->code.of,
                                      .nonce = exchange->code.nonce,
                                      .access_token = access.text,
                                      .claims = exchange->claims.id_token,
                                      .officer = exchange->right.client_id.p ? &exchange->right : NULL};
    if (str_list_has(exchange->code.of.scope, ' ', STR("openid"))) { /* else it is plain OAuth */
        struct oauth_error error = id_token_make(provider, exchange->request->rq, client, &id_token, &answer->id_token);
        if (error.code)
            return error;
    }
    enum store_result result = STORE_OK;
    if (client->grants & GRANT_REFRESH_TOKEN) {
        answer->refresh_token = random_token(arena, 32);
        result = store_refresh_token(exchange, answer->refresh_token);
    }
    if (result == STORE_OK)
        result = store_access_token(exchange, &access);
    if (result == STORE_CONFLICT)
        return burn(exchange, "the code was used before");
    if (result == STORE_NOT_FOUND)
        return burn(exchange, "the sign-in was ended");
    if (result != STORE_OK)
        return OAUTH_UNAVAILABLE;
    answer->access_token = access.text;
    answer->expires_in = access.expires_in;
    answer->scope = exchange->code.of.scope;
    answer->authorization_details = exchange->extent.authorization_details;
    return OAUTH_OK;
}

static void audit_issue(const struct exchange_of_code *exchange)
{
    struct audit_entry entry = {.action = STR("token.issue"),
                                .outcome = STR("ok"),
                                .client_id = exchange->code.of.client_id,
                                .subject = exchange->code.of.subject,
                                .request_id = str_of(exchange->request->rq->id),
                                .peer = exchange->request->rq->peer,
                                .detail = params_get(&exchange->request->rq->form, "grant_type")};
    audit_later(exchange->request->provider->audit, &entry);
}

/* The grant is written after the code, which nobody has before the answer goes out; a poll may find it earlier. */
static bool grant_stands(const struct exchange_of_code *exchange)
{
    struct grant grant;
    return grant_load(exchange->request->provider->store, exchange->request->rq->arena, exchange->code.of.grant,
                      &grant) == STORE_OK;
}

/* `check` says what is wrong with who brings the code, or nothing: NULL. Without it the code comes by a poll. */
static struct oauth_error exchange_code(struct token_request *request, str secret,
                                        const char *(*check)(const struct exchange_of_code *),
                                        struct token_answer *answer)
{
    struct exchange_of_code exchange = {.request = request, .secret = secret, .polled = !check};
    switch (code_load(request->provider->store, request->rq->arena, exchange.secret, &exchange.code)) {
    case STORE_OK:
        break;
    case STORE_NOT_FOUND:
        return OAUTH_ERROR("invalid_grant", "the code is unknown or has expired");
    default:
        return OAUTH_UNAVAILABLE;
    }
    if (exchange.code.used)
        return burn(&exchange, "the code was used before");
    if (!check && !grant_stands(&exchange))
        return OAUTH_ERROR("authorization_pending", "the answer is being written down");
    const char *fault = check ? check(&exchange) : NULL;
    if (fault)
        return burn(&exchange, fault);
    exchange.extent = exchange.code.of;
    struct oauth_error error = right_for(request, &exchange.code.of, &exchange.right);
    if (!error.code)
        error = extent_narrow(request, &exchange.extent);
    if (!error.code)
        error = issue(&exchange, answer);
    if (!error.code)
        audit_issue(&exchange);
    return error;
}

struct oauth_error grant_authorization_code(struct token_request *request, struct token_answer *answer)
{
    str code = params_nonempty(&request->rq->form, "code");
    return code.p ? exchange_code(request, code, check_code, answer)
                  : OAUTH_ERROR("invalid_request", "code is missing");
}

/* Who opened the mailbox that the code lay in has shown all that there is to show. */
struct oauth_error grant_redeem(struct token_request *request, str code, struct token_answer *answer)
{
    return exchange_code(request, code, NULL, answer);
}
