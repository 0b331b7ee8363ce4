/* Two processes with the same store open, as the command beside the server. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "faults/load.h"
#include "store/internal.h"

#define GRANTS 1500 /* some megabytes: the map grows several times */

/* A child with the same store open, and a pipe each way to take turns. */
struct child {
    pid_t pid;
    int to, from;
};

static void start_child(struct fixture *f, struct child *child, void (*work)(struct store *store, int in, int out))
{
    int down[2], up[2];
    assert_int_equal(pipe(down), 0);
    assert_int_equal(pipe(up), 0);
    store_close(f->store); /* LMDB must not be carried through a fork */
    f->store = NULL;
    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0) {
        close(down[1]);
        close(up[0]);
        work(open_store(f->path), down[0], up[1]);
        _exit(0);
    }
    close(down[0]);
    close(up[1]);
    child->to = down[1];
    child->from = up[0];
    f->store = open_store(f->path);
}

static void say(int fd)
{
    if (write(fd, "x", 1) != 1)
        _exit(90);
}

static void hear(int fd)
{
    char word;
    assert_int_equal(read(fd, &word, 1), 1);
}

static void end_child(struct child *child, int expected_signal)
{
    int status;
    close(child->to);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    if (expected_signal)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == expected_signal);
    else
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(child->from);
}

static void write_grants(struct store *store, str session)
{
    for (int i = 0; i < GRANTS; i++) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        if (write_grant(store, arena, store_new_key(arena), session) != STORE_OK)
            _exit(91);
    }
}

static void child_writes_then_reads(struct store *store, int in, int out)
{
    char word;
    say(out);
    write_grants(store, STR("child"));
    say(out);
    if (read(in, &word, 1) != 1)
        _exit(92);
    if (count_session(store, STR("parent")) != GRANTS)
        _exit(93);
    store_close(store);
}

struct reading {
    struct store *store;
    atomic_bool stop;
    atomic_uint wrong, rounds;
};

static void *read_all_the_time(void *context)
{
    struct reading *reading = context;
    while (!reading->stop) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct record record;
        reading->wrong += store_get(reading->store, RECORD_CLIENT, STR("fixed"), arena, &record) != STORE_OK;
        reading->rounds++;
    }
    return NULL;
}

static void one_process_grows_the_map_while_another_reads(void **state)
{
    struct fixture *f = *state;
    struct child child;
    struct reading reading = {0};
    pthread_t thread;
    assert_int_equal(put(f, RECORD_CLIENT, STR("fixed"), STR("v"), 0), STORE_OK);
    size_t before = env_map_size(f->store->durable);
    start_child(f, &child, child_writes_then_reads);
    hear(child.from);
    reading.store = f->store;
    assert_int_equal(pthread_create(&thread, NULL, read_all_the_time, &reading), 0);
    hear(child.from); /* it has written */
    assert_int_equal(count_session(f->store, STR("child")), GRANTS);
    assert_true(env_map_size(f->store->durable) > before);
    write_grants(f->store, STR("parent"));
    say(child.to);
    end_child(&child, 0);
    reading.stop = true;
    pthread_join(thread, NULL);
    assert_int_equal(reading.wrong, 0);
    assert_int_equal(assert_whole(f->store), 2 * GRANTS);
}

static void child_writes(struct store *store, int in, int out)
{
    (void)in;
    say(out);
    write_grants(store, STR("child"));
    store_close(store);
}

static void two_processes_write_at_once(void **state)
{
    struct fixture *f = *state;
    struct child child;
    start_child(f, &child, child_writes);
    hear(child.from);
    write_grants(f->store, STR("parent"));
    end_child(&child, 0);
    assert_int_equal(assert_whole(f->store), 2 * GRANTS);
    assert_int_equal(count_session(f->store, STR("child")), GRANTS);
    assert_int_equal(count_session(f->store, STR("parent")), GRANTS);
}

static void child_writes_when_told(struct store *store, int in, int out)
{
    char word;
    say(out);
    if (read(in, &word, 1) != 1)
        _exit(96);
    write_grants(store, STR("child"));
    store_close(store);
}

static void a_writer_goes_on_in_a_map_that_another_process_grew(void **state)
{
    struct fixture *f = *state;
    struct child child;
    start_child(f, &child, child_writes_when_told);
    hear(child.from);
    size_t before = env_map_size(f->store->durable);
    say(child.to);
    end_child(&child, 0);
    assert_int_equal(env_map_size(f->store->durable), before);
    assert_int_equal(put(f, RECORD_CLIENT, STR("k"), STR("v"), 0), STORE_OK); /* before anything is read */
    assert_true(env_map_size(f->store->durable) > before);
    assert_int_equal(assert_whole(f->store), GRANTS);
}

static void child_reads_and_stays(struct store *store, int in, int out)
{
    MDB_txn *txn;
    char word;
    if (env_read(store->durable, &txn) != 0)
        _exit(94);
    say(out);
    _exit(read(in, &word, 1) == 1 ? 0 : 95);
}

struct slots {
    char pid[16];
    int found;
};

static int look_for_pid(const char *line, void *context)
{
    struct slots *slots = context;
    slots->found += strstr(line, slots->pid) != NULL;
    return 0;
}

static int slots_of(struct fixture *f, pid_t pid)
{
    struct slots slots = {.found = 0};
    snprintf(slots.pid, sizeof slots.pid, "%10d ", (int)pid);
    assert_true(mdb_reader_list(f->store->durable->mdb, look_for_pid, &slots) >= 0);
    return slots.found;
}

static void a_dead_process_does_not_hold_old_pages(void **state)
{
    struct fixture *f = *state;
    struct child child;
    start_child(f, &child, child_reads_and_stays);
    hear(child.from);
    assert_int_equal(slots_of(f, child.pid), 1);
    kill(child.pid, SIGKILL);
    pid_t pid = child.pid;
    end_child(&child, SIGKILL);
    assert_int_equal(slots_of(f, pid), 1);
    store_sweep(f->store, 1);
    assert_int_equal(slots_of(f, pid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(one_process_grows_the_map_while_another_reads),
        STORE_TEST(two_processes_write_at_once),
        STORE_TEST(a_writer_goes_on_in_a_map_that_another_process_grew),
        STORE_TEST(a_dead_process_does_not_hold_old_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
