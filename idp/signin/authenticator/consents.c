/* GET /app/api/consents, POST /app/api/consents/withdraw: whom the resident allowed what. */
#include "base/buf.h"
#include "records/consent.h"
#include "records/grant.h"
#include "signin/authenticator/api.h"
#include "signin/authenticator/authenticator.h"
#include "signin/authenticator/shown.h"

#define CLIENT_ID_MAX 200

static void add_consent(const struct call *call, struct buf *json, const struct consent *consent)
{
    const struct client *client = client_find(call->provider->clients, call->rq->arena, consent->client_id);
    buf_char(json, '{');
    buf_json_str(json, "client_id", consent->client_id);
    buf_json_str(json, "client_name", client ? client->name[call->lang] : consent->client_id);
    buf_json_str(json, "client_host", client && client->host.p ? client->host : STR(""));
    shown_add_claims(json, call->provider->pages, call->lang, "claims", consent->granted);
    buf_json_int(json, "given_at", consent->given_at);
    buf_json_int(json, "expires_at", consent->expires_at);
    buf_char(json, '}');
}

void consents_list(struct request *rq, void *context)
{
    struct call call;
    struct consent *consents = ARENA_ARRAY(rq->arena, struct consent, CONSENTS_MAX);
    size_t count;
    if (!api_open(&call, context, rq, API_SESSION))
        return;
    if (consent_list(call.provider->store, rq->arena, call.authenticator.resident, consents, CONSENTS_MAX, &count) !=
        STORE_OK) {
        api_fail(&call, API_UNAVAILABLE);
        return;
    }
    struct buf json = buf_new(rq->arena, 1024);
    buf_add(&json, STR("{\"consents\":["));
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_char(&json, ',');
        add_consent(&call, &json, &consents[i]);
    }
    buf_add(&json, STR("]}"));
    api_answer(&call, 200, buf_str(&json));
}

/* ---- withdrawn ---- */

static enum store_result remove_consent(struct call *call, const struct consent *consent)
{
    struct arena *arena = call->rq->arena;
    struct audit_entry audit = api_entry(call, "consent.withdraw", STR("ok"), consent->resident);
    audit.client_id = consent->client_id;
    audit.detail = arena_printf(arena, "consent=%.*s", STR_FMT(consent->consent_id));
    struct history entry = {.resident = consent->resident,
                            .event = HISTORY_WITHDRAWN,
                            .client_id = consent->client_id,
                            .claims = consent->granted,
                            .authenticator = call->authenticator.key,
                            .authenticator_name = call->authenticator.name};
    struct store_op ops[] = {consent_remove_op(arena, consent), audit_op(arena, &audit),
                             history_op(arena, &entry, call->provider->settings->life_history)};
    return store_write(call->provider->store, ops, COUNT_OF(ops));
}

/* Grants end before the consent goes, so that it can be tried again should the store fail; and after it, for one that
 * was issued on it in between. */
static enum store_result withdraw(struct call *call, str client_id, const struct consent *consent)
{
    struct store *store = call->provider->store;
    struct arena *arena = call->rq->arena;
    str resident = call->authenticator.resident;
    enum store_result result = grant_revoke_client(store, arena, resident, client_id);
    if (result == STORE_OK && consent)
        result = remove_consent(call, consent);
    return result == STORE_OK ? grant_revoke_client(store, arena, resident, client_id) : result;
}

void consents_withdraw(struct request *rq, void *context)
{
    struct call call;
    struct consent consent;
    str client_id;
    if (!api_open(&call, context, rq, API_SESSION) || !api_text(&call, "client_id", CLIENT_ID_MAX, &client_id))
        return;
    enum store_result found =
        consent_load(call.provider->store, rq->arena, client_id, call.authenticator.resident, &consent);
    if ((found == STORE_OK || found == STORE_NOT_FOUND) &&
        withdraw(&call, client_id, found == STORE_OK ? &consent : NULL) == STORE_OK)
        api_answer(&call, 200, STR("{\"result\":\"withdrawn\"}"));
    else
        api_fail(&call, API_UNAVAILABLE);
}
