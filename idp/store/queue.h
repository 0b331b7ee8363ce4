/* Of this room only: group commit. Threads that want to write wait in a queue; one of them, the leader, runs what all
 * of them want in one transaction with one commit, then hands the lead to the first that came meanwhile. */
#ifndef KONSAO_STORE_QUEUE_H
#define KONSAO_STORE_QUEUE_H

#include <lmdb.h>
#include <pthread.h>

#include "store/store.h"

struct env;
struct waiting;

struct queue {
    pthread_mutex_t lock;
    struct waiting *first, **end;
    bool led;
};

/** The transaction that several batches share. */
struct turn {
    struct env *env;
    MDB_txn *txn;
    int64_t now;         /* seconds: the same for all */
    struct arena *arena; /* goes with the transaction */
};

/** What one batch does in its turn. Returns LMDB's code: not 0 undoes the whole turn. `*result` is STORE_OK before;
 * anything else only if nothing was written. Runs again, from the start, when the turn must be repeated; and on another
 * thread, while its own waits. */
typedef int batch_fn(struct turn *turn, void *context, enum store_result *result);

void queue_init(struct queue *queue);
void queue_destroy(struct queue *queue);
/** Returns when `run` was committed, or was not. */
MUST_CHECK enum store_result queue_run(struct env *env, batch_fn *run, void *context);

#endif
