/* Backups made while others write: each must be a whole store of one moment. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "faults/load.h"

#define WRITERS 3
#define BACKUPS 4

struct load {
    struct store *store;
    atomic_uint written, failed;
    atomic_bool stop;
};

static void *write_until_told(void *context)
{
    struct load *load = context;
    while (!load->stop) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        if (write_grant(load->store, arena, store_new_key(arena), STR("s")) == STORE_OK)
            load->written++;
        else
            load->failed++;
    }
    return NULL;
}

static void check_backup(const char *path, unsigned at_least)
{
    struct store *copy = open_store(path);
    uint64_t grants = assert_whole(copy);
    assert_true(grants >= at_least);
    assert_int_equal(count_session(copy, STR("s")), grants);
    struct fixture f = {.store = copy};
    assert_int_equal(put(&f, RECORD_CLIENT, STR("new"), STR("v"), 0), STORE_OK); /* it is a store like any other */
    store_close(copy);
}

static void a_backup_made_while_others_write_is_whole(void **state)
{
    struct fixture *f = *state;
    struct load load = {.store = f->store};
    pthread_t threads[WRITERS];
    unsigned before[BACKUPS];
    char error[256] = "";
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_until_told, &load), 0);
    for (unsigned i = 0; i < BACKUPS; i++) {
        while (load.written < 300 * (i + 1) && load.failed == 0)
            usleep(1000);
        before[i] = load.written;
        if (!store_backup(f->store, arena_printf(f->arena, "%s/backup%u", f->path, i).p, error, sizeof error))
            fail_msg("%s", error);
    }
    load.stop = true;
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(load.failed, 0);
    assert_int_equal(assert_whole(f->store), load.written);
    for (unsigned i = 0; i < BACKUPS; i++)
        check_backup(arena_printf(f->arena, "%s/backup%u", f->path, i).p, before[i]);
}

static void a_backup_of_an_empty_store_can_be_opened(void **state)
{
    struct fixture *f = *state;
    char error[256] = "";
    const char *path = arena_printf(f->arena, "%s/backup", f->path).p;
    assert_true(store_backup(f->store, path, error, sizeof error));
    check_backup(path, 0);
}

static void a_backup_is_for_its_owner_alone(void **state)
{
    struct fixture *f = *state;
    struct stat status;
    char error[256] = "";
    const char *path = arena_printf(f->arena, "%s/backup", f->path).p;
    assert_true(store_backup(f->store, path, error, sizeof error));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(stat(arena_printf(f->arena, "%s/durable/data.mdb", path).p, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_backup_never_overwrites(void **state)
{
    struct fixture *f = *state;
    char error[256] = "";
    const char *path = arena_printf(f->arena, "%s/backup", f->path).p;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true(store_backup(f->store, path, error, sizeof error));
    assert_false(store_backup(f->store, path, error, sizeof error));
    assert_non_null(strstr(error, path));
    assert_false(store_backup(f->store, f->path, error, sizeof error));
    assert_false(store_backup(f->store, "/nowhere/at/all", error, sizeof error));
    check_backup(path, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_backup_made_while_others_write_is_whole),
        STORE_TEST(a_backup_of_an_empty_store_can_be_opened),
        STORE_TEST(a_backup_is_for_its_owner_alone),
        STORE_TEST(a_backup_never_overwrites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
