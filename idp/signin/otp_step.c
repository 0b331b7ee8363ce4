/* The second step: is it this person? */
#include "base/clock.h"
#include "base/log.h"
#include "signin/steps.h"

/* Opens the number; false, and answered, when it does not open (there is none), or codes don't do (any more). */
static bool open_kidc(struct visit *visit, struct kidc *kidc)
{
    if (!code_may_be_used(visit)) {
        code_refuse(visit);
        return false;
    }
    if (interaction_open_kidc(visit->rq->arena, interaction_secret(visit->rq), &visit->interaction, kidc))
        return true;
    visit_restart(visit);
    if (visit_save(visit))
        visit_reload(visit);
    return false;
}

static struct view *otp_view(struct visit *visit, const struct kidc *kidc)
{
    const struct interaction *interaction = &visit->interaction;
    struct arena *arena = visit->rq->arena;
    int64_t left = interaction->code_expires_at - clock_now();
    struct view *view = visit_view(visit);
    view_text(view, "kidc_masked", kidc_masked(arena, kidc));
    if (left > 0) {
        view_text(view, "expires_at_text", visit_clock(arena, interaction->code_expires_at, true));
        view_int(view, "expires_seconds", left);
    }
    view_flag(view, "can_resend", interaction->codes_sent < visit->provider->settings->otp_resends);
    return view;
}

static void show_with(struct visit *visit, const struct kidc *kidc, int status, const char *flag)
{
    struct view *view = otp_view(visit, kidc);
    view_flag(view, flag, true);
    visit_show(visit, status, "signin/otp", view);
}

void otp_show(struct visit *visit)
{
    struct kidc kidc;
    if (!open_kidc(visit, &kidc))
        return;
    struct view *view = otp_view(visit, &kidc);
    view_flag(view, "error_code_expired", visit->interaction.code_expires_at <= clock_now());
    visit_show(visit, 200, "signin/otp", view);
}

/* ---- again, please ---- */

static void show_wait(struct visit *visit, const struct kidc *kidc, int64_t seconds)
{
    struct view *view = otp_view(visit, kidc);
    view_flag(view, "error_resend_wait", true);
    if (seconds > 0)
        view_int(view, "resend_wait_text", seconds);
    visit_show(visit, 429, "signin/otp", view);
}

static void resend(struct visit *visit, const struct kidc *kidc)
{
    struct limit limit = {0};
    switch (code_send(visit, kidc, &limit)) {
    case SEND_DONE:
        show_with(visit, kidc, 200, "notice_resent");
        break;
    case SEND_FROZEN:
        frozen_show(visit, limit.until);
        break;
    case SEND_LIMITED:
        show_with(visit, kidc, 429, "error_resend_limit");
        break;
    case SEND_THROTTLED:
        show_wait(visit, kidc, limit.until - clock_now());
        break;
    case SEND_UNREACHABLE:
        show_with(visit, kidc, 503, "error_unreachable");
        break;
    case SEND_ANSWERED:
        break;
    }
}

void otp_resend(struct visit *visit)
{
    const struct settings *settings = visit->provider->settings;
    int64_t wait = visit->interaction.code_sent_at + settings->otp_resend_wait - clock_now();
    struct kidc kidc;
    if (!open_kidc(visit, &kidc))
        return;
    if (visit->interaction.codes_sent >= settings->otp_resends)
        show_with(visit, &kidc, 429, "error_resend_limit");
    else if (wait > 0)
        show_wait(visit, &kidc, wait);
    else
        resend(visit, &kidc);
}

/* ---- the code ---- */

struct check {
    struct visit *visit;
    struct otp otp;
    struct ipis_proof proof;
};

/* Loads the interaction anew. False when this step is over, by another tab or a second click. */
static bool is_still_at_code(struct visit *visit)
{
    struct interaction now;
    if (interaction_load(visit->provider->store, visit->rq, visit->interaction.id, &now) != STORE_OK ||
        now.stage != STAGE_CODE_SENT || !str_eq(now.transaction_id, visit->interaction.transaction_id))
        return false;
    visit->interaction = now;
    return true;
}

/* A new session for who just proved it, whatever the browser had before. */
static bool start_session(struct check *check, struct session *session)
{
    struct visit *visit = check->visit;
    struct person person = {check->otp.kidc, check->proof.kyc_token};
    int64_t now = clock_now();
    *session = (struct session){.resident = check->otp.resident,
                                .acr = assurance_acr(&visit->provider->assurance, WAY_OTP),
                                .amr = assurance_amr(WAY_OTP, false),
                                .transaction_id = visit->interaction.transaction_id,
                                .auth_time = now,
                                .expires_at = visit_session_end(visit->provider->settings, now, &check->proof)};
    return session_start(visit->provider->store, visit->rq, session, &person) == STORE_OK;
}

static void accept(struct check *check)
{
    struct visit *visit = check->visit;
    struct session session;
    if (!start_session(check, &session)) {
        visit_problem(visit, 503);
        return;
    }
    if (!is_still_at_code(visit)) {
        visit_reload(visit);
        return;
    }
    const struct sso_policy policy = visit_policy(visit);
    sso_adopt(&policy, &visit->interaction, &session);
    visit->interaction.sealed_kidc = STR_NONE; /* the session has it now */
    visit_proceed(visit, visit_reload);
}

void forbidden_show(struct visit *visit, str status)
{
    static const struct {
        const char *code, *flag;
    } flags[] = {{"SUSPENDED", "status_suspended"},
                 {"DECEASED_FLAGGED", "status_deceased"},
                 {"CLOSED", "status_closed"},
                 {"MINOR", "status_minor"}};
    visit_restart(visit);
    if (!visit_save(visit))
        return;
    struct view *view = visit_view(visit);
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        view_flag(view, flags[i].flag, str_is(status, flags[i].code));
    visit_show(visit, 403, "signin/forbidden", view);
}

/* The code was right, but the register says that this number may not be used. */
static void show_forbidden(struct check *check)
{
    if (is_still_at_code(check->visit))
        forbidden_show(check->visit, check->otp.call.code);
    else
        visit_reload(check->visit);
}

/* Wrong; or no such number, or frozen at the register: nobody can tell which. */
static void show_wrong(struct check *check)
{
    struct visit *visit = check->visit;
    if (!is_still_at_code(visit)) {
        visit_reload(visit);
    } else if (check->otp.limit.left == 0) {
        frozen_show(visit, check->otp.limit.until);
    } else {
        struct view *view = otp_view(visit, &check->otp.kidc);
        view_flag(view, "error_code_wrong", true);
        view_int(view, "attempts_left", check->otp.limit.left);
        visit_show(visit, 422, "signin/otp", view);
    }
}

/* Counts the try before it is made, here and for the number, so that guesses at the same time get no more of them. */
static void try_code(struct check *check, str digits)
{
    struct visit *visit = check->visit;
    visit->interaction.wrong_codes++;
    if (!visit_save(visit))
        return;
    switch (otp_check(&check->otp, digits, &check->proof)) {
    case OTP_RIGHT:
        accept(check);
        break;
    case OTP_BARRED:
        show_forbidden(check);
        break;
    case OTP_WRONG:
        show_wrong(check);
        break;
    case OTP_TOO_OFTEN:
        frozen_show(visit, check->otp.limit.until);
        break;
    case OTP_UNJUDGED:
        show_with(visit, &check->otp.kidc, 503, "error_unreachable");
        break;
    case OTP_NOT_CHECKED:
        visit_problem(visit, 503);
        break;
    }
}

void otp_submit(struct visit *visit)
{
    struct check check = {.visit = visit};
    struct kidc kidc;
    str digits;
    if (!open_kidc(visit, &kidc))
        return;
    check.otp = otp_of_visit(visit, &kidc);
    if (!otp_parse(visit->rq->arena, params_get(&visit->rq->form, "otp"), &digits))
        show_with(visit, &kidc, 422, "error_code_missing");
    else if (visit->interaction.code_expires_at <= clock_now())
        /* said by our own clock, which runs for numbers without a code as well: the register's 410 only exists for real
         * ones, and looks like a wrong code when it comes early */
        show_with(visit, &kidc, 422, "error_code_expired");
    else
        try_code(&check, digits);
}
