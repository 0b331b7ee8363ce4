/* Of this room only. */
#ifndef KONSAO_STORE_INTERNAL_H
#define KONSAO_STORE_INTERNAL_H

#include "store/entry.h"

struct store {
    int lock; /* held as long as the store is open */
    struct env *durable, *lively;
};

static inline struct env *store_env(const struct store *store, enum record_kind kind)
{
    return record_table[kind].durable ? store->durable : store->lively;
}

static inline bool store_key_fits(str key)
{
    return key.n > 0 && key.n <= STORE_KEY_MAX;
}

/** A copy of `entry` for the caller. */
static inline struct record store_record(struct arena *arena, str key, const struct entry *entry)
{
    return (struct record){.key = arena_str(arena, key),
                           .value = arena_str(arena, entry->value),
                           .expires_at = entry->expires_at,
                           .version = entry->version};
}

#endif
