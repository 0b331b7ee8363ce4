#include <stdlib.h>

#include "http/internal.h"

/* Handlers keep what is large in the request's arena: the largest frame of ours has 8 KB. */
#define STACK_BYTES ((size_t)256 * 1024)

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct exchange *head, **tail;
    unsigned waiting, waiting_max;
    unsigned idle;
    atomic_bool stopping;
    unsigned threads;
    pthread_t thread[];
};

static struct exchange *take(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->idle++;
    while (!pool->head && !pool->stopping)
        pthread_cond_wait(&pool->work, &pool->lock);
    pool->idle--;
    struct exchange *x = pool->head;
    if (x) {
        pool->head = x->next;
        if (!pool->head)
            pool->tail = &pool->head;
        pool->waiting--;
    }
    pthread_mutex_unlock(&pool->lock);
    return x;
}

static void *work(void *context)
{
    struct pool *pool = context;
    struct exchange *x;
    while ((x = take(pool)) != NULL) {
        struct MHD_Connection *connection = x->connection;
        if (pool->stopping)
            answer_problem(x, 503, "the server is stopping");
        else
            exchange_run(x);
        if (exchange_left(x))
            continue;
        x->stage = STAGE_ANSWERED;
        MHD_resume_connection(connection); /* from here on `x` belongs to its loop again */
    }
    return NULL;
}

static bool start_one(struct pool *pool, const pthread_attr_t *attributes)
{
    if (pthread_create(&pool->thread[pool->threads], attributes, work, pool) != 0)
        return false;
    pool->threads++;
    return true;
}

static bool start_all(struct pool *pool, unsigned workers)
{
    pthread_attr_t attributes;
    bool started = pthread_attr_init(&attributes) == 0;
    if (!started)
        return false;
    started = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0;
    while (started && pool->threads < workers)
        started = start_one(pool, &attributes);
    pthread_attr_destroy(&attributes);
    return started;
}

struct pool *pool_new(unsigned workers, unsigned queue_max)
{
    struct pool *pool = calloc(1, sizeof *pool + workers * sizeof pool->thread[0]);
    if (!pool)
        abort();
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pool->tail = &pool->head;
    pool->waiting_max = queue_max;
    if (start_all(pool, workers))
        return pool;
    pool_stop(pool);
    pool_free(pool);
    return NULL;
}

bool pool_submit(struct pool *pool, struct exchange *x)
{
    pthread_mutex_lock(&pool->lock);
    bool room = !pool->stopping && pool->threads > 0 &&
                (x->waiter.was_parked || pool->waiting < pool->waiting_max + pool->idle);
    if (room) {
        x->next = NULL;
        *pool->tail = x;
        pool->tail = &x->next;
        pool->waiting++;
        pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->lock);
    return room;
}

uint64_t pool_waiting(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    uint64_t waiting = pool->waiting;
    pthread_mutex_unlock(&pool->lock);
    return waiting;
}

void pool_stop(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (; pool->threads > 0; pool->threads--)
        pthread_join(pool->thread[pool->threads - 1], NULL);
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
