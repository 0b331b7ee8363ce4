/* Taking a client away, and everything that people gave it. */
#include <string.h>

#include "records/client/registration.h"
#include "records/grant.h"
#include "records/indexed.h"

#define AT_ONCE 256

struct keys {
    struct arena *arena;
    str items[AT_ONCE];
    size_t count;
};

static bool collect(const struct record *record, void *context)
{
    struct keys *keys = context;
    keys->items[keys->count++] = arena_str(keys->arena, record->key);
    return keys->count < AT_ONCE;
}

static enum store_result remove_consents(struct store *store, str client_id)
{
    for (;;) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct keys keys = {.arena = arena};
        struct store_op ops[AT_ONCE];
        enum store_result result = store_scan(store, RECORD_CONSENT, 1, client_id, STR_NONE, collect, &keys);
        if (result != STORE_OK || keys.count == 0)
            return result;
        for (size_t i = 0; i < keys.count; i++)
            ops[i] = (struct store_op){.what = STORE_DELETE, .kind = RECORD_CONSENT, .key = keys.items[i]};
        result = store_write(store, ops, keys.count);
        if (result != STORE_OK)
            return result;
    }
}

/* Grants are not found by client, so all are looked through: that happens seldom. They must go, so that no token comes
 * to life again when somebody registers the same client_id anew. */
static enum store_result remove_grants(struct store *store, str client_id)
{
    char last[STORE_KEY_MAX];
    str after = STR_NONE;
    for (;;) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct keys keys = {.arena = arena};
        enum store_result result = store_scan(store, RECORD_GRANT, -1, STR_NONE, after, collect, &keys);
        for (size_t i = 0; i < keys.count && result == STORE_OK; i++) {
            struct grant grant;
            result = grant_load(store, arena, keys.items[i], &grant);
            if (result == STORE_OK && str_eq(grant.client_id, client_id))
                result = grant_revoke(store, arena, keys.items[i]);
            else if (result == STORE_NOT_FOUND)
                result = STORE_OK;
        }
        if (result != STORE_OK || keys.count < AT_ONCE)
            return result;
        memcpy(last, keys.items[AT_ONCE - 1].p, keys.items[AT_ONCE - 1].n);
        after = (str){last, keys.items[AT_ONCE - 1].n};
    }
}

enum store_result registration_remove(const struct registration_writing *w, const struct registration *registration,
                                      str id, bool *gone)
{
    struct audit_entry entry = w->audit;
    entry.client_id = id;
    struct store_op ops[] = {{.what = STORE_DELETE,
                              .kind = RECORD_CLIENT,
                              .key = id,
                              .condition = IF_VERSION,
                              .version = registration->version},
                             audit_op(w->arena, &entry)};
    enum store_result result = store_write(w->store, ops, COUNT_OF(ops));
    *gone = result == STORE_OK;
    if (result == STORE_OK)
        result = remove_grants(w->store, id);
    if (result == STORE_OK)
        result = indexed_delete(w->store, w->arena, RECORD_OFFICER, id);
    return result == STORE_OK ? remove_consents(w->store, id) : result;
}
