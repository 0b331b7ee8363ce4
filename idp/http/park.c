#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/internal.h"

/* Deadlines stand in a wheel: a slot for each tick, in which a later round may stand as well. */
#define TICK_MS 100
#define SLOTS 512
#define BUCKETS_MAX ((size_t)1 << 16)
#define SAME_MAX 16 /* that wait for one topic: nobody's windows or devices are more */

LIST_HEAD(waiters, waiter);

struct park {
    pthread_mutex_t lock;              /* over all of it, and over `watches`, `woken` and `parked` of each waiter */
    unsigned parked, taken, taken_max; /* taken: also by those that are about to be parked */
    bool stopping;
    int64_t tick; /* the last one that was looked at */
    uint32_t seed;
    size_t buckets;
    struct waiters slot[SLOTS];
    struct waiters bucket[]; /* by topic */
};

static struct exchange *exchange_of(struct waiter *waiter)
{
    return (struct exchange *)(void *)((char *)waiter - offsetof(struct exchange, waiter));
}

struct park *park_new(unsigned max)
{
    size_t buckets = 16;
    while (buckets < max && buckets < BUCKETS_MAX)
        buckets *= 2;
    struct park *park = calloc(1, sizeof *park + buckets * sizeof park->bucket[0]);
    if (!park || getrandom(&park->seed, sizeof park->seed, 0) != (ssize_t)sizeof park->seed)
        abort();
    pthread_mutex_init(&park->lock, NULL);
    park->buckets = buckets;
    park->taken_max = max;
    park->tick = clock_mono_ms() / TICK_MS;
    return park;
}

void park_free(struct park *park)
{
    if (!park)
        return;
    pthread_mutex_destroy(&park->lock);
    free(park);
}

/* FNV-1a. Topics are names that the server made: nobody outside chooses what falls together. */
static struct waiters *bucket_of(struct park *park, str topic)
{
    uint32_t h = 2166136261u ^ park->seed;
    for (size_t i = 0; i < topic.n; i++)
        h = (h ^ (unsigned char)topic.p[i]) * 16777619u;
    return &park->bucket[(h ^ h >> 16) & (park->buckets - 1)];
}

static void unwatch(struct waiter *waiter)
{
    if (waiter->watches)
        LIST_REMOVE(waiter, same_hash);
    waiter->watches = false;
}

void request_watch(struct request *rq, str topic)
{
    struct park *park = rq->exchange->server->park;
    struct waiter *waiter = &rq->exchange->waiter;
    if (topic.n > HTTP_TOPIC_MAX) {
        log_error("http.long_topic bytes=%zu id=%s", topic.n, rq->id);
        topic.n = HTTP_TOPIC_MAX;
    }
    pthread_mutex_lock(&park->lock);
    unwatch(waiter);
    waiter->woken = false;
    waiter->topic_size = (unsigned char)topic.n;
    if (topic.n > 0)
        memcpy(waiter->topic, topic.p, topic.n);
    waiter->watches = true;
    LIST_INSERT_HEAD(bucket_of(park, topic), waiter, same_hash);
    pthread_mutex_unlock(&park->lock);
}

static bool is_of(const struct waiter *waiter, str topic)
{
    return str_eq(topic, str_bytes(waiter->topic, waiter->topic_size));
}

/* Whether one more may wait for what this one waits for; park->lock is held. Without that, who may wait once could take
 * all places. */
static bool is_room_beside(struct park *park, const struct waiter *waiter)
{
    str topic = str_bytes(waiter->topic, waiter->topic_size);
    unsigned count = 0;
    const struct waiter *other;
    LIST_FOREACH(other, bucket_of(park, topic), same_hash)
    count += other->parks && is_of(other, topic);
    return count < SAME_MAX;
}

bool request_park(struct request *rq, unsigned wait_ms)
{
    struct park *park = rq->exchange->server->park;
    struct waiter *waiter = &rq->exchange->waiter;
    int64_t due_ms = clock_mono_ms() + wait_ms;
    if (waiter->parks || rq->exchange->moves)
        return true;
    pthread_mutex_lock(&park->lock);
    waiter->parks = waiter->watches && !park->stopping && park->taken < park->taken_max && is_room_beside(park, waiter);
    park->taken += waiter->parks;
    pthread_mutex_unlock(&park->lock);
    if (!waiter->was_parked || waiter->waited_out || due_ms < waiter->due_ms)
        waiter->due_ms = due_ms;
    return waiter->parks;
}

bool request_was_parked(const struct request *rq)
{
    return rq->exchange->waiter.was_parked;
}

bool request_waited_out(const struct request *rq)
{
    return rq->exchange->waiter.waited_out;
}

/* Ends a wait, so that the exchange may run; park->lock is held. Whoever is woken all the time waits out as well. */
static void end(struct park *park, struct waiter *waiter, int64_t now_ms)
{
    unwatch(waiter);
    if (waiter->parked) {
        LIST_REMOVE(waiter, same_slot);
        park->parked--;
    }
    park->taken -= waiter->parks;
    waiter->was_parked = waiter->was_parked || waiter->parks;
    waiter->waited_out = waiter->due_ms <= now_ms;
    waiter->parks = waiter->parked = false;
}

void park_forget(struct exchange *x)
{
    struct park *park = x->server->park;
    struct waiter *waiter = &x->waiter;
    if (!waiter->watches) /* which nobody else changes while the handler runs */
        return;
    pthread_mutex_lock(&park->lock);
    unwatch(waiter);
    park->taken -= waiter->parks;
    waiter->parks = false;
    pthread_mutex_unlock(&park->lock);
}

void park_begin(struct exchange *x)
{
    struct park *park = x->server->park;
    struct waiter *waiter = &x->waiter;
    arena_rewind(x->rq.arena, x->before);
    pthread_mutex_lock(&park->lock);
    int64_t now_ms = clock_mono_ms();
    bool again = waiter->woken || park->stopping || waiter->due_ms <= now_ms;
    if (again) {
        end(park, waiter, now_ms);
    } else {
        waiter->parked = true;
        park->parked++;
        LIST_INSERT_HEAD(&park->slot[(waiter->due_ms / TICK_MS + 1) % SLOTS], waiter, same_slot);
    }
    pthread_mutex_unlock(&park->lock);
    if (again)
        exchange_again(x);
}

/* Runs a list of exchanges that ended their waits, once the lock is not held. */
static void run_again(struct exchange *list)
{
    for (struct exchange *x = list, *next; x; x = next) {
        next = x->next;
        exchange_again(x);
    }
}

void http_wake(struct http_server *server, str topic)
{
    if (!server)
        return;
    struct park *park = server->park;
    struct exchange *list = NULL;
    pthread_mutex_lock(&park->lock);
    for (struct waiter *waiter = LIST_FIRST(bucket_of(park, topic)), *next; waiter; waiter = next) {
        next = LIST_NEXT(waiter, same_hash);
        if (!is_of(waiter, topic))
            continue;
        waiter->woken = true;
        if (!waiter->parked)
            continue;
        end(park, waiter, clock_mono_ms());
        exchange_of(waiter)->next = list;
        list = exchange_of(waiter);
    }
    pthread_mutex_unlock(&park->lock);
    run_again(list);
}

/* Takes those of a slot whose time is over at `now_ms` into `list`. */
static struct exchange *take_due(struct park *park, struct waiters *slot, int64_t now_ms, struct exchange *list)
{
    for (struct waiter *waiter = LIST_FIRST(slot), *next; waiter; waiter = next) {
        next = LIST_NEXT(waiter, same_slot);
        if (waiter->due_ms > now_ms)
            continue;
        end(park, waiter, now_ms);
        exchange_of(waiter)->next = list;
        list = exchange_of(waiter);
    }
    return list;
}

void park_expire(struct park *park, int64_t now_ms)
{
    struct exchange *list = NULL;
    pthread_mutex_lock(&park->lock);
    int64_t last = now_ms / TICK_MS, first = park->tick + 1;
    if (first <= last - SLOTS)
        first = last - SLOTS + 1; /* a whole round */
    for (int64_t tick = first; tick <= last; tick++)
        list = take_due(park, &park->slot[tick % SLOTS], now_ms, list);
    park->tick = last;
    pthread_mutex_unlock(&park->lock);
    run_again(list);
}

void park_stop(struct park *park)
{
    struct exchange *list = NULL;
    pthread_mutex_lock(&park->lock);
    park->stopping = true;
    for (size_t i = 0; i < SLOTS; i++)
        list = take_due(park, &park->slot[i], INT64_MAX, list);
    pthread_mutex_unlock(&park->lock);
    for (struct exchange *x = list, *next; x; x = next) {
        next = x->next;
        exchange_refuse(x, "the server is stopping");
    }
}

uint64_t park_waiting(struct park *park)
{
    pthread_mutex_lock(&park->lock);
    uint64_t waiting = park->parked;
    pthread_mutex_unlock(&park->lock);
    return waiting;
}
