/* Of this room only: one LMDB environment, with what LMDB leaves to its user: a map that grows, readers kept per
 * thread, re-opening after a failed write of the root, and stale readers of dead processes. */
#ifndef KONSAO_STORE_ENV_H
#define KONSAO_STORE_ENV_H

#include <lmdb.h>
#include <pthread.h>

#include "store/queue.h"
#include "store/store.h"

#define MAP_CEILING ((size_t)1 << 40) /* addresses, not disk: the file is as long as what was written */

struct reader;

struct env {
    char *path;
    bool durable;
    size_t ceiling;
    MDB_env *mdb;        /* NULL when it could not be opened again */
    unsigned generation; /* how often it was opened */
    MDB_dbi main[RECORD_KINDS], index[RECORD_KINDS][STORE_INDEXES], expiry;
    pthread_rwlock_t
        lock; /* shared: a transaction of this process is open; exclusive: map or environment are being replaced */
    pthread_mutex_t readers_lock;
    struct reader *readers;
    pthread_key_t reader_key; /* each thread's reader */
    struct queue queue;
};

/** Opens the environment in the existing folder `path`, creating it and its sub-databases. NULL, with LMDB's code in
 * `*rc`. */
struct env *env_open(const char *path, bool durable, int *rc);
void env_close(struct env *env);

/** A read transaction of this thread, until env_read_end. Not nested. LMDB's code. */
MUST_CHECK int env_read(struct env *env, MDB_txn **txn);
void env_read_end(struct env *env, MDB_txn *txn);

/** Runs `work` in one write transaction and commits it; again when the map had to grow first. LMDB's or the system's
 * code: not 0 means that nothing was written. One thread at a time (the queue sees to it). */
MUST_CHECK int env_transact(struct env *env, int (*work)(MDB_txn *txn, void *context), void *context);

/** Doubles the map, unless it is larger than `seen` already. MDB_MAP_FULL at the ceiling. */
MUST_CHECK int env_grow(struct env *env, size_t seen);
size_t env_map_size(struct env *env);
/** Closes and opens the environment, unless that was done since `generation`. */
MUST_CHECK int env_reopen(struct env *env, unsigned generation);

/** What a caller is told for `rc`; logs what nobody expects. */
enum store_result env_result(const struct env *env, const char *doing, int rc);

#endif
