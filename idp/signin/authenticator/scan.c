/* POST /app/api/scan: a code that the phone's camera (or a link) gave it. */
#include "signin/authenticator/scan.h"

#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "records/known_browser.h"
#include "records/places.h"
#include "signin/authenticator/authenticator.h"
#include "signin/authenticator/shown.h"
#include "signin/limits.h"

#define CODE_MAX 512
#define TRIES 4 /* of one that somebody else changes meanwhile */

/* ---- the number ---- */

/* An even draw below `below` (at most 256): what would favour some is drawn again. */
static unsigned draw(unsigned below)
{
    unsigned char byte;
    do
        random_fill(&byte, 1);
    while (byte >= 256 / below * below);
    return byte % below;
}

/* Three different ones, and which of them the browser shows. */
static void draw_numbers(struct arena *arena, struct channel *channel)
{
    unsigned numbers[3];
    numbers[0] = draw(100);
    do
        numbers[1] = draw(100);
    while (numbers[1] == numbers[0]);
    do
        numbers[2] = draw(100);
    while (numbers[2] == numbers[0] || numbers[2] == numbers[1]);
    channel->number = arena_printf(arena, "%02u", numbers[draw(3)]);
    channel->numbers =
        channel->typed ? STR("") : arena_printf(arena, "%02u %02u %02u", numbers[0], numbers[1], numbers[2]);
}

/* ---- the answer ---- */

/* The challenge is for the phone to make, of what it shows. */
static str options_of(const struct call *call)
{
    str options = webauthn_request_options(call->rq->arena, &call->provider->webauthn, STR(""),
                                           &call->authenticator.credential_id, 1);
    json_t *object = json_parse_object(call->rq->arena, options, API_BODY_MAX);
    json_object_del(object, "challenge");
    return json_text(call->rq->arena, object);
}

static void answer(const struct asked *asked)
{
    const struct channel *channel = &asked->channel;
    struct buf json = buf_new(asked->call->rq->arena, channel->shown.n + 512);
    buf_char(&json, '{');
    buf_json_str(&json, "channel", channel->id);
    buf_json_str(&json, "way", str_of(asked_way_name(channel)));
    buf_json_int(&json, "expires_in", channel->expires_at - clock_now());
    buf_json_raw(&json, "shown", channel->shown);
    if (channel->numbers.n > 0)
        buf_json_words(&json, "numbers", channel->numbers, ' ');
    else
        buf_json_raw(&json, "numbers", STR("null"));
    buf_json_bool(&json, "typed", channel->typed);
    buf_json_raw(&json, "options", options_of(asked->call));
    buf_char(&json, '}');
    api_answer(asked->call, 200, buf_str(&json));
}

/* ---- the first scan ---- */

/* Nobody is worn down by requests until a wrong one is approved. */
static bool may_be_asked(struct asked *asked)
{
    struct call *call = asked->call;
    struct limit limit;
    if (limit_asked(call->provider->store, call->rq->arena, call->provider->settings, call->authenticator.resident,
                    false, &limit) != STORE_OK) {
        api_fail(call, API_UNAVAILABLE);
        return false;
    }
    if (limit.reached)
        api_fail_int(call, API_TOO_MANY_REQUESTS, "retry_after", limit.until - clock_now());
    return !limit.reached;
}

/* What is known from earlier sign-ins. False, and answered, when the store failed. */
static bool look_back(const struct asked *asked, struct shown_with *with)
{
    struct call *call = asked->call;
    struct store *store = call->provider->store;
    str resident = call->authenticator.resident;
    struct consent before;
    enum store_result result =
        known_browser_is(store, call->rq->arena, asked->channel.browser_mark, resident, &with->browser_known);
    if (result == STORE_OK)
        result = consent_load(store, call->rq->arena, asked->channel.client_id, resident, &before);
    if (result == STORE_OK)
        with->declined = before.declined;
    if (result == STORE_OK || result == STORE_NOT_FOUND)
        return true;
    api_fail(call, API_UNAVAILABLE);
    return false;
}

/* Fills in what binds the channel to this authenticator. False, and answered, when the store failed. */
static bool bind(struct asked *asked)
{
    struct call *call = asked->call;
    struct channel *channel = &asked->channel;
    struct shown_with with = {.role = asked->role};
    if (!look_back(asked, &with))
        return false;
    with.networks_differ =
        channel->browser_peer.p && networks_differ(call->provider->places, channel->browser_peer, call->rq->peer);
    if (channel->way == CHANNEL_QR) {
        channel->typed = with.networks_differ;
        draw_numbers(call->rq->arena, channel);
    }
    channel->state = CHANNEL_SCANNED;
    channel->authenticator = call->authenticator.key;
    channel->resident = call->authenticator.resident;
    channel->shown = shown_text(&asked->visit, channel, &with);
    return true;
}

static bool take(struct asked *asked)
{
    if (!asked_load(asked) || !may_be_asked(asked) || !bind(asked))
        return true;
    struct audit_entry entry =
        visit_entry(&asked->visit, "channel.scan", STR("ok"), asked->call->authenticator.resident);
    entry.detail = arena_printf(asked->call->rq->arena, "way=%s", asked_way_name(&asked->channel));
    switch (asked_save(asked)) {
    case STORE_OK:
        audit_later(asked->call->provider->audit, &entry);
        answer(asked);
        return true;
    case STORE_CONFLICT:
        return false;
    default:
        api_fail(asked->call, API_UNAVAILABLE);
        return true;
    }
}

/* Ends it for both, whoever of them was the resident's own. */
static bool end(struct asked *asked, enum channel_end end, enum api_fault fault)
{
    switch (asked_end(asked, end)) {
    case STORE_OK:
        api_fail(asked->call, fault);
        return true;
    case STORE_CONFLICT:
        return false;
    default:
        api_fail(asked->call, API_UNAVAILABLE);
        return true;
    }
}

static bool is_active(struct call *call)
{
    if (!api_is_waiting(call))
        return true;
    api_fail_int(call, API_WAITING_AUTHENTICATOR, "active_at", call->authenticator.active_at);
    return false;
}

/* False, and nothing answered: somebody else was faster. */
static bool show(struct call *call, const struct channel *channel)
{
    struct asked asked = {.call = call, .channel = *channel};
    switch (channel->state) {
    case CHANNEL_WAITING:
        return take(&asked);
    case CHANNEL_SCANNED:
        if (!str_eq(channel->authenticator, call->authenticator.key))
            return end(&asked, END_SCANNED_TWICE, API_SCANNED_TWICE);
        answer(&asked); /* the first answer may have been lost on its way */
        return true;
    default:
        asked_over(&asked);
        return true;
    }
}

void scan_take(struct call *call, const struct channel *channel)
{
    if (is_active(call) && !show(call, channel))
        api_fail(call, API_UNAVAILABLE);
}

/* ---- the code ---- */

/* The URL that the QR code holds, or its last part. An address of any other origin is no code of ours. */
static bool read_code(struct call *call, str *id, int64_t *step)
{
    str text, prefix = arena_printf(call->rq->arena, "%.*s/q/", STR_FMT(call->provider->settings->issuer));
    if (!api_text(call, "code", CODE_MAX, &text))
        return false;
    if (str_starts(text, prefix))
        text = (str){text.p + prefix.n, text.n - prefix.n};
    if (channel_code_read(call->provider->keys, call->rq->arena, text, id, step))
        return true;
    api_fail(call, API_INVALID_CODE);
    return false;
}

/* False: again, somebody else was faster. */
static bool try_scan(struct call *call, str id, int64_t step)
{
    struct asked asked = {.call = call};
    struct channel *channel = &asked.channel;
    switch (channel_load(call->provider->store, call->rq->arena, id, channel)) {
    case STORE_OK:
        break;
    case STORE_NOT_FOUND:
        channel_finish(channel, END_EXPIRED);
        asked_over(&asked);
        return true;
    default:
        api_fail(call, API_UNAVAILABLE);
        return true;
    }
    if (channel->state == CHANNEL_WAITING && channel_code_fits(channel, step, clock_now_ms()) != CODE_CURRENT)
        return end(&asked, END_STALE_CODE, API_STALE_CODE);
    return show(call, channel);
}

void scan_submit(struct request *rq, void *context)
{
    struct call call;
    str id;
    int64_t step;
    if (!api_open(&call, context, rq, API_DEVICE) || !read_code(&call, &id, &step) || !is_active(&call))
        return;
    for (int i = 0; i < TRIES; i++)
        if (try_scan(&call, id, step))
            return;
    api_fail(&call, API_UNAVAILABLE);
}
