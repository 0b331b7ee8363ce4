#include "records/indexed.h"

struct search {
    struct arena *arena;
    struct indexed_keys *keys;
};

static bool collect(const struct record *record, void *context)
{
    struct search *search = context;
    search->keys->items[search->keys->count++] = arena_str(search->arena, record->key);
    return search->keys->count < INDEXED_AT_ONCE;
}

enum store_result indexed_find(struct store *store, struct arena *arena, enum record_kind kind, str value,
                               struct indexed_keys *out)
{
    struct search search = {arena, out};
    out->count = 0;
    return store_scan(store, kind, 0, value, STR_NONE, collect, &search);
}

enum store_result indexed_delete(struct store *store, struct arena *arena, enum record_kind kind, str value)
{
    for (;;) {
        struct indexed_keys keys;
        enum store_result result = indexed_find(store, arena, kind, value, &keys);
        if (result != STORE_OK || keys.count == 0)
            return result;
        struct store_op ops[INDEXED_AT_ONCE];
        for (size_t i = 0; i < keys.count; i++)
            ops[i] = (struct store_op){.what = STORE_DELETE, .kind = kind, .key = keys.items[i]};
        result = store_write(store, ops, keys.count);
        if (result != STORE_OK)
            return result;
    }
}
