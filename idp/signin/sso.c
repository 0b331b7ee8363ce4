#include "signin/sso.h"

#include "base/buf.h"

unsigned sso_ways(const struct sso_policy *policy, const struct interaction *interaction)
{
    return assurance_ways(policy->levels, policy->minimum, interaction->acr_values, interaction->acr_essential);
}

/* True if the person proved who it is after this request was made, in whatever window. Not in the same second: that may
 * have been just before it. A request that is not stored yet has no time. */
static bool is_after_request(const struct interaction *interaction, const struct session *session)
{
    return interaction->created_at > 0 && session->auth_time > interaction->created_at;
}

static bool is_young_enough(int64_t max_age, const struct session *session, int64_t now)
{
    if (max_age < 0)
        return true;
    /* max_age=0 asks for a new sign-in, as prompt=login does (OpenID Connect Core section 3.1.2.1) */
    return max_age > 0 && now >= session->auth_time && now - session->auth_time <= max_age;
}

bool sso_session_suffices(const struct sso_policy *policy, const struct interaction *interaction,
                          const struct session *session, int64_t now)
{
    if (session->expires_at <= now)
        return false;
    if (!assurance_suffices(policy->levels, session->acr, policy->minimum,
                            interaction->acr_essential ? interaction->acr_values : STR_NONE))
        return false;
    if (is_after_request(interaction, session))
        return true;
    return !str_list_has(interaction->prompt, ' ', STR("login")) &&
           !str_list_has(interaction->prompt, ' ', STR("select_account")) &&
           !str_list_has(interaction->prompt, ' ', STR("create")) &&
           is_young_enough(interaction->max_age, session, now);
}

bool sso_wants_stronger(const struct sso_policy *policy, const struct interaction *interaction,
                        const struct session *session)
{
    if (is_after_request(interaction, session) || str_list_has(interaction->prompt, ' ', STR("none")))
        return false;
    return !assurance_suffices(policy->levels, session->acr, STR_NONE, interaction->acr_values) &&
           assurance_ways(policy->levels, policy->minimum, interaction->acr_values, true) != 0;
}

static void add_claims(struct buf *list, str claims)
{
    str claim;
    while (str_word(&claims, ' ', &claim)) {
        if (str_eq(claim, STR("sub")) || str_list_has(buf_str(list), ' ', claim))
            continue;
        buf_add_word(list, claim);
    }
}

str sso_claims(struct arena *arena, const struct interaction *interaction)
{
    struct buf list = buf_new(arena, interaction->claims_id_token.n + interaction->claims_userinfo.n + 1);
    add_claims(&list, interaction->claims_id_token);
    add_claims(&list, interaction->claims_userinfo);
    return buf_str(&list);
}

static bool has_all(str list, str words)
{
    str word;
    while (str_word(&words, ' ', &word))
        if (!str_list_has(list, ' ', word))
            return false;
    return true;
}

bool sso_consent_suffices(struct arena *arena, const struct interaction *interaction, const struct consent *consent)
{
    /* what is asked for in detail is for this once */
    return consent && !interaction->authorization_details.p &&
           !str_list_has(interaction->prompt, ' ', STR("consent")) &&
           has_all(consent->resources, interaction->resources) &&
           consent_covers(consent, interaction->scope, sso_claims(arena, interaction), interaction->claims_essential);
}

void sso_adopt(const struct sso_policy *policy, struct interaction *interaction, const struct session *session)
{
    interaction->sid = session->sid;
    interaction->resident = session->resident;
    interaction->acr = assurance_said(policy->levels, session->acr, interaction->acr_values);
    interaction->amr = session->amr;
    interaction->auth_time = session->auth_time;
    interaction->transaction_id = session->transaction_id;
}

void sso_finish(struct arena *arena, struct interaction *interaction, const struct consent *consent)
{
    str asked = sso_claims(arena, interaction), claim;
    struct buf granted = buf_new(arena, asked.n + 1);
    while (str_word(&asked, ' ', &claim))
        if (str_list_has(consent->granted, ' ', claim))
            add_claims(&granted, claim);
    interaction->stage = STAGE_DONE;
    interaction->error = STR_NONE;
    interaction->granted_claims = buf_str(&granted);
    interaction->consent_id = consent->consent_id;
}

void sso_refuse(struct interaction *interaction, str error)
{
    interaction->stage = STAGE_REFUSED;
    interaction->error = error;
}
