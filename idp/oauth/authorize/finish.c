#include "oauth/authorize/finish.h"

#include "base/log.h"
#include "oauth/authorize/issue.h"
#include "oauth/authorize/release.h"
#include "oauth/elsewhere/decoupled.h"
#include "oauth/session/session_state.h"
#include "oauth/subject.h"

/* Somebody else was first: with this interaction (then see what came of it), or with the pushed request that it began
 * with, which is used up. */
static void answer_conflict(struct issue *issue)
{
    struct interaction stored;
    const struct interaction *interaction = issue->interaction;
    if (interaction->version > 0 &&
        interaction_load(issue->provider->store, issue->rq, interaction->id, &stored) == STORE_OK &&
        stored.version != interaction->version)
        response_go_on(issue->provider, issue->rq, "/authorize/", interaction);
    else
        oauth_over_page(issue->provider, issue->rq, 409, issue->client);
}

/* Who made the request hears of it by itself; the person is done here. */
static void end_decoupled(const struct issue *issue, bool approved)
{
    decoupled_notify(issue->provider, issue->rq, issue->interaction);
    decoupled_done(issue->provider, issue->rq, issue->interaction, approved);
}

static void send_error(struct issue *issue, struct oauth_error error)
{
    struct interaction *interaction = issue->interaction;
    enum store_result result = issue_write_refusal(issue);
    if (result == STORE_CONFLICT || result == STORE_NOT_FOUND) {
        answer_conflict(issue);
        return;
    }
    if (result != STORE_OK)
        error = OAUTH_ERROR("server_error", "the store did not answer");
    if (interaction->flow == FLOW_BROWSER)
        response_send_error(issue->provider, issue->rq, interaction, error);
    else
        end_decoupled(issue, false);
}

static void send_answer(struct issue *issue)
{
    issue->out.session_state =
        session_state_show(issue->provider, issue->rq, issue->interaction, issue->session_ends_at);
    response_send(issue->provider, issue->rq, issue->interaction, &issue->out);
}

/* The code first, which nobody has yet, so that only who wins the interaction writes a grant. */
static void issue_answer(struct issue *issue)
{
    issue_fill_grant(issue);
    struct oauth_error error = issue_make_answer(issue);
    enum store_result result = error.code ? STORE_OK : issue_write_code(issue);
    if (result == STORE_CONFLICT) {
        answer_conflict(issue);
        return;
    }
    if (!error.code && result == STORE_OK)
        result = issue_write_grant(issue);
    if (result != STORE_OK)
        error = OAUTH_ERROR("server_error", "the store did not answer");
    if (error.code)
        send_error(issue, error);
    else if (issue->interaction->flow != FLOW_BROWSER)
        end_decoupled(issue, true);
    else
        send_answer(issue);
}

/* Takes back a code that this interaction gave before, if nobody has used it: the browser went away before it arrived
 * (a second click, a lost network). False when it was used, or is over. */
static bool take_code_back(struct issue *issue)
{
    struct store *store = issue->provider->store;
    struct arena *arena = issue->rq->arena;
    struct code code;
    if (!issue->interaction->issued_code.p)
        return true;
    if (!(issue->interaction->response_type & RESPONSE_CODE)) /* issued_code is the grant: ending it ends all of it */
        return grant_revoke(store, arena, issue->interaction->issued_code) == STORE_OK;
    if (code_find(store, arena, issue->interaction->issued_code, &code) != STORE_OK || code.used)
        return false;
    struct store_op op = {.what = STORE_DELETE,
                          .kind = RECORD_CODE,
                          .key = issue->interaction->issued_code,
                          .condition = IF_VERSION,
                          .version = code.version};
    return store_write(store, &op, 1) == STORE_OK && grant_revoke(store, arena, code.of.grant) == STORE_OK;
}

/* True if the browser is still signed in as the person that the interaction's result names, as strongly as the client
 * takes it. */
static bool load_person(struct issue *issue, struct person *person)
{
    struct session session;
    if (session_load(issue->provider->store, issue->rq, &session) != STORE_OK ||
        !str_eq(session.sid, issue->interaction->sid) || !str_eq(session.resident, issue->interaction->resident) ||
        !assurance_suffices(&issue->provider->assurance, session.acr, issue->client->minimum_acr, STR_NONE))
        return false;
    issue->session_ends_at = session.expires_at;
    return session_person(issue->rq, &session, person);
}

static void audit_other_person(const struct issue *issue)
{
    const struct interaction *interaction = issue->interaction;
    struct audit_entry entry = {.action = STR("grant.refuse"),
                                .outcome = STR("asked of another person"),
                                .actor =
                                    arena_printf(issue->rq->arena, "resident:%.*s", STR_FMT(interaction->resident)),
                                .client_id = interaction->client_id,
                                .session_id = interaction->sid,
                                .request_id = str_of(issue->rq->id),
                                .transaction_id = interaction->transaction_id,
                                .peer = issue->rq->peer};
    audit_later(issue->provider->audit, &entry);
}

/* True, and answered, when a request from elsewhere is not for the person who is signed in, or is over. It stays for
 * who it is for. */
static bool is_for_another(struct issue *issue)
{
    const struct interaction *interaction = issue->interaction;
    bool wrong = false;
    enum store_result result = decoupled_check_person(issue->provider, issue->rq, interaction, &wrong);
    wrong = wrong || (interaction->subject_hint.p && !str_eq(interaction->subject_hint, issue->grant.subject));
    if (result == STORE_NOT_FOUND)
        decoupled_over(issue->provider, issue->rq);
    else if (result != STORE_OK)
        oauth_error_page(issue->provider, issue->rq, 503, OAUTH_UNAVAILABLE);
    else if (wrong)
        oauth_error_page(issue->provider, issue->rq, 403,
                         OAUTH_ERROR("access_denied", "this request is for another person"));
    if (result == STORE_OK && wrong)
        audit_other_person(issue);
    return result != STORE_OK || wrong;
}

/* False, and answered, when the client is a back office where the person has no right (any more). */
static bool may_enter(struct issue *issue)
{
    enum store_result result = issue_read_right(issue);
    if (result == STORE_NOT_FOUND)
        send_error(issue, OAUTH_ERROR("access_denied", "the person has no right at this client"));
    else if (result != STORE_OK)
        send_error(issue, OAUTH_ERROR("server_error", "the store did not answer"));
    return result == STORE_OK;
}

/* Gives the client what was granted. */
static enum finish finish_done(struct issue *issue)
{
    struct provider *provider = issue->provider;
    struct person person;
    if (issue->interaction->flow != FLOW_BROWSER && issue->interaction->issued_code.p) { /* loaded again */
        decoupled_done(provider, issue->rq, issue->interaction, true);
        return ANSWERED;
    }
    if (!load_person(issue, &person))
        return SIGN_IN_AGAIN;
    issue->grant.subject = subject_of(provider->keys, issue->rq->arena, issue->client, &person.kidc);
    str hint = issue->interaction->subject_hint;
    if (issue->interaction->flow != FLOW_BROWSER && is_for_another(issue))
        return ANSWERED;
    if (hint.p && !str_list_has(hint, ' ', issue->grant.subject)) {
        send_error(issue, OAUTH_ERROR("login_required", "another person is signed in than was asked for"));
        return ANSWERED;
    }
    if (!take_code_back(issue)) {
        oauth_over_page(provider, issue->rq, 409, issue->client);
        return ANSWERED;
    }
    if (!may_enter(issue))
        return ANSWERED;
    switch (release_claims(provider, issue->rq, issue->interaction, &person, &issue->claims, &issue->xroad_id)) {
    case IPIS_OK:
        issue_answer(issue);
        return ANSWERED;
    case IPIS_UNREACHABLE:
    case IPIS_THROTTLED:
        return REGISTER_AWAY;
    default:
        if (session_end(provider->store, issue->rq) != STORE_OK)
            log_warn("session.end failed request=%s", issue->rq->id);
        return SIGN_IN_AGAIN;
    }
}

/* Whether somebody said no to a request that a client made for a person, without being known for that person: the link
 * to it is all that it took to get there. */
static bool is_no_of_a_stranger(const struct interaction *interaction)
{
    str whose = interaction->for_resident.p ? interaction->for_resident : interaction->resident;
    return interaction->flow == FLOW_BACKCHANNEL && str_is(interaction->error, "access_denied") &&
           (interaction->resident.n == 0 || !str_eq(interaction->resident, whose));
}

enum finish finish_interaction(struct provider *provider, struct request *rq, struct interaction *interaction)
{
    struct issue issue = {.provider = provider, .rq = rq, .interaction = interaction};
    if (interaction->stage == STAGE_REFUSED && is_no_of_a_stranger(interaction)) {
        decoupled_done(provider, rq, interaction, false);
        return ANSWERED;
    }
    if (interaction->stage == STAGE_REFUSED) {
        send_error(&issue, OAUTH_ERROR(arena_cstr(rq->arena, interaction->error), "the sign-in was not completed"));
        return ANSWERED;
    }
    issue.client = client_find(provider->clients, rq->arena, interaction->client_id);
    if (!issue.client) {
        oauth_error_page(provider, rq, 400, OAUTH_ERROR("invalid_client", "the client is not registered any more"));
        return ANSWERED;
    }
    enum finish result = finish_done(&issue);
    if (result != ANSWERED && str_list_has(interaction->prompt, ' ', STR("none"))) {
        send_error(&issue, result == SIGN_IN_AGAIN
                               ? OAUTH_ERROR("login_required", "the sign-in has ended")
                               : OAUTH_ERROR("temporarily_unavailable", "the register did not answer"));
        return ANSWERED;
    }
    return result;
}
