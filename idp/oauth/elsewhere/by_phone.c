#include "oauth/elsewhere/by_phone.h"

#include "crypto/primitives.h"
#include "oauth/authorize/issue.h"
#include "oauth/authorize/release.h"
#include "oauth/elsewhere/decoupled.h"
#include "oauth/request/flood.h"
#include "oauth/subject.h"

enum store_result by_phone_open(struct provider *provider, struct request *rq, str key, struct interaction *out)
{
    struct decoupled pending;
    struct authorize_request request;
    enum store_result result = decoupled_load(provider->store, rq->arena, RECORD_BACKCHANNEL, key, &pending);
    if (result != STORE_OK)
        return result;
    struct oauth_error error = decoupled_rebuild(provider, rq, &pending, &request);
    if (error.code)
        return error.status >= 500 ? STORE_ERROR : STORE_NOT_FOUND;
    if (flood_of_requests(provider, rq)) /* each time it is opened takes memory until its life ends */
        return STORE_ERROR;
    *out = request.interaction;
    /* of no browser: nobody is told the secret */
    return interaction_create(provider->store, rq, random_token(rq->arena, 32), out,
                              provider->settings->life_interaction);
}

static enum elsewhere refuse(struct issue *issue)
{
    switch (issue_write_refusal(issue)) {
    case STORE_OK:
        decoupled_notify(issue->provider, issue->rq, issue->interaction);
        return ELSEWHERE_DONE;
    case STORE_CONFLICT:
    case STORE_NOT_FOUND:
        return ELSEWHERE_OVER;
    default:
        return ELSEWHERE_FAILED;
    }
}

/* Whether the request may be answered by this person at all. */
static enum elsewhere check_person(const struct issue *issue)
{
    bool wrong = false;
    enum store_result result = decoupled_check_person(issue->provider, issue->rq, issue->interaction, &wrong);
    str hint = issue->interaction->subject_hint;
    if (result != STORE_OK)
        return result == STORE_NOT_FOUND ? ELSEWHERE_OVER : ELSEWHERE_FAILED;
    return wrong || (hint.p && !str_eq(hint, issue->grant.subject)) ? ELSEWHERE_ANOTHER_PERSON : ELSEWHERE_DONE;
}

/* What values claims are limited to stands in what the client sent: the interaction keeps it for its browser alone, and
 * has none here. */
static enum elsewhere read_values(struct issue *issue)
{
    struct decoupled pending;
    struct authorize_request request;
    enum store_result result = decoupled_load(issue->provider->store, issue->rq->arena, RECORD_BACKCHANNEL,
                                              issue->interaction->origin_key, &pending);
    if (result != STORE_OK)
        return result == STORE_NOT_FOUND ? ELSEWHERE_OVER : ELSEWHERE_FAILED;
    struct oauth_error error = decoupled_rebuild(issue->provider, issue->rq, &pending, &request);
    issue->interaction->claims_values = request.interaction.claims_values;
    if (error.code)
        return error.status == 404 ? ELSEWHERE_OVER : ELSEWHERE_FAILED;
    return ELSEWHERE_DONE;
}

/* A back office is told that a person without a right there was refused. */
static enum elsewhere check_right(struct issue *issue)
{
    switch (issue_read_right(issue)) {
    case STORE_OK:
        return ELSEWHERE_DONE;
    case STORE_NOT_FOUND:
        return refuse(issue) == ELSEWHERE_FAILED ? ELSEWHERE_FAILED : ELSEWHERE_NO_RIGHT;
    default:
        return ELSEWHERE_FAILED;
    }
}

/* The code first, which nobody has yet, as in finish.c. */
static enum elsewhere give(struct issue *issue)
{
    issue_fill_grant(issue);
    struct oauth_error error = issue_make_answer(issue);
    enum store_result result = error.code ? STORE_ERROR : issue_write_code(issue);
    if (result == STORE_CONFLICT)
        return ELSEWHERE_OVER;
    if (result == STORE_OK)
        result = issue_write_grant(issue);
    if (result != STORE_OK)
        return ELSEWHERE_FAILED;
    decoupled_notify(issue->provider, issue->rq, issue->interaction);
    return ELSEWHERE_DONE;
}

enum elsewhere by_phone_finish(struct provider *provider, struct request *rq, struct interaction *interaction,
                               const struct person *person, int64_t ends_at)
{
    struct issue issue = {.provider = provider, .rq = rq, .interaction = interaction, .session_ends_at = ends_at};
    issue.client = client_find(provider->clients, rq->arena, interaction->client_id);
    if (!issue.client)
        return ELSEWHERE_OVER;
    if (interaction->stage == STAGE_REFUSED)
        return refuse(&issue);
    issue.grant.subject = subject_of(provider->keys, rq->arena, issue.client, &person->kidc);
    enum elsewhere fault = check_person(&issue);
    if (fault == ELSEWHERE_DONE)
        fault = check_right(&issue);
    if (fault == ELSEWHERE_DONE)
        fault = read_values(&issue);
    if (fault != ELSEWHERE_DONE)
        return fault;
    switch (release_claims(provider, rq, interaction, person, &issue.claims, &issue.xroad_id)) {
    case IPIS_OK:
        return give(&issue);
    case IPIS_UNREACHABLE:
    case IPIS_THROTTLED:
        return ELSEWHERE_REGISTER_AWAY;
    default:
        return ELSEWHERE_FAILED;
    }
}
