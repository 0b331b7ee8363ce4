#include "outbound/outbox_queue.h"

#include <stdlib.h>
#include <string.h>

#define KEY_BUCKETS 4096
#define DESTINATION_BUCKETS 256

struct outbox_destination {
    LIST_ENTRY(outbox_destination) same_name;
    TAILQ_HEAD(outbox_waiting_list, outbox_waiting) waiting; /* by next_try_at; without the one that is being tried */
    int64_t left_alone_until;
    unsigned failures; /* in a row */
    bool busy, busy_failing;
    str name;
    char text[];
};

struct outbox_queue {
    LIST_HEAD(, outbox_waiting) keys[KEY_BUCKETS];
    LIST_HEAD(, outbox_destination) destinations[DESTINATION_BUCKETS];
    uint64_t count;
    unsigned busy_failing;
};

static void *require(void *memory)
{
    if (!memory)
        abort(); /* as in base/arena.c */
    return memory;
}

struct outbox_queue *outbox_queue_new(void)
{
    return require(calloc(1, sizeof(struct outbox_queue)));
}

void outbox_queue_free(struct outbox_queue *queue)
{
    for (size_t i = 0; i < KEY_BUCKETS; i++)
        for (struct outbox_waiting *next, *item = LIST_FIRST(&queue->keys[i]); item; item = next) {
            next = LIST_NEXT(item, same_key);
            free(item);
        }
    for (size_t i = 0; i < DESTINATION_BUCKETS; i++)
        for (struct outbox_destination *next, *to = LIST_FIRST(&queue->destinations[i]); to; to = next) {
            next = LIST_NEXT(to, same_name);
            free(to);
        }
    free(queue);
}

static struct outbox_destination *destination_of(struct outbox_queue *queue, str name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.n; i++)
        hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
    size_t bucket = hash % DESTINATION_BUCKETS;
    struct outbox_destination *to;
    LIST_FOREACH(to, &queue->destinations[bucket], same_name)
    if (str_eq(to->name, name))
        return to;
    to = require(calloc(1, sizeof *to + name.n));
    if (name.n > 0)
        memcpy(to->text, name.p, name.n);
    to->name = (str){to->text, name.n};
    TAILQ_INIT(&to->waiting);
    LIST_INSERT_HEAD(&queue->destinations[bucket], to, same_name);
    return to;
}

/* From the end: most are due later than all before them. */
static void line_up(struct outbox_waiting *item)
{
    struct outbox_waiting *before = TAILQ_LAST(&item->to->waiting, outbox_waiting_list);
    while (before && before->next_try_at > item->next_try_at)
        before = TAILQ_PREV(before, outbox_waiting_list, link);
    if (before)
        TAILQ_INSERT_AFTER(&item->to->waiting, before, item, link);
    else
        TAILQ_INSERT_HEAD(&item->to->waiting, item, link);
}

void outbox_queue_add(struct outbox_queue *queue, str key, str destination, int64_t next_try_at, int64_t hopeless_at)
{
    size_t bucket = ((size_t)(unsigned char)key.p[14] << 8 | (unsigned char)key.p[15]) % KEY_BUCKETS; /* random bytes */
    struct outbox_waiting *item;
    LIST_FOREACH(item, &queue->keys[bucket], same_key)
    if (memcmp(item->key, key.p, OUTBOX_KEY_BYTES) == 0)
        return;
    item = require(calloc(1, sizeof *item));
    memcpy(item->key, key.p, OUTBOX_KEY_BYTES);
    item->to = destination_of(queue, destination);
    item->next_try_at = next_try_at;
    item->hopeless_at = hopeless_at;
    LIST_INSERT_HEAD(&queue->keys[bucket], item, same_key);
    line_up(item);
    queue->count++;
}

/* When the first of a destination may be tried; what is hopeless is not held up, since nobody is called for it. */
static int64_t due_at(const struct outbox_destination *to)
{
    const struct outbox_waiting *first = TAILQ_FIRST(&to->waiting);
    if (to->busy || !first)
        return OUTBOX_NEVER;
    int64_t pause = to->left_alone_until < first->hopeless_at ? to->left_alone_until : first->hopeless_at;
    return first->next_try_at > pause ? first->next_try_at : pause;
}

struct outbox_waiting *outbox_queue_take(struct outbox_queue *queue, int64_t now, bool healthy_only)
{
    struct outbox_destination *to, *best = NULL;
    for (size_t i = 0; i < DESTINATION_BUCKETS; i++)
        LIST_FOREACH(to, &queue->destinations[i], same_name)
        {
            if (due_at(to) > now || (healthy_only && to->failures > 0))
                continue;
            bool healthier = best && to->failures == 0 && best->failures > 0;
            bool as_healthy = best && (to->failures > 0) == (best->failures > 0);
            if (!best || healthier || (as_healthy && due_at(to) < due_at(best)))
                best = to;
        }
    if (!best)
        return NULL;
    struct outbox_waiting *item = TAILQ_FIRST(&best->waiting);
    TAILQ_REMOVE(&best->waiting, item, link);
    best->busy = true;
    best->busy_failing = best->failures > 0;
    queue->busy_failing += best->busy_failing;
    return item;
}

int64_t outbox_queue_next(const struct outbox_queue *queue, bool healthy_only)
{
    int64_t next = OUTBOX_NEVER;
    const struct outbox_destination *to;
    for (size_t i = 0; i < DESTINATION_BUCKETS; i++)
        LIST_FOREACH(to, &queue->destinations[i], same_name)
    if (due_at(to) < next && !(healthy_only && to->failures > 0))
        next = due_at(to);
    return next;
}

unsigned outbox_queue_failures(const struct outbox_waiting *waiting)
{
    return waiting->to->failures;
}

void outbox_queue_alive(struct outbox_waiting *waiting)
{
    waiting->to->failures = 0;
    waiting->to->left_alone_until = 0;
}

void outbox_queue_failed(struct outbox_waiting *waiting, int64_t until)
{
    waiting->to->failures++;
    waiting->to->left_alone_until = until;
}

static void set_free(struct outbox_queue *queue, struct outbox_destination *to)
{
    queue->busy_failing -= to->busy_failing;
    to->busy = to->busy_failing = false;
    if (!TAILQ_EMPTY(&to->waiting))
        return;
    LIST_REMOVE(to, same_name);
    free(to);
}

void outbox_queue_remove(struct outbox_queue *queue, struct outbox_waiting *waiting)
{
    struct outbox_destination *to = waiting->to;
    LIST_REMOVE(waiting, same_key);
    free(waiting);
    queue->count--;
    set_free(queue, to);
}

void outbox_queue_again(struct outbox_queue *queue, struct outbox_waiting *waiting, int64_t next_try_at)
{
    waiting->next_try_at = next_try_at;
    line_up(waiting);
    set_free(queue, waiting->to);
}

uint64_t outbox_queue_count(const struct outbox_queue *queue)
{
    return queue->count;
}

unsigned outbox_queue_busy_failing(const struct outbox_queue *queue)
{
    return queue->busy_failing;
}
