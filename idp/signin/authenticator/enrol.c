/* POST /app/api/enrolments, …/code, …/passkey: a new authenticator, by KIdC and one-time code.
 *
 * An unknown number gets the same answers as a known one, up to the one that only the right code opens. A code alone
 * gives nothing at once to a resident who has authenticators already: the new one waits, and the others are told. */
#include "base/clock.h"
#include "base/log.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "records/decoupled.h"
#include "records/enrolment.h"
#include "records/session.h"
#include "signin/authenticator/authenticator.h"
#include "signin/authenticator/devices.h"
#include "signin/authenticator/passkey.h"
#include "signin/otp.h"

#define KIDC_TEXT_MAX 64
#define SECRET_MAX 64
#define CODE_TEXT_MAX 64
#define HANDLE_BYTES 32
#define CHALLENGE_BYTES 32
#define LOCK_SECONDS 15

struct enrol {
    struct call call;
    str secret;
    struct enrolment enrolment;
    struct enrolment_secrets secrets;
};

static struct otp otp_of(const struct enrol *enrol)
{
    const struct enrolment *enrolment = &enrol->enrolment;
    struct audit_entry entry = api_entry(&enrol->call, "", STR_NONE, enrolment->resident);
    entry.transaction_id = enrolment->transaction_id;
    return (struct otp){.provider = enrol->call.provider,
                        .rq = enrol->call.rq,
                        .kidc = enrol->secrets.kidc,
                        .resident = enrolment->resident,
                        .sent = "authenticator.otp_sent",
                        .checked = "authenticator.otp",
                        .entry = entry,
                        .call = api_register_call(&enrol->call, enrolment->transaction_id)};
}

static void fail_until(struct call *call, enum api_fault fault, int64_t until)
{
    int64_t left = until - clock_now();
    api_fail_int(call, fault, "retry_after", left > 0 ? left : 1);
}

/* ---- the number ---- */

/* Counted before anything is asked or told. */
static bool check_limits(struct enrol *enrol)
{
    struct call *call = &enrol->call;
    struct store *store = call->provider->store;
    const struct settings *settings = call->provider->settings;
    struct limit limit = {0};
    enum store_result result = limit_typed(store, call->rq->arena, settings, call->rq->peer, &limit);
    if (result == STORE_OK && !limit.reached)
        result = limit_resent(store, call->rq->arena, settings, call->jkt, enrol->enrolment.resident, &limit);
    if (result != STORE_OK)
        api_fail(call, API_UNAVAILABLE);
    else if (limit.reached)
        fail_until(call, API_THROTTLED, limit.until);
    return result == STORE_OK && !limit.reached;
}

static void refuse_sending(struct call *call, enum otp_sent sent, int64_t until)
{
    switch (sent) {
    case OTP_FROZEN:
        fail_until(call, API_FROZEN, until);
        break;
    case OTP_LIMITED:
    case OTP_THROTTLED:
        fail_until(call, API_THROTTLED, until);
        break;
    case OTP_UNREACHABLE:
        api_fail(call, API_UNREACHABLE);
        break;
    default:
        api_fail(call, API_UNAVAILABLE);
    }
}

static bool send_code(struct enrol *enrol)
{
    struct otp otp = otp_of(enrol);
    int64_t life = 0;
    bool counts;
    enum otp_sent sent = otp_allow(&otp, &life);
    if (sent == OTP_SENT)
        sent = otp_ask(&otp, &life, &counts);
    if (sent != OTP_SENT) {
        refuse_sending(&enrol->call, sent, otp.limit.until);
        return false;
    }
    enrol->enrolment.code_expires_at = clock_now() + life;
    return true;
}

static void answer_begun(struct enrol *enrol)
{
    struct call *call = &enrol->call;
    struct buf json = buf_new(call->rq->arena, 256);
    buf_char(&json, '{');
    buf_json_str(&json, "enrolment", enrol->secret);
    buf_json_int(&json, "expires_in", enrol->enrolment.code_expires_at - clock_now());
    buf_json_int(&json, "resend_after", call->provider->settings->otp_resend_wait);
    buf_char(&json, '}');
    api_answer(call, 201, buf_str(&json));
}

void enrol_begin(struct request *rq, void *context)
{
    struct enrol enrol = {0};
    struct call *call = &enrol.call;
    str typed;
    if (!api_open(call, context, rq, API_KEY) || !api_text(call, "kidc", KIDC_TEXT_MAX, &typed))
        return;
    if (!kidc_parse(typed, &enrol.secrets.kidc)) {
        api_fail(call, API_INVALID_KIDC);
        return;
    }
    enrol.secret = enrolment_new(rq->arena, &enrol.enrolment);
    enrol.enrolment.stage = ENROLMENT_CODE_SENT;
    enrol.enrolment.jkt = call->jkt;
    enrol.enrolment.resident = resident_of(call->provider->keys, rq->arena, &enrol.secrets.kidc);
    enrol.enrolment.transaction_id = random_uuid(rq->arena);
    enrolment_seal(rq->arena, &enrol.enrolment, enrol.secret, &enrol.secrets);
    if (!check_limits(&enrol) || !send_code(&enrol))
        return;
    if (enrolment_save(call->provider->store, rq->arena, &enrol.enrolment) == STORE_OK)
        answer_begun(&enrol);
    else
        api_fail(call, API_UNAVAILABLE);
}

/* ---- the code ---- */

/* The enrolment that the body names, if it is this device's and at that stage. False, and answered, when it is not. */
static bool open_enrolment(struct enrol *enrol, enum enrolment_stage stage)
{
    struct call *call = &enrol->call;
    struct arena *arena = call->rq->arena;
    if (!api_text(call, "enrolment", SECRET_MAX, &enrol->secret))
        return false;
    enum store_result result = enrolment_load(call->provider->store, arena, enrol->secret, &enrol->enrolment);
    if (result == STORE_OK && enrol->enrolment.stage == (int64_t)stage && str_eq(enrol->enrolment.jkt, call->jkt) &&
        enrolment_open(arena, &enrol->enrolment, enrol->secret, &enrol->secrets))
        return true;
    api_fail(call, result == STORE_OK || result == STORE_NOT_FOUND ? API_INVALID_ENROLMENT : API_UNAVAILABLE);
    return false;
}

/* What the passkey is to be made with. */
static void answer_options(struct enrol *enrol, const struct authenticator *others, size_t count)
{
    struct call *call = &enrol->call;
    struct arena *arena = call->rq->arena;
    str exclude[AUTHENTICATORS_MAX];
    for (size_t i = 0; i < count; i++)
        exclude[i] = others[i].credential_id;
    str user_name = arena_printf(arena, "%.*s (%.*s)", STR_FMT(kidc_masked(arena, &enrol->secrets.kidc)),
                                 STR_FMT(call->provider->webauthn.name));
    struct buf json = buf_new(arena, 1024);
    buf_char(&json, '{');
    buf_json_raw(&json, "options",
                 webauthn_create_options(arena, &call->provider->webauthn, enrol->secrets.handle, user_name,
                                         enrol->enrolment.challenge, exclude, count));
    buf_json_int(&json, "others", (int64_t)count);
    buf_char(&json, '}');
    api_answer(call, 200, buf_str(&json));
}

static str random_bytes(struct arena *arena, size_t n)
{
    char *bytes = arena_alloc(arena, n);
    random_fill(bytes, n);
    return (str){bytes, n};
}

static void accept_code(struct enrol *enrol, const struct ipis_proof *proof)
{
    struct call *call = &enrol->call;
    struct arena *arena = call->rq->arena;
    struct authenticator others[AUTHENTICATORS_MAX];
    size_t count;
    enrol->enrolment.stage = ENROLMENT_PROVED;
    enrol->enrolment.challenge = random_bytes(arena, CHALLENGE_BYTES);
    enrol->secrets.kyc_token = proof->kyc_token;
    enrol->secrets.handle = random_bytes(arena, HANDLE_BYTES);
    enrolment_seal(arena, &enrol->enrolment, enrol->secret, &enrol->secrets);
    enum store_result result =
        authenticator_list(call->provider->store, arena, enrol->enrolment.resident, others, &count);
    if (result == STORE_OK)
        result = enrolment_save(call->provider->store, arena, &enrol->enrolment);
    if (result == STORE_OK)
        answer_options(enrol, others, count);
    else
        api_fail(call, result == STORE_CONFLICT ? API_INVALID_ENROLMENT : API_UNAVAILABLE);
}

/* Nobody proved anything any more with this one. */
static void end_enrolment(const struct enrol *enrol)
{
    if (enrolment_take(enrol->call.provider->store, &enrol->enrolment) != STORE_OK)
        log_warn("enrolment not ended request=%s", enrol->call.rq->id);
}

static void answer_wrong(struct enrol *enrol, const struct limit *limit)
{
    if (limit->left > 0) {
        api_fail_int(&enrol->call, API_WRONG_CODE, "attempts_left", limit->left);
        return;
    }
    end_enrolment(enrol);
    fail_until(&enrol->call, API_FROZEN, limit->until);
}

static void try_code(struct enrol *enrol, str digits)
{
    struct call *call = &enrol->call;
    struct otp otp = otp_of(enrol);
    struct ipis_proof proof;
    switch (otp_check(&otp, digits, &proof)) {
    case OTP_RIGHT:
        accept_code(enrol, &proof);
        break;
    case OTP_BARRED:
        end_enrolment(enrol);
        api_fail_text(call, API_FORBIDDEN, "status", otp.call.code);
        break;
    case OTP_WRONG:
        answer_wrong(enrol, &otp.limit);
        break;
    case OTP_TOO_OFTEN:
        fail_until(call, API_FROZEN, otp.limit.until);
        break;
    case OTP_UNJUDGED:
        api_fail(call, API_UNREACHABLE);
        break;
    default:
        api_fail(call, API_UNAVAILABLE);
    }
}

void enrol_code(struct request *rq, void *context)
{
    struct enrol enrol = {0};
    str typed, digits;
    if (!api_open(&enrol.call, context, rq, API_KEY) || !api_text(&enrol.call, "code", CODE_TEXT_MAX, &typed) ||
        !open_enrolment(&enrol, ENROLMENT_CODE_SENT))
        return;
    if (!otp_parse(rq->arena, typed, &digits))
        api_fail(&enrol.call, API_INVALID_REQUEST); /* counts for nothing: no code looks like that */
    else if (enrol.enrolment.code_expires_at <= clock_now())
        api_fail(&enrol.call, API_EXPIRED_CODE); /* by our own clock, which runs for unknown numbers too */
    else
        try_code(&enrol, digits);
}

/* ---- the passkey ---- */

/* Web Authentication section 7.1, step 26: a passkey is of one account. */
static enum store_result is_known(const struct call *call, str credential_id, bool *known)
{
    struct authenticator other;
    enum store_result result = authenticator_find(call->provider->store, call->rq->arena, credential_id, &other);
    *known = result == STORE_OK;
    return result == STORE_NOT_FOUND ? STORE_OK : result;
}

/* A passkey made with the options that were given out, and known to nobody else. */
static bool read_passkey(struct enrol *enrol, struct webauthn_created *out)
{
    struct call *call = &enrol->call;
    const json_t *credential;
    bool known = false;
    if (!api_object(call, "credential", &credential))
        return false;
    enum webauthn_fault fault =
        webauthn_create(call->rq->arena, &call->provider->webauthn, credential, enrol->enrolment.challenge, out);
    enum store_result result = STORE_OK;
    if (fault == WEBAUTHN_OK)
        result = is_known(call, out->credential_id, &known);
    if (known)
        fault = WEBAUTHN_CREDENTIAL;
    if (fault != WEBAUTHN_OK)
        api_fail_text(call, API_INVALID_PASSKEY, "reason", str_of(webauthn_fault_name(fault)));
    else if (result != STORE_OK)
        api_fail(call, API_UNAVAILABLE);
    return fault == WEBAUTHN_OK && result == STORE_OK;
}

static struct authenticator make(const struct enrol *enrol, const struct webauthn_created *created, str name)
{
    int64_t now = clock_now();
    return (struct authenticator){.key = store_new_key(enrol->call.rq->arena),
                                  .resident = enrol->enrolment.resident,
                                  .name = name,
                                  .credential_id = created->credential_id,
                                  .public_key = created->public_key,
                                  .alg = created->alg,
                                  .sign_count = created->sign_count,
                                  .aaguid = created->aaguid,
                                  .transports = created->transports,
                                  .backup_eligible = created->backup_eligible,
                                  .backed_up = created->backed_up,
                                  .jkt = enrol->call.jkt,
                                  .active_at = now,
                                  .created_at = now,
                                  .last_used_at = now};
}

/* The enrolment lives on where the register did not judge: the same passkey may be brought again. */
static bool ask_register(struct enrol *enrol, struct authenticator *authenticator, struct authenticator_person *person)
{
    struct call *call = &enrol->call;
    struct ipis_call register_call = api_register_call(call, enrol->enrolment.transaction_id);
    *person = (struct authenticator_person){.kidc = enrol->secrets.kidc};
    enum ipis_result result =
        ipis_add_authenticator(call->provider->ipis, &register_call, &person->kidc, enrol->secrets.kyc_token,
                               &authenticator->register_id, &person->register_token);
    switch (result) {
    case IPIS_OK:
        authenticator_seal(call->rq->arena, authenticator, enrol->secrets.handle, person);
        return true;
    case IPIS_UNREACHABLE:
    case IPIS_THROTTLED:
        api_fail(call, API_UNREACHABLE);
        break;
    case IPIS_FORBIDDEN:
        api_fail_text(call, API_FORBIDDEN, "status", register_call.code);
        break;
    case IPIS_FROZEN:
        fail_until(call, API_FROZEN, clock_now() + register_call.retry_after);
        break;
    default:
        api_fail(call, API_INVALID_ENROLMENT);
    }
    return false;
}

#define LOCKS 2

/* One at a time for a resident and for a passkey, so that "the first", "not more than" and "known to nobody else" mean
 * something. */
static void make_locks(const struct enrol *enrol, str credential_id, struct store_op ops[static LOCKS])
{
    struct arena *arena = enrol->call.rq->arena;
    const str keys[LOCKS] = {
        arena_printf(arena, "enrolling:%.*s", STR_FMT(enrol->enrolment.resident)),
        arena_printf(arena, "passkey:%.*s", STR_FMT(base64url_encode(arena, sha256_key(arena, credential_id))))};
    for (size_t i = 0; i < LOCKS; i++)
        ops[i] = (struct store_op){.what = STORE_PUT,
                                   .kind = RECORD_COUNTER,
                                   .key = keys[i],
                                   .value = STR("1"),
                                   .expires_at = clock_now() + LOCK_SECONDS,
                                   .condition = IF_ABSENT};
}

static bool lock(const struct enrol *enrol, str credential_id)
{
    struct store_op ops[LOCKS];
    make_locks(enrol, credential_id, ops);
    return store_write(enrol->call.provider->store, ops, LOCKS) == STORE_OK;
}

static void unlock(const struct enrol *enrol, str credential_id)
{
    struct store_op ops[LOCKS];
    make_locks(enrol, credential_id, ops);
    for (size_t i = 0; i < LOCKS; i++) {
        ops[i].what = STORE_DELETE;
        ops[i].condition = ALWAYS;
    }
    if (store_write(enrol->call.provider->store, ops, LOCKS) != STORE_OK)
        log_warn("enrolment lock stays for a while request=%s", enrol->call.rq->id);
}

/* On disk with its audit entry and the notice to the others, or not at all. */
static bool store_new(struct enrol *enrol, struct authenticator *authenticator, size_t others)
{
    struct call *call = &enrol->call;
    struct arena *arena = call->rq->arena;
    const struct settings *settings = call->provider->settings;
    if (others > 0)
        authenticator->active_at = authenticator->created_at + settings->app_wait;
    struct history event = device_event(authenticator, HISTORY_ADDED, authenticator->key);
    struct audit_entry entry = api_entry(call, "authenticator.add", STR("ok"), authenticator->resident);
    entry.transaction_id = enrol->enrolment.transaction_id;
    entry.detail = arena_printf(arena, "authenticator=%.*s others=%zu wait=%lld",
                                STR_FMT(authenticator_id(arena, authenticator->key)), others,
                                (long long)(authenticator->active_at - authenticator->created_at));
    const struct store_op ops[] = {authenticator_create_op(arena, authenticator),
                                   history_op(arena, &event, settings->life_history), audit_op(arena, &entry)};
    return store_write(call->provider->store, ops, COUNT_OF(ops)) == STORE_OK;
}

enum stored { STORED, STORED_TOO_MANY, STORED_NOT };

static enum stored store_within_limits(struct enrol *enrol, struct authenticator *authenticator)
{
    struct authenticator others[AUTHENTICATORS_MAX];
    size_t count;
    bool known;
    if (authenticator_list(enrol->call.provider->store, enrol->call.rq->arena, authenticator->resident, others,
                           &count) != STORE_OK ||
        is_known(&enrol->call, authenticator->credential_id, &known) != STORE_OK || known)
        return STORED_NOT;
    if (count >= AUTHENTICATORS_MAX)
        return STORED_TOO_MANY;
    return store_new(enrol, authenticator, count) ? STORED : STORED_NOT;
}

/* The register has an authenticator that came to nothing here. */
static void take_back(struct enrol *enrol, const struct authenticator *authenticator,
                      const struct authenticator_person *person)
{
    struct call *call = &enrol->call;
    struct ipis_call register_call = api_register_call(call, enrol->enrolment.transaction_id);
    if (ipis_remove_authenticator(call->provider->ipis, &register_call, &person->kidc, person->register_token,
                                  authenticator->register_id) != IPIS_OK)
        log_warn("authenticator.add not taken back at the register request=%s", call->rq->id);
}

static void finish(struct enrol *enrol, struct authenticator *authenticator, const struct authenticator_person *person)
{
    struct call *call = &enrol->call;
    enum stored stored = STORED_NOT;
    if (lock(enrol, authenticator->credential_id)) {
        if (enrolment_take(call->provider->store, &enrol->enrolment) == STORE_OK)
            stored = store_within_limits(enrol, authenticator);
        unlock(enrol, authenticator->credential_id);
    }
    if (stored == STORED) {
        http_wake(call->provider->http, decoupled_topic(call->rq->arena, authenticator->resident));
        passkey_answer(call, 201, authenticator, person);
        return;
    }
    take_back(enrol, authenticator, person);
    api_fail(call, stored == STORED_TOO_MANY ? API_TOO_MANY_AUTHENTICATORS : API_UNAVAILABLE);
}

void enrol_passkey(struct request *rq, void *context)
{
    struct enrol enrol = {0};
    struct webauthn_created created;
    struct authenticator_person person;
    str name;
    if (!api_open(&enrol.call, context, rq, API_KEY) || !device_name(&enrol.call, &name) ||
        !open_enrolment(&enrol, ENROLMENT_PROVED) || !read_passkey(&enrol, &created))
        return;
    struct authenticator authenticator = make(&enrol, &created, name);
    if (ask_register(&enrol, &authenticator, &person))
        finish(&enrol, &authenticator, &person);
}
