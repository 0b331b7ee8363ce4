/* Signing in without a page: by the browser's session and an earlier consent. */
#include "base/clock.h"
#include "base/log.h"
#include "signin/right_step.h"
#include "signin/signin.h"
#include "signin/sso.h"

/* The end of an attempt that needs a page: an error for prompt=none, nothing else. */
static bool need_page(struct interaction *interaction, const char *error)
{
    if (!str_list_has(interaction->prompt, ' ', STR("none")))
        return false;
    sso_refuse(interaction, str_of(error));
    return true;
}

bool signin_silently(struct provider *provider, struct request *rq, struct interaction *interaction)
{
    const struct client *client = client_find(provider->clients, rq->arena, interaction->client_id);
    if (!client)
        return need_page(interaction, "server_error"); /* removed at this moment */
    const struct sso_policy policy = {&provider->assurance, client->minimum_acr};
    if (sso_ways(&policy, interaction) == 0) {
        sso_refuse(interaction, STR("unmet_authentication_requirements"));
        return true;
    }
    struct session session;
    struct person person;
    enum store_result result = session_load(provider->store, rq, &session);
    if (result != STORE_OK && result != STORE_NOT_FOUND)
        return need_page(interaction, "server_error");
    if (result == STORE_NOT_FOUND || !session_person(rq, &session, &person) ||
        !sso_session_suffices(&policy, interaction, &session, clock_now()) ||
        sso_wants_stronger(&policy, interaction, &session))
        return need_page(interaction, "login_required");
    result = right_check(provider, rq, interaction, client, &session);
    if (result != STORE_OK)
        return need_page(interaction, result == STORE_NOT_FOUND ? "access_denied" : "server_error");
    struct consent consent;
    result = consent_load(provider->store, rq->arena, interaction->client_id, session.resident, &consent);
    if (result != STORE_OK && result != STORE_NOT_FOUND)
        return need_page(interaction, "server_error");
    if (!sso_consent_suffices(rq->arena, interaction, result == STORE_OK ? &consent : NULL))
        return need_page(interaction, "consent_required");
    sso_adopt(&policy, interaction, &session);
    sso_finish(rq->arena, interaction, &consent);
    return true;
}
