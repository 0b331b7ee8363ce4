/* The third step: does this person agree? */
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "signin/choice.h"
#include "signin/details.h"
#include "signin/right_step.h"
#include "signin/steps.h"

/* Who the consent page is about. False, and answered, when that is not who is signed in here any more. */
static bool load_person(struct visit *visit, struct person *person)
{
    struct session session;
    enum store_result result = visit_session(visit, &session, person);
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        visit_problem(visit, 503);
        return false;
    }
    if (result == STORE_OK && str_eq(session.sid, visit->interaction.sid) &&
        str_eq(session.resident, visit->interaction.resident))
        return true;
    visit_restart(visit);
    if (visit_save(visit))
        visit_reload(visit);
    return false;
}

/* Whether the page shows, in full, what would be allowed. False, and answered, when it can't any more. */
static bool can_be_shown(struct visit *visit)
{
    if (details_are_known(visit))
        return true;
    visit_refuse(visit, STR("access_denied"));
    return false;
}

/* The earlier consent, or none. False, and answered, when the store failed. */
static bool load_consent(struct visit *visit, struct consent *consent, bool *found)
{
    enum store_result result = consent_load(visit->provider->store, visit->rq->arena, visit->interaction.client_id,
                                            visit->interaction.resident, consent);
    *found = result == STORE_OK;
    if (result == STORE_OK || result == STORE_NOT_FOUND)
        return true;
    visit_problem(visit, 503);
    return false;
}

/* ---- the page ---- */

static void add_claim(struct visit *visit, struct view *group, str claim, const struct consent *before)
{
    struct view *item = view_item(group, "claims");
    str key = arena_printf(visit->rq->arena, "claim.%.*s", STR_FMT(claim));
    str label = pages_message_or_none(visit->provider->pages, visit->lang, key.p);
    bool required = str_list_has(visit->interaction.claims_essential, ' ', claim);
    view_text(item, "claim_name", claim);
    view_text(item, "label", label.p ? label : claim);
    view_flag(item, "required", required);
    view_flag(item, "off", !required && before && str_list_has(before->declined, ' ', claim));
}

static void add_groups(struct visit *visit, struct view *view, str claims, const struct consent *before)
{
    struct choice_group groups[CHOICE_GROUPS];
    choice_groups(visit->rq->arena, claims, groups);
    for (size_t i = 0; i < CHOICE_GROUPS; i++) {
        str rest = groups[i].claims, claim;
        if (rest.n == 0)
            continue;
        struct view *group = view_item(view, "groups");
        view_text(group, "title", pages_message(visit->provider->pages, visit->lang, groups[i].title));
        while (str_word(&rest, ' ', &claim))
            add_claim(visit, group, claim, before);
    }
}

void consent_show(struct visit *visit)
{
    const struct interaction *interaction = &visit->interaction;
    struct person person;
    struct consent before;
    bool found;
    if (!can_be_shown(visit) || !load_person(visit, &person) || !load_consent(visit, &before, &found))
        return;
    str claims = sso_claims(visit->rq->arena, interaction);
    struct view *view = visit_view(visit);
    view_text(view, "kidc_masked", kidc_masked(visit->rq->arena, &person.kidc));
    bool now = interaction->auth_time >= interaction->created_at;
    view_flag(view, "session", !now);
    view_flag(view, "by_code", now && str_list_has(interaction->amr, ' ', STR("otp")));
    view_flag(view, "offline_access", str_list_has(interaction->scope, ' ', STR("offline_access")));
    view_flag(view, "scope_only", claims.n == 0 && !interaction->authorization_details.p);
    view_flag(view, "from_device", interaction->flow == FLOW_DEVICE);
    view_text(view, "binding_message", interaction->binding_message);
    right_add(visit, view);
    details_add(visit, view);
    add_groups(visit, view, claims, found ? &before : NULL);
    visit_show(visit, 200, "signin/consent", view);
}

/* ---- the answer ---- */

static str checked_claims(const struct request *rq)
{
    struct buf list = buf_new(rq->arena, 128);
    for (size_t i = 0; i < rq->form.count; i++) {
        if (str_is(rq->form.items[i].name, "claim") && !str_has(rq->form.items[i].value, ' '))
            buf_add_word(&list, rq->form.items[i].value);
    }
    return buf_str(&list);
}

/* The consent and that it was given: both on disk, or neither. */
static bool write_consent(struct visit *visit, const struct consent *consent)
{
    struct arena *arena = visit->rq->arena;
    struct audit_entry entry = visit_entry(visit, "consent.allow", STR("ok"), consent->resident);
    entry.detail = arena_printf(arena, "consent=%.*s granted=%.*s declined=%.*s", STR_FMT(consent->consent_id),
                                STR_FMT(consent->granted), STR_FMT(consent->declined));
    struct store_op ops[] = {consent_op(arena, consent), audit_op(arena, &entry)};
    return store_write(visit->provider->store, ops, COUNT_OF(ops)) == STORE_OK;
}

void consent_allow(struct visit *visit)
{
    struct arena *arena = visit->rq->arena;
    struct person person;
    struct consent before;
    bool found;
    if (!can_be_shown(visit) || !load_person(visit, &person) || !load_consent(visit, &before, &found))
        return;
    struct consent consent =
        choice_allow(arena, &visit->interaction, found ? &before : NULL, checked_claims(visit->rq));
    consent.consent_id = random_uuid(arena);
    consent.given_at = clock_now();
    consent.expires_at = consent.given_at + visit->provider->settings->life_consent;
    if (!write_consent(visit, &consent)) {
        visit_problem(visit, 503);
        return;
    }
    sso_finish(arena, &visit->interaction, &consent);
    if (visit_save(visit))
        visit_leave(visit);
}

void consent_deny(struct visit *visit)
{
    struct audit_entry entry = visit_entry(visit, "consent.deny", STR("ok"), visit->interaction.resident);
    if (!audit_write(visit->provider->store, &entry))
        log_error("audit.write failed request=%s", visit->rq->id);
    visit_refuse(visit, STR("access_denied"));
}

void consent_switch(struct visit *visit)
{
    struct session session;
    enum store_result result = session_load(visit->provider->store, visit->rq, &session);
    if (result == STORE_OK) {
        struct audit_entry entry = visit_entry(visit, "session.logout", STR("ok"), session.resident);
        result = session_sign_out(visit->provider->store, visit->rq, &session, NULL);
        if (result == STORE_OK && !audit_write(visit->provider->store, &entry))
            result = STORE_ERROR;
    }
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        visit_problem(visit, 503);
        return;
    }
    visit_restart(visit);
    if (visit_save(visit))
        kidc_show(visit, "notice_switched");
}
