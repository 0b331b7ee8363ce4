/* GET /app/api/authenticators; POST …/rename, …/remove, …/vouch; POST /app/api/notices/seen: what residents do about
 * their own authenticators, from one that is unlocked. */
#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "records/channel.h"
#include "records/decoupled.h"
#include "signin/authenticator/authenticator.h"
#include "signin/authenticator/devices.h"

#define ID_MAX 64
#define CHANNELS_MAX 100 /* that one authenticator may have scanned in the life of one */

void devices_list(struct request *rq, void *context)
{
    struct call call;
    struct authenticator all[AUTHENTICATORS_MAX];
    size_t count;
    if (!api_open(&call, context, rq, API_SESSION_WAITING))
        return;
    if (authenticator_list(call.provider->store, rq->arena, call.authenticator.resident, all, &count) != STORE_OK) {
        api_fail(&call, API_UNAVAILABLE);
        return;
    }
    struct buf json = buf_new(rq->arena, 2048);
    buf_add(&json, STR("{\"authenticators\":["));
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        /* one that waits may be a thief's: it learns nothing of the others */
        if (api_is_waiting(&call) && !str_eq(all[i].key, call.authenticator.key))
            continue;
        if (!first)
            buf_char(&json, ',');
        buf_add(&json, device_json(rq->arena, &all[i], call.authenticator.key));
        first = false;
    }
    buf_add(&json, STR("]}"));
    api_answer(&call, 200, buf_str(&json));
}

/* The resident's authenticator that the body's `id` names. False, and answered, when there is none. */
static bool find(struct call *call, struct authenticator *out)
{
    str id;
    if (!api_text(call, "id", ID_MAX, &id))
        return false;
    enum store_result result = authenticator_load_id(call->provider->store, call->rq->arena, id, out);
    if (result == STORE_OK && str_eq(out->resident, call->authenticator.resident))
        return true;
    api_fail(call, result == STORE_OK || result == STORE_NOT_FOUND ? API_UNKNOWN_ENTRY : API_UNAVAILABLE);
    return false;
}

/* Writes a change with its audit entry and, if there is one, what the resident is told; wakes the other devices. */
static bool write(struct call *call, struct store_op change, const char *action, const struct authenticator *about,
                  struct history *event)
{
    struct provider *provider = call->provider;
    struct arena *arena = call->rq->arena;
    struct audit_entry entry = api_entry(call, action, STR("ok"), about->resident);
    entry.detail = arena_printf(arena, "authenticator=%.*s by=%.*s", STR_FMT(authenticator_id(arena, about->key)),
                                STR_FMT(authenticator_id(arena, call->authenticator.key)));
    struct store_op ops[3] = {change, audit_op(arena, &entry)};
    size_t count = 2;
    if (event)
        ops[count++] = history_op(arena, event, provider->settings->life_history);
    if (store_write(provider->store, ops, count) != STORE_OK) { /* or another call was faster */
        api_fail(call, API_UNAVAILABLE);
        return false;
    }
    http_wake(provider->http, decoupled_topic(arena, about->resident));
    return true;
}

static void answer_device(struct call *call, const struct authenticator *authenticator)
{
    struct buf json = buf_new(call->rq->arena, 512);
    buf_char(&json, '{');
    buf_json_raw(&json, "authenticator", device_json(call->rq->arena, authenticator, call->authenticator.key));
    buf_char(&json, '}');
    api_answer(call, 200, buf_str(&json));
}

void devices_rename(struct request *rq, void *context)
{
    struct call call;
    struct authenticator authenticator;
    str name;
    if (!api_open(&call, context, rq, API_SESSION) || !device_name(&call, &name) || !find(&call, &authenticator))
        return;
    authenticator.name = name;
    struct history event = device_event(&authenticator, HISTORY_RENAMED, call.authenticator.key);
    if (write(&call, authenticator_save_op(rq->arena, &authenticator), "authenticator.rename", &authenticator, &event))
        answer_device(&call, &authenticator);
}

void devices_vouch(struct request *rq, void *context)
{
    struct call call;
    struct authenticator authenticator;
    if (!api_open(&call, context, rq, API_SESSION) || !find(&call, &authenticator))
        return;
    if (authenticator.active_at > clock_now()) {
        authenticator.active_at = clock_now();
        if (!write(&call, authenticator_save_op(rq->arena, &authenticator), "authenticator.vouch", &authenticator,
                   NULL))
            return;
    }
    answer_device(&call, &authenticator);
}

/* ---- removing one ---- */

/* What it was shown is over, also when it said yes and nobody has taken that up yet: a browser that waits is told. */
static void end_channels(const struct call *call, const struct authenticator *gone)
{
    struct provider *provider = call->provider;
    struct channel channel;
    for (int i = 0; i < CHANNELS_MAX; i++) {
        if (channel_of_authenticator(provider->store, call->rq->arena, gone->key, &channel) != STORE_OK)
            return;
        channel_finish(&channel, END_REPORTED);
        struct store_op op = channel_save_op(call->rq->arena, &channel);
        if (store_write(provider->store, &op, 1) == STORE_OK)
            http_wake(provider->http, channel.id);
    }
}

/* Whatever the register says, it is removed here: its token there lies sealed under a user handle that nobody has. */
static void tell_register(const struct call *call, const struct authenticator *gone)
{
    struct ipis_call register_call = api_register_call(call, random_uuid(call->rq->arena));
    enum ipis_result result = ipis_remove_authenticator(call->provider->ipis, &register_call, &call->person.kidc,
                                                        call->person.register_token, gone->register_id);
    if (result != IPIS_OK)
        log_warn("authenticator.remove the register was not told result=%s request=%s", ipis_result_name(result),
                 call->rq->id);
}

void devices_remove(struct request *rq, void *context)
{
    struct call call;
    struct authenticator gone;
    if (!api_open(&call, context, rq, API_SESSION_WAITING) || !find(&call, &gone))
        return;
    if (api_is_waiting(&call) && !str_eq(gone.key, call.authenticator.key)) {
        api_fail_int(&call, API_WAITING_AUTHENTICATOR, "active_at", call.authenticator.active_at);
        return;
    }
    struct store_op remove = authenticator_remove_op(&gone);
    remove.condition = IF_PRESENT;
    struct history event = device_event(&gone, HISTORY_REMOVED, call.authenticator.key);
    if (!write(&call, remove, "authenticator.remove", &gone, &event))
        return;
    if (app_session_end_all(call.provider->store, rq->arena, gone.key) != STORE_OK)
        log_error("authenticator.remove sessions not deleted request=%s", rq->id); /* they open nothing without it */
    end_channels(&call, &gone);
    tell_register(&call, &gone);
    api_answer(&call, 200, STR("{\"result\":\"removed\"}"));
}

/* ---- notices ---- */

/* `entry`: the newest of those that were shown; without it all up to now. False, and answered, when there is none. */
static bool read_seen(struct call *call, str *seen)
{
    str id;
    struct history entry = {0};
    if (!api_text_or_none(call, "entry", ID_MAX, &id))
        return false;
    *seen = store_new_key(call->rq->arena);
    if (!id.p)
        return true;
    enum store_result result = base64url_decode(call->rq->arena, id, seen)
                                   ? history_load(call->provider->store, call->rq->arena, *seen, &entry)
                                   : STORE_NOT_FOUND;
    if (result == STORE_OK && str_eq(entry.resident, call->authenticator.resident))
        return true;
    api_fail(call, result == STORE_OK || result == STORE_NOT_FOUND ? API_UNKNOWN_ENTRY : API_UNAVAILABLE);
    return false;
}

void notices_seen(struct request *rq, void *context)
{
    struct call call;
    str seen;
    if (!api_open(&call, context, rq, API_SESSION) || !read_seen(&call, &seen))
        return;
    if (!call.authenticator.seen.p || str_cmp(seen, call.authenticator.seen) > 0)
        call.authenticator.seen = seen;
    struct store_op op = authenticator_save_op(rq->arena, &call.authenticator);
    if (store_write(call.provider->store, &op, 1) == STORE_OK)
        api_answer(&call, 200, STR("{\"result\":\"seen\"}"));
    else
        api_fail(&call, API_UNAVAILABLE);
}
