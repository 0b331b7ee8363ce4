#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/folder.h"
#include "store/internal.h"

static struct env *open_env(const char *path, const char *name, char *error, size_t error_size)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    int rc;
    const char *folder = arena_printf(arena, "%s/%s", path, name).p;
    struct env *env = env_open(folder, name[0] == 'd', &rc);
    if (!env)
        snprintf(error, error_size, "the store's %s cannot be opened: %s", folder, mdb_strerror(rc));
    return env;
}

struct store *store_open(const char *path, char *error, size_t error_size)
{
    int lock = folder_open(path, error, error_size);
    if (lock < 0)
        return NULL;
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        abort(); /* no memory, as in base/arena.c */
    store->lock = lock;
    store->durable = open_env(path, "durable", error, error_size);
    if (store->durable)
        store->lively = open_env(path, "lively", error, error_size);
    if (store->lively)
        return store;
    store_close(store);
    return NULL;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    env_close(store->lively);
    env_close(store->durable);
    close(store->lock);
    free(store);
}

enum store_result store_get(struct store *store, enum record_kind kind, str key, struct arena *arena,
                            struct record *out)
{
    struct env *env = store_env(store, kind);
    MDB_txn *txn;
    if (!store_key_fits(key))
        return STORE_NOT_FOUND;
    int rc = env_read(env, &txn);
    if (rc != 0)
        return env_result(env, "read", rc);
    struct entry entry;
    rc = entry_find(env, txn, kind, key, &entry);
    bool live = rc == 0 && entry_is_live(&entry, clock_now());
    if (live)
        *out = store_record(arena, key, &entry);
    env_read_end(env, txn);
    return rc == 0 && !live ? STORE_NOT_FOUND : env_result(env, "read", rc);
}

uint64_t store_size(struct store *store, enum record_kind kind)
{
    struct env *env = store_env(store, kind);
    MDB_txn *txn;
    MDB_stat stat = {0};
    int rc = env_read(env, &txn);
    if (rc == 0) {
        rc = mdb_stat(txn, env->main[kind], &stat);
        env_read_end(env, txn);
    }
    (void)env_result(env, "size", rc);
    return stat.ms_entries;
}

str store_new_key(struct arena *arena)
{
    unsigned char *key = arena_alloc(arena, 16);
    if (getrandom(key, 16, 0) != 16) /* up to 256 bytes are never cut short */
        abort();
    uint64_t now = (uint64_t)clock_now_ms();
    for (int i = 0; i < 6; i++)
        key[i] = (unsigned char)(now >> (40 - 8 * i));
    key[6] = (unsigned char)(0x70 | (key[6] & 0x0f)); /* version 7 */
    key[8] = (unsigned char)(0x80 | (key[8] & 0x3f)); /* variant */
    return str_bytes(key, 16);
}
