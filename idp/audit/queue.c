#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "audit/entry.h"
#include "base/clock.h"
#include "base/log.h"

#define WAIT_MS 2000 /* for a store that fails; then the server must go on */

/* An encoded entry that waits. */
struct item {
    struct item *next;
    str encoded; /* of `bytes` */
    char bytes[];
};

struct audit_queue {
    struct store *store;
    unsigned flush_ms, capacity;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* full, or ending; for the thread */
    pthread_cond_t room;    /* for those who wait in audit_later */
    struct item *first, **end;
    unsigned count; /* with those being written */
    bool ending;
    bool failing; /* the last batch could not be written */
    bool losing;  /* an entry was given up since one could: nobody waits again before */
};

static void require(bool ok)
{
    if (!ok)
        abort(); /* no memory, as in base/arena.c */
}

/* Writes `count` entries in one batch. */
static bool write_items(struct store *store, struct item *first, unsigned count)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct store_op *ops = ARENA_ARRAY(arena, struct store_op, count);
    struct item *item = first;
    for (unsigned i = 0; i < count; i++) {
        ops[i] = audit_encoded_op(&item->encoded);
        if (i + 1 < count) /* the last one's `next` belongs to who adds */
            item = item->next;
    }
    return store_write(store, ops, count) == STORE_OK;
}

/* With the lock held, which is released meanwhile. What could not be written stays in front. */
static bool flush(struct audit_queue *queue)
{
    struct item *first = queue->first;
    unsigned count = queue->count;
    if (!first)
        return true;
    pthread_mutex_unlock(&queue->lock);
    bool written = write_items(queue->store, first, count);
    pthread_mutex_lock(&queue->lock);
    queue->failing = !written;
    if (!written) {
        pthread_cond_broadcast(&queue->room);
        return false;
    }
    queue->losing = false;
    for (unsigned i = 0; i < count; i++) {
        struct item *item = queue->first;
        queue->first = item->next;
        free(item);
    }
    if (!queue->first)
        queue->end = &queue->first;
    queue->count -= count;
    pthread_cond_broadcast(&queue->room);
    return true;
}

static struct timespec time_in(unsigned ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + (int64_t)(ms % 1000) * 1000000;
    at.tv_sec += ms / 1000 + ns / 1000000000;
    at.tv_nsec = ns % 1000000000;
    return at;
}

/* With the lock held: until flush_ms have passed, or the queue is full (if `early`), or is ending. */
static void wait_for_entries(struct audit_queue *queue, bool early)
{
    const struct timespec until = time_in(queue->flush_ms);
    int rc = 0;
    while (rc == 0 && !queue->ending && !(early && queue->count >= queue->capacity))
        rc = pthread_cond_timedwait(&queue->changed, &queue->lock, &until);
}

static void *run(void *context)
{
    struct audit_queue *queue = context;
    bool written = true;
    pthread_mutex_lock(&queue->lock);
    while (!queue->ending) {
        wait_for_entries(queue, written); /* a store that fails is not asked without pause */
        written = flush(queue);
    }
    while (queue->first && flush(queue))
        ;
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

struct audit_queue *audit_queue_new(struct store *store, unsigned flush_ms, unsigned capacity)
{
    struct audit_queue *queue = calloc(1, sizeof *queue);
    require(queue != NULL);
    *queue = (struct audit_queue){.store = store, .flush_ms = flush_ms, .capacity = capacity > 0 ? capacity : 1};
    queue->end = &queue->first;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->changed, &attributes);
    pthread_cond_init(&queue->room, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&queue->lock, NULL);
    require(pthread_create(&queue->thread, NULL, run, queue) == 0);
    return queue;
}

/* With the lock held: until there is room. False when the store fails and there is none for too long. */
static bool wait_for_room(struct audit_queue *queue)
{
    const struct timespec until = time_in(WAIT_MS);
    bool late = false;
    while (queue->count >= queue->capacity) {
        if (queue->failing && (late || queue->losing)) {
            queue->losing = true;
            return false;
        }
        if (late)
            pthread_cond_wait(&queue->room, &queue->lock);
        else
            late = pthread_cond_timedwait(&queue->room, &queue->lock, &until) == ETIMEDOUT;
    }
    return true;
}

void audit_later(struct audit_queue *queue, const struct audit_entry *entry)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct audit_entry copy = *entry;
    str encoded = audit_encode(arena, &copy);
    struct item *item = malloc(sizeof *item + encoded.n);
    require(item != NULL);
    memcpy(item->bytes, encoded.p, encoded.n);
    item->next = NULL;
    item->encoded = (str){item->bytes, encoded.n};
    pthread_mutex_lock(&queue->lock);
    if (!wait_for_room(queue)) {
        pthread_mutex_unlock(&queue->lock);
        log_error("audit.lost action=%.*s outcome=%.*s request=%.*s", STR_FMT(entry->action), STR_FMT(entry->outcome),
                  STR_FMT(entry->request_id));
        free(item);
        return;
    }
    *queue->end = item;
    queue->end = &item->next;
    if (++queue->count >= queue->capacity)
        pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

void audit_queue_free(struct audit_queue *queue)
{
    if (!queue)
        return;
    pthread_mutex_lock(&queue->lock);
    queue->ending = true;
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    pthread_join(queue->thread, NULL);
    if (queue->first)
        log_error("audit.lost entries=%u", queue->count);
    while (queue->first) {
        struct item *item = queue->first;
        queue->first = item->next;
        free(item);
    }
    pthread_cond_destroy(&queue->room);
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}
