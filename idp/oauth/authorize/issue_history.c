#include "base/log.h"
#include "oauth/authorize/issue.h"
#include "records/authenticator.h"
#include "records/browser.h"
#include "records/known_browser.h"

/* What it is called now: its name may change, and it may go. */
static str name_of(const struct issue *issue, str key)
{
    struct authenticator authenticator;
    if (!key.p)
        return STR_NONE;
    enum store_result result = authenticator_load(issue->provider->store, issue->rq->arena, key, &authenticator);
    if (result == STORE_OK)
        return authenticator.name;
    if (result != STORE_NOT_FOUND)
        log_warn("history.authenticator unreadable request=%s", issue->rq->id);
    return STR_NONE;
}

struct store_op issue_history_op(const struct issue *issue, struct history *entry)
{
    const struct interaction *interaction = issue->interaction;
    struct arena *arena = issue->rq->arena;
    *entry = (struct history){.resident = interaction->resident,
                              .event = HISTORY_SIGNED_IN,
                              .client_id = interaction->client_id,
                              .amr = interaction->amr,
                              .claims = interaction->granted_claims,
                              .authenticator = interaction->authenticator,
                              .authenticator_name = name_of(issue, interaction->authenticator),
                              .sid = interaction->sid,
                              .grant = issue->grant.key};
    struct place place;
    if (interaction->flow != FLOW_BACKCHANNEL) { /* that one has no browser: the phone itself is asking here */
        entry->browser = browser_family(arena, request_header(issue->rq, "User-Agent"));
        entry->browser_mark = known_browser_mark(issue->rq);
        if (place_find(issue->provider->places, issue->rq->peer, &place))
            entry->place = place.name;
    }
    return history_op(arena, entry, issue->provider->settings->life_history);
}
