#include "oauth/authorize/issue.h"

#include "base/clock.h"
#include "crypto/primitives.h"
#include "oauth/elsewhere/decoupled.h"
#include "oauth/subject.h"
#include "oauth/token/access_token.h"
#include "oauth/token/id_token.h"
#include "records/participant.h"
#include "records/pushed.h"

#define TRIES 20 /* to write an answer between two polls */

enum store_result issue_read_right(struct issue *issue)
{
    const struct interaction *interaction = issue->interaction;
    struct arena *arena = issue->rq->arena;
    if (!issue->client->officers_only)
        return STORE_OK;
    enum store_result result =
        officer_load(issue->provider->store, arena, interaction->client_id, interaction->resident, &issue->right);
    if (result != STORE_NOT_FOUND)
        return result;
    struct audit_entry entry = {.action = STR("officer.refuse"),
                                .outcome = STR("no right"),
                                .actor = arena_printf(arena, "resident:%.*s", STR_FMT(interaction->resident)),
                                .client_id = interaction->client_id,
                                .session_id = interaction->sid,
                                .request_id = str_of(issue->rq->id),
                                .transaction_id = interaction->transaction_id,
                                .peer = issue->rq->peer};
    audit_later(issue->provider->audit, &entry);
    return result;
}

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

enum store_result issue_write_grant(struct issue *issue)
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
    struct history history;
    struct store_op ops[5] = {grant_op(arena, &issue->grant, IF_ABSENT), audit_op(arena, &entry),
                              issue_history_op(issue, &history)};
    size_t count = 3 + add_participant(issue, ops + 3);
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
        .jkt = interaction->dpop_jkt,
        .officer = issue->right.client_id.p ? officer_key(issue->rq->arena, interaction->client_id, interaction->resident)
                                            : STR_NONE};
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

/* Adds the op that uses up what the interaction began with, for the batch with what it has become (RFC 9126
 * section 7.3): of two tabs, or two silent sign-ins, with one pushed request one completes. A request from elsewhere
 * gets its answer: the code, or (STR_NONE) that it was denied. Gives how many ops that takes; `*result` is
 * STORE_NOT_FOUND when that request is over. */
static size_t use_origin(struct issue *issue, str code, struct store_op *op, enum store_result *result)
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

static enum store_result try_code(struct issue *issue)
{
    struct interaction *interaction = issue->interaction;
    struct store_op ops[4];
    enum store_result result;
    size_t count = use_origin(issue, issue->out.code, ops, &result);
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

/* That nothing was granted completes a pushed request as well. */
static enum store_result try_refusal(struct issue *issue)
{
    struct interaction *interaction = issue->interaction;
    struct store_op ops[2];
    enum store_result result;
    size_t count = use_origin(issue, STR_NONE, ops, &result);
    if (count > 0 && interaction->version > 0)
        ops[count++] = interaction_save_op(issue->rq->arena, interaction);
    if (result == STORE_OK && count > 0)
        result = store_write(issue->provider->store, ops, count);
    return result;
}

/* A poll counts itself in the record that the answer goes into: one that comes in between makes it begin again. */
static enum store_result until_no_poll_comes(struct issue *issue, enum store_result (*try)(struct issue *))
{
    enum store_result result = try(issue);
    for (int i = 1; i < TRIES && result == STORE_CONFLICT && issue->interaction->flow != FLOW_BROWSER; i++)
        result = try(issue);
    return result;
}

enum store_result issue_write_code(struct issue *issue)
{
    return until_no_poll_comes(issue, try_code);
}

enum store_result issue_write_refusal(struct issue *issue)
{
    return until_no_poll_comes(issue, try_refusal);
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
                                  .claims = issue->out.code.p ? STR("") : issue->claims.id_token,
                                  .officer = issue->right.client_id.p ? &issue->right : NULL};
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

void issue_fill_grant(struct issue *issue)
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
    struct token_request request = {.provider = issue->provider,
                                    .rq = issue->rq,
                                    .client = issue->client,
                                    .expires_by = issue->right.expires_at};
    struct token_subject of = subject_said(issue);
    of.resources = of.jkt = STR_NONE; /* for userinfo alone */
    struct issued_token token = access_token_make(&request, &of, issue->claims.userinfo);
    issue->out.access_token = token.text;
    issue->out.expires_in = token.expires_in;
    issue->access = token.op;
}

struct oauth_error issue_make_answer(struct issue *issue)
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
