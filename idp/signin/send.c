/* Having a one-time code sent. What a browser sees is the same for a number that exists and one that does not. */
#include "base/clock.h"
#include "base/log.h"
#include "signin/steps.h"

/* Stores that a code is being sent, before it is: of two clicks at the same time one gets no further. */
static bool reserve(struct visit *visit, const struct kidc *kidc, int64_t life)
{
    struct interaction *interaction = &visit->interaction;
    interaction_seal_kidc(visit->rq->arena, interaction_secret(visit->rq), interaction, kidc);
    interaction->stage = STAGE_CODE_SENT;
    interaction->code_sent_at = clock_now();
    interaction->code_expires_at = interaction->code_sent_at + life;
    interaction->codes_sent++;
    return visit_save(visit);
}

/* Takes the reservation back; that a code was asked for stays known when the register may have sent one (`counts`). */
static enum send_result undo(struct visit *visit, const struct interaction *before, bool counts,
                             enum send_result result)
{
    const struct interaction reserved = visit->interaction;
    visit->interaction = *before;
    visit->interaction.version = reserved.version;
    if (counts) {
        visit->interaction.codes_sent = reserved.codes_sent;
        visit->interaction.code_sent_at = reserved.code_sent_at;
    }
    return visit_save(visit) ? result : SEND_ANSWERED;
}

/* SEND_DONE when one more code may be asked for `resident`, which is counted then. */
static enum send_result check_limits(struct visit *visit, str resident, struct limit *limit)
{
    struct store *store = visit->provider->store;
    const struct settings *settings = visit->provider->settings;
    struct arena *arena = visit->rq->arena;
    enum store_result result = limit_frozen(store, arena, settings, resident, limit);
    if (result == STORE_OK && limit->reached)
        return SEND_FROZEN;
    if (result == STORE_OK)
        result = limit_sent(store, arena, settings, resident, limit);
    if (result != STORE_OK) {
        visit_problem(visit, 503);
        return SEND_ANSWERED;
    }
    return limit->reached ? SEND_LIMITED : SEND_DONE;
}

static enum ipis_result ask(struct visit *visit, struct ipis_call *call, const struct kidc *kidc, str resident,
                            int64_t *life)
{
    *call = visit_call(visit);
    enum ipis_result result = ipis_send_otp(visit->provider->ipis, call, kidc, life);
    struct audit_entry entry = visit_entry(visit, "signin.otp_sent", str_of(ipis_result_name(result)), resident);
    entry.xroad_id = call->xroad_id;
    entry.detail = call->code;
    audit_later(visit->provider->audit, &entry);
    return result;
}

/* No code, as far as the person is told. What the register may have sent all the same stays counted: otherwise one that
 * answers late could be made to send without end. */
static enum send_result give_up(struct visit *visit, const struct interaction *before, const struct ipis_call *call,
                                str resident, enum ipis_result result, struct limit *limit)
{
    bool throttled = result == IPIS_THROTTLED, counts = !throttled && call->may_have_arrived;
    if (!counts && limit_unsent(visit->provider->store, visit->rq->arena, resident, limit) != STORE_OK)
        log_warn("signin.limit not taken back request=%s", visit->rq->id);
    limit->until = throttled && call->retry_after > 0 ? clock_now() + call->retry_after : 0;
    return undo(visit, before, counts, throttled ? SEND_THROTTLED : SEND_UNREACHABLE);
}

enum send_result code_send(struct visit *visit, const struct kidc *kidc, struct limit *limit)
{
    struct store *store = visit->provider->store;
    struct arena *arena = visit->rq->arena;
    const struct interaction before = visit->interaction;
    str resident = visit_resident(visit, kidc);
    struct ipis_call call;
    int64_t life = 0;
    enum send_result allowed = check_limits(visit, resident, limit);
    if (allowed != SEND_DONE)
        return allowed;
    if (limit_code_life(store, arena, false, &life) != STORE_OK) {
        visit_problem(visit, 503);
        return SEND_ANSWERED;
    }
    if (!reserve(visit, kidc, life))
        return SEND_ANSWERED;
    enum ipis_result result = ask(visit, &call, kidc, resident, &life);
    if (result == IPIS_UNREACHABLE || result == IPIS_THROTTLED)
        return give_up(visit, &before, &call, resident, result, limit);
    if (limit_code_life(store, arena, result == IPIS_OK, &life) != STORE_OK)
        log_warn("signin.code_life not kept request=%s", visit->rq->id);
    visit->interaction.code_expires_at = visit->interaction.code_sent_at + life;
    return visit_save(visit) ? SEND_DONE : SEND_ANSWERED;
}
