#include "signin/authenticator/asked.h"

#include "base/log.h"
#include "records/decoupled.h"
#include "records/officer.h"
#include "signin/details.h"
#include "signin/limits.h"

#define ID_MAX 64

enum way asked_way(const struct channel *channel)
{
    /* on the same device no number was compared */
    return channel->way == CHANNEL_SAME_DEVICE ? WAY_PASSKEY : WAY_QR;
}

const char *asked_way_name(const struct channel *channel)
{
    static const char *const names[] = {
        [CHANNEL_QR] = "qr", [CHANNEL_SAME_DEVICE] = "same_device", [CHANNEL_REQUEST] = "request"};
    return names[channel->way];
}

/* ---- what it is about ---- */

void asked_over(struct asked *asked)
{
    const struct channel *channel = &asked->channel;
    const char *reason =
        channel->state == CHANNEL_APPROVED ? "approved" : channel_end_name((enum channel_end)channel->end);
    api_fail_text(asked->call, API_ENDED, "reason", str_of(reason));
}

static void over_because(struct asked *asked, enum channel_end end)
{
    channel_finish(&asked->channel, end); /* in memory */
    asked_over(asked);
}

/* False, and answered, when there is none for this authenticator. */
static bool load_request(struct asked *asked)
{
    struct call *call = asked->call;
    struct visit *visit = &asked->visit;
    *visit = (struct visit){.provider = call->provider, .rq = call->rq, .lang = call->lang};
    enum store_result result =
        interaction_peek(call->provider->store, call->rq->arena, asked->channel.interaction, &visit->interaction);
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        api_fail(call, API_UNAVAILABLE);
        return false;
    }
    if (result == STORE_OK)
        visit->client = client_find(call->provider->clients, call->rq->arena, visit->interaction.client_id);
    if (!visit->client || !details_are_known(visit)) {
        over_because(asked, END_EXPIRED);
        return false;
    }
    if (visit->interaction.stage != STAGE_START) {
        over_because(asked, END_REPLACED);
        return false;
    }
    return true;
}

static bool may_answer(struct asked *asked)
{
    struct call *call = asked->call;
    const struct interaction *interaction = &asked->visit.interaction;
    const struct sso_policy policy = visit_policy(&asked->visit);
    if (!(sso_ways(&policy, interaction) & 1U << asked_way(&asked->channel))) {
        api_fail(call, API_INVALID_CODE);
        return false;
    }
    if (interaction->for_resident.p && !str_eq(interaction->for_resident, call->authenticator.resident)) {
        /* it stays for who it is for */
        struct audit_entry entry =
            visit_entry(&asked->visit, "grant.refuse", STR("another_person"), call->authenticator.resident);
        audit_later(call->provider->audit, &entry);
        api_fail(call, API_NO_RIGHT);
        return false;
    }
    return true;
}

static bool has_right(struct asked *asked)
{
    struct call *call = asked->call;
    struct arena *arena = call->rq->arena;
    struct officer officer;
    if (!asked->visit.client->officers_only)
        return true;
    switch (
        officer_load(call->provider->store, arena, asked->visit.client->id, call->authenticator.resident, &officer)) {
    case STORE_OK:
        asked->role = arena_printf(arena, "%.*s: %.*s", STR_FMT(officer.organization), STR_FMT(officer.roles));
        return true;
    case STORE_NOT_FOUND:
        asked_end_with(asked, END_NO_RIGHT, API_NO_RIGHT);
        return false;
    default:
        api_fail(call, API_UNAVAILABLE);
        return false;
    }
}

bool asked_load(struct asked *asked)
{
    return load_request(asked) && may_answer(asked) && has_right(asked);
}

bool asked_find(struct asked *asked)
{
    struct call *call = asked->call;
    struct channel *channel = &asked->channel;
    str id;
    if (!api_text(call, "channel", ID_MAX, &id))
        return false;
    switch (channel_load(call->provider->store, call->rq->arena, id, channel)) {
    case STORE_OK:
        break;
    case STORE_NOT_FOUND:
        over_because(asked, END_EXPIRED);
        return false;
    default:
        api_fail(call, API_UNAVAILABLE);
        return false;
    }
    if (!channel->authenticator.p || !str_eq(channel->authenticator, call->authenticator.key)) {
        over_because(asked, END_EXPIRED); /* somebody else's: nothing is told of it */
        return false;
    }
    if (channel->state == CHANNEL_SCANNED)
        return true;
    asked_over(asked);
    return false;
}

/* ---- changing it ---- */

enum store_result asked_save(struct asked *asked)
{
    struct provider *provider = asked->call->provider;
    struct store_op op = channel_save_op(asked->call->rq->arena, &asked->channel);
    enum store_result result = store_write(provider->store, &op, 1);
    if (result == STORE_OK)
        http_wake(provider->http, asked->channel.id);
    return result;
}

/* What a resident should know of, and is protected from when it happens often. */
static bool concerns_resident(const struct channel *channel)
{
    switch (channel->end) {
    case END_DECLINED:
    case END_REPORTED:
    case END_WRONG_NUMBER:
    case END_SCANNED_TWICE:
    case END_ALTERED:
    case END_FROZEN:
        return channel->resident.p;
    default:
        return false;
    }
}

static struct store_op history_of(const struct asked *asked, struct history *entry)
{
    const struct call *call = asked->call;
    const struct channel *channel = &asked->channel;
    *entry = channel_history(channel);
    if (str_eq(channel->authenticator, call->authenticator.key))
        entry->authenticator_name = call->authenticator.name;
    return history_op(call->rq->arena, entry, call->provider->settings->life_history);
}

static const char *action_of(enum channel_end end)
{
    return end == END_STALE_CODE ? "channel.stale" : end == END_NO_RIGHT ? "officer.refuse" : "channel.end";
}

/* It is over already, whatever of this fails: that is logged. */
static void note_end(struct asked *asked)
{
    struct call *call = asked->call;
    struct provider *provider = call->provider;
    const struct channel *channel = &asked->channel;
    struct arena *arena = call->rq->arena;
    enum channel_end end = (enum channel_end)channel->end;
    struct audit_entry entry =
        api_entry(call, action_of(end), str_of(channel_end_name(end)), call->authenticator.resident);
    entry.client_id = channel->client_id;
    entry.detail = arena_printf(arena, "way=%s", asked_way_name(channel));
    struct store_op ops[2] = {audit_op(arena, &entry)};
    struct history history;
    struct limit limit;
    bool concerns = concerns_resident(channel);
    if (concerns)
        ops[1] = history_of(asked, &history);
    if (store_write(provider->store, ops, concerns ? 2 : 1) != STORE_OK)
        log_error("audit.write failed request=%s", call->rq->id);
    if (concerns &&
        limit_asked(provider->store, arena, provider->settings, channel->resident, true, &limit) != STORE_OK)
        log_error("signin.asked not counted request=%s", call->rq->id);
}

/* Whether the client has its yes: it waits to be fetched, or was, which leaves nothing while a channel lives. */
static enum store_result has_yes(const struct asked *asked, str key, bool *yes)
{
    struct decoupled request;
    enum store_result result =
        decoupled_load(asked->call->provider->store, asked->call->rq->arena, RECORD_BACKCHANNEL, key, &request);
    *yes = result == STORE_NOT_FOUND || (result == STORE_OK && request.state == DECOUPLED_APPROVED);
    return result == STORE_NOT_FOUND ? STORE_OK : result;
}

/* A client that asks without a browser is told at once. `*yes`: another answer was faster, and allowed it. */
static enum store_result tell_client(struct asked *asked, bool *yes)
{
    struct call *call = asked->call;
    struct interaction interaction;
    enum store_result result =
        interaction_peek(call->provider->store, call->rq->arena, asked->channel.interaction, &interaction);
    if (result != STORE_OK)
        return result == STORE_NOT_FOUND ? STORE_OK : result;
    interaction.resident = asked->channel.resident;
    sso_refuse(&interaction, STR("access_denied"));
    const struct person nobody = {0};
    switch (call->provider->finish_elsewhere(call->provider, call->rq, &interaction, &nobody, 0)) {
    case ELSEWHERE_DONE:
        return STORE_OK;
    case ELSEWHERE_OVER:
        return has_yes(asked, interaction.origin_key, yes);
    default:
        return STORE_ERROR;
    }
}

/* What the client was told counts, so it is told first: nobody hears of a refusal that came too late. */
enum store_result asked_end(struct asked *asked, enum channel_end end)
{
    bool yes = false;
    enum store_result result = STORE_OK;
    if (asked->channel.way == CHANNEL_REQUEST)
        result = tell_client(asked, &yes);
    if (result != STORE_OK)
        return result;
    if (yes)
        asked->channel.state = CHANNEL_APPROVED;
    else
        channel_finish(&asked->channel, end);
    result = asked_save(asked);
    if (result == STORE_OK && !yes)
        note_end(asked);
    return yes && result == STORE_OK ? STORE_CONFLICT : result;
}

void asked_ended_before(struct asked *asked)
{
    struct call *call = asked->call;
    enum store_result result = channel_load(call->provider->store, call->rq->arena, asked->channel.id, &asked->channel);
    bool over = asked->channel.state != CHANNEL_WAITING && asked->channel.state != CHANNEL_SCANNED;
    if (result == STORE_OK && over)
        asked_over(asked);
    else if (result == STORE_NOT_FOUND)
        over_because(asked, END_EXPIRED);
    else
        api_fail(call, API_UNAVAILABLE);
}

void asked_end_with(struct asked *asked, enum channel_end end, enum api_fault fault)
{
    switch (asked_end(asked, end)) {
    case STORE_OK:
        api_fail(asked->call, fault);
        break;
    case STORE_CONFLICT:
        asked_ended_before(asked);
        break;
    default:
        api_fail(asked->call, API_UNAVAILABLE);
    }
}
