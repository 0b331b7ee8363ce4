/* What the waiting browser is told. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "records/authenticator.h"
#include "signin/qr/qr.h"

#define WAIT_MS 25000 /* as in channel.c */
#define CODES (WAIT_MS / CHANNEL_STEP_MS + 2)
#define CODE_TEXT 48       /* ID.STEP.MAC, with a step of two digits */
#define ANSWER_BYTES 32768 /* about what all the codes take */
#define STEPS (CHANNEL_LIFE * 1000 / CHANNEL_STEP_MS)

static const char *const states[] = {
    [CHANNEL_WAITING] = "waiting",
    [CHANNEL_SCANNED] = "scanned",
    [CHANNEL_APPROVED] = "approved",
    [CHANNEL_ENDED] = "ended",
};

static str code_url(struct provider *provider, struct arena *arena, const struct channel *channel, int64_t step)
{
    str code = channel_code(provider->keys, arena, channel->id, step);
    return arena_printf(arena, "%.*s/q/%.*s", STR_FMT(provider->settings->issuer), STR_FMT(code));
}

/* The codes from `step` on, all of one size, for a bit longer than the next answer may take. */
static void add_codes(struct provider *provider, struct arena *arena, const struct channel *channel, int64_t step,
                      struct buf *out)
{
    int version = qr_version(arena, provider->settings->issuer.n + sizeof "/q/" - 1 + CODE_TEXT);
    buf_json_int(out, "first", step);
    buf_json_member(out, "codes");
    buf_char(out, '[');
    for (int64_t i = step; i < step + CODES && i < STEPS; i++) {
        buf_add(out, i == step ? STR("{\"svg\":") : STR(",{\"svg\":"));
        buf_add_json(out, qr_svg(arena, code_url(provider, arena, channel, i), version));
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void add_waiting(struct provider *provider, struct arena *arena, const struct channel *channel, struct buf *out)
{
    int64_t passed = clock_now_ms() - channel->started_ms;
    int64_t step = passed > 0 ? passed / CHANNEL_STEP_MS : 0;
    buf_json_int(out, "step_ms", CHANNEL_STEP_MS);
    buf_json_int(out, "next_in_ms", CHANNEL_STEP_MS - (passed > 0 ? passed % CHANNEL_STEP_MS : 0));
    if (channel->way == CHANNEL_QR)
        add_codes(provider, arena, channel, step, out);
    else
        buf_json_str(out, "link", code_url(provider, arena, channel, step));
}

str channel_say(struct provider *provider, struct arena *arena, const struct channel *channel)
{
    bool has_codes = channel->state == CHANNEL_WAITING && channel->way == CHANNEL_QR;
    struct buf out = buf_new(arena, has_codes ? ANSWER_BYTES : 512);
    int64_t left = channel->expires_at - clock_now();
    buf_char(&out, '{');
    buf_json_str(&out, "state", str_of(states[channel->state]));
    buf_json_str(&out, "way", channel->way == CHANNEL_QR ? STR("qr") : STR("same_device"));
    buf_json_str(&out, "seen",
                 arena_printf(arena, "%.*s.%llu", STR_FMT(channel->id), (unsigned long long)channel->version));
    buf_json_int(&out, "expires_in", left > 0 ? left : 0);
    if (channel->state == CHANNEL_WAITING)
        add_waiting(provider, arena, channel, &out);
    if (channel->state == CHANNEL_SCANNED && channel->number.n > 0)
        buf_json_str(&out, "number", channel->number);
    if (channel->state == CHANNEL_ENDED)
        buf_json_str(&out, "reason", str_of(channel_end_name((enum channel_end)channel->end)));
    buf_char(&out, '}');
    return buf_str(&out);
}

/* Whose phone scanned it may have been made to. */
static void tell_resident(struct provider *provider, struct request *rq, const struct channel *channel)
{
    struct authenticator authenticator;
    struct history history = channel_history(channel);
    if (authenticator_load(provider->store, rq->arena, channel->authenticator, &authenticator) == STORE_OK)
        history.authenticator_name = authenticator.name;
    struct store_op op = history_op(rq->arena, &history, provider->settings->life_history);
    if (store_write(provider->store, &op, 1) != STORE_OK)
        log_error("channel.end not in the history request=%s", rq->id);
}

void channel_fail(struct provider *provider, struct request *rq, struct channel *channel, enum channel_end end)
{
    if (channel->state == CHANNEL_ENDED)
        return;
    struct audit_entry entry = {.action = STR("channel.end"),
                                .outcome = str_of(channel_end_name(end)),
                                .client_id = channel->client_id,
                                .request_id = str_of(rq->id),
                                .peer = rq->peer};
    if (channel->resident.p)
        entry.actor = arena_printf(rq->arena, "resident:%.*s", STR_FMT(channel->resident));
    channel_finish(channel, end);
    struct store_op op = channel_save_op(rq->arena, channel);
    if (store_write(provider->store, &op, 1) != STORE_OK) {
        log_warn("channel.end not written request=%s", rq->id);
        return;
    }
    if (channel->resident.p)
        tell_resident(provider, rq, channel);
    http_wake(provider->http, channel->id);
    audit_later(provider->audit, &entry);
}
