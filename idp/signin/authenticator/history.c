/* GET /app/api/history, POST /app/api/history/disown: what happened in the resident's name, and "this was not me". */
#include "base/buf.h"
#include "crypto/primitives.h"
#include "records/grant.h"
#include "records/known_browser.h"
#include "signin/authenticator/authenticator.h"
#include "signin/authenticator/devices.h"
#include "signin/authenticator/shown.h"

#define PAGE 20
#define ID_MAX 64

static void add_text(struct buf *json, const char *name, str value)
{
    buf_json_str(json, name, value.p ? value : STR(""));
}

/* A client that is gone is named by its id. */
static void add_client(const struct call *call, struct buf *json, str id)
{
    const struct client *client = id.p ? client_find(call->provider->clients, call->rq->arena, id) : NULL;
    add_text(json, "client_id", id);
    add_text(json, "client_name", client ? client->name[call->lang] : id);
    add_text(json, "client_host", client ? client->host : STR_NONE);
}

static void add_entry(const struct call *call, struct buf *json, const struct history *entry)
{
    buf_char(json, '{');
    add_text(json, "id", base64url_encode(call->rq->arena, entry->key));
    add_text(json, "event", str_of(history_event_name(entry->event)));
    buf_json_int(json, "at", entry->at);
    add_client(call, json, entry->client_id);
    add_text(json, "reason", entry->reason);
    add_text(json, "browser", entry->browser);
    add_text(json, "place", entry->place);
    buf_json_words(json, "amr", entry->amr, ' ');
    shown_add_claims(json, call->provider->pages, call->lang, "claims", entry->claims);
    add_text(json, "authenticator_name", entry->authenticator_name);
    buf_json_bool(json, "disowned", entry->disowned);
    buf_json_bool(json, "can_disown", entry->event == HISTORY_SIGNED_IN && !entry->disowned);
    buf_char(json, '}');
}

/* STR_NONE without one; false, and answered, when it is no place in a history. */
static bool read_before(struct call *call, str *before)
{
    str text = params_nonempty(&call->rq->query, "before");
    *before = STR_NONE;
    if (call->rq->query.status == PARAMS_OK &&
        (!text.p || (text.n <= ID_MAX && base64url_decode(call->rq->arena, text, before))))
        return true;
    api_fail(call, API_INVALID_REQUEST);
    return false;
}

void history_show(struct request *rq, void *context)
{
    struct call call;
    struct history *entries = ARENA_ARRAY(rq->arena, struct history, PAGE);
    size_t count;
    str before;
    if (!api_open(&call, context, rq, API_SESSION) || !read_before(&call, &before))
        return;
    if (history_list(call.provider->store, rq->arena, call.authenticator.resident, STR_NONE, before, entries, PAGE,
                     &count) != STORE_OK) {
        api_fail(&call, API_UNAVAILABLE);
        return;
    }
    struct buf json = buf_new(rq->arena, 4096);
    buf_add(&json, STR("{\"entries\":["));
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_char(&json, ',');
        add_entry(&call, &json, &entries[i]);
    }
    buf_char(&json, ']');
    if (count == PAGE)
        buf_json_str(&json, "before", base64url_encode(rq->arena, entries[PAGE - 1].key));
    else
        buf_json_raw(&json, "before", STR("null"));
    buf_char(&json, '}');
    api_answer(&call, 200, buf_str(&json));
}

/* ---- this was not me ---- */

/* A sign-in of this resident. False, and answered, when the id names nothing of that kind: somebody else's looks as if
 * there were none. */
static bool find_entry(struct call *call, struct history *entry)
{
    str id, key;
    if (!api_text(call, "entry", ID_MAX, &id))
        return false;
    enum store_result result = base64url_decode(call->rq->arena, id, &key)
                                   ? history_load(call->provider->store, call->rq->arena, key, entry)
                                   : STORE_NOT_FOUND;
    if (result == STORE_OK && entry->event == HISTORY_SIGNED_IN &&
        str_eq(entry->resident, call->authenticator.resident))
        return true;
    api_fail(call, result == STORE_OK || result == STORE_NOT_FOUND ? API_UNKNOWN_ENTRY : API_UNAVAILABLE);
    return false;
}

/* Grants that outlive their session (offline access) are not found by it: whoever was in that session got all of them.
 */
static enum store_result end_grants(struct call *call, const struct history *disowned)
{
    struct store *store = call->provider->store;
    struct arena *arena = call->rq->arena;
    str *grants;
    size_t count;
    enum store_result result = history_grants(store, arena, disowned->resident, disowned->sid, &grants, &count);
    for (size_t i = 0; result == STORE_OK && i < count; i++)
        result = grant_revoke(store, arena, grants[i]);
    return result;
}

/* What it opened ends first: should the store fail then, the entry can still be disowned. */
static enum store_result disown(struct call *call, const struct history *entry)
{
    struct provider *provider = call->provider;
    struct arena *arena = call->rq->arena;
    struct audit_entry audit = api_entry(call, "history.disown", STR("ok"), entry->resident);
    audit.client_id = entry->client_id;
    audit.session_id = entry->sid;
    enum store_result result = session_end_sid(provider->store, arena, entry->sid, NULL);
    if (result == STORE_OK)
        result = end_grants(call, entry);
    if (result != STORE_OK || entry->disowned)
        return result;
    struct store_op ops[3] = {history_disown_op(arena, entry, provider->settings->life_history),
                              audit_op(arena, &audit)};
    size_t count = 2;
    if (entry->browser_mark.p) /* a stranger's is not one that "you used before" */
        ops[count++] = known_browser_forget_op(arena, entry->browser_mark, entry->resident);
    return store_write(provider->store, ops, count);
}

void history_disown(struct request *rq, void *context)
{
    struct call call;
    struct history entry;
    if (!api_open(&call, context, rq, API_SESSION) || !find_entry(&call, &entry))
        return;
    enum store_result result = disown(&call, &entry);
    if (result == STORE_OK || result == STORE_CONFLICT) /* said twice at the same moment */
        api_answer(&call, 200, STR("{\"result\":\"disowned\"}"));
    else
        api_fail(&call, API_UNAVAILABLE);
}
