/* The first step: who is it? */
#include "base/clock.h"
#include "signin/steps.h"
#include "signin/ways.h"

bool code_may_be_used(const struct visit *visit)
{
    const struct sso_policy policy = visit_policy(visit);
    return sso_ways(&policy, &visit->interaction) & 1U << WAY_OTP;
}

static struct view *kidc_view(struct visit *visit, str typed)
{
    struct view *view = visit_view(visit);
    view_text(view, "kidc_value", typed);
    view_flag(view, "no_otp", !code_may_be_used(visit));
    ways_show(visit, view);
    return view;
}

/* Its script shows the code for a phone, and asks what became of it. */
static void show_page(struct visit *visit, int status, struct view *view)
{
    const struct page_policy policy = {.form_action = visit->interaction.expected_origin, .calls = true};
    page_respond_under(visit->rq, visit->provider->pages, visit->lang, status, "signin/kidc", view, &policy);
}

/* The page again, with what is wrong about the number. */
static void show_error(struct visit *visit, int status, str typed, const char *flag)
{
    struct view *view = kidc_view(visit, typed);
    view_flag(view, flag, true);
    show_page(visit, status, view);
}

void start_fail(struct visit *visit, int status, const char *flag, str wait)
{
    struct view *view = kidc_view(visit, STR_NONE);
    view_flag(view, flag, true);
    view_text(view, "wait_text", wait);
    show_page(visit, status, view);
}

void code_refuse(struct visit *visit)
{
    visit_restart(visit);
    if (visit_save(visit))
        show_error(visit, 403, STR_NONE, "error_way");
}

static void show_throttled(struct visit *visit, str typed, int64_t until)
{
    struct view *view = kidc_view(visit, typed);
    view_flag(view, "error_throttled", true);
    if (until > 0)
        view_text(view, "wait_text", visit_clock(visit->rq->arena, until + 59, false)); /* the minute after it */
    show_page(visit, 429, view);
}

void kidc_show(struct visit *visit, const char *notice)
{
    struct kidc kidc;
    str known = STR_NONE; /* from a login_hint, or before a restart */
    if (interaction_open_kidc(visit->rq->arena, interaction_secret(visit->rq), &visit->interaction, &kidc))
        known = kidc_text(visit->rq->arena, &kidc);
    struct view *view = kidc_view(visit, known);
    if (notice)
        view_flag(view, notice, true);
    show_page(visit, 200, view);
}

void frozen_show(struct visit *visit, int64_t until)
{
    visit_restart(visit);
    if (!visit_save(visit))
        return;
    struct view *view = visit_view(visit);
    view_text(view, "until_text", visit_clock(visit->rq->arena, until + 59, false));
    visit_show(visit, 429, "signin/frozen", view);
}

static void send(struct visit *visit, str typed, const struct kidc *kidc)
{
    struct limit limit = {0};
    visit_restart(visit); /* another number is another sign-in at the register */
    switch (code_send(visit, kidc, &limit)) {
    case SEND_DONE:
        visit_reload(visit);
        break;
    case SEND_FROZEN:
        frozen_show(visit, limit.until);
        break;
    case SEND_LIMITED:
    case SEND_THROTTLED:
        show_throttled(visit, typed, limit.until);
        break;
    case SEND_UNREACHABLE:
        show_error(visit, 503, typed, "error_unreachable");
        break;
    case SEND_ANSWERED:
        break;
    }
}

void kidc_submit(struct visit *visit)
{
    struct provider *provider = visit->provider;
    struct kidc kidc;
    struct limit limit = {0};
    str typed = str_trim(params_get(&visit->rq->form, "kidc"));
    if (!code_may_be_used(visit))
        code_refuse(visit);
    else if (typed.n == 0)
        show_error(visit, 422, typed, "error_kidc_missing");
    else if (!kidc_parse(typed, &kidc))
        show_error(visit, 422, typed, "error_kidc_invalid");
    else if (limit_typed(provider->store, visit->rq->arena, provider->settings, visit->rq->peer, &limit) != STORE_OK)
        visit_problem(visit, 503);
    else if (limit.reached)
        show_throttled(visit, typed, limit.until);
    else
        send(visit, typed, &kidc);
}
