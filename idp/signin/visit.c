#include "signin/visit.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/primitives.h"
#include "records/client/client_uri.h"
#include "signin/csrf.h"
#include "signin/qr/qr.h"
#include "signin/right_step.h"

#define CAMBODIA (7 * 3600)
#define DAY (24 * 3600)

struct sso_policy visit_policy(const struct visit *visit)
{
    return (struct sso_policy){&visit->provider->assurance, visit->client->minimum_acr};
}

/* There is no such sign-in here: unknown, over, and another browser's look the same. */
static void show_expired(struct visit *visit, int status)
{
    visit_show(visit, status, "signin/expired", view_new(visit->rq->arena));
}

/* `ended`: a phone approved it, and brought the answer here, where nobody had asked. */
static void show_elsewhere(struct visit *visit, bool ended)
{
    struct view *view = view_new(visit->rq->arena);
    view_flag(view, "ended", ended);
    visit_show(visit, 403, "signin/elsewhere", view);
}

bool visit_open(struct visit *visit, struct provider *provider, struct request *rq)
{
    *visit = (struct visit){.provider = provider, .rq = rq, .lang = lang_of_request(rq, LANG_KM)};
    if (!interaction_secret(rq).p) {
        show_elsewhere(visit, qr_is_foreign(provider, rq));
        return false;
    }
    switch (interaction_load(provider->store, rq, rq->tail, &visit->interaction)) {
    case STORE_OK:
        break;
    case STORE_NOT_FOUND:
        if (qr_is_foreign(provider, rq))
            show_elsewhere(visit, true);
        else
            show_expired(visit, 404);
        return false;
    default:
        visit_problem(visit, 503);
        return false;
    }
    visit->lang = lang_of_request(rq, lang_choose(visit->interaction.ui_locales, LANG_KM));
    visit->client = client_find(provider->clients, rq->arena, visit->interaction.client_id);
    if (!visit->client)
        show_expired(visit, 410);
    return visit->client;
}

/* A page of the client's, with the host that it is on: a link must not promise another. The URI was checked when it
 * was registered. */
static void add_link(struct view *view, const char *name, const char *host_name, str uri)
{
    str scheme, host = uri;
    if (!uri.p || !str_cut(uri, '/', &scheme, &host))
        return;
    host = (str){host.p + 1, host.n - 1};
    (void)str_cut(host, '/', &host, &(str){0});
    (void)str_cut(host, '?', &host, &(str){0});
    view_flag(view, "client_terms", true);
    view_text(view, name, uri);
    view_text(view, host_name, host);
}

/* A client that registered itself may say anything of itself, so it is where the answer goes; for a device there is no
 * such place. */
str visit_host_shown(const struct visit *visit)
{
    static const unsigned char none[sizeof visit->client->registration_token];
    const struct client *client = visit->client;
    str host;
    const char *why;
    if (memcmp(client->registration_token, none, sizeof none) == 0 || !visit->interaction.redirect_uri.p ||
        !client_uri_check(visit->rq->arena, visit->interaction.redirect_uri, URI_NATIVE, &host, &why))
        return client->host;
    return host;
}

struct view *visit_view(struct visit *visit)
{
    const struct client *client = visit->client;
    struct arena *arena = visit->rq->arena;
    struct view *view = view_new(arena);
    str name = client->name[visit->lang];
    view_text(view, "csrf", csrf_token(visit->provider->keys, arena, &visit->interaction));
    view_text(view, "client_name", name);
    view_text(view, "client_initial", page_initial(name));
    view_text(view, "client_host", visit_host_shown(visit));
    view_text(view, "client_purpose", client->purpose[visit->lang]);
    if (client->logo.n > 0) {
        struct buf url = buf_new(arena, 64);
        buf_add(&url, STR("/client-logo/"));
        buf_add_urlencoded(&url, client->id);
        view_text(view, "logo_url", buf_str(&url));
    }
    add_link(view, "policy_uri", "policy_host", client->policy_uri[visit->lang]);
    add_link(view, "tos_uri", "tos_host", client->tos_uri[visit->lang]);
    return view;
}

void visit_show(struct visit *visit, int status, const char *page, struct view *view)
{
    page_respond(visit->rq, visit->provider->pages, visit->lang, status, page, view,
                 visit->interaction.expected_origin);
}

void visit_problem(struct visit *visit, int status)
{
    page_problem(visit->rq, visit->provider->pages, visit->lang, status);
}

static void redirect_to(struct visit *visit, const char *path)
{
    respond_redirect(visit->rq, arena_printf(visit->rq->arena, "%.*s%s%.*s", STR_FMT(visit->provider->settings->issuer),
                                             path, STR_FMT(visit->interaction.id)));
}

void visit_reload(struct visit *visit)
{
    redirect_to(visit, "/signin/");
}

void visit_leave(struct visit *visit)
{
    redirect_to(visit, "/authorize/");
}

bool visit_save(struct visit *visit)
{
    switch (interaction_save(visit->provider->store, visit->rq->arena, &visit->interaction)) {
    case STORE_OK:
        return true;
    case STORE_CONFLICT:
        visit_reload(visit);
        return false;
    default:
        visit_problem(visit, 503);
        return false;
    }
}

void visit_restart(struct visit *visit)
{
    struct interaction *interaction = &visit->interaction;
    interaction->stage = STAGE_START;
    interaction->transaction_id = random_uuid(visit->rq->arena);
    interaction->sealed_kidc = STR_NONE;
    interaction->code_expires_at = interaction->code_sent_at = interaction->codes_sent = interaction->wrong_codes = 0;
    interaction->sid = interaction->resident = interaction->acr = interaction->amr = STR_NONE;
    interaction->authenticator = STR_NONE;
    interaction->granted_claims = interaction->consent_id = STR_NONE;
    interaction->auth_time = 0;
}

void visit_refuse(struct visit *visit, str error)
{
    sso_refuse(&visit->interaction, error);
    if (visit_save(visit))
        visit_leave(visit);
}

/* What is asked is not for this person's eyes, and there is nothing to agree to: who takes the result sees that it is
 * another person's. */
static void pass_on(struct visit *visit)
{
    visit->interaction.stage = STAGE_DONE;
    if (visit_save(visit))
        visit_leave(visit);
}

void visit_proceed(struct visit *visit, void (*show_consent)(struct visit *visit))
{
    struct interaction *interaction = &visit->interaction;
    if (interaction->for_resident.p && !str_eq(interaction->for_resident, interaction->resident)) {
        pass_on(visit);
        return;
    }
    if (!right_proceed(visit))
        return;
    struct arena *arena = visit->rq->arena;
    struct consent consent;
    enum store_result result =
        consent_load(visit->provider->store, arena, interaction->client_id, interaction->resident, &consent);
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        visit_problem(visit, 503);
        return;
    }
    interaction->stage = STAGE_CONSENT;
    if (sso_consent_suffices(arena, interaction, result == STORE_OK ? &consent : NULL))
        sso_finish(arena, interaction, &consent);
    if (!visit_save(visit))
        return;
    if (interaction->stage == STAGE_DONE)
        visit_leave(visit);
    else
        show_consent(visit);
}

enum store_result visit_session(struct visit *visit, struct session *session, struct person *person)
{
    enum store_result result = session_load(visit->provider->store, visit->rq, session);
    return result == STORE_OK && !session_person(visit->rq, session, person) ? STORE_NOT_FOUND : result;
}

str visit_resident(struct visit *visit, const struct kidc *kidc)
{
    return resident_of(visit->provider->keys, visit->rq->arena, kidc);
}

struct audit_entry visit_entry(struct visit *visit, const char *action, str outcome, str resident)
{
    const struct interaction *interaction = &visit->interaction;
    struct arena *arena = visit->rq->arena;
    return (struct audit_entry){.action = str_of(action),
                                .outcome = outcome,
                                .actor =
                                    resident.n > 0 ? arena_printf(arena, "resident:%.*s", STR_FMT(resident)) : STR_NONE,
                                .client_id = interaction->client_id,
                                .session_id = interaction->sid,
                                .request_id = str_of(visit->rq->id),
                                .transaction_id = interaction->transaction_id,
                                .peer = visit->rq->peer};
}

struct ipis_call visit_call(struct visit *visit)
{
    return (struct ipis_call){.arena = visit->rq->arena,
                              .transaction_id = visit->interaction.transaction_id,
                              .relying_party = visit->interaction.client_id,
                              .attempts_left = -1};
}

int64_t visit_session_end(const struct settings *settings, int64_t now, const struct ipis_proof *proof)
{
    int64_t end = now + settings->life_session;
    return proof->kyc_expires_at > 0 && proof->kyc_expires_at < end ? proof->kyc_expires_at : end;
}

str visit_clock(struct arena *arena, int64_t at, bool seconds)
{
    int time = (int)(((at + CAMBODIA) % DAY + DAY) % DAY);
    int hour = time / 3600, minute = time / 60 % 60, second = time % 60;
    return seconds ? arena_printf(arena, "%02d:%02d:%02d", hour, minute, second)
                   : arena_printf(arena, "%02d:%02d", hour, minute);
}
