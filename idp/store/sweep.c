#include <string.h>

#include "base/clock.h"
#include "store/internal.h"

#define SWEEP_AT_ONCE 128 /* in one transaction: others wait for it */

struct sweep {
    size_t most, done;
};

/* The first expiry entry, if its time has come; MDB_NOTFOUND when nothing has expired. */
static int first_expired(const struct env *env, MDB_txn *txn, int64_t now, MDB_val *link)
{
    MDB_cursor *cursor;
    MDB_val nothing;
    int rc = mdb_cursor_open(txn, env->expiry, &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, link, &nothing, MDB_FIRST);
    mdb_cursor_close(cursor);
    if (rc != 0)
        return rc;
    int64_t expires_at;
    enum record_kind kind;
    str key;
    if (!entry_expiry_parse(*link, &expires_at, &kind, &key) || record_table[kind].durable != env->durable)
        return MDB_CORRUPTED;
    return expires_at <= now ? 0 : MDB_NOTFOUND;
}

static int remove_expired(struct turn *turn, MDB_val link)
{
    unsigned char bytes[1 + STORE_KEY_MAX + STORE_KEY_MAX];
    if (link.mv_size > sizeof bytes)
        return MDB_CORRUPTED;
    memcpy(bytes, link.mv_data, link.mv_size); /* its page changes below */
    link.mv_data = bytes;
    int64_t expires_at;
    enum record_kind kind;
    str key;
    struct entry entry;
    if (!entry_expiry_parse(link, &expires_at, &kind, &key))
        return MDB_CORRUPTED;
    int rc = entry_find(turn->env, turn->txn, kind, key, &entry);
    if (rc == 0 && entry.expires_at == expires_at)
        return entry_delete(turn, kind, key);
    return rc == 0 || rc == MDB_NOTFOUND ? mdb_del(turn->txn, turn->env->expiry, &link, NULL) : rc; /* leads nowhere */
}

static int run_sweep(struct turn *turn, void *context, enum store_result *result)
{
    struct sweep *sweep = context;
    (void)result;
    int rc = 0;
    for (sweep->done = 0; rc == 0 && sweep->done < sweep->most; sweep->done++) {
        MDB_val link;
        rc = first_expired(turn->env, turn->txn, turn->now, &link);
        if (rc == MDB_NOTFOUND)
            return 0;
        if (rc == 0)
            rc = remove_expired(turn, link);
    }
    return rc;
}

/* Looks without the write lock. */
static bool has_expired(struct env *env)
{
    MDB_txn *txn;
    MDB_val link;
    int rc = env_read(env, &txn);
    if (rc == 0) {
        mdb_reader_check(env->mdb, NULL); /* a dead process's reader would keep all that is replaced */
        rc = first_expired(env, txn, clock_now(), &link);
        env_read_end(env, txn);
    }
    return env_result(env, "sweep", rc) == STORE_OK;
}

static size_t sweep_env(struct env *env, size_t most)
{
    size_t total = 0;
    while (total < most && has_expired(env)) {
        struct sweep sweep = {.most = most - total < SWEEP_AT_ONCE ? most - total : SWEEP_AT_ONCE};
        if (queue_run(env, run_sweep, &sweep) != STORE_OK)
            break;
        total += sweep.done;
    }
    return total;
}

size_t store_sweep(struct store *store, size_t most)
{
    size_t lively = sweep_env(store->lively, most);
    return lively + sweep_env(store->durable, most - lively);
}
