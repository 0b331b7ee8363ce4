/* POST /app/api/approve: the resident picked the number, and the passkey signed what was shown.
 *
 * Whatever goes wrong, nobody is signed in without consent and audit entry on disk: those are written first, then the
 * channel is approved, by its version, so that of two answers one counts. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "signin/authenticator/asked.h"
#include "signin/authenticator/authenticator.h"
#include "signin/authenticator/passkey.h"
#include "signin/authenticator/statement.h"
#include "signin/choice.h"

#define NUMBER_MAX 8
#define CLAIMS_MAX 64
#define SID_BYTES 16

struct approval {
    struct asked asked;
    str number, picked; /* as the phone says */
    str given;          /* claims, space-separated */
    struct webauthn_assertion assertion;
    struct webauthn_asserted asserted;
    struct authenticator_person person;
    struct ipis_call register_call;
    struct ipis_proof proof;
    struct consent before, consent;
    bool had_consent;
    int64_t now, ends_at;
};

/* ---- what is on record ---- */

static const char *action_of(const struct approval *approval)
{
    return approval->asked.channel.way == CHANNEL_SAME_DEVICE ? "signin.app" : "signin.qr";
}

static struct audit_entry entry_of(const struct approval *approval, const char *action, str outcome)
{
    const struct call *call = approval->asked.call;
    struct audit_entry entry = api_entry(call, action, outcome, call->authenticator.resident);
    entry.client_id = approval->asked.channel.client_id;
    entry.transaction_id = approval->asked.visit.interaction.transaction_id;
    entry.xroad_id = approval->register_call.xroad_id;
    return entry;
}

/* That it did not come to a sign-in. */
static void note_refusal(const struct approval *approval, str outcome)
{
    struct audit_entry entry = entry_of(approval, action_of(approval), outcome);
    if (!audit_write(approval->asked.call->provider->store, &entry))
        log_error("audit.write failed request=%s", approval->asked.call->rq->id);
}

/* ---- what the phone says ---- */

static bool read_claims(struct approval *approval)
{
    struct call *call = approval->asked.call;
    const json_t *claims = json_object_get(call->body, "claims");
    struct buf list = buf_new(call->rq->arena, 128);
    bool good = json_is_array(claims) && json_array_size(claims) <= CLAIMS_MAX;
    for (size_t i = 0; good && i < json_array_size(claims); i++) {
        const json_t *item = json_array_get(claims, i);
        str claim = json_is_string(item) ? str_of(json_string_value(item)) : STR_NONE;
        good = claim.n > 0 && !str_has(claim, ' ');
        buf_add_word(&list, claim);
    }
    approval->picked = buf_str(&list);
    if (!good)
        api_fail(call, API_INVALID_REQUEST);
    return good;
}

static bool read_answer(struct approval *approval)
{
    struct call *call = approval->asked.call;
    if (!api_text_or_none(call, "number", NUMBER_MAX, &approval->number) || !read_claims(approval) ||
        !passkey_read(call, &approval->assertion))
        return false;
    if (!approval->number.p)
        approval->number = STR("");
    return true;
}

/* The one thing that somebody who was sent another one's code cannot know. */
static bool check_number(struct approval *approval)
{
    const str asked_for = approval->asked.channel.number;
    if (secret_equal(approval->number, asked_for.p ? asked_for : STR("")))
        return true;
    asked_end_with(&approval->asked, END_WRONG_NUMBER, API_WRONG_NUMBER);
    return false;
}

/* ---- the passkey ---- */

static void refuse_passkey(struct approval *approval, enum webauthn_fault fault)
{
    struct call *call = approval->asked.call;
    str name = str_of(webauthn_fault_name(fault));
    if (fault == WEBAUTHN_CHALLENGE) { /* it signed something, but not what was shown */
        asked_end_with(&approval->asked, END_ALTERED, API_ALTERED);
        return;
    }
    note_refusal(approval, name);
    if (fault == WEBAUTHN_COUNTER)
        api_fail(call, passkey_note_clone(call, &call->authenticator) ? API_CLONED : API_UNAVAILABLE);
    else
        api_fail_text(call, API_INVALID_PASSKEY, "reason", name);
}

static bool check_passkey(struct approval *approval)
{
    struct call *call = approval->asked.call;
    const struct channel *channel = &approval->asked.channel;
    const struct statement statement = {
        .channel = channel->id, .number = approval->number, .claims = approval->given, .shown = channel->shown};
    enum webauthn_fault fault =
        authenticator_check(call->rq->arena, &call->provider->webauthn, &call->authenticator, &approval->assertion,
                            statement_challenge(call->rq->arena, &statement), &approval->asserted, &approval->person);
    if (fault != WEBAUTHN_OK)
        refuse_passkey(approval, fault);
    return fault == WEBAUTHN_OK;
}

static bool check_statement(struct approval *approval)
{
    struct asked *asked = &approval->asked;
    if (statement_claims(asked->call->rq->arena, asked->channel.shown, approval->picked, &approval->given))
        return check_passkey(approval);
    asked_end_with(asked, END_ALTERED, API_ALTERED);
    return false;
}

/* ---- the register has the last word ---- */

static void refuse_person(struct approval *approval, enum ipis_result result)
{
    struct asked *asked = &approval->asked;
    str status =
        result == IPIS_FORBIDDEN && approval->register_call.code.p ? approval->register_call.code : STR("FROZEN");
    str outcome = result == IPIS_FORBIDDEN ? arena_printf(asked->call->rq->arena, "forbidden:%.*s", STR_FMT(status))
                                           : str_of(ipis_result_name(result));
    note_refusal(approval, outcome);
    if (asked_end(asked, END_FROZEN) == STORE_ERROR)
        api_fail(asked->call, API_UNAVAILABLE);
    else
        api_fail_text(asked->call, API_FORBIDDEN, "status", status);
}

static bool ask_register(struct approval *approval)
{
    struct call *call = approval->asked.call;
    approval->register_call = visit_call(&approval->asked.visit);
    enum ipis_result result =
        ipis_check_authenticator(call->provider->ipis, &approval->register_call, &approval->person.kidc,
                                 approval->person.register_token, &approval->proof);
    switch (result) {
    case IPIS_OK:
        return true;
    case IPIS_UNREACHABLE:
    case IPIS_THROTTLED: /* nothing is decided: the same answer can be given again */
        note_refusal(approval, str_of(ipis_result_name(result)));
        api_fail(call, API_UNREACHABLE);
        return false;
    default:
        refuse_person(approval, result);
        return false;
    }
}

/* ---- what is written down ---- */

static bool make_consent(struct approval *approval)
{
    struct call *call = approval->asked.call;
    struct interaction *interaction = &approval->asked.visit.interaction;
    interaction->resident = call->authenticator.resident;
    enum store_result result = consent_load(call->provider->store, call->rq->arena, interaction->client_id,
                                            interaction->resident, &approval->before);
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        api_fail(call, API_UNAVAILABLE);
        return false;
    }
    approval->had_consent = result == STORE_OK;
    approval->consent =
        choice_allow(call->rq->arena, interaction, approval->had_consent ? &approval->before : NULL, approval->given);
    approval->consent.consent_id = random_uuid(call->rq->arena);
    approval->consent.given_at = approval->now;
    approval->consent.expires_at = approval->now + call->provider->settings->life_consent;
    return true;
}

/* Consent, what was done, and the passkey's counter: all on disk, or nothing. */
static bool write_down(struct approval *approval)
{
    struct call *call = approval->asked.call;
    struct arena *arena = call->rq->arena;
    const struct consent *consent = &approval->consent;
    struct audit_entry signin = entry_of(approval, action_of(approval), STR("ok"));
    struct audit_entry allow = entry_of(approval, "consent.allow", STR("ok"));
    signin.detail = arena_printf(arena, "way=%s authenticator=%.*s", asked_way_name(&approval->asked.channel),
                                 STR_FMT(authenticator_id(arena, call->authenticator.key)));
    allow.detail = arena_printf(arena, "consent=%.*s granted=%.*s declined=%.*s", STR_FMT(consent->consent_id),
                                STR_FMT(consent->granted), STR_FMT(consent->declined));
    struct authenticator used = call->authenticator;
    used.sign_count = approval->asserted.sign_count;
    used.backed_up = approval->asserted.backed_up;
    used.last_used_at = approval->now;
    struct store_op ops[] = {consent_op(arena, consent), audit_op(arena, &signin), audit_op(arena, &allow),
                             authenticator_save_op(arena, &used)};
    if (store_write(call->provider->store, ops, COUNT_OF(ops)) == STORE_OK)
        return true;
    api_fail(call, API_UNAVAILABLE); /* also when this passkey was used elsewhere at the same moment */
    return false;
}

/* The request ended while this was written: what was agreed to for it is taken back. */
static void take_back(struct approval *approval)
{
    struct call *call = approval->asked.call;
    struct arena *arena = call->rq->arena;
    struct audit_entry entry = entry_of(approval, action_of(approval), STR("ended"));
    struct store_op ops[] = {approval->had_consent ? consent_op(arena, &approval->before)
                                                   : consent_remove_op(arena, &approval->consent),
                             audit_op(arena, &entry)};
    if (store_write(call->provider->store, ops, COUNT_OF(ops)) != STORE_OK)
        log_error("consent not taken back request=%s", call->rq->id);
}

/* ---- signed in ---- */

static struct channel_answer answer_of(const struct approval *approval)
{
    const struct call *call = approval->asked.call;
    enum way way = asked_way(&approval->asked.channel);
    return (struct channel_answer){
        .person = {approval->person.kidc, approval->proof.kyc_token},
        .resident = call->authenticator.resident,
        .acr = assurance_acr(&call->provider->assurance, way),
        .amr = assurance_amr(way, !call->authenticator.backup_eligible),
        .consent_id = approval->consent.consent_id,
        .authenticator = call->authenticator.key,
        .auth_time = approval->now,
        .expires_at = approval->ends_at,
    };
}

static void answer(struct approval *approval, str continuation)
{
    struct call *call = approval->asked.call;
    struct buf json = buf_new(call->rq->arena, 256);
    buf_char(&json, '{');
    buf_json_str(&json, "result", STR("approved"));
    if (continuation.p)
        buf_json_str(&json, "continue",
                     arena_printf(call->rq->arena, "%.*s/signin/%.*s?continue=%.*s",
                                  STR_FMT(call->provider->settings->issuer),
                                  STR_FMT(approval->asked.channel.interaction), STR_FMT(continuation)));
    else
        buf_json_raw(&json, "continue", STR("null"));
    buf_char(&json, '}');
    api_answer(call, 200, buf_str(&json));
}

/* A request without a browser: the client polls for what comes of it. */
static bool finish_elsewhere(struct approval *approval, const struct channel_answer *answer)
{
    struct call *call = approval->asked.call;
    struct interaction *interaction = &approval->asked.visit.interaction;
    const struct sso_policy policy = visit_policy(&approval->asked.visit);
    const struct session session = {.sid = random_token(call->rq->arena, SID_BYTES),
                                    .resident = answer->resident,
                                    .acr = answer->acr,
                                    .amr = answer->amr,
                                    .transaction_id = interaction->transaction_id,
                                    .auth_time = answer->auth_time};
    sso_adopt(&policy, interaction, &session);
    sso_finish(call->rq->arena, interaction, &approval->consent);
    interaction->authenticator = answer->authenticator;
    switch (
        call->provider->finish_elsewhere(call->provider, call->rq, interaction, &answer->person, answer->expires_at)) {
    case ELSEWHERE_DONE:
        return true;
    case ELSEWHERE_OVER:
        take_back(approval);
        api_fail_text(call, API_ENDED, "reason", str_of(channel_end_name(END_EXPIRED)));
        return false;
    case ELSEWHERE_ANOTHER_PERSON:
    case ELSEWHERE_NO_RIGHT:
        take_back(approval);
        api_fail(call, API_NO_RIGHT);
        return false;
    case ELSEWHERE_REGISTER_AWAY:
        api_fail(call, API_UNREACHABLE);
        return false;
    default:
        api_fail(call, API_UNAVAILABLE);
        return false;
    }
}

static void let_in(struct approval *approval)
{
    struct asked *asked = &approval->asked;
    const struct channel_answer result = answer_of(approval);
    bool elsewhere = asked->channel.way == CHANNEL_REQUEST;
    str continuation;
    if (elsewhere && !finish_elsewhere(approval, &result))
        return;
    channel_approve(asked->call->rq->arena, &asked->channel, &result, &continuation);
    enum store_result saved = asked_save(asked);
    switch (elsewhere ? STORE_OK : saved) { /* elsewhere the client has its answer already */
    case STORE_OK:
        answer(approval, continuation);
        break;
    case STORE_CONFLICT: /* ended by a second scan, or by the browser, in these few milliseconds */
        take_back(approval);
        api_fail_text(asked->call, API_ENDED, "reason", str_of(channel_end_name(END_EXPIRED)));
        break;
    default:
        api_fail(asked->call, API_UNAVAILABLE);
    }
}

void approve_submit(struct request *rq, void *context)
{
    struct call call;
    struct approval approval = {.asked.call = &call, .now = clock_now()};
    if (!api_open(&call, context, rq, API_DEVICE) || !asked_find(&approval.asked) || !read_answer(&approval) ||
        !check_number(&approval) || !asked_load(&approval.asked) || !check_statement(&approval) ||
        !ask_register(&approval))
        return;
    approval.ends_at = visit_session_end(approval.asked.call->provider->settings, approval.now, &approval.proof);
    if (make_consent(&approval) && write_down(&approval))
        let_in(&approval);
}
