/* Kills a process that writes, at random moments, and looks whether all that it was told to be written is there. */
#include <pthread.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "faults/load.h"
#include "store/internal.h"

#define ROUNDS 25
#define WRITERS 4
#define ACKNOWLEDGED_MAX 100000

/* What the child says over the pipe of each write that was acknowledged; smaller than PIPE_BUF, so never mixed. */
struct acknowledged {
    char key[GRANT_KEY_BYTES];
    int writer;
};

struct writer {
    struct store *store;
    int pipe, number;
};

static str session_of(struct arena *arena, int writer)
{
    return arena_printf(arena, "session of %d", writer);
}

static void *write_without_end(void *context)
{
    const struct writer *writer = context;
    for (;;) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        str key = store_new_key(arena);
        struct store_op mark = put_op(RECORD_REPLAY, key, STR_NONE);
        if (write_grant(writer->store, arena, key, session_of(arena, writer->number)) != STORE_OK ||
            store_write(writer->store, &mark, 1) != STORE_OK)
            _exit(1);
        struct acknowledged said = {.writer = writer->number};
        memcpy(said.key, key.p, sizeof said.key);
        if (write(writer->pipe, &said, sizeof said) != sizeof said)
            _exit(2);
    }
    return NULL;
}

static void run_child(const char *path, int pipe)
{
    char error[256];
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    struct store *store = store_open(path, error, sizeof error);
    if (!store)
        _exit(3);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){store, pipe, i};
        if (pthread_create(&threads[i], NULL, write_without_end, &writers[i]) != 0)
            _exit(4);
    }
    for (;;)
        pause();
}

/* All that was acknowledged so far, of all rounds. */
struct known {
    struct acknowledged items[ACKNOWLEDGED_MAX];
    size_t count;
    uint64_t of_writer[WRITERS];
};

static bool read_one(int pipe, struct known *known)
{
    assert_in_range(known->count, 0, ACKNOWLEDGED_MAX - 1);
    struct acknowledged *item = &known->items[known->count];
    if (read(pipe, item, sizeof *item) != sizeof *item)
        return false;
    known->count++;
    known->of_writer[item->writer]++;
    return true;
}

static unsigned random_below(unsigned limit)
{
    unsigned number;
    assert_int_equal(getrandom(&number, sizeof number, 0), sizeof number);
    return number % limit;
}

static void write_and_kill(const char *path, struct known *known)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        run_child(path, ends[1]);
    }
    close(ends[1]);
    for (unsigned left = 1 + random_below(150); left > 0; left--)
        assert_true(read_one(ends[0], known));
    usleep(random_below(3000)); /* somewhere within a write */
    kill(child, SIGKILL);
    while (read_one(ends[0], known))
        ;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check(struct fixture *f, const struct known *known)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct record record;
    for (size_t i = 0; i < known->count; i++) {
        str key = str_bytes(known->items[i].key, GRANT_KEY_BYTES);
        assert_grant(f->store, arena, key);
        assert_int_equal(store_get(f->store, RECORD_REPLAY, key, arena, &record), STORE_OK);
    }
    uint64_t indexed = 0;
    for (int i = 0; i < WRITERS; i++) {
        uint64_t found = count_session(f->store, session_of(arena, i));
        assert_true(found >= known->of_writer[i]);
        indexed += found;
    }
    assert_int_equal(assert_whole(f->store), indexed);
    /* at most one write a thread and round was made without a word of it */
    assert_in_range(indexed - known->count, 0, ROUNDS * WRITERS);
}

static void no_acknowledged_write_is_lost_by_kill_9(void **state)
{
    struct fixture *f = *state;
    struct known *known = calloc(1, sizeof *known);
    assert_non_null(known);
    for (int round = 0; round < ROUNDS; round++) {
        store_close(f->store);
        f->store = NULL;
        write_and_kill(f->path, known);
        f->store = open_store(f->path);
        check(f, known);
    }
    print_message("%zu acknowledged writes, %d kills\n", known->count, ROUNDS);
    free(known);
}

static int say_and_stay(struct turn *turn, void *context, enum store_result *result)
{
    (void)result;
    struct entry entry = {.value = STR("never committed")};
    int rc = entry_put(turn, RECORD_CLIENT, STR("half"), &entry);
    if (rc != 0 || write(*(int *)context, "x", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static void a_process_killed_inside_a_transaction_does_not_block_others(void **state)
{
    struct fixture *f = *state;
    struct record record;
    int ends[2];
    char word;
    assert_int_equal(pipe(ends), 0);
    store_close(f->store);
    f->store = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *store = open_store(f->path);
        _exit((int)queue_run(store->durable, say_and_stay, &ends[1]));
    }
    assert_int_equal(read(ends[0], &word, 1), 1);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    f->store = open_store(f->path);
    assert_int_equal(put(f, RECORD_CLIENT, STR("other"), STR("v"), 0), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, STR("half"), f->arena, &record), STORE_NOT_FOUND);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(no_acknowledged_write_is_lost_by_kill_9),
        STORE_TEST(a_process_killed_inside_a_transaction_does_not_block_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
