#include "signin/signin.h"

#include "base/clock.h"
#include "signin/csrf.h"
#include "signin/qr/qr.h"
#include "signin/steps.h"

/* What the first page says about why it is there. The register makes accounts, not portals: who was sent here to get
 * one (Initiating User Registration via OpenID Connect 1.0) signs in with the number that everybody has. */
static const char *start_notice(const struct visit *visit, const struct session *session)
{
    const struct interaction *interaction = &visit->interaction;
    const struct sso_policy policy = visit_policy(visit);
    if (str_list_has(interaction->prompt, ' ', STR("create")))
        return "notice_create";
    if (!session)
        return NULL;
    bool too_weak = !assurance_suffices(policy.levels, session->acr, policy.minimum, interaction->acr_values);
    return too_weak ? "notice_step_up" : "notice_again";
}

void start_show(struct visit *visit)
{
    struct session session;
    struct person person;
    const struct sso_policy policy = visit_policy(visit);
    if (sso_ways(&policy, &visit->interaction) == 0) {
        visit_refuse(visit, STR("unmet_authentication_requirements"));
        return;
    }
    if (qr_complete(visit))
        return;
    enum store_result result = visit_session(visit, &session, &person);
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        visit_problem(visit, 503);
    } else if (result == STORE_OK && sso_session_suffices(&policy, &visit->interaction, &session, clock_now()) &&
               !sso_wants_stronger(&policy, &visit->interaction, &session)) {
        sso_adopt(&policy, &visit->interaction, &session);
        visit_proceed(visit, consent_show);
    } else {
        kidc_show(visit, start_notice(visit, result == STORE_OK ? &session : NULL));
    }
}

void signin_show(struct request *rq, void *context)
{
    struct visit visit;
    if (!visit_open(&visit, context, rq))
        return;
    switch (visit.interaction.stage) {
    case STAGE_START:
        start_show(&visit);
        break;
    case STAGE_CODE_SENT:
        otp_show(&visit);
        break;
    case STAGE_CONSENT:
        consent_show(&visit);
        break;
    default:
        visit_leave(&visit);
    }
}

static void cancel(struct visit *visit)
{
    struct audit_entry entry = visit_entry(visit, "signin.cancel", STR("ok"), visit->interaction.resident);
    audit_later(visit->provider->audit, &entry);
    visit_refuse(visit, STR("access_denied"));
}

/* Another number, before anybody is signed in. */
static void start_over(struct visit *visit)
{
    visit_restart(visit);
    if (visit_save(visit))
        visit_reload(visit);
}

/* What each button does, by the stage that its page belongs to. */
static const struct {
    enum interaction_stage stage;
    const char *action;
    void (*run)(struct visit *visit);
} actions[] = {
    {STAGE_START, "continue", kidc_submit},    {STAGE_START, "cancel", cancel},
    {STAGE_START, "passkey", passkey_submit},
    {STAGE_START, "switch", start_over},       {STAGE_START, "somebody_else", consent_switch},
    {STAGE_CODE_SENT, "continue", otp_submit},
    {STAGE_CODE_SENT, "resend", otp_resend},   {STAGE_CODE_SENT, "switch", start_over},
    {STAGE_CODE_SENT, "cancel", cancel},       {STAGE_CONSENT, "allow", consent_allow},
    {STAGE_CONSENT, "deny", consent_deny},     {STAGE_CONSENT, "cancel", cancel},
    {STAGE_CONSENT, "switch", consent_switch},
};

static void run_action(struct visit *visit)
{
    str action = params_get(&visit->rq->form, "action");
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        if ((int64_t)actions[i].stage == visit->interaction.stage && str_is(action, actions[i].action)) {
            actions[i].run(visit);
            return;
        }
    }
    visit_reload(visit);
}

void signin_submit(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct visit visit;
    if (!visit_open(&visit, provider, rq))
        return;
    if (rq->body_type != BODY_FORM || rq->form.status != PARAMS_OK) {
        visit_problem(&visit, 400);
        return;
    }
    enum csrf_result token = CSRF_FORGED;
    if (csrf_same_origin(rq, provider->settings->issuer))
        token = csrf_check(provider->keys, rq->arena, &visit.interaction, params_get(&rq->form, "csrf"));
    if (token == CSRF_VALID)
        run_action(&visit);
    else if (token == CSRF_STALE) /* a page that was left open: what it shows is over */
        visit_reload(&visit);
    else
        visit_problem(&visit, 403);
}

void signin_client_logo(struct request *rq, void *context)
{
    struct provider *provider = context;
    const struct client *client = client_find(provider->clients, rq->arena, rq->tail);
    if (!client || client->logo.n == 0) {
        page_problem(rq, provider->pages, lang_of_request(rq, LANG_KM), 404);
        return;
    }
    response_header(rq, "Cache-Control", STR("public, max-age=300"));
    response_header(rq, "Content-Security-Policy", STR("default-src 'none'; sandbox"));
    respond(rq, 200, arena_cstr(rq->arena, client->logo_type), client->logo);
}
