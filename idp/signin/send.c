/* Having a one-time code sent. What a browser sees is the same for a number that exists and one that does not. */
#include "base/clock.h"
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

static enum send_result result_of(enum otp_sent sent)
{
    static const enum send_result results[] = {
        [OTP_SENT] = SEND_DONE,           [OTP_FROZEN] = SEND_FROZEN,           [OTP_LIMITED] = SEND_LIMITED,
        [OTP_THROTTLED] = SEND_THROTTLED, [OTP_UNREACHABLE] = SEND_UNREACHABLE, [OTP_FAILED] = SEND_ANSWERED,
    };
    return results[sent];
}

struct otp otp_of_visit(struct visit *visit, const struct kidc *kidc)
{
    str resident = visit_resident(visit, kidc);
    return (struct otp){.provider = visit->provider,
                        .rq = visit->rq,
                        .kidc = *kidc,
                        .resident = resident,
                        .sent = "signin.otp_sent",
                        .checked = "signin.otp",
                        .entry = visit_entry(visit, "", STR_NONE, resident),
                        .call = visit_call(visit)};
}

enum send_result code_send(struct visit *visit, const struct kidc *kidc, struct limit *limit)
{
    const struct interaction before = visit->interaction;
    struct otp otp = otp_of_visit(visit, kidc);
    int64_t life = 0;
    bool counts;
    enum otp_sent sent = otp_allow(&otp, &life);
    *limit = otp.limit;
    if (sent == OTP_FAILED)
        visit_problem(visit, 503);
    if (sent != OTP_SENT)
        return result_of(sent);
    if (!reserve(visit, kidc, life))
        return SEND_ANSWERED;
    sent = otp_ask(&otp, &life, &counts);
    *limit = otp.limit;
    if (sent != OTP_SENT)
        return undo(visit, &before, counts, result_of(sent));
    visit->interaction.code_expires_at = visit->interaction.code_sent_at + life;
    return visit_save(visit) ? SEND_DONE : SEND_ANSWERED;
}
