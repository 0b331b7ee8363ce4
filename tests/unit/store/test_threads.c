#include <pthread.h>
#include <stdatomic.h>

#include "store/internal.h"
#include "unit/store/fixture.h"

#define THREADS 8
#define RACES 50

struct crew {
    struct store *store;
    pthread_barrier_t barrier;
    atomic_int winners, wrong;
    atomic_bool stop;
};

static void run_crew(struct crew *crew, void *(*work)(void *crew))
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&crew->barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, crew), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&crew->barrier);
}

static str race_key(struct arena *arena, int i)
{
    return arena_printf(arena, "race %d", i);
}

static void *take_each(void *context)
{
    struct crew *crew = context;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    for (int i = 0; i < RACES; i++) {
        struct record record;
        pthread_barrier_wait(&crew->barrier);
        enum store_result result = store_take(crew->store, RECORD_CODE, race_key(arena, i), arena, &record);
        crew->winners += result == STORE_OK && str_is(record.value, "v");
        crew->wrong += result != STORE_OK && result != STORE_NOT_FOUND;
    }
    return NULL;
}

static void exactly_one_thread_takes_a_record(void **state)
{
    struct fixture *f = *state;
    struct crew crew = {.store = f->store};
    for (int i = 0; i < RACES; i++)
        assert_int_equal(put(f, RECORD_CODE, race_key(f->arena, i), STR("v"), 0), STORE_OK);
    run_crew(&crew, take_each);
    assert_int_equal(crew.winners, RACES);
    assert_int_equal(crew.wrong, 0);
}

static void *mark_each(void *context)
{
    struct crew *crew = context;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    for (int i = 0; i < RACES; i++) {
        struct store_op op = put_op(RECORD_REPLAY, race_key(arena, i), STR_NONE);
        op.condition = IF_ABSENT;
        op.expires_at = clock_now() + 60;
        pthread_barrier_wait(&crew->barrier);
        enum store_result result = store_write(crew->store, &op, 1);
        crew->winners += result == STORE_OK;
        crew->wrong += result != STORE_OK && result != STORE_CONFLICT;
    }
    return NULL;
}

static void exactly_one_thread_sets_a_replay_mark(void **state)
{
    struct fixture *f = *state;
    struct crew crew = {.store = f->store};
    run_crew(&crew, mark_each);
    assert_int_equal(crew.winners, RACES);
    assert_int_equal(crew.wrong, 0);
}

static void *count_each(void *context)
{
    struct crew *crew = context;
    for (int i = 0; i < RACES; i++) {
        uint32_t total;
        int64_t ends_at;
        crew->wrong += store_count(crew->store, RECORD_COUNTER, STR("all"), 1, 60, &total, &ends_at) != STORE_OK;
    }
    return NULL;
}

static void no_count_is_lost(void **state)
{
    struct fixture *f = *state;
    struct crew crew = {.store = f->store};
    uint32_t total;
    int64_t ends_at;
    run_crew(&crew, count_each);
    assert_int_equal(crew.wrong, 0);
    assert_int_equal(store_count(f->store, RECORD_COUNTER, STR("all"), 1, 60, &total, &ends_at), STORE_OK);
    assert_int_equal(total, THREADS * RACES + 1);
}

/* Writes enough to make the map grow several times, reading back what it wrote. */
static void *fill(void *context)
{
    struct crew *crew = context;
    static char value[8000];
    for (int i = 0; i < RACES; i++) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct record record;
        struct store_op op = put_op(RECORD_GRANT, store_new_key(arena), str_bytes(value, sizeof value));
        op.index[0] = STR("session");
        crew->wrong += store_write(crew->store, &op, 1) != STORE_OK;
        crew->wrong += store_get(crew->store, RECORD_GRANT, op.key, arena, &record) != STORE_OK;
    }
    return NULL;
}

static void *read_until_told(void *context)
{
    struct crew *crew = context;
    while (!crew->stop) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct record record;
        crew->wrong += store_get(crew->store, RECORD_GRANT, STR("fixed"), arena, &record) != STORE_OK ||
                       !str_is(record.value, "value");
    }
    return NULL;
}

static bool count_record(const struct record *record, void *context)
{
    *(int *)context += record->value.n == 8000;
    return true;
}

static void the_map_grows_under_readers_and_writers(void **state)
{
    struct fixture *f = *state;
    struct crew crew = {.store = f->store};
    pthread_t readers[2];
    size_t before = env_map_size(f->store->durable);
    assert_int_equal(put(f, RECORD_GRANT, STR("fixed"), STR("value"), 0), STORE_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_until_told, &crew), 0);
    run_crew(&crew, fill);
    crew.stop = true;
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(crew.wrong, 0);
    assert_true(env_map_size(f->store->durable) >= 4 * before);
    int found = 0;
    assert_int_equal(store_scan(f->store, RECORD_GRANT, 0, STR("session"), STR_NONE, count_record, &found), STORE_OK);
    assert_int_equal(found, THREADS * RACES);
}

static void readers_go_on_when_the_environment_is_opened_anew(void **state)
{
    struct fixture *f = *state;
    struct crew crew = {.store = f->store};
    pthread_t readers[2];
    struct env *env = f->store->durable;
    assert_int_equal(put(f, RECORD_GRANT, STR("fixed"), STR("value"), 0), STORE_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_until_told, &crew), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(env_reopen(env, env->generation), 0);
        assert_int_equal(put(f, RECORD_CLIENT, STR("k"), STR("v"), 0), STORE_OK);
    }
    unsigned generation = env->generation;
    assert_int_equal(env_reopen(env, generation - 1), 0); /* somebody else was first */
    assert_int_equal(env->generation, generation);
    crew.stop = true;
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(crew.wrong, 0);
}

static void *read_once(void *context)
{
    struct crew *crew = context;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct record record;
    crew->wrong += store_get(crew->store, RECORD_CLIENT, STR("k"), arena, &record) != STORE_NOT_FOUND;
    return NULL;
}

static void a_thread_that_ends_leaves_its_reader_slot(void **state)
{
    struct fixture *f = *state;
    struct crew crew = {.store = f->store};
    MDB_envinfo info;
    for (int i = 0; i < 200; i++)
        run_crew(&crew, read_once); /* more threads than there are slots */
    assert_int_equal(crew.wrong, 0);
    assert_null(f->store->durable->readers);
    assert_int_equal(mdb_env_info(f->store->durable->mdb, &info), 0);
    assert_in_range(info.me_numreaders, 1, THREADS);
}

static void at_the_ceiling_the_store_is_full_and_goes_on(void **state)
{
    struct fixture *f = *state;
    struct record record;
    char *value = arena_alloc(f->arena, 3000000);
    f->store->durable->ceiling = 2u << 20;
    assert_int_equal(put(f, RECORD_CLIENT, STR("small"), STR("v"), 0), STORE_OK);
    assert_int_equal(put(f, RECORD_CLIENT, STR("big"), str_bytes(value, 3000000), 0), STORE_FULL);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, STR("big"), f->arena, &record), STORE_NOT_FOUND);
    assert_int_equal(put(f, RECORD_CLIENT, STR("small"), STR("w"), 0), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, STR("small"), f->arena, &record), STORE_OK);
    assert_str(record.value, "w");
    f->store->durable->ceiling = MAP_CEILING;
    assert_int_equal(put(f, RECORD_CLIENT, STR("big"), str_bytes(value, 3000000), 0), STORE_OK);
}

static int spoil(struct turn *turn, void *context, enum store_result *result)
{
    (void)context, (void)result;
    struct entry entry = {.value = STR("must not stay")};
    int rc = entry_put(turn, RECORD_CLIENT, STR("spoilt"), &entry);
    return rc == 0 ? MDB_CORRUPTED : rc;
}

static void *spoil_and_write(void *context)
{
    struct crew *crew = context;
    for (int i = 0; i < RACES; i++) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct store_op op = put_op(RECORD_CLIENT, store_new_key(arena), STR("v"));
        crew->wrong += queue_run(crew->store->durable, spoil, NULL) != STORE_ERROR;
        crew->winners += store_write(crew->store, &op, 1) == STORE_OK;
    }
    return NULL;
}

static void a_batch_that_fails_takes_no_other_with_it(void **state)
{
    struct fixture *f = *state;
    struct crew crew = {.store = f->store};
    struct record record;
    run_crew(&crew, spoil_and_write);
    assert_int_equal(crew.wrong, 0);
    assert_int_equal(crew.winners, THREADS * RACES);
    assert_int_equal(store_size(f->store, RECORD_CLIENT), THREADS * RACES);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, STR("spoilt"), f->arena, &record), STORE_NOT_FOUND);
}

static uint64_t commits(struct fixture *f)
{
    MDB_envinfo info;
    assert_int_equal(mdb_env_info(f->store->lively->mdb, &info), 0);
    return info.me_last_txnid;
}

static int hold(struct turn *turn, void *context, enum store_result *result)
{
    (void)result;
    pthread_barrier_t *barrier = context;
    struct entry entry = {.value = STR("v")};
    pthread_barrier_wait(barrier); /* leads */
    pthread_barrier_wait(barrier); /* may go on */
    return entry_put(turn, RECORD_CODE, STR("held"), &entry);
}

static void *lead_and_hold(void *context)
{
    struct crew *crew = context;
    crew->wrong += queue_run(crew->store->lively, hold, &crew->barrier) != STORE_OK;
    return NULL;
}

static void *write_one(void *context)
{
    struct crew *crew = context;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct store_op op = put_op(RECORD_CODE, store_new_key(arena), STR("v"));
    crew->wrong += store_write(crew->store, &op, 1) != STORE_OK;
    return NULL;
}

static bool queue_has(struct queue *queue, struct waiting **const end_before)
{
    pthread_mutex_lock(&queue->lock);
    bool changed = queue->end != end_before;
    pthread_mutex_unlock(&queue->lock);
    return changed;
}

static void those_who_wait_share_one_commit(void **state)
{
    struct fixture *f = *state;
    struct crew crew = {.store = f->store};
    struct queue *queue = &f->store->lively->queue;
    pthread_t leader, followers[THREADS];
    uint64_t before = commits(f);
    pthread_barrier_init(&crew.barrier, NULL, 2);
    assert_int_equal(pthread_create(&leader, NULL, lead_and_hold, &crew), 0);
    pthread_barrier_wait(&crew.barrier);
    for (int i = 0; i < THREADS; i++) {
        struct waiting **end = queue->end;
        assert_int_equal(pthread_create(&followers[i], NULL, write_one, &crew), 0);
        while (!queue_has(queue, end))
            sched_yield();
    }
    pthread_barrier_wait(&crew.barrier);
    pthread_join(leader, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(followers[i], NULL);
    pthread_barrier_destroy(&crew.barrier);
    assert_int_equal(crew.wrong, 0);
    assert_int_equal(store_size(f->store, RECORD_CODE), THREADS + 1);
    assert_int_equal(commits(f) - before, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(exactly_one_thread_takes_a_record),
        STORE_TEST(exactly_one_thread_sets_a_replay_mark),
        STORE_TEST(no_count_is_lost),
        STORE_TEST(the_map_grows_under_readers_and_writers),
        STORE_TEST(readers_go_on_when_the_environment_is_opened_anew),
        STORE_TEST(a_thread_that_ends_leaves_its_reader_slot),
        STORE_TEST(at_the_ceiling_the_store_is_full_and_goes_on),
        STORE_TEST(those_who_wait_share_one_commit),
        STORE_TEST(a_batch_that_fails_takes_no_other_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
