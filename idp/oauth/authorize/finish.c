#include "oauth/authorize/finish.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "oauth/authorize/release.h"
#include "oauth/authorize/response.h"
#include "oauth/elsewhere/decoupled.h"
#include "oauth/session/session_state.h"
#include "oauth/subject.h"
#include "oauth/token/access_token.h"
#include "oauth/token/id_token.h"
#include "records/grant.h"
#include "records/participant.h"
#include "records/pushed.h"

#define TRIES 20 /* to write an answer between two polls */

/* What a finished interaction is turned into. */
struct issue {
    struct provider *provider;
    struct request *rq;
    struct interaction *interaction;
    const struct client *client;
    struct grant grant;
    struct claim_texts claims;
    str xroad_id;
    int64_t session_ends_at; /* seconds */
    struct issued out;
    struct store_op access; /* stores the access token that goes through the browser */
};

/* Notes a client that wants to know when the session ends; how many ops that takes. */
static size_t add_participant(const struct issue *issue, struct store_op *ops)
{
    const struct client *client = issue->client;
    struct arena *arena = issue->rq->arena;
    if (!client_is_told_of_logout(client))
        return 0;
    struct participant participant = {
        .sid = issue->interaction->sid,
        .client_id = client->id,
        .subject = issue->grant.subject,
        .client_sid = subject_sid(issue->provider->keys, arena, client->id, issue->interaction->sid),
        .backchannel_uri = client->backchannel_logout_uri,
        .frontchannel_uri = client->frontchannel_logout_uri,
    };
    ops[0] = participant_op(arena, &participant);
    ops[1] = deadline_op(arena, participant.sid, issue->session_ends_at);
    return 2;
}

/* The grant, on disk with its audit entry: from here on the resident's record says that this client was let in. */
static enum store_result write_grant(struct issue *issue)
{
    const struct interaction *interaction = issue->interaction;
    struct arena *arena = issue->rq->arena;
    struct audit_entry entry = {.action = STR("grant.issue"),
                                .outcome = STR("ok"),
                                .actor = arena_printf(arena, "resident:%.*s", STR_FMT(interaction->resident)),
                                .client_id = interaction->client_id,
                                .subject = issue->grant.subject,
                                .session_id = interaction->sid,
                                .request_id = str_of(issue->rq->id),
                                .transaction_id = interaction->transaction_id,
                                .xroad_id = issue->xroad_id,
                                .peer = issue->rq->peer,
                                .detail = arena_printf(arena, "claims: %.*s", STR_FMT(interaction->granted_claims))};
    struct store_op ops[4] = {grant_op(arena, &issue->grant, IF_ABSENT), audit_op(arena, &entry)};
    size_t count = 2 + add_participant(issue, ops + 2);
    return store_write(issue->provider->store, ops, count);
}

/* What every token of this grant says of the sign-in. */
static struct token_subject subject_said(const struct issue *issue)
{
    const struct interaction *interaction = issue->interaction;
    return (struct token_subject){
        .client_id = interaction->client_id,
        .subject = issue->grant.subject,
        .scope = interaction->scope,
        .grant = issue->grant.key,
        .sid = subject_sid(issue->provider->keys, issue->rq->arena, interaction->client_id, interaction->sid),
        .acr = interaction->acr,
        .amr = interaction->amr,
        .auth_time = interaction->auth_time,
        .resources = interaction->resources,
        .authorization_details = interaction->authorization_details,
        .jkt = interaction->dpop_jkt};
}

static struct store_op store_code(const struct issue *issue, int64_t expires_at)
{
    const struct interaction *interaction = issue->interaction;
    struct arena *arena = issue->rq->arena;
    struct code code = {
        .of = subject_said(issue),
        .redirect_uri = interaction->redirect_uri,
        .nonce = interaction->nonce,
        .code_challenge = interaction->code_challenge,
        .sealed_id_token = claims_seal(arena, issue->out.code, RECORD_CODE, issue->claims.id_token),
        .sealed_userinfo = claims_seal(arena, issue->out.code, RECORD_CODE, issue->claims.userinfo),
        .expires_at = expires_at,
    };
    return code_op(arena, issue->out.code, &code, expires_at);
}

/* What the interaction began with, used up in the batch with what it has become (RFC 9126 section 7.3): of two tabs, or
 * two silent sign-ins, with one pushed request one completes. A request from elsewhere gets its answer: the code, or
 * (STR_NONE) that it was denied. Gives how many ops that takes. */
static size_t use_origin_up(struct issue *issue, str code, struct store_op *op, enum store_result *result)
{
    struct interaction *interaction = issue->interaction;
    *result = STORE_OK;
    if (!interaction->origin_key.p)
        return 0;
    if (interaction->flow != FLOW_BROWSER)
        return decoupled_answer(issue->provider, issue->rq, interaction, code, op, result);
    *op = pushed_use_op(interaction->origin_key);
    interaction->origin_key = STR_NONE;
    return 1;
}

/* How long a code may wait: for a client that polls until long after its last poll. */
static int64_t code_life(const struct issue *issue)
{
    int64_t life = issue->provider->settings->life_code, most = issue->client->rules->code_life_max;
    if (issue->interaction->flow != FLOW_BROWSER)
        return DECOUPLED_CODE_LIFE;
    return life < most ? life : most;
}

/* The code; the interaction remembers it (or the grant, when there is no code), so that of two resumes at a time one
 * wins, and that an answer which never arrived can be taken back. One that was never stored (signed in silently) has
 * version 0. */
static enum store_result try_code(struct issue *issue)
{
    struct interaction *interaction = issue->interaction;
    struct store_op ops[4];
    enum store_result result;
    size_t count = use_origin_up(issue, issue->out.code, ops, &result);
    if (result != STORE_OK)
        return result == STORE_NOT_FOUND ? STORE_CONFLICT : result;
    interaction->issued_code = issue->out.code.p ? sha256_key(issue->rq->arena, issue->out.code) : issue->grant.key;
    interaction->expires_at = clock_now() + code_life(issue);
    if (issue->out.code.p)
        ops[count++] = store_code(issue, interaction->expires_at);
    if (issue->out.access_token.p)
        ops[count++] = issue->access;
    if (interaction->version > 0)
        ops[count++] = interaction_save_op(issue->rq->arena, interaction);
    return count > 0 ? store_write(issue->provider->store, ops, count) : STORE_OK;
}

/* A poll counts itself in the record that the answer goes into: one that comes in between makes it begin again. */
static enum store_result until_no_poll_comes(struct issue *issue, enum store_result (*write)(struct issue *))
{
    enum store_result result = write(issue);
    for (int i = 1; i < TRIES && result == STORE_CONFLICT && issue->interaction->flow != FLOW_BROWSER; i++)
        result = write(issue);
    return result;
}

/* The ID token that goes through the browser. Beside a code it says who signed in and nothing more of the person: the
 * claims come by the back channel (OpenID Connect Core section 3.3.3.6). */
static struct oauth_error make_id_token(struct issue *issue)
{
    const struct interaction *interaction = issue->interaction;
    struct token_subject of = subject_said(issue);
    const struct id_token what = {.of = &of,
                                  .nonce = interaction->nonce,
                                  .code = issue->out.code,
                                  .access_token = issue->out.access_token,
                                  .state = interaction->state,
                                  .claims = issue->out.code.p ? STR("") : issue->claims.id_token};
    return id_token_make(issue->provider, issue->rq, issue->client, &what, &issue->out.id_token);
}

/* How long the grant stands: with refresh tokens, until the session ends or (offline_access) long after it; without, as
 * long as a code and its access token can live. */
static int64_t grant_end(const struct issue *issue, bool refreshable, bool offline)
{
    const struct settings *settings = issue->provider->settings;
    if (!refreshable)
        return clock_now() + code_life(issue) + settings->life_access;
    return offline ? clock_now() + settings->life_refresh : issue->session_ends_at;
}

static void fill_grant(struct issue *issue)
{
    const struct interaction *interaction = issue->interaction;
    bool refreshable = issue->client->grants & GRANT_REFRESH_TOKEN;
    bool offline = refreshable && str_list_has(interaction->scope, ' ', STR("offline_access"));
    issue->grant = (struct grant){.key = store_new_key(issue->rq->arena),
                                  .client_id = interaction->client_id,
                                  .resident = interaction->resident,
                                  .subject = issue->grant.subject,
                                  .scope = interaction->scope,
                                  .claims = interaction->granted_claims,
                                  .consent_id = interaction->consent_id,
                                  .sid = offline ? STR_NONE : interaction->sid,
                                  .created_at = clock_now(),
                                  .expires_at = grant_end(issue, refreshable, offline)};
}

/* For clients that registered for it: a bearer token through the browser (OpenID Connect Core sections 3.2 and 3.3). */
static void make_access_token(struct issue *issue)
{
    struct token_request request = {.provider = issue->provider, .rq = issue->rq, .client = issue->client};
    struct token_subject of = subject_said(issue);
    of.resources = of.jkt = STR_NONE; /* for userinfo alone */
    struct issued_token token = access_token_make(&request, &of, issue->claims.userinfo);
    issue->out.access_token = token.text;
    issue->out.expires_in = token.expires_in;
    issue->access = token.op;
}

/* What is to go out, before anything is stored: an ID token that can't be encrypted ends it here. */
static struct oauth_error make_answer(struct issue *issue)
{
    int64_t type = issue->interaction->response_type;
    bool has_code = type & RESPONSE_CODE || issue->interaction->flow != FLOW_BROWSER;
    issue->out = (struct issued){.code = has_code ? random_token(issue->rq->arena, 32) : STR_NONE};
    if (type & RESPONSE_TOKEN)
        make_access_token(issue);
    if (!(type & RESPONSE_ID_TOKEN))
        return OAUTH_OK;
    struct oauth_error error = make_id_token(issue);
    if (error.code) /* as this endpoint says it (RFC 6749 section 4.1.2.1) */
        error.code = "server_error";
    return error;
}

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

/* That nothing was granted completes a pushed request as well. */
static enum store_result try_refusal(struct issue *issue)
{
    struct interaction *interaction = issue->interaction;
    struct store_op ops[2];
    enum store_result result;
    size_t count = use_origin_up(issue, STR_NONE, ops, &result);
    if (count > 0 && interaction->version > 0)
        ops[count++] = interaction_save_op(issue->rq->arena, interaction);
    if (result == STORE_OK && count > 0)
        result = store_write(issue->provider->store, ops, count);
    return result;
}

static void send_error(struct issue *issue, struct oauth_error error)
{
    struct interaction *interaction = issue->interaction;
    enum store_result result = until_no_poll_comes(issue, try_refusal);
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
    fill_grant(issue);
    struct oauth_error error = make_answer(issue);
    enum store_result result = error.code ? STORE_OK : until_no_poll_comes(issue, try_code);
    if (result == STORE_CONFLICT) {
        answer_conflict(issue);
        return;
    }
    if (!error.code && result == STORE_OK)
        result = write_grant(issue);
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

/* True if the browser is still signed in as the person that the interaction's result names. */
static bool load_person(struct issue *issue, struct person *person)
{
    struct session session;
    if (session_load(issue->provider->store, issue->rq, &session) != STORE_OK ||
        !str_eq(session.sid, issue->interaction->sid) || !str_eq(session.resident, issue->interaction->resident))
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
