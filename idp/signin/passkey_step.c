/* The first step's other way: a passkey in the browser itself. Bound to our origin by the browser, so that nobody can
 * relay it; the register is asked all the same, and has the last word. */
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/json.h"
#include "records/authenticator.h"
#include "records/known_browser.h"
#include "signin/authenticator/devices.h"
#include "signin/challenge.h"
#include "signin/csrf.h"
#include "signin/signin.h"
#include "signin/steps.h"
#include "signin/ways.h"

#define PURPOSE "signin"
#define CAMBODIA (7 * 3600)

static bool may_use(const struct visit *visit)
{
    return ways_of(visit) & 1U << WAY_PASSKEY;
}

/* ---- what the browser is asked ---- */

static void refuse(struct request *rq, int status, const char *error)
{
    respond_json(rq, status, arena_printf(rq->arena, "{\"error\":\"%s\"}", error));
}

/* Loads what the path names, for a form of our page as that is now. False, and answered, when it is not that. */
static bool open_for_script(struct visit *visit)
{
    struct request *rq = visit->rq;
    struct provider *provider = visit->provider;
    enum csrf_result token = CSRF_FORGED;
    enum store_result result = interaction_load(provider->store, rq, rq->tail, &visit->interaction);
    if (result == STORE_OK && rq->body_type == BODY_FORM && rq->form.status == PARAMS_OK &&
        csrf_same_origin(rq, provider->settings->issuer))
        token = csrf_check(provider->keys, rq->arena, &visit->interaction, params_get(&rq->form, "csrf"));
    if (result != STORE_OK && result != STORE_NOT_FOUND)
        refuse(rq, 503, "temporarily_unavailable");
    else if (result == STORE_NOT_FOUND)
        refuse(rq, 404, "not_found");
    else if (token == CSRF_FORGED)
        refuse(rq, 403, "forbidden");
    else if (token == CSRF_STALE || visit->interaction.stage != STAGE_START)
        refuse(rq, 409, "moved");
    return token == CSRF_VALID && visit->interaction.stage == STAGE_START;
}

void signin_passkey(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct visit visit = {.provider = provider, .rq = rq};
    if (!open_for_script(&visit))
        return;
    visit.client = client_find(provider->clients, rq->arena, visit.interaction.client_id);
    if (!visit.client || !may_use(&visit)) {
        refuse(rq, 403, "not_allowed");
        return;
    }
    str challenge = challenge_make(provider->keys, rq->arena, PURPOSE, visit.interaction.id);
    struct buf json = buf_new(rq->arena, 512);
    buf_char(&json, '{');
    buf_json_raw(&json, "options", webauthn_request_options(rq->arena, &provider->webauthn, challenge, NULL, 0));
    buf_char(&json, '}');
    respond_json(rq, 200, buf_str(&json));
}

/* ---- what it brings ---- */

struct attempt {
    struct visit *visit;
    struct webauthn_assertion assertion;
    struct webauthn_asserted asserted;
    struct authenticator authenticator;
    struct authenticator_person person;
    struct ipis_call call;
    struct ipis_proof proof;
};

static struct audit_entry entry_of(const struct attempt *attempt, str outcome)
{
    struct arena *arena = attempt->visit->rq->arena;
    struct audit_entry entry = visit_entry(attempt->visit, "signin.passkey", outcome, attempt->authenticator.resident);
    entry.xroad_id = attempt->call.xroad_id;
    if (attempt->authenticator.key.p)
        entry.detail =
            arena_printf(arena, "authenticator=%.*s", STR_FMT(authenticator_id(arena, attempt->authenticator.key)));
    return entry;
}

/* That it did not come to a sign-in. */
static void note(const struct attempt *attempt, str outcome)
{
    struct audit_entry entry = entry_of(attempt, outcome);
    if (!audit_write(attempt->visit->provider->store, &entry))
        log_error("audit.write failed request=%s", attempt->visit->rq->id);
}

/* Unknown, removed, of another person, a signature that is wrong: all the same to who tries. */
static void refuse_passkey(struct attempt *attempt, str outcome)
{
    note(attempt, outcome);
    start_fail(attempt->visit, 422, "error_passkey", STR_NONE);
}

/* False, and answered, when it is not the answer to a question of ours, of now, for this interaction, for the first
 * time. */
static bool take_challenge(struct attempt *attempt, str *challenge)
{
    struct visit *visit = attempt->visit;
    switch (challenge_take(visit->provider->store, visit->provider->keys, visit->rq->arena, PURPOSE,
                           visit->interaction.id, attempt->assertion.client_data, challenge)) {
    case STORE_OK:
        return true;
    case STORE_NOT_FOUND:
    case STORE_CONFLICT:
        note(attempt, STR("challenge"));
        start_fail(visit, 422, "error_passkey_late", STR_NONE);
        return false;
    default:
        visit_problem(visit, 503);
        return false;
    }
}

static str day_and_time(struct arena *arena, int64_t at)
{
    char text[32];
    time_t local = (time_t)(at + CAMBODIA);
    struct tm parts;
    if (!gmtime_r(&local, &parts) || strftime(text, sizeof text, "%d/%m/%Y %H:%M", &parts) == 0)
        return STR_NONE;
    return arena_str(arena, str_of(text));
}

/* False, and answered, when the passkey signs nobody in. */
static bool check_passkey(struct attempt *attempt, str challenge)
{
    struct visit *visit = attempt->visit;
    enum webauthn_fault fault =
        authenticator_check(visit->rq->arena, &visit->provider->webauthn, &attempt->authenticator, &attempt->assertion,
                            challenge, &attempt->asserted, &attempt->person);
    if (fault == WEBAUTHN_COUNTER) {
        if (device_note_clone(visit->provider, visit->rq, &attempt->authenticator))
            start_fail(visit, 403, "error_passkey_copied", STR_NONE);
        else
            visit_problem(visit, 503);
    } else if (fault != WEBAUTHN_OK) {
        refuse_passkey(attempt, str_of(webauthn_fault_name(fault)));
    } else if (attempt->authenticator.active_at > clock_now()) {
        note(attempt, STR("waiting"));
        start_fail(visit, 403, "error_passkey_waiting",
                   day_and_time(visit->rq->arena, attempt->authenticator.active_at + 59)); /* the minute after it */
        return false;
    }
    return fault == WEBAUTHN_OK;
}

/* ---- signed in ---- */

/* That it was used, and with which count: on disk before the browser learns anything, or nobody is signed in. */
static enum store_result write_down(struct attempt *attempt, int64_t now)
{
    struct arena *arena = attempt->visit->rq->arena;
    struct audit_entry entry = entry_of(attempt, STR("ok"));
    struct authenticator used = attempt->authenticator;
    used.sign_count = attempt->asserted.sign_count;
    used.backed_up = attempt->asserted.backed_up;
    used.last_used_at = now;
    struct store_op ops[] = {authenticator_save_op(arena, &used), audit_op(arena, &entry)};
    return store_write(attempt->visit->provider->store, ops, COUNT_OF(ops));
}

/* A new session for who just proved it, whatever the browser had before. */
static bool start_session(struct attempt *attempt, int64_t now, struct session *session)
{
    struct visit *visit = attempt->visit;
    const struct person person = {attempt->person.kidc, attempt->proof.kyc_token};
    *session = (struct session){.resident = attempt->authenticator.resident,
                                .acr = assurance_acr(&visit->provider->assurance, WAY_PASSKEY),
                                .amr = assurance_amr(WAY_PASSKEY, !attempt->authenticator.backup_eligible),
                                .transaction_id = visit->interaction.transaction_id,
                                .auth_time = now,
                                .expires_at = visit_session_end(visit->provider->settings, now, &attempt->proof)};
    return session_start(visit->provider->store, visit->rq, session, &person) == STORE_OK;
}

static void accept(struct attempt *attempt)
{
    struct visit *visit = attempt->visit;
    const struct sso_policy policy = visit_policy(visit);
    struct session session;
    int64_t now = clock_now();
    enum store_result result = write_down(attempt, now);
    if (result == STORE_CONFLICT || result == STORE_NOT_FOUND) { /* used, renamed or removed at the same moment */
        start_fail(visit, 409, "error_passkey_late", STR_NONE);
        return;
    }
    if (result != STORE_OK || !start_session(attempt, now, &session)) {
        visit_problem(visit, 503);
        return;
    }
    if (known_browser_remember(visit->provider->store, visit->rq, session.resident) != STORE_OK)
        log_warn("signin.browser not remembered request=%s", visit->rq->id);
    sso_adopt(&policy, &visit->interaction, &session);
    visit->interaction.authenticator = attempt->authenticator.key;
    visit->interaction.sealed_kidc = STR_NONE; /* the session has it now */
    visit_proceed(visit, visit_reload);
}

/* ---- the register has the last word ---- */

/* The person is known by now, so that nothing is given away by saying why. */
static void refuse_person(struct attempt *attempt, enum ipis_result result)
{
    struct visit *visit = attempt->visit;
    int64_t wait = attempt->call.retry_after > 0 ? attempt->call.retry_after : visit->provider->settings->otp_freeze;
    if (result == IPIS_FORBIDDEN) {
        note(attempt, arena_printf(visit->rq->arena, "forbidden:%.*s", STR_FMT(attempt->call.code)));
        forbidden_show(visit, attempt->call.code);
    } else if (result == IPIS_FROZEN) {
        note(attempt, str_of(ipis_result_name(result)));
        frozen_show(visit, clock_now() + wait);
    } else { /* taken away at the register, or the number is no more */
        refuse_passkey(attempt, str_of(ipis_result_name(result)));
    }
}

static void ask_register(struct attempt *attempt)
{
    struct visit *visit = attempt->visit;
    attempt->call = visit_call(visit);
    enum ipis_result result = ipis_check_authenticator(visit->provider->ipis, &attempt->call, &attempt->person.kidc,
                                                       attempt->person.register_token, &attempt->proof);
    if (result == IPIS_OK) {
        accept(attempt);
    } else if (result == IPIS_UNREACHABLE || result == IPIS_THROTTLED) {
        note(attempt, str_of(ipis_result_name(result)));
        start_fail(visit, 503, "error_unreachable", STR_NONE);
    } else {
        refuse_person(attempt, result);
    }
}

static void try_passkey(struct attempt *attempt)
{
    struct visit *visit = attempt->visit;
    str challenge;
    if (!take_challenge(attempt, &challenge))
        return;
    switch (authenticator_find(visit->provider->store, visit->rq->arena, attempt->assertion.credential_id,
                               &attempt->authenticator)) {
    case STORE_OK:
        if (check_passkey(attempt, challenge))
            ask_register(attempt);
        break;
    case STORE_NOT_FOUND:
        attempt->authenticator = (struct authenticator){0};
        refuse_passkey(attempt, STR("unknown"));
        break;
    default:
        visit_problem(visit, 503);
    }
}

void passkey_submit(struct visit *visit)
{
    struct attempt attempt = {.visit = visit};
    struct arena *arena = visit->rq->arena;
    struct limit limit = {0};
    str text = params_get(&visit->rq->form, "credential");
    enum webauthn_fault fault;
    if (!may_use(visit)) {
        start_fail(visit, 403, "error_way", STR_NONE);
    } else if (limit_typed(visit->provider->store, arena, visit->provider->settings, visit->rq->peer, &limit) !=
               STORE_OK) {
        visit_problem(visit, 503);
    } else if (limit.reached) {
        start_fail(visit, 429, "error_throttled", visit_clock(arena, limit.until + 59, false));
    } else {
        fault = webauthn_assertion_parse(arena, json_parse_object(arena, text, (size_t)4 * WEBAUTHN_BYTES_MAX),
                                         &attempt.assertion);
        if (fault == WEBAUTHN_OK)
            try_passkey(&attempt);
        else
            refuse_passkey(&attempt, str_of(webauthn_fault_name(fault)));
    }
}
