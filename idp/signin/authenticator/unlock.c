/* POST /app/api/unlock/options, /app/api/unlock, /app/api/restore: an app session for whoever uses the passkey. */
#include "records/decoupled.h"
#include "signin/authenticator/authenticator.h"
#include "signin/authenticator/devices.h"
#include "signin/authenticator/passkey.h"
#include "signin/challenge.h"

/* The challenge is bound to the key that asks. Which passkey is used comes out with the answer: a device that knows no
 * more than its own key is told nothing. */
void unlock_options(struct request *rq, void *context)
{
    struct call call;
    if (!api_open(&call, context, rq, API_KEY))
        return;
    str challenge = challenge_make(call.provider->keys, rq->arena, "unlock", call.jkt);
    struct buf json = buf_new(rq->arena, 512);
    buf_char(&json, '{');
    buf_json_raw(&json, "options", webauthn_request_options(rq->arena, &call.provider->webauthn, challenge, NULL, 0));
    buf_char(&json, '}');
    api_answer(&call, 200, buf_str(&json));
}

/* On disk before the device may do anything with it: a counter that is forgotten tells no copy from the original. */
static bool save(struct call *call, const struct authenticator *authenticator, const char *action,
                 struct history *event)
{
    struct provider *provider = call->provider;
    struct arena *arena = call->rq->arena;
    struct audit_entry entry = api_entry(call, action, STR("ok"), authenticator->resident);
    entry.detail = arena_printf(arena, "authenticator=%.*s", STR_FMT(authenticator_id(arena, authenticator->key)));
    struct store_op ops[3] = {authenticator_save_op(arena, authenticator), audit_op(arena, &entry)};
    size_t count = 2;
    if (event)
        ops[count++] = history_op(arena, event, provider->settings->life_history);
    if (store_write(provider->store, ops, count) == STORE_OK)
        return true;
    api_fail(call, API_UNAVAILABLE); /* also when it was used or changed elsewhere at this moment */
    return false;
}

void unlock_submit(struct request *rq, void *context)
{
    struct call call;
    struct webauthn_assertion assertion;
    struct authenticator_person person;
    if (api_open(&call, context, rq, API_DEVICE) && passkey_read(&call, &assertion) &&
        passkey_check(&call, &assertion, &call.authenticator, &person) &&
        save(&call, &call.authenticator, "authenticator.unlock", NULL))
        passkey_answer(&call, 200, &call.authenticator, &person);
}

/* ---- restore: the passkey is there, the device's key is lost (or the passkey came to another device) ---- */

static bool find(struct call *call, const struct webauthn_assertion *assertion, struct authenticator *out)
{
    enum store_result result =
        authenticator_find(call->provider->store, call->rq->arena, assertion->credential_id, out);
    if (result == STORE_OK)
        return true;
    api_fail(call, result == STORE_NOT_FOUND ? API_UNKNOWN_AUTHENTICATOR : API_UNAVAILABLE);
    return false;
}

/* What the key that was replaced had opened ends with it. */
static bool end_sessions(struct call *call, const struct authenticator *authenticator)
{
    if (app_session_end_all(call->provider->store, call->rq->arena, authenticator->key) == STORE_OK)
        return true;
    api_fail(call, API_UNAVAILABLE);
    return false;
}

void unlock_restore(struct request *rq, void *context)
{
    struct call call;
    struct webauthn_assertion assertion;
    struct authenticator authenticator;
    struct authenticator_person person;
    if (!api_open(&call, context, rq, API_KEY))
        return;
    str name;
    if (!device_name(&call, &name) || !passkey_read(&call, &assertion) || !find(&call, &assertion, &authenticator) ||
        !passkey_check(&call, &assertion, &authenticator, &person))
        return;
    authenticator.jkt = call.jkt;
    authenticator.name = name;
    struct history event = device_event(&authenticator, HISTORY_RESTORED, authenticator.key);
    if (!save(&call, &authenticator, "authenticator.restore", &event) || !end_sessions(&call, &authenticator))
        return;
    http_wake(call.provider->http, decoupled_topic(rq->arena, authenticator.resident));
    passkey_answer(&call, 200, &authenticator, &person);
}
