#include "outbound/outbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "outbound/outbox_queue.h"
#include "outbound/outbox_record.h"
#include "outbound/outbox_try.h"

#define LOOK_MS 2000        /* between looks for what another process wrote */
#define LOOKS_PER_WHOLE 150 /* every so many looks at all there is: clocks may have been set back */
#define OVERLAP_MS 120000   /* keys are made some time before their records are written */
#define PAUSE_MAX_MS 60000  /* a destination that fails is left alone no longer than this */
#define SENDERS_MAX 16

struct outbox {
    struct outbox_options options;
    pthread_t threads[SENDERS_MAX];
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool stopping, looking, look_wanted;
    int64_t next_look;       /* monotonic */
    int64_t looked_from;     /* when the last look began, milliseconds since 1970 */
    unsigned looks_to_whole; /* looks until the next whole one */
    struct outbox_queue *queue;
    struct outbox_counts counts;
};

/* ---- looking what there is ---- */

struct found {
    struct found *next;
    str key, destination;
    int64_t next_try_at, hopeless_at;
};

struct look {
    struct arena *arena;
    int64_t give_up_ms;
    struct found *first, **end;
};

static bool on_record(const struct record *record, void *context)
{
    struct look *look = context;
    struct outbox_notice notice;
    struct found *found = ARENA_NEW(look->arena, struct found);
    if (!outbox_record_read(record, &notice))
        notice = (struct outbox_notice){0}; /* the try will find it damaged, and say so */
    if (record->key.n != OUTBOX_KEY_BYTES)
        return true;
    found->key = arena_str(look->arena, record->key);
    found->destination = arena_str(look->arena, notice.destination);
    found->next_try_at = notice.next_try_at;
    found->hopeless_at = notice.created_at + look->give_up_ms;
    *look->end = found;
    look->end = &found->next;
    return true;
}

/* Keys begin with the time at which they were made: those after the result were made after `ms`. */
static str key_at(struct arena *arena, int64_t ms)
{
    unsigned char *key = arena_alloc(arena, 6);
    for (int i = 0; i < 6; i++)
        key[i] = (unsigned char)((uint64_t)ms >> (40 - 8 * i));
    return str_bytes(key, 6);
}

/* With the lock held, which is released meanwhile: learns of notices that were added. */
static void look(struct outbox *outbox)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct look look = {.arena = arena, .give_up_ms = outbox->options.give_up_ms, .end = &look.first};
    bool whole = outbox->looks_to_whole == 0;
    str after = whole ? STR_NONE : key_at(arena, outbox->looked_from - OVERLAP_MS);
    int64_t from = clock_now_ms();
    outbox->looking = true;
    outbox->look_wanted = false;
    pthread_mutex_unlock(&outbox->lock);
    bool read = store_scan(outbox->options.store, RECORD_OUTBOX, -1, STR_NONE, after, on_record, &look) == STORE_OK;
    pthread_mutex_lock(&outbox->lock);
    for (struct found *found = look.first; found; found = found->next)
        outbox_queue_add(outbox->queue, found->key, found->destination, found->next_try_at, found->hopeless_at);
    outbox->looking = false;
    outbox->looked_from = from;
    outbox->next_look = clock_mono_ms() + LOOK_MS;
    outbox->looks_to_whole = !read ? 0 : whole ? LOOKS_PER_WHOLE : outbox->looks_to_whole - 1;
    pthread_cond_broadcast(&outbox->changed);
}

/* ---- sending ---- */

static bool is_stopping(void *context)
{
    struct outbox *outbox = context;
    pthread_mutex_lock(&outbox->lock);
    bool stopping = outbox->stopping;
    pthread_mutex_unlock(&outbox->lock);
    return stopping;
}

static void count(struct outbox_counts *counts, const struct outbox_trial *trial, enum outbox_outcome outcome)
{
    uint64_t *const of_end[] = {[OUTBOX_SENT] = &counts->sent,
                                [OUTBOX_DROPPED] = &counts->dropped,
                                [OUTBOX_REFUSED] = &counts->refused,
                                [OUTBOX_GIVEN_UP] = &counts->given_up};
    if (outcome == OUTBOX_ENDED)
        ++*of_end[trial->end];
    counts->failed += outcome == OUTBOX_FAILED || (outcome == OUTBOX_ENDED && trial->unreached);
}

/* With the lock held: what the try means for what is tried next. */
static void settle(struct outbox *outbox, struct outbox_waiting *waiting, const struct outbox_trial *trial,
                   enum outbox_outcome outcome)
{
    count(&outbox->counts, trial, outcome);
    if (trial->reached)
        outbox_queue_alive(waiting);
    if (trial->unreached) {
        int64_t pause = outbox_wait(&outbox->options, (int64_t)trial->failures + 1);
        outbox_queue_failed(waiting, outbox->options.clock_ms() + (pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS));
    }
    if (outcome == OUTBOX_ENDED || outcome == OUTBOX_GONE)
        outbox_queue_remove(outbox->queue, waiting);
    else
        outbox_queue_again(outbox->queue, waiting, trial->next_try_at);
    pthread_cond_broadcast(&outbox->changed); /* its destination is free, or a thread may turn to one that fails */
}

/* With the lock held, which is released meanwhile. */
static void deliver(struct outbox *outbox, struct outbox_waiting *waiting)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct outbox_trial trial = {.options = &outbox->options,
                                 .arena = arena,
                                 .failures = outbox_queue_failures(waiting),
                                 .stopping = is_stopping,
                                 .stopping_context = outbox};
    pthread_mutex_unlock(&outbox->lock);
    enum outbox_outcome outcome = outbox_try(&trial, str_bytes(waiting->key, OUTBOX_KEY_BYTES));
    pthread_mutex_lock(&outbox->lock);
    settle(outbox, waiting, &trial, outcome);
}

/* With the lock held: until something changed, the next notice is due, or it is time to look. */
static void wait_for_work(struct outbox *outbox, bool healthy_only)
{
    int64_t due = outbox_queue_next(outbox->queue, healthy_only);
    int64_t ms = outbox->looking ? LOOK_MS : outbox->next_look - clock_mono_ms();
    int64_t to_due = due == OUTBOX_NEVER ? ms : due - outbox->options.clock_ms();
    if (to_due < ms)
        ms = to_due;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + (ms > 0 ? ms + 1 : 1) * 1000000;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_cond_timedwait(&outbox->changed, &outbox->lock, &until);
}

static void *run(void *context)
{
    struct outbox *outbox = context;
    pthread_mutex_lock(&outbox->lock);
    while (!outbox->stopping) {
        /* The last thread that is not held up by a destination that fails keeps away from these. */
        bool healthy_only = outbox_queue_busy_failing(outbox->queue) + 1 >= outbox->options.senders;
        struct outbox_waiting *waiting;
        if (!outbox->looking && (outbox->look_wanted || clock_mono_ms() >= outbox->next_look))
            look(outbox);
        else if ((waiting = outbox_queue_take(outbox->queue, outbox->options.clock_ms(), healthy_only)))
            deliver(outbox, waiting);
        else
            wait_for_work(outbox, healthy_only);
    }
    pthread_mutex_unlock(&outbox->lock);
    return NULL;
}

/* ---- outside ---- */

struct outbox *outbox_start(const struct outbox_options *options)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    pthread_condattr_t monotonic;
    if (!outbox || options->senders < 2 || options->senders > SENDERS_MAX)
        abort();
    outbox->options = *options;
    if (!outbox->options.clock_ms)
        outbox->options.clock_ms = clock_now_ms;
    outbox->queue = outbox_queue_new();
    pthread_mutex_init(&outbox->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&outbox->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (unsigned i = 0; i < options->senders; i++)
        if (pthread_create(&outbox->threads[i], NULL, run, outbox) != 0)
            abort();
    return outbox;
}

void outbox_wake(struct outbox *outbox)
{
    if (!outbox)
        return;
    pthread_mutex_lock(&outbox->lock);
    outbox->look_wanted = true;
    pthread_cond_broadcast(&outbox->changed);
    pthread_mutex_unlock(&outbox->lock);
}

void outbox_stop(struct outbox *outbox)
{
    if (!outbox)
        return;
    pthread_mutex_lock(&outbox->lock);
    outbox->stopping = true;
    pthread_cond_broadcast(&outbox->changed);
    pthread_mutex_unlock(&outbox->lock);
    for (unsigned i = 0; i < outbox->options.senders; i++)
        pthread_join(outbox->threads[i], NULL);
    outbox_queue_free(outbox->queue);
    pthread_cond_destroy(&outbox->changed);
    pthread_mutex_destroy(&outbox->lock);
    free(outbox);
}

void outbox_counts(struct outbox *outbox, struct outbox_counts *out)
{
    pthread_mutex_lock(&outbox->lock);
    *out = outbox->counts;
    out->waiting = outbox_queue_count(outbox->queue);
    pthread_mutex_unlock(&outbox->lock);
}
