#include "oauth/elsewhere/decoupled.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "keys/sealed.h"
#include "oauth/authorize/response.h"
#include "oauth/elsewhere/ciba_ping.h"
#include "oauth/request/flood.h"
#include "oauth/request/pipeline.h"

#define PURPOSE STR("request from elsewhere")
#define SLOWER 5 /* seconds more between two polls, each time that one comes too early (RFC 8628 section 3.5) */

/* ---- the request ---- */

/* Nothing else is kept: strangers choose how much of it there is. Sealed, for the values of claims that a client asks
 * for may say something of a person. */
str decoupled_parameters(const struct provider *provider, struct arena *arena, const struct params *params)
{
    static const str kept = STR_INIT("scope acr_values max_age claims resource authorization_details");
    return ring_seal(provider->keys, arena, PURPOSE, params_encode(arena, params, PARAMS_NAMED, kept));
}

void decoupled_over(struct provider *provider, struct request *rq)
{
    oauth_over_page(provider, rq, 404, NULL);
}

/* The person always sees who asks for what: it was not this browser that asked. */
struct oauth_error decoupled_rebuild(struct provider *provider, struct request *rq, const struct decoupled *pending,
                                     struct authorize_request *request)
{
    struct params *params = ARENA_NEW(rq->arena, struct params);
    str text;
    *request = (struct authorize_request){
        .provider = provider, .rq = rq, .client = client_find(provider->clients, rq->arena, pending->client_id)};
    if (!request->client || pending->state != DECOUPLED_WAITING || pending->expires_at <= clock_now())
        return OAUTH_ERROR_STATUS(404, "invalid_request", "this request is over");
    if (!ring_unseal(provider->keys, rq->arena, PURPOSE, pending->parameters, &text))
        return OAUTH_UNAVAILABLE;
    *params = params_parse(rq->arena, text, authorize_repeatable);
    struct interaction *interaction = &request->interaction;
    request->at = pending->kind == RECORD_DEVICE ? AT_DEVICE : AT_BACKCHANNEL;
    request->sent = request->params = params;
    interaction->client_id = request->client->id;
    struct oauth_error error = pipeline_run(request);
    interaction->flow = pending->kind == RECORD_DEVICE ? FLOW_DEVICE : FLOW_BACKCHANNEL;
    interaction->origin_key = pending->key;
    interaction->prompt = pending->kind == RECORD_DEVICE ? STR("consent") : STR("login consent");
    interaction->binding_message = pending->binding_message;
    interaction->subject_hint = pending->subject_hint;
    interaction->for_resident = pending->resident;
    interaction->transaction_id = random_uuid(rq->arena);
    return error;
}

void decoupled_begin(struct provider *provider, struct request *rq, const struct decoupled *pending)
{
    struct authorize_request request;
    struct oauth_error error = decoupled_rebuild(provider, rq, pending, &request);
    if (error.status == 404) {
        decoupled_over(provider, rq);
        return;
    }
    if (!error.code && flood_of_requests(provider, rq))
        error = OAUTH_ERROR_STATUS(429, "temporarily_unavailable", "too many requests from this address");
    if (!error.code && interaction_create(provider->store, rq, authorize_browser_secret(&request), &request.interaction,
                                          provider->settings->life_interaction) != STORE_OK)
        error = OAUTH_UNAVAILABLE;
    if (error.code)
        oauth_error_page(provider, rq, error.status ? error.status : 400, error);
    else
        response_go_on(provider, rq, "/signin/", &request.interaction);
}

/* ---- the person's answer ---- */

static enum record_kind kind_of(const struct interaction *interaction)
{
    return interaction->flow == FLOW_DEVICE ? RECORD_DEVICE : RECORD_BACKCHANNEL;
}

static enum store_result load_pending(struct provider *provider, struct request *rq,
                                      const struct interaction *interaction, struct decoupled *out)
{
    enum store_result result =
        decoupled_load(provider->store, rq->arena, kind_of(interaction), interaction->origin_key, out);
    bool over = result == STORE_OK && (out->state != DECOUPLED_WAITING || out->expires_at <= clock_now());
    return over ? STORE_NOT_FOUND : result;
}

enum store_result decoupled_check_person(struct provider *provider, struct request *rq,
                                         const struct interaction *interaction, bool *wrong)
{
    struct decoupled pending;
    enum store_result result = load_pending(provider, rq, interaction, &pending);
    *wrong = result == STORE_OK && pending.resident.p && !str_eq(pending.resident, interaction->resident);
    return result;
}

size_t decoupled_answer(struct provider *provider, struct request *rq, const struct interaction *interaction, str code,
                        struct store_op *op, enum store_result *result)
{
    struct decoupled pending;
    *result = load_pending(provider, rq, interaction, &pending);
    if (*result != STORE_OK)
        return 0;
    pending.state = code.p ? DECOUPLED_APPROVED : DECOUPLED_DENIED;
    pending.answer = code.p ? mailbox_put(rq->arena, pending.slot, code) : STR_NONE;
    *op = decoupled_save_op(rq->arena, &pending);
    return 1;
}

void decoupled_notify(struct provider *provider, struct request *rq, const struct interaction *interaction)
{
    struct decoupled pending;
    if (decoupled_load(provider->store, rq->arena, kind_of(interaction), interaction->origin_key, &pending) !=
            STORE_OK ||
        !pending.sealed_ping.p)
        return;
    const struct client *client = client_find(provider->clients, rq->arena, pending.client_id);
    if (!client || !client->notification_endpoint.p) /* it has none any more: it may poll */
        return;
    struct outbox_notice notice = {.url = client->notification_endpoint,
                                   .kind = STR(NOTICE_CIBA_PING),
                                   .client_id = pending.client_id,
                                   .recipe = pending.sealed_ping};
    struct store_op op = outbox_op(rq->arena, &notice);
    if (store_write(provider->store, &op, 1) != STORE_OK)
        log_error("ciba.ping not stored request=%s", rq->id); /* the client polls too */
    outbox_wake(provider->outbox);
}

void decoupled_done(struct provider *provider, struct request *rq, const struct interaction *interaction, bool approved)
{
    enum lang lang = lang_of_request(rq, lang_choose(interaction->ui_locales, LANG_KM));
    const struct client *client = client_find(provider->clients, rq->arena, interaction->client_id);
    struct view *view = view_new(rq->arena);
    view_text(view, "client_name", client ? client->name[lang] : STR_NONE);
    view_flag(view, "approved", approved);
    view_flag(view, "device", interaction->flow == FLOW_DEVICE);
    page_respond(rq, provider->pages, lang, 200, "oauth/done", view, STR_NONE);
}

/* ---- the maker's polls ---- */

/* A poll that comes too early makes the next one wait longer. Two at a time: one of them is too early. */
static struct oauth_error still_waiting(struct token_request *request, struct decoupled *pending)
{
    int64_t now = clock_now();
    bool early = pending->polled_at > 0 && now < pending->polled_at + pending->interval;
    if (early)
        pending->interval += SLOWER;
    pending->polled_at = now;
    struct store_op op = decoupled_save_op(request->rq->arena, pending);
    enum store_result result = store_write(request->provider->store, &op, 1);
    if (result != STORE_OK && result != STORE_CONFLICT)
        return OAUTH_UNAVAILABLE;
    return early || result == STORE_CONFLICT
               ? OAUTH_ERROR("slow_down", "the last poll was less than the interval ago, which is longer by 5 s now")
               : OAUTH_ERROR("authorization_pending", "the person has not answered yet");
}

static struct oauth_error fetch(struct token_request *request, const struct decoupled *pending, str secret,
                                struct token_answer *answer)
{
    struct arena *arena = request->rq->arena;
    str code;
    if (!mailbox_open(arena, secret, pending->sealed_key, pending->answer, &code))
        return OAUTH_UNAVAILABLE;
    struct oauth_error error = grant_redeem(request, code, answer);
    struct store_op op = decoupled_take_op(pending);
    if (!error.code && store_write(request->provider->store, &op, 1) != STORE_OK)
        log_warn("decoupled.take failed request=%s", request->rq->id); /* its code is used: nothing comes of it again */
    return error;
}

struct oauth_error decoupled_poll(struct token_request *request, enum record_kind kind, str secret,
                                  struct token_answer *answer)
{
    struct decoupled pending;
    enum store_result result = decoupled_load(request->provider->store, request->rq->arena, kind,
                                              sha256_key(request->rq->arena, secret), &pending);
    if (result != STORE_OK && result != STORE_NOT_FOUND)
        return OAUTH_UNAVAILABLE;
    if (result == STORE_NOT_FOUND || !str_eq(pending.client_id, request->client->id))
        return OAUTH_ERROR("invalid_grant", "this request is unknown, over, or another client's");
    if (pending.state == DECOUPLED_APPROVED)
        return fetch(request, &pending, secret, answer);
    if (pending.state == DECOUPLED_DENIED)
        return OAUTH_ERROR("access_denied", "the person said no");
    if (pending.expires_at <= clock_now())
        return OAUTH_ERROR("expired_token", "nobody answered in time");
    return still_waiting(request, &pending);
}
