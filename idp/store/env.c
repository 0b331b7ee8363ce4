#include "store/env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/log.h"

#define READERS_MAX 1000       /* threads of all processes; 64 bytes each */
#define NEARLY_NOTHING 1048576 /* free bytes under which an I/O error means a full disk */

/* One thread's read transaction, kept between reads: renewing costs much less than beginning. */
struct reader {
    struct env *env;
    MDB_txn *txn; /* reset, or NULL */
    struct reader *previous, *next;
};

static void reader_link(struct reader *reader)
{
    struct env *env = reader->env;
    pthread_mutex_lock(&env->readers_lock);
    reader->next = env->readers;
    if (reader->next)
        reader->next->previous = reader;
    env->readers = reader;
    pthread_mutex_unlock(&env->readers_lock);
}

/* When a thread ends. */
static void reader_free(void *object)
{
    struct reader *reader = object;
    struct env *env = reader->env;
    pthread_mutex_lock(&env->readers_lock);
    mdb_txn_abort(reader->txn);
    if (reader->previous)
        reader->previous->next = reader->next;
    else
        env->readers = reader->next;
    if (reader->next)
        reader->next->previous = reader->previous;
    pthread_mutex_unlock(&env->readers_lock);
    free(reader);
}

static void abort_readers(struct env *env)
{
    pthread_mutex_lock(&env->readers_lock);
    for (struct reader *reader = env->readers; reader; reader = reader->next) {
        mdb_txn_abort(reader->txn);
        reader->txn = NULL;
    }
    pthread_mutex_unlock(&env->readers_lock);
}

static int attempt(struct env *env, int (*work)(MDB_txn *txn, void *context), void *context)
{
    MDB_txn *txn;
    if (!env->mdb)
        return MDB_PANIC;
    int rc = mdb_txn_begin(env->mdb, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = work(txn, context);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

static int open_tables(MDB_txn *txn, void *context)
{
    struct env *env = context;
    int rc = mdb_dbi_open(txn, ".expiry", MDB_CREATE, &env->expiry);
    for (unsigned kind = 0; rc == 0 && kind < RECORD_KINDS; kind++) {
        const struct record_info *info = &record_table[kind];
        if (info->durable != env->durable)
            continue;
        rc = mdb_dbi_open(txn, info->name, MDB_CREATE, &env->main[kind]);
        for (unsigned i = 0; rc == 0 && i < info->indexes; i++) {
            char name[32];
            snprintf(name, sizeof name, "%s.%u", info->name, i);
            rc = mdb_dbi_open(txn, name, MDB_CREATE, &env->index[kind][i]);
        }
    }
    return rc;
}

static int configure(struct env *env)
{
    /* Never MDB_WRITEMAP: on a full disk a write to the map is a SIGBUS, a write() is an error. */
    unsigned flags = MDB_NOTLS | (env->durable ? 0 : MDB_NOSYNC);
    int rc = mdb_env_set_maxdbs(env->mdb, RECORD_KINDS * (1 + STORE_INDEXES) + 1);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env->mdb, READERS_MAX);
    if (rc == 0)
        rc = mdb_env_open(env->mdb, env->path, flags, 0600);
    if (rc == 0)
        rc = mdb_reader_check(env->mdb, NULL);
    if (rc == 0)
        rc = attempt(env, open_tables, env);
    while (rc == MDB_MAP_RESIZED) {
        rc = mdb_env_set_mapsize(env->mdb, 0);
        if (rc == 0)
            rc = attempt(env, open_tables, env);
    }
    return rc;
}

static int open_mdb(struct env *env)
{
    int rc = mdb_env_create(&env->mdb);
    if (rc != 0) {
        env->mdb = NULL;
        return rc;
    }
    rc = configure(env);
    if (rc != 0) {
        mdb_env_close(env->mdb);
        env->mdb = NULL;
        return rc;
    }
    env->generation++;
    return 0;
}

static void destroy(struct env *env)
{
    queue_destroy(&env->queue);
    pthread_mutex_destroy(&env->readers_lock);
    pthread_rwlock_destroy(&env->lock);
    free(env->path);
    free(env);
}

struct env *env_open(const char *path, bool durable, int *rc)
{
    struct env *env = calloc(1, sizeof *env);
    if (!env || !(env->path = strdup(path)))
        abort(); /* no memory, as in base/arena.c */
    env->durable = durable;
    env->ceiling = MAP_CEILING;
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&env->lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    pthread_mutex_init(&env->readers_lock, NULL);
    queue_init(&env->queue);
    *rc = open_mdb(env);
    if (*rc == 0) {
        *rc = pthread_key_create(&env->reader_key, reader_free);
        if (*rc == 0)
            return env;
        mdb_env_close(env->mdb);
    }
    destroy(env);
    return NULL;
}

void env_close(struct env *env)
{
    if (!env)
        return;
    pthread_key_delete(env->reader_key);
    while (env->readers)
        reader_free(env->readers);
    if (env->mdb)
        mdb_env_close(env->mdb);
    destroy(env);
}

size_t env_map_size(struct env *env)
{
    MDB_envinfo info = {0};
    if (env->mdb)
        mdb_env_info(env->mdb, &info);
    return info.me_mapsize;
}

/* With the lock held exclusively. */
static int reopen(struct env *env)
{
    abort_readers(env);
    if (env->mdb)
        mdb_env_close(env->mdb);
    return open_mdb(env);
}

int env_reopen(struct env *env, unsigned generation)
{
    int rc = 0;
    pthread_rwlock_wrlock(&env->lock);
    if (!env->mdb || env->generation == generation) {
        rc = reopen(env);
        log_warn("store.reopen path=%s result=%s", env->path, rc == 0 ? "ok" : mdb_strerror(rc));
    }
    pthread_rwlock_unlock(&env->lock);
    return rc;
}

/* With the lock held exclusively. A map that cannot be replaced is gone: the environment must be opened anew, with its
 * former size. */
static int resize(struct env *env, size_t size)
{
    int rc = mdb_env_set_mapsize(env->mdb, size);
    if (rc != 0 && reopen(env) != 0)
        log_error("store.reopen path=%s", env->path);
    return rc;
}

int env_grow(struct env *env, size_t seen)
{
    int rc = 0;
    pthread_rwlock_wrlock(&env->lock);
    size_t size = env_map_size(env);
    if (size == 0)
        rc = MDB_PANIC;
    else if (size >= env->ceiling)
        rc = MDB_MAP_FULL;
    else if (size <= seen)
        rc = resize(env, size < env->ceiling / 2 ? size * 2 : env->ceiling);
    pthread_rwlock_unlock(&env->lock);
    return rc;
}

/* Another process made the map larger. */
static int adopt_size(struct env *env)
{
    pthread_rwlock_wrlock(&env->lock);
    int rc = env->mdb ? resize(env, 0) : MDB_PANIC;
    pthread_rwlock_unlock(&env->lock);
    return rc;
}

int env_transact(struct env *env, int (*work)(MDB_txn *txn, void *context), void *context)
{
    for (bool reopened = false;;) {
        pthread_rwlock_rdlock(&env->lock);
        size_t size = env_map_size(env);
        unsigned generation = env->generation;
        int rc = attempt(env, work, context);
        pthread_rwlock_unlock(&env->lock);
        if (rc == MDB_MAP_FULL) {
            rc = env_grow(env, size);
        } else if (rc == MDB_MAP_RESIZED) {
            rc = adopt_size(env);
        } else if (rc == MDB_PANIC && !reopened) { /* after a root page could not be written */
            reopened = true;
            rc = env_reopen(env, generation);
        } else {
            return rc;
        }
        if (rc != 0)
            return rc;
    }
}

static int begin_read(struct env *env, MDB_txn **txn)
{
    if (!env->mdb)
        return MDB_PANIC;
    struct reader *reader = pthread_getspecific(env->reader_key);
    if (!reader) {
        reader = calloc(1, sizeof *reader);
        if (!reader)
            abort();
        reader->env = env;
        reader_link(reader);
        int rc = pthread_setspecific(env->reader_key, reader);
        if (rc != 0) {
            reader_free(reader);
            return rc;
        }
    }
    int rc = reader->txn ? mdb_txn_renew(reader->txn) : mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &reader->txn);
    *txn = reader->txn;
    return rc;
}

int env_read(struct env *env, MDB_txn **txn)
{
    for (bool reopened = false, checked = false;;) {
        pthread_rwlock_rdlock(&env->lock);
        unsigned generation = env->generation;
        int rc = begin_read(env, txn);
        if (rc == 0)
            return 0; /* the lock stays held, shared, until env_read_end */
        if (rc == MDB_READERS_FULL && !checked) {
            checked = true;
            rc = mdb_reader_check(env->mdb, NULL);
            pthread_rwlock_unlock(&env->lock);
        } else {
            pthread_rwlock_unlock(&env->lock);
            if (rc == MDB_MAP_RESIZED) {
                rc = adopt_size(env);
            } else if (rc == MDB_PANIC && !reopened) {
                reopened = true;
                rc = env_reopen(env, generation);
            }
        }
        if (rc != 0)
            return rc;
    }
}

void env_read_end(struct env *env, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    pthread_rwlock_unlock(&env->lock);
}

static bool disk_is_full(const struct env *env)
{
    struct statvfs disk;
    return statvfs(env->path, &disk) == 0 && disk.f_bavail * disk.f_frsize < NEARLY_NOTHING;
}

enum store_result env_result(const struct env *env, const char *doing, int rc)
{
    if (rc == 0)
        return STORE_OK;
    if (rc == MDB_NOTFOUND)
        return STORE_NOT_FOUND;
    log_error("store.%s path=%s error=%s", doing, env->path, mdb_strerror(rc));
    /* LMDB makes an EIO of a write that was cut short, as the last one before a full disk is. */
    bool full = rc == MDB_MAP_FULL || rc == ENOSPC || rc == EDQUOT || rc == EFBIG || (rc == EIO && disk_is_full(env));
    return full ? STORE_FULL : STORE_ERROR;
}
