#include "oauth/authorize.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "oauth/pipeline.h"
#include "oauth/release.h"
#include "oauth/repeat.h"
#include "oauth/response.h"
#include "oauth/subject.h"
#include "records/grant.h"
#include "records/peer.h"

#define MINUTE 60

/* What a finished interaction is turned into. */
struct issue {
    struct provider *provider;
    struct request *rq;
    struct interaction *interaction;
    const struct client *client;
    struct grant grant;
    struct claim_texts claims;
    str xroad_id;
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

static void fill_grant(struct issue *issue)
{
    const struct settings *settings = issue->provider->settings;
    const struct interaction *interaction = issue->interaction;
    int64_t now = clock_now();
    bool refreshable = issue->client->grants & GRANT_REFRESH_TOKEN;
    bool offline = refreshable && str_list_has(interaction->scope, ' ', STR("offline_access"));
    issue->grant.key = store_new_key(issue->rq->arena);
    issue->grant.client_id = interaction->client_id;
    issue->grant.resident = interaction->resident;
    issue->grant.scope = interaction->scope;
    issue->grant.claims = interaction->granted_claims;
    issue->grant.consent_id = interaction->consent_id;
    issue->grant.sid = offline ? STR_NONE : interaction->sid;
    issue->grant.created_at = now;
    issue->grant.expires_at =
        now + settings->life_code + settings->life_access + (refreshable ? settings->life_refresh : 0);
}

/* Sends the browser on to `path` with an interaction. */
static void send_to(struct provider *provider, struct request *rq, const char *path,
                    const struct interaction *interaction)
{
    respond_redirect(
        rq, arena_printf(rq->arena, "%.*s%s%.*s", STR_FMT(provider->settings->issuer), path, STR_FMT(interaction->id)));
}

/* The code first, which nobody has yet, so that only who wins the interaction writes a grant. */
static void issue_code(struct issue *issue)
{
    fill_grant(issue);
    str secret = random_token(issue->rq->arena, 32);
    enum store_result result = write_code(issue, secret);
    if (result == STORE_CONFLICT) { /* another resume was first: see what came of it */
        send_to(issue->provider, issue->rq, "/authorize/", issue->interaction);
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

/* This sign-in is over, or was never here; the way on is the portal, when it is known. */
static void show_over(struct provider *provider, struct request *rq, int status, const struct client *client)
{
    enum lang lang = lang_of_request(rq, LANG_KM);
    struct view *view = view_new(rq->arena);
    if (client) {
        view_text(view, "client_name", client->name[lang]);
        view_text(view, "client_uri", client->uri);
    }
    page_respond(rq, provider->pages, lang, status, "signin/expired", view, STR_NONE);
}

/* The register can't be asked now: the interaction stays where it is, and the page's way on is to come back here. */
static void show_unreachable(struct provider *provider, struct request *rq, const struct interaction *interaction)
{
    enum lang lang = lang_of_request(rq, lang_choose(interaction->ui_locales, LANG_KM));
    const struct client *client = client_find(provider->clients, rq->arena, interaction->client_id);
    struct view *view = view_new(rq->arena);
    view_text(view, "client_name", client ? client->name[lang] : STR_NONE);
    view_text(view, "retry_url", rq->path);
    page_respond(rq, provider->pages, lang, 503, "signin/unreachable", view, STR_NONE);
}

/* True if the browser is still signed in as the person that the interaction's result names. */
static bool load_person(struct issue *issue, struct person *person)
{
    struct session session;
    return session_load(issue->provider->store, issue->rq, &session) == STORE_OK &&
           str_eq(session.sid, issue->interaction->sid) && str_eq(session.resident, issue->interaction->resident) &&
           session_person(issue->rq, &session, person);
}

enum finish {
    ANSWERED,
    REGISTER_AWAY, /* it could not be asked; nothing was answered */
    SIGN_IN_AGAIN, /* the session, or what the register gave it, has ended; nothing was answered */
};

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
        show_over(provider, issue->rq, 409, issue->client);
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

/* Answers a finished interaction. */
static enum finish finish(struct provider *provider, struct request *rq, struct interaction *interaction)
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

/* Takes back a result that does not hold any more: the person signs in anew in the same interaction. */
static void forget_result(struct interaction *interaction)
{
    interaction->stage = STAGE_START;
    interaction->sid = interaction->resident = interaction->granted_claims = STR_NONE;
}

/* Whether this address has begun too much lately: each request that is stored takes room. */
static bool is_flooding(struct provider *provider, struct request *rq)
{
    uint32_t total = 0;
    int64_t ends_at;
    str name = arena_printf(rq->arena, "authorize:%.*s", STR_FMT(peer_network(rq->arena, rq->peer)));
    return store_count(provider->store, RECORD_COUNTER, name, 1, MINUTE, &total, &ends_at) == STORE_OK &&
           total > (uint32_t)provider->settings->limit_requests_per_ip;
}

/* Stores the checked request and goes on at `path`. */
static void hand_over(struct authorize_request *request, const char *path)
{
    struct provider *provider = request->provider;
    if (is_flooding(provider, request->rq))
        response_send_error(provider, request->rq, &request->interaction,
                            OAUTH_ERROR("temporarily_unavailable", "too many requests from this address"));
    else if (interaction_create(provider->store, request->rq, authorize_browser_secret(request), &request->interaction,
                                provider->settings->life_interaction) == STORE_OK)
        send_to(provider, request->rq, path, &request->interaction);
    else
        response_send_error(provider, request->rq, &request->interaction,
                            OAUTH_ERROR("server_error", "the store did not answer"));
}

void authorize_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    if (repeat_by_get(rq, provider->settings->issuer))
        return;
    struct authorize_request request = {.provider = provider, .rq = rq};
    request.params = str_eq(rq->method, STR("POST")) ? &rq->form : &rq->query;
    struct oauth_error error = pipeline_run(&request);
    if (error.code && !request.redirect_known) {
        oauth_error_page(provider, rq, 400, error);
        return;
    }
    if (error.code) {
        response_send_error(provider, rq, &request.interaction, error);
        return;
    }
    request.interaction.transaction_id = random_uuid(rq->arena);
    struct interaction *interaction = &request.interaction;
    enum finish result = SIGN_IN_AGAIN;
    if (provider->sign_in_silently(provider, rq, interaction))
        result = finish(provider, rq, interaction);
    if (result == REGISTER_AWAY) {
        hand_over(&request, "/authorize/"); /* stored, so that it can be tried again */
    } else if (result == SIGN_IN_AGAIN) {
        forget_result(interaction);
        hand_over(&request, "/signin/");
    }
}

/* Back to the sign-in pages, with the result taken back when there was one. */
static void sign_in_again(struct provider *provider, struct request *rq, struct interaction *interaction)
{
    bool had_result = interaction->stage == STAGE_DONE;
    if (had_result)
        forget_result(interaction);
    if (had_result && interaction_save(provider->store, rq->arena, interaction) == STORE_ERROR)
        response_send_error(provider, rq, interaction, OAUTH_ERROR("server_error", "the store did not answer"));
    else
        send_to(provider, rq, "/signin/", interaction);
}

void authorize_resume(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct interaction interaction;
    enum store_result result = interaction_load(provider->store, rq, rq->tail, &interaction);
    if (result == STORE_NOT_FOUND) {
        show_over(provider, rq, 404, NULL);
        return;
    }
    if (result != STORE_OK) {
        oauth_error_page(provider, rq, 503, OAUTH_UNAVAILABLE);
        return;
    }
    bool finished = interaction.stage == STAGE_DONE || interaction.stage == STAGE_REFUSED;
    enum finish outcome = finished ? finish(provider, rq, &interaction) : SIGN_IN_AGAIN;
    if (outcome == REGISTER_AWAY)
        show_unreachable(provider, rq, &interaction);
    else if (outcome == SIGN_IN_AGAIN)
        sign_in_again(provider, rq, &interaction);
}
