#include "records/grant.h"

#include "records/indexed.h"
#include "store/codec.h"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, grant, client_id),  FIELD(2, FIELD_STR, grant, resident),
    FIELD(3, FIELD_STR, grant, subject),    FIELD(4, FIELD_STR, grant, scope),
    FIELD(5, FIELD_STR, grant, claims),     FIELD(6, FIELD_STR, grant, consent_id),
    FIELD(7, FIELD_STR, grant, sid),        FIELD(8, FIELD_I64, grant, created_at),
    FIELD(9, FIELD_I64, grant, expires_at),
};
static const struct codec codec = {RECORD_GRANT, fields, COUNT_OF(fields)};

enum store_result grant_load(struct store *store, struct arena *arena, str key, struct grant *out)
{
    struct record record;
    enum store_result result = store_get(store, RECORD_GRANT, key, arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct grant){.key = record.key};
    return codec_decode(&codec, record.value, out) ? STORE_OK : STORE_ERROR;
}

struct store_op grant_op(struct arena *arena, const struct grant *grant, enum store_condition condition)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_GRANT,
                             .key = grant->key,
                             .value = codec_encode(&codec, arena, grant),
                             .expires_at = grant->expires_at,
                             .index = {grant->sid, grant->resident},
                             .condition = condition};
}

enum store_result grant_revoke(struct store *store, struct arena *arena, str key)
{
    /* The grant first: what is being issued at this moment writes under "the grant is present" and fails. */
    struct store_op op = {.what = STORE_DELETE, .kind = RECORD_GRANT, .key = key};
    enum store_result result = store_write(store, &op, 1);
    if (result == STORE_OK)
        result = indexed_delete(store, arena, RECORD_REFRESH, key);
    if (result == STORE_OK)
        result = indexed_delete(store, arena, RECORD_ACCESS, key);
    return result;
}

enum store_result grant_revoke_session(struct store *store, struct arena *arena, str sid)
{
    for (;;) {
        struct indexed_keys keys;
        enum store_result result = indexed_find(store, arena, RECORD_GRANT, sid, &keys);
        if (result != STORE_OK || keys.count == 0)
            return result;
        for (size_t i = 0; i < keys.count; i++)
            if ((result = grant_revoke(store, arena, keys.items[i])) != STORE_OK)
                return result;
    }
}

/* Those of a resident that are one client's. */
struct of_client {
    struct arena *arena;
    str client_id;
    str keys[INDEXED_AT_ONCE];
    size_t count;
};

static bool note(const struct record *record, void *context)
{
    struct of_client *found = context;
    struct grant grant = {0};
    if (!codec_decode(&codec, record->value, &grant) || !str_eq(grant.client_id, found->client_id))
        return true;
    found->keys[found->count++] = arena_str(found->arena, record->key);
    return found->count < INDEXED_AT_ONCE;
}

enum store_result grant_revoke_client(struct store *store, struct arena *arena, str resident, str client_id)
{
    for (;;) {
        struct of_client found = {.arena = arena, .client_id = client_id};
        enum store_result result = store_scan(store, RECORD_GRANT, 1, resident, STR_NONE, note, &found);
        if (result != STORE_OK || found.count == 0)
            return result;
        for (size_t i = 0; i < found.count; i++)
            if ((result = grant_revoke(store, arena, found.keys[i])) != STORE_OK)
                return result;
    }
}
