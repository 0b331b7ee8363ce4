#include "signin/otp.h"

#include "base/clock.h"
#include "base/log.h"

static struct audit_entry entry_of(const struct otp *otp, const char *action, str outcome)
{
    struct audit_entry entry = otp->entry;
    entry.action = str_of(action);
    entry.outcome = outcome;
    entry.xroad_id = otp->call.xroad_id;
    return entry;
}

/* ---- sending ---- */

enum otp_sent otp_allow(struct otp *otp, int64_t *life)
{
    struct store *store = otp->provider->store;
    const struct settings *settings = otp->provider->settings;
    struct arena *arena = otp->rq->arena;
    enum store_result result = limit_frozen(store, arena, settings, otp->resident, &otp->limit);
    if (result == STORE_OK && otp->limit.reached)
        return OTP_FROZEN;
    if (result == STORE_OK)
        result = limit_sent(store, arena, settings, otp->resident, &otp->limit);
    if (result == STORE_OK && otp->limit.reached)
        return OTP_LIMITED;
    if (result == STORE_OK)
        result = limit_code_life(store, arena, false, life);
    return result == STORE_OK ? OTP_SENT : OTP_FAILED;
}

/* What the register may have sent all the same stays counted: otherwise one that answers late could be made to send
 * without end. */
static enum otp_sent give_up(struct otp *otp, enum ipis_result result, bool *counts)
{
    bool throttled = result == IPIS_THROTTLED;
    *counts = !throttled && otp->call.may_have_arrived;
    if (!*counts && limit_unsent(otp->provider->store, otp->rq->arena, otp->resident, &otp->limit) != STORE_OK)
        log_warn("signin.limit not taken back request=%s", otp->rq->id);
    otp->limit.until = throttled && otp->call.retry_after > 0 ? clock_now() + otp->call.retry_after : 0;
    return throttled ? OTP_THROTTLED : OTP_UNREACHABLE;
}

enum otp_sent otp_ask(struct otp *otp, int64_t *life, bool *counts)
{
    enum ipis_result result = ipis_send_otp(otp->provider->ipis, &otp->call, &otp->kidc, life);
    struct audit_entry entry = entry_of(otp, otp->sent, str_of(ipis_result_name(result)));
    entry.detail = otp->call.code;
    audit_later(otp->provider->audit, &entry);
    if (result == IPIS_UNREACHABLE || result == IPIS_THROTTLED)
        return give_up(otp, result, counts);
    *counts = true;
    if (limit_code_life(otp->provider->store, otp->rq->arena, result == IPIS_OK, life) != STORE_OK)
        log_warn("signin.code_life not kept request=%s", otp->rq->id);
    return OTP_SENT;
}

/* ---- checking ---- */

static bool record(const struct otp *otp, str outcome)
{
    struct audit_entry entry = entry_of(otp, otp->checked, outcome);
    if (audit_write(otp->provider->store, &entry))
        return true;
    log_error("audit.write failed request=%s", otp->rq->id);
    return false;
}

static void forget_tries(const struct otp *otp)
{
    if (limit_proved(otp->provider->store, otp->rq->arena, otp->resident) != STORE_OK)
        log_warn("signin.tries not forgotten request=%s", otp->rq->id);
}

/* The try is only given back when it surely was not judged. */
static void take_back(const struct otp *otp, enum ipis_result result)
{
    bool judged = result != IPIS_THROTTLED && otp->call.may_have_arrived;
    if (!judged && limit_untried(otp->provider->store, otp->rq->arena, otp->resident, &otp->limit) != STORE_OK)
        log_warn("signin.try not taken back request=%s", otp->rq->id);
}

static enum otp_checked ask_register(struct otp *otp, str digits, struct ipis_proof *proof)
{
    enum ipis_result result = ipis_check_otp(otp->provider->ipis, &otp->call, &otp->kidc, digits, proof);
    str outcome = str_of(ipis_result_name(result));
    switch (result) {
    case IPIS_OK:
        forget_tries(otp);
        return record(otp, outcome) ? OTP_RIGHT : OTP_NOT_CHECKED;
    case IPIS_FORBIDDEN:
        forget_tries(otp);
        record(otp, arena_printf(otp->rq->arena, "forbidden:%.*s", STR_FMT(otp->call.code)));
        return OTP_BARRED;
    case IPIS_UNREACHABLE:
    case IPIS_THROTTLED:
        take_back(otp, result);
        record(otp, outcome);
        return OTP_UNJUDGED;
    default:
        record(otp, outcome);
        return OTP_WRONG;
    }
}

enum otp_checked otp_check(struct otp *otp, str digits, struct ipis_proof *proof)
{
    struct provider *provider = otp->provider;
    if (limit_tried(provider->store, otp->rq->arena, provider->settings, otp->resident, &otp->limit) != STORE_OK)
        return OTP_NOT_CHECKED;
    if (!otp->limit.reached)
        return ask_register(otp, digits, proof);
    record(otp, STR("frozen"));
    return OTP_TOO_OFTEN;
}
