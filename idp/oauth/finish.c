#include "oauth/finish.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "oauth/release.h"
#include "oauth/response.h"
#include "oauth/subject.h"
#include "records/grant.h"

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
};

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
    struct store_op ops[] = {grant_op(arena, &issue->grant, IF_ABSENT), audit_op(arena, &entry)};
    return store_write(issue->provider->store, ops, COUNT_OF(ops));
}

/* The code; the interaction remembers it, so that of two resumes at a time one wins, and that a code which never
 * arrived can be taken back. One that was never stored (signed in silently) has version 0. */
static enum store_result write_code(struct issue *issue, str secret)
{
    struct interaction *interaction = issue->interaction;
    struct provider *provider = issue->provider;
    struct arena *arena = issue->rq->arena;
    struct code code = {
        .of = {interaction->client_id, issue->grant.subject, interaction->scope, issue->grant.key,
               subject_sid(provider->keys, arena, interaction->client_id, interaction->sid), interaction->acr,
               interaction->amr, interaction->auth_time},
        .redirect_uri = interaction->redirect_uri,
        .nonce = interaction->nonce,
        .code_challenge = interaction->code_challenge,
        .sealed_id_token = claims_seal(arena, secret, RECORD_CODE, issue->claims.id_token),
        .sealed_userinfo = claims_seal(arena, secret, RECORD_CODE, issue->claims.userinfo),
        .expires_at = clock_now() + provider->settings->life_code,
    };
    interaction->issued_code = sha256_key(arena, secret);
    interaction->expires_at = code.expires_at;
    struct store_op ops[] = {code_op(arena, secret, &code, code.expires_at), interaction_save_op(arena, interaction)};
    return store_write(provider->store, ops, interaction->version > 0 ? 2 : 1);
}

/* How long the grant stands: with refresh tokens, until the session ends or (offline_access) long after it; without, as
 * long as a code and its access token can live. */
static int64_t grant_end(const struct issue *issue, bool refreshable, bool offline)
{
    const struct settings *settings = issue->provider->settings;
    if (!refreshable)
        return clock_now() + settings->life_code + settings->life_access;
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

/* The code first, which nobody has yet, so that only who wins the interaction writes a grant. */
static void issue_code(struct issue *issue)
{
    fill_grant(issue);
    str secret = random_token(issue->rq->arena, 32);
    enum store_result result = write_code(issue, secret);
    if (result == STORE_CONFLICT) { /* another resume was first: see what came of it */
        response_go_on(issue->provider, issue->rq, "/authorize/", issue->interaction);
        return;
    }
    if (result == STORE_OK)
        result = write_grant(issue);
    if (result == STORE_OK)
        response_send_code(issue->provider, issue->rq, issue->interaction, secret);
    else
        response_send_error(issue->provider, issue->rq, issue->interaction,
                            OAUTH_ERROR("server_error", "the store did not answer"));
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

/* Gives the client what was granted. */
static enum finish finish_done(struct issue *issue)
{
    struct provider *provider = issue->provider;
    struct person person;
    if (!load_person(issue, &person))
        return SIGN_IN_AGAIN;
    issue->grant.subject = subject_of(provider->keys, issue->rq->arena, issue->client, &person.kidc);
    str hint = issue->interaction->subject_hint;
    if (hint.p && !str_list_has(hint, ' ', issue->grant.subject)) {
        response_send_error(provider, issue->rq, issue->interaction,
                            OAUTH_ERROR("login_required", "another person is signed in than was asked for"));
        return ANSWERED;
    }
    if (!take_code_back(issue)) {
        oauth_over_page(provider, issue->rq, 409, issue->client);
        return ANSWERED;
    }
    switch (release_claims(provider, issue->rq, issue->interaction, &person, &issue->claims, &issue->xroad_id)) {
    case IPIS_OK:
        issue_code(issue);
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

enum finish finish_interaction(struct provider *provider, struct request *rq, struct interaction *interaction)
{
    struct issue issue = {.provider = provider, .rq = rq, .interaction = interaction};
    if (interaction->stage == STAGE_REFUSED) {
        response_send_error(provider, rq, interaction,
                            OAUTH_ERROR(arena_cstr(rq->arena, interaction->error), "the sign-in was not completed"));
        return ANSWERED;
    }
    issue.client = client_find(provider->clients, rq->arena, interaction->client_id);
    if (!issue.client) {
        oauth_error_page(provider, rq, 400, OAUTH_ERROR("invalid_client", "the client is not registered any more"));
        return ANSWERED;
    }
    enum finish result = finish_done(&issue);
    if (result != ANSWERED && str_list_has(interaction->prompt, ' ', STR("none"))) {
        response_send_error(provider, rq, interaction,
                            result == SIGN_IN_AGAIN
                                ? OAUTH_ERROR("login_required", "the sign-in has ended")
                                : OAUTH_ERROR("temporarily_unavailable", "the register did not answer"));
        return ANSWERED;
    }
    return result;
}
