/* A full disk, in two ways: a limit on the size of files (always possible), or, with the argument `disk`, a really
 * small file system on /tmp: unshare -m sh -c 'mount -t tmpfs -o size=6m none /tmp && faults_test_full disk' A file of
 * ballast makes room when it goes. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "faults/load.h"

#define LIMIT_BYTES (3u << 20)
#define BALLAST_BYTES (2u << 20)
#define WRITERS 4

static bool on_small_disk;

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static const char *ballast_file(struct fixture *f)
{
    return arena_printf(f->arena, "%s/ballast", f->path).p;
}

static void make_scarce(struct fixture *f)
{
    if (on_small_disk) {
        int fd = open(ballast_file(f), O_WRONLY | O_CREAT, 0600);
        assert_int_equal(posix_fallocate(fd, 0, BALLAST_BYTES), 0);
        close(fd);
    } else {
        limit_files(LIMIT_BYTES);
    }
}

static void make_room(struct fixture *f)
{
    if (on_small_disk)
        assert_int_equal(unlink(ballast_file(f)), 0);
    else
        limit_files(RLIM_INFINITY);
}

static int teardown(void **state)
{
    limit_files(RLIM_INFINITY);
    return fixture_teardown(state);
}

static bool means_full(enum store_result result)
{
    return result == STORE_FULL || result == STORE_ERROR; /* an I/O error, when the last write was cut short */
}

struct writer {
    struct store *store;
    struct arena *arena;
    pthread_t thread;
    atomic_uint written, failed, odd;
    str failed_keys[50];
};

static void *write_until_full(void *context)
{
    struct writer *writer = context;
    while (writer->failed < COUNT_OF(writer->failed_keys)) {
        str key = store_new_key(writer->arena);
        enum store_result result = write_grant(writer->store, writer->arena, key, STR("s"));
        if (result == STORE_OK)
            writer->written++;
        else
            writer->failed_keys[writer->failed++] = key;
        writer->odd += result != STORE_OK && !means_full(result);
    }
    return NULL;
}

static void check_failed_keys(struct fixture *f, const struct writer *writer)
{
    struct record record;
    for (size_t i = 0; i < COUNT_OF(writer->failed_keys); i++)
        assert_int_equal(store_get(f->store, RECORD_GRANT, writer->failed_keys[i], f->arena, &record), STORE_NOT_FOUND);
}

static unsigned fill(struct fixture *f)
{
    struct writer writers[WRITERS] = {0};
    unsigned written = 0;
    for (int i = 0; i < WRITERS; i++) {
        writers[i].store = f->store;
        writers[i].arena = arena_new();
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_until_full, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        written += writers[i].written;
        assert_int_equal(writers[i].odd, 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        check_failed_keys(f, &writers[i]);
        arena_free(writers[i].arena);
    }
    return written;
}

static void a_full_disk_gives_errors_then_all_goes_on(void **state)
{
    struct fixture *f = *state;
    make_scarce(f);
    unsigned written = fill(f);
    assert_in_range(written, 10, 100000);
    assert_int_equal(assert_whole(f->store), written); /* reading goes on */
    assert_int_equal(count_session(f->store, STR("s")), written);
    make_room(f);
    for (int i = 0; i < 50; i++)
        assert_int_equal(write_grant(f->store, f->arena, store_new_key(f->arena), STR("s")), STORE_OK);
    assert_int_equal(assert_whole(f->store), written + 50);
    reopen_store(f);
    assert_int_equal(assert_whole(f->store), written + 50);
    assert_int_equal(count_session(f->store, STR("s")), written + 50);
}

static void a_full_disk_can_still_be_opened(void **state)
{
    struct fixture *f = *state;
    make_scarce(f);
    unsigned written = fill(f);
    reopen_store(f);
    assert_int_equal(assert_whole(f->store), written);
    make_room(f);
    assert_int_equal(write_grant(f->store, f->arena, store_new_key(f->arena), STR("s")), STORE_OK);
    assert_int_equal(assert_whole(f->store), written + 1);
}

static void lively_records_survive_a_full_disk_as_well(void **state)
{
    struct fixture *f = *state;
    char *value = arena_alloc(f->arena, 4000);
    enum store_result result = STORE_OK;
    int written = 0;
    make_scarce(f);
    while (result == STORE_OK && written < 10000) {
        result = put(f, RECORD_ACCESS, arena_printf(f->arena, "%d", written), str_bytes(value, 4000), 0);
        written += result == STORE_OK;
    }
    assert_true(means_full(result));
    make_room(f);
    for (int i = 0; i < written; i++) {
        struct record record;
        assert_int_equal(store_get(f->store, RECORD_ACCESS, arena_printf(f->arena, "%d", i), f->arena, &record),
                         STORE_OK);
    }
    assert_int_equal(store_size(f->store, RECORD_ACCESS), written);
    assert_int_equal(put(f, RECORD_ACCESS, STR("after"), str_bytes(value, 4000), 0), STORE_OK);
}

static void the_audit_queue_keeps_what_a_full_disk_refused(void **state)
{
    struct fixture *f = *state;
    struct audit_entry entry = {.action = STR("signin.otp"), .outcome = STR("ok")};
    make_scarce(f);
    unsigned written = fill(f);
    struct audit_queue *queue = audit_queue_new(f->store, 1, 200);
    for (int i = 0; i < 100; i++)
        audit_later(queue, &entry);
    usleep(20000); /* some attempts fail; without one the rest holds as well */
    make_room(f);
    audit_queue_free(queue);
    struct audit_report report;
    assert_true(audit_verify(f->store, f->arena, &report));
    assert_int_equal(report.entries, written + 100);
}

/* An entry larger than a page, and a disk on which not one of these has room. Returns how many entries are there. */
static unsigned fill_with(struct fixture *f, struct audit_entry *entry)
{
    char *detail = arena_alloc(f->arena, 20000);
    memset(detail, 'x', 20000);
    *entry = (struct audit_entry){.action = STR("signin.otp"), .outcome = STR("ok"), .detail = {detail, 20000}};
    make_scarce(f);
    unsigned written = fill(f);
    while (audit_write(f->store, entry))
        written++;
    return written;
}

static uint64_t count_entries(struct fixture *f)
{
    struct audit_report report;
    assert_true(audit_verify(f->store, f->arena, &report));
    return report.entries;
}

static void a_full_audit_queue_on_a_full_disk_holds_nobody_up_for_long(void **state)
{
    struct fixture *f = *state;
    struct audit_entry entry;
    unsigned written = fill_with(f, &entry);
    struct audit_queue *queue = audit_queue_new(f->store, 1, 20);
    int64_t started = clock_mono_ms();
    for (int i = 0; i < 50; i++)
        audit_later(queue, &entry);
    assert_in_range(clock_mono_ms() - started, 1900, 5000);
    audit_queue_free(queue); /* ends, though nothing can be written */
    assert_true(clock_mono_ms() - started < 6000);
    make_room(f);
    assert_int_equal(count_entries(f), written);
}

static void a_full_audit_queue_goes_on_when_there_is_room_again(void **state)
{
    struct fixture *f = *state;
    struct audit_entry entry;
    unsigned written = fill_with(f, &entry);
    struct audit_queue *queue = audit_queue_new(f->store, 1, 20);
    for (int i = 0; i < 25; i++)
        audit_later(queue, &entry);
    make_room(f);
    int64_t end = clock_mono_ms() + 5000;
    while (store_size(f->store, RECORD_AUDIT) < written + 20 && clock_mono_ms() < end)
        usleep(1000);
    for (int i = 0; i < 100; i++)
        audit_later(queue, &entry);
    audit_queue_free(queue);
    assert_int_equal(count_entries(f), written + 120); /* those 5 are lost */
}

static void a_backup_that_does_not_fit_fails_and_leaves_no_copy(void **state)
{
    struct fixture *f = *state;
    char error[256] = "";
    char *value = arena_alloc(f->arena, LIMIT_BYTES * 2);
    memset(value, 'x', LIMIT_BYTES * 2);
    str path = arena_printf(f->arena, "%s/backup", f->path);
    assert_int_equal(put(f, RECORD_CLIENT, STR("big"), str_bytes(value, LIMIT_BYTES + (1u << 19)), 0), STORE_OK);
    make_scarce(f);
    assert_false(store_backup(f->store, path.p, error, sizeof error));
    assert_non_null(strstr(error, path.p));
    assert_int_not_equal(access(arena_printf(f->arena, "%s/durable/data.mdb", path.p).p, F_OK), 0);
    make_room(f);
    assert_int_equal(put(f, RECORD_CLIENT, STR("small"), STR("v"), 0), STORE_OK);
}

int main(int argc, char **argv)
{
#define FULL_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, teardown)
    const struct CMUnitTest tests[] = {
        FULL_TEST(a_full_disk_gives_errors_then_all_goes_on),
        FULL_TEST(a_full_disk_can_still_be_opened),
        FULL_TEST(lively_records_survive_a_full_disk_as_well),
        FULL_TEST(the_audit_queue_keeps_what_a_full_disk_refused),
        FULL_TEST(a_full_audit_queue_on_a_full_disk_holds_nobody_up_for_long),
        FULL_TEST(a_full_audit_queue_goes_on_when_there_is_room_again),
        FULL_TEST(a_backup_that_does_not_fit_fails_and_leaves_no_copy),
    };
    on_small_disk = argc > 1 && strcmp(argv[1], "disk") == 0;
    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
