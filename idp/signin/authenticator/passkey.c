#include "signin/authenticator/passkey.h"

#include "base/clock.h"
#include "signin/authenticator/devices.h"
#include "signin/challenge.h"

static bool refuse(struct call *call, enum webauthn_fault fault)
{
    api_fail_text(call, API_INVALID_PASSKEY, "reason", str_of(webauthn_fault_name(fault)));
    return false;
}

bool passkey_read(struct call *call, struct webauthn_assertion *out)
{
    const json_t *credential;
    if (!api_object(call, "credential", &credential))
        return false;
    enum webauthn_fault fault = webauthn_assertion_parse(call->rq->arena, credential, out);
    return fault == WEBAUTHN_OK ? true : refuse(call, fault);
}

bool passkey_note_clone(const struct call *call, const struct authenticator *authenticator)
{
    return device_note_clone(call->provider, call->rq, authenticator);
}

static bool take_challenge(struct call *call, const struct webauthn_assertion *assertion, str *challenge)
{
    const struct provider *provider = call->provider;
    switch (challenge_take(provider->store, provider->keys, call->rq->arena, "unlock", call->jkt,
                           assertion->client_data, challenge)) {
    case STORE_OK:
        return true;
    case STORE_NOT_FOUND:
    case STORE_CONFLICT:
        return refuse(call, WEBAUTHN_CHALLENGE);
    default:
        api_fail(call, API_UNAVAILABLE);
        return false;
    }
}

bool passkey_check(struct call *call, const struct webauthn_assertion *assertion, struct authenticator *authenticator,
                   struct authenticator_person *person)
{
    struct webauthn_asserted asserted;
    str challenge;
    if (!take_challenge(call, assertion, &challenge))
        return false;
    enum webauthn_fault fault = authenticator_check(call->rq->arena, &call->provider->webauthn, authenticator,
                                                    assertion, challenge, &asserted, person);
    if (fault == WEBAUTHN_COUNTER) {
        api_fail(call, passkey_note_clone(call, authenticator) ? API_CLONED : API_UNAVAILABLE);
        return false;
    }
    if (fault != WEBAUTHN_OK)
        return refuse(call, fault);
    authenticator->sign_count = asserted.sign_count;
    authenticator->backed_up = asserted.backed_up;
    authenticator->last_used_at = clock_now();
    return true;
}

void passkey_answer(struct call *call, int status, const struct authenticator *authenticator,
                    const struct authenticator_person *person)
{
    struct arena *arena = call->rq->arena;
    struct store_op op;
    struct buf session = buf_new(arena, 128), json = buf_new(arena, 512);
    str token = app_session_create(arena, authenticator, person, &op);
    if (store_write(call->provider->store, &op, 1) != STORE_OK) {
        api_fail(call, API_UNAVAILABLE);
        return;
    }
    buf_char(&session, '{');
    buf_json_str(&session, "token", token);
    buf_json_int(&session, "expires_in", APP_SESSION_LIFE);
    buf_char(&session, '}');
    buf_char(&json, '{');
    buf_json_raw(&json, "authenticator", device_json(arena, authenticator, authenticator->key));
    buf_json_raw(&json, "session", buf_str(&session));
    buf_char(&json, '}');
    api_answer(call, status, buf_str(&json));
}
