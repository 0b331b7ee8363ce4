#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "ops/ops.h"
#include "records/participant.h"

#define SWEEP_AT_ONCE 500
#define SWEEPS_MAX 200 /* a second: 100,000 records */

struct upkeep {
    struct provider *provider;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool stopping;
};

/* In small steps, so that nobody waits long for the store. */
static void sweep(struct store *store)
{
    for (int i = 0; i < SWEEPS_MAX && store_sweep(store, SWEEP_AT_ONCE) == SWEEP_AT_ONCE; i++)
        ;
}

static bool wait_a_second(struct upkeep *upkeep)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&upkeep->lock);
    int late = 0;
    while (!upkeep->stopping && late == 0)
        late = pthread_cond_timedwait(&upkeep->stop, &upkeep->lock, &until);
    bool go_on = !upkeep->stopping;
    pthread_mutex_unlock(&upkeep->lock);
    return go_on;
}

static void *run(void *context)
{
    struct upkeep *upkeep = context;
    while (wait_a_second(upkeep)) {
        if (ring_refresh(upkeep->provider->keys))
            log_info("keys.refreshed");
        sweep(upkeep->provider->store);
        if (participants_dismiss_due(upkeep->provider->store, clock_now()) > 0)
            outbox_wake(upkeep->provider->outbox);
    }
    return NULL;
}

struct upkeep *upkeep_start(struct provider *provider)
{
    struct upkeep *upkeep = calloc(1, sizeof *upkeep);
    pthread_condattr_t monotonic;
    if (!upkeep)
        abort();
    upkeep->provider = provider;
    pthread_mutex_init(&upkeep->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&upkeep->stop, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&upkeep->thread, NULL, run, upkeep) != 0)
        abort();
    return upkeep;
}

void upkeep_stop(struct upkeep *upkeep)
{
    if (!upkeep)
        return;
    pthread_mutex_lock(&upkeep->lock);
    upkeep->stopping = true;
    pthread_cond_signal(&upkeep->stop);
    pthread_mutex_unlock(&upkeep->lock);
    pthread_join(upkeep->thread, NULL);
    pthread_cond_destroy(&upkeep->stop);
    pthread_mutex_destroy(&upkeep->lock);
    free(upkeep);
}
