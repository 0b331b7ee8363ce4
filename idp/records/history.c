#include "records/history.h"

#include <string.h>

#include "base/clock.h"
#include "store/codec.h"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, history, resident),
    FIELD(2, FIELD_I64, history, event),
    FIELD(3, FIELD_I64, history, at),
    FIELD(4, FIELD_STR, history, client_id),
    FIELD(5, FIELD_STR, history, reason),
    FIELD(6, FIELD_STR, history, browser),
    FIELD(7, FIELD_STR, history, place),
    FIELD(8, FIELD_STR, history, amr),
    FIELD(9, FIELD_STR, history, claims),
    FIELD(10, FIELD_STR, history, authenticator),
    FIELD(11, FIELD_STR, history, authenticator_name),
    FIELD(12, FIELD_STR, history, sid),
    FIELD(13, FIELD_STR, history, grant),
    FIELD(14, FIELD_BOOL, history, disowned),
    FIELD(15, FIELD_STR, history, browser_mark),
};
static const struct codec codec = {RECORD_HISTORY, fields, COUNT_OF(fields)};

static struct store_op put(struct arena *arena, const struct history *entry, int64_t life)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_HISTORY,
                             .key = entry->key,
                             .value = codec_encode(&codec, arena, entry),
                             .expires_at = entry->at + life,
                             .index = {entry->resident}};
}

struct store_op history_op(struct arena *arena, struct history *entry, int64_t life)
{
    entry->key = store_new_key(arena);
    if (entry->at == 0)
        entry->at = clock_now();
    struct store_op op = put(arena, entry, life);
    op.condition = IF_ABSENT;
    return op;
}

enum store_result history_load(struct store *store, struct arena *arena, str key, struct history *out)
{
    struct record record;
    if (key.n == 0 || key.n > STORE_KEY_MAX)
        return STORE_NOT_FOUND;
    enum store_result result = store_get(store, RECORD_HISTORY, key, arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct history){.key = record.key, .version = record.version};
    return codec_decode(&codec, record.value, out) ? STORE_OK : STORE_ERROR;
}

struct store_op history_disown_op(struct arena *arena, const struct history *entry, int64_t life)
{
    struct history disowned = *entry;
    disowned.disowned = true;
    struct store_op op = put(arena, &disowned, life);
    op.condition = IF_VERSION;
    op.version = entry->version;
    return op;
}

/* Keys come oldest first: the last `most` of them are kept, in a ring. */
struct latest {
    struct arena *arena;
    str before, *keys;
    size_t most, seen;
};

static bool note(const struct record *record, void *context)
{
    struct latest *latest = context;
    if (latest->before.p && str_cmp(record->key, latest->before) >= 0)
        return false;
    str *place = &latest->keys[latest->seen++ % latest->most];
    if (place->n == record->key.n) /* overwritten in place: a long history takes no more memory */
        memcpy((char *)(uintptr_t)place->p, record->key.p, record->key.n);
    else
        *place = arena_str(latest->arena, record->key);
    return true;
}

enum store_result history_list(struct store *store, struct arena *arena, str resident, str after, str before,
                               struct history *out, size_t most, size_t *count)
{
    struct latest latest = {.arena = arena, .before = before, .keys = ARENA_ARRAY(arena, str, most), .most = most};
    enum store_result result = store_scan(store, RECORD_HISTORY, 0, resident, after, note, &latest);
    size_t kept = latest.seen < most ? latest.seen : most;
    *count = 0;
    for (size_t i = 0; result == STORE_OK && i < kept; i++) {
        result = history_load(store, arena, latest.keys[(latest.seen - 1 - i) % most], &out[*count]);
        if (result == STORE_OK)
            (*count)++;
        else if (result == STORE_NOT_FOUND) /* its time ended meanwhile */
            result = STORE_OK;
    }
    return result;
}

struct grants {
    struct arena *arena;
    str sid, *items;
    size_t count, room;
};

static bool note_grant(const struct record *record, void *context)
{
    struct grants *grants = context;
    struct history entry = {0};
    if (!codec_decode(&codec, record->value, &entry) || !entry.grant.p || !str_eq(entry.sid, grants->sid))
        return true;
    if (grants->count == grants->room) {
        str *more = ARENA_ARRAY(grants->arena, str, 2 * grants->room);
        memcpy(more, grants->items, grants->count * sizeof *more);
        grants->items = more;
        grants->room *= 2;
    }
    grants->items[grants->count++] = arena_str(grants->arena, entry.grant);
    return true;
}

enum store_result history_grants(struct store *store, struct arena *arena, str resident, str sid, str **out,
                                 size_t *count)
{
    struct grants grants = {arena, sid, ARENA_ARRAY(arena, str, 8), 0, 8};
    enum store_result result = store_scan(store, RECORD_HISTORY, 0, resident, STR_NONE, note_grant, &grants);
    *out = grants.items;
    *count = grants.count;
    return result;
}
