#include "store/queue.h"

#include "base/clock.h"
#include "store/env.h"

#define TURN_MAX 128 /* batches of one transaction */

/* A thread that waits for its batch, or leads. */
struct waiting {
    struct waiting *next;
    batch_fn *run;
    void *context;
    enum store_result result;
    enum { WAITS, LEADS, DONE } state;
    pthread_cond_t wake;
};

/* What runs in one transaction. */
struct group {
    struct env *env;
    struct waiting *members[TURN_MAX];
    size_t count;
};

void queue_init(struct queue *queue)
{
    pthread_mutex_init(&queue->lock, NULL);
    queue->first = NULL;
    queue->end = &queue->first;
    queue->led = false;
}

void queue_destroy(struct queue *queue)
{
    pthread_mutex_destroy(&queue->lock);
}

static int run_group(MDB_txn *txn, void *context)
{
    struct group *group = context;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct turn turn = {group->env, txn, clock_now(), arena};
    for (size_t i = 0; i < group->count; i++) {
        struct waiting *member = group->members[i];
        member->result = STORE_OK;
        int rc = member->run(&turn, member->context, &member->result);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static void commit_group(struct group *group)
{
    int rc = env_transact(group->env, run_group, group);
    if (rc == 0)
        return;
    if (group->count == 1) {
        group->members[0]->result = env_result(group->env, "write", rc);
        return;
    }
    for (size_t i = 0; i < group->count; i++) { /* nobody fails for another's batch */
        struct group alone = {.env = group->env, .members = {group->members[i]}, .count = 1};
        commit_group(&alone);
    }
}

static void take_group(struct queue *queue, struct group *group)
{
    for (; queue->first && group->count < TURN_MAX; queue->first = queue->first->next)
        group->members[group->count++] = queue->first;
    if (!queue->first)
        queue->end = &queue->first;
}

/* With the lock held; `self` is the first in the queue. */
static void lead(struct env *env)
{
    struct queue *queue = &env->queue;
    struct group group = {.env = env};
    take_group(queue, &group);
    pthread_mutex_unlock(&queue->lock);
    commit_group(&group);
    pthread_mutex_lock(&queue->lock);
    for (size_t i = 0; i < group.count; i++) {
        group.members[i]->state = DONE;
        pthread_cond_signal(&group.members[i]->wake);
    }
    queue->led = queue->first != NULL;
    if (queue->led) {
        queue->first->state = LEADS;
        pthread_cond_signal(&queue->first->wake);
    }
}

enum store_result queue_run(struct env *env, batch_fn *run, void *context)
{
    struct queue *queue = &env->queue;
    struct waiting self = {.run = run, .context = context, .state = WAITS, .wake = PTHREAD_COND_INITIALIZER};
    pthread_mutex_lock(&queue->lock);
    *queue->end = &self;
    queue->end = &self.next;
    if (!queue->led) {
        queue->led = true;
        self.state = LEADS;
    }
    while (self.state == WAITS)
        pthread_cond_wait(&self.wake, &queue->lock);
    if (self.state == LEADS)
        lead(env);
    pthread_mutex_unlock(&queue->lock);
    pthread_cond_destroy(&self.wake);
    return self.result;
}
