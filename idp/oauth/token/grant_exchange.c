/* Token exchange (RFC 8693), for calls between ministries over CamDX: a protected resource turns the token that it was
 * called with into one for the next service, under a rule of the operator's. The new token says who acts (`act`),
 * reaches no further than the rule, lives no longer than the one brought, and ends with the same grant. */
#include "base/buf.h"
#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "oauth/token/access_token.h"
#include "oauth/token/right.h"
#include "oauth/token/token.h"
#include "records/exchange_policy.h"
#include "records/grant.h"

#define ACCESS_TOKEN_TYPE "urn:ietf:params:oauth:token-type:access_token"
#define ACTOR_BYTES_MAX 600 /* a chain of a few actors */

struct exchange {
    struct token_request *request;
    struct access_token brought;
    str target; /* the one service that the new token is for */
    struct exchange_policy rule;
    bool allowed;
    struct token_subject of;
};

/* `resource` may repeat (RFC 8707), but an exchanged token is never for two: whoever is called could use it at the
 * other. */
static bool names_one_service(const struct params *form, str target)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct param *param = &form->items[i];
        bool names = str_is(param->name, "resource") || str_is(param->name, "audience");
        if (names && param->value.n > 0 && !str_eq(param->value, target))
            return false;
    }
    return true;
}

static struct oauth_error check_parameters(struct exchange *exchange)
{
    const struct params *form = &exchange->request->rq->form;
    str type = params_nonempty(form, "subject_token_type"), wanted = params_nonempty(form, "requested_token_type");
    str resource = params_nonempty(form, "resource"), audience = params_nonempty(form, "audience");
    if (!params_nonempty(form, "subject_token").p || !type.p)
        return OAUTH_ERROR("invalid_request", "subject_token and subject_token_type are needed");
    if (!str_is(type, ACCESS_TOKEN_TYPE))
        return OAUTH_ERROR("invalid_request", "subject_token_type must be " ACCESS_TOKEN_TYPE);
    if (wanted.p && !str_is(wanted, ACCESS_TOKEN_TYPE))
        return OAUTH_ERROR("invalid_request", "requested_token_type must be " ACCESS_TOKEN_TYPE);
    if (params_get(form, "actor_token").p || params_get(form, "actor_token_type").p)
        return OAUTH_ERROR("invalid_request", "the actor is the client itself: actor_token is not supported");
    exchange->target = resource.p ? resource : audience;
    if (!exchange->target.p)
        return OAUTH_ERROR("invalid_target", "resource or audience is missing");
    return names_one_service(form, exchange->target)
               ? OAUTH_OK
               : OAUTH_ERROR("invalid_target", "a token is for one service: name it by resource or by audience");
}

/* Finds what was brought, if all that it stands on is still there: its grant, its client, an official's right. */
static enum store_result find_brought(struct exchange *exchange, struct grant *standing, struct officer *right)
{
    const struct provider *provider = exchange->request->provider;
    struct arena *arena = exchange->request->rq->arena;
    str secret = params_nonempty(&exchange->request->rq->form, "subject_token");
    struct access_token *brought = &exchange->brought;
    enum store_result result = access_token_load(provider->store, arena, secret, brought);
    if (result == STORE_OK && brought->of.grant.p)
        result = grant_load(provider->store, arena, brought->of.grant, standing);
    if (result != STORE_OK)
        return result;
    const struct client *owner = client_find(provider->clients, arena, brought->of.client_id);
    return owner && access_token_concerns(brought, exchange->request->client)
               ? right_of(provider, arena, owner, &brought->of, right)
               : STORE_NOT_FOUND;
}

/* A client that takes strong sign-ins only gets no weaker one by way of another. */
static bool is_too_weak(const struct exchange *exchange)
{
    const struct token_subject *of = &exchange->brought.of;
    return of->grant.p && !assurance_suffices(&exchange->request->provider->assurance, of->acr,
                                              exchange->request->client->minimum_acr, STR_NONE);
}

static struct oauth_error load_brought(struct exchange *exchange)
{
    const struct provider *provider = exchange->request->provider;
    struct arena *arena = exchange->request->rq->arena;
    struct grant standing;
    struct officer right;
    enum store_result result = find_brought(exchange, &standing, &right);
    if (result != STORE_OK && result != STORE_NOT_FOUND)
        return OAUTH_UNAVAILABLE;
    if (result == STORE_NOT_FOUND)
        return OAUTH_ERROR("invalid_request", "the subject_token is not an access token that this client may exchange");
    if (is_too_weak(exchange))
        return OAUTH_ERROR("invalid_request", "the sign-in behind the subject_token is weaker than this client takes");
    if (right.expires_at > 0 && right.expires_at < exchange->brought.expires_at)
        exchange->brought.expires_at = right.expires_at;
    if (exchange->brought.of.grant.p) {
        unsigned char mac[SHA256_BYTES];
        ring_mac(provider->keys, ROOT_PAIRWISE, 1,
                 arena_printf(arena, "exchange\n%.*s\n%.*s", STR_FMT(exchange->target), STR_FMT(standing.resident)),
                 mac);
        exchange->of.subject = base64url_encode(arena, str_bytes(mac, sizeof mac));
    }
    return OAUTH_OK;
}

static bool holds_all(str have, str needed)
{
    str word;
    while (str_word(&needed, ' ', &word))
        if (!str_list_has(have, ' ', word))
            return false;
    return true;
}

static bool look_at_rule(const struct exchange_policy *rule, void *context)
{
    struct exchange *exchange = context;
    const struct token_subject *brought = &exchange->brought.of;
    if (!str_eq(rule->audience, exchange->target) ||
        (rule->subject_client.p && !str_eq(rule->subject_client, brought->client_id)) ||
        !holds_all(brought->scope, rule->subject_scope))
        return true;
    exchange->rule = *rule;
    exchange->allowed = true;
    return false;
}

static struct oauth_error find_rule(struct exchange *exchange)
{
    const struct token_request *request = exchange->request;
    if (exchange_policy_each(request->provider->store, request->rq->arena, request->client->id, look_at_rule,
                             exchange) != STORE_OK)
        return OAUTH_UNAVAILABLE;
    return exchange->allowed
               ? OAUTH_OK
               : OAUTH_ERROR("invalid_target", "no rule lets this client exchange this token for that service");
}

static struct oauth_error choose_scope(struct exchange *exchange)
{
    str asked = params_nonempty(&exchange->request->rq->form, "scope");
    exchange->of.scope = asked.p ? asked : exchange->rule.scope;
    if (!str_trim(exchange->of.scope).n)
        return OAUTH_ERROR("invalid_scope", "scope is empty");
    return holds_all(exchange->rule.scope, exchange->of.scope)
               ? OAUTH_OK
               : OAUTH_ERROR("invalid_scope", "the rule does not give one of the scopes");
}

/* RFC 8693 section 4.1: the newest actor outside, earlier ones within. */
static struct oauth_error name_actor(struct exchange *exchange)
{
    struct buf json = buf_new(exchange->request->rq->arena, 128);
    buf_char(&json, '{');
    buf_json_str(&json, "sub", exchange->request->client->id);
    buf_json_raw(&json, "act", exchange->brought.of.actor);
    buf_char(&json, '}');
    exchange->of.actor = buf_str(&json);
    return json.n <= ACTOR_BYTES_MAX ? OAUTH_OK
                                     : OAUTH_ERROR("invalid_request", "the token was exchanged too many times");
}

/* A person's subject is another at each service, like every sub; an organization's is its client_id. */
static void fill_subject(struct exchange *exchange)
{
    const struct token_subject *brought = &exchange->brought.of;
    str subject = exchange->of.subject.p ? exchange->of.subject : brought->subject;
    exchange->of = (struct token_subject){.client_id = exchange->request->client->id,
                                          .subject = subject,
                                          .scope = exchange->of.scope,
                                          .actor = exchange->of.actor,
                                          .grant = brought->grant,
                                          .officer = brought->officer,
                                          .acr = brought->acr,
                                          .amr = brought->amr,
                                          .auth_time = brought->auth_time,
                                          .resources = exchange->target};
}

static void audit(const struct exchange *exchange, struct oauth_error error)
{
    const struct token_request *request = exchange->request;
    struct audit_entry entry = {.action = STR("token.exchange"),
                                .outcome = error.code ? str_of(error.description) : STR("ok"),
                                .client_id = request->client->id,
                                .subject = exchange->of.subject,
                                .request_id = str_of(request->rq->id),
                                .peer = request->rq->peer,
                                .detail = arena_printf(request->rq->arena, "of %.*s, rule %.*s, for %.*s",
                                                       STR_FMT(exchange->brought.of.client_id),
                                                       STR_FMT(exchange->rule.name), STR_FMT(exchange->target))};
    audit_later(request->provider->audit, &entry);
}

static struct oauth_error issue(struct exchange *exchange, struct token_answer *answer)
{
    struct token_request *request = exchange->request;
    int64_t by_rule = exchange->rule.life > 0 ? clock_now() + exchange->rule.life : exchange->brought.expires_at;
    request->expires_by = by_rule < exchange->brought.expires_at ? by_rule : exchange->brought.expires_at;
    struct issued_token access = access_token_make(request, &exchange->of, STR(""));
    struct store *store = request->provider->store;
    enum store_result result =
        exchange->of.grant.p ? access_token_store(store, request->rq->arena, &access.op, 1, &access, exchange->of.grant)
                             : store_write(store, &access.op, 1);
    if (result == STORE_NOT_FOUND)
        return OAUTH_ERROR("invalid_request", "the subject_token was revoked");
    if (result != STORE_OK)
        return OAUTH_UNAVAILABLE;
    answer->access_token = access.text;
    answer->issued_token_type = STR(ACCESS_TOKEN_TYPE);
    answer->expires_in = access.expires_in;
    answer->scope = exchange->of.scope;
    return OAUTH_OK;
}

struct oauth_error grant_token_exchange(struct token_request *request, struct token_answer *answer)
{
    struct exchange exchange = {.request = request};
    struct oauth_error error = check_parameters(&exchange);
    if (!error.code)
        error = load_brought(&exchange);
    if (!error.code)
        error = find_rule(&exchange);
    if (!error.code)
        error = choose_scope(&exchange);
    if (!error.code)
        error = name_actor(&exchange);
    if (!error.code) {
        fill_subject(&exchange);
        error = issue(&exchange, answer);
    }
    audit(&exchange, error);
    return error;
}
