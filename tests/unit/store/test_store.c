#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/log.h"
#include "unit/store/fixture.h"

static void reads_what_was_put(void **state)
{
    struct fixture *f = *state;
    struct record record;
    int64_t later = clock_now() + 100;
    assert_int_equal(put(f, RECORD_CLIENT, STR("k"), STR("v"), later), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, STR("k"), f->arena, &record), STORE_OK);
    assert_str(record.key, "k");
    assert_str(record.value, "v");
    assert_int_equal(record.version, 1);
    assert_int_equal(record.expires_at, later);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, STR("K"), f->arena, &record), STORE_NOT_FOUND);
    assert_int_equal(store_get(f->store, RECORD_CONSENT, STR("k"), f->arena, &record), STORE_NOT_FOUND);
}

static void each_put_gets_the_next_version(void **state)
{
    struct fixture *f = *state;
    struct record record;
    for (uint64_t version = 1; version <= 3; version++) {
        assert_int_equal(put(f, RECORD_SESSION, STR("k"), STR("v"), 0), STORE_OK);
        assert_int_equal(store_get(f->store, RECORD_SESSION, STR("k"), f->arena, &record), STORE_OK);
        assert_int_equal(record.version, version);
    }
}

static void keeps_empty_binary_and_large_values(void **state)
{
    struct fixture *f = *state;
    struct record record;
    char *large = arena_alloc(f->arena, 3000000);
    memset(large, 'x', 3000000);
    str key = str_bytes(large, STORE_KEY_MAX);
    assert_int_equal(put(f, RECORD_CLIENT, key, str_bytes(large, 3000000), 0), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, key, f->arena, &record), STORE_OK);
    assert_true(str_eq(record.value, str_bytes(large, 3000000)));
    assert_int_equal(put(f, RECORD_CLIENT, STR("a\0b"), STR_NONE, 0), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, STR("a\0b"), f->arena, &record), STORE_OK);
    assert_int_equal(record.value.n, 0);
}

static void an_expired_record_is_gone_before_it_is_swept(void **state)
{
    struct fixture *f = *state;
    struct record record;
    assert_int_equal(put(f, RECORD_CODE, STR("now"), STR("v"), clock_now()), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_CODE, STR("now"), f->arena, &record), STORE_NOT_FOUND);
    assert_int_equal(store_take(f->store, RECORD_CODE, STR("now"), f->arena, &record), STORE_NOT_FOUND);
    assert_int_equal(store_size(f->store, RECORD_CODE), 1);
    struct store_op op = put_op(RECORD_CODE, STR("now"), STR("w"));
    op.condition = IF_PRESENT;
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    op.condition = IF_ABSENT;
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_CODE, STR("now"), f->arena, &record), STORE_OK);
    assert_int_equal(store_sweep(f->store, 10), 0); /* the new one has no end */
}

static void conditions_hold_or_nothing_is_written(void **state)
{
    struct fixture *f = *state;
    struct record record;
    struct store_op op = put_op(RECORD_GRANT, STR("k"), STR("1"));
    op.condition = IF_PRESENT;
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    op.condition = IF_ABSENT;
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    op.condition = IF_VERSION;
    op.version = 2;
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    op.version = 1;
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    op = (struct store_op){
        .what = STORE_DELETE, .kind = RECORD_GRANT, .key = STR("k"), .condition = IF_VERSION, .version = 1};
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    op.version = 2;
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_GRANT, STR("k"), f->arena, &record), STORE_NOT_FOUND);
}

static void a_batch_is_written_whole_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct record record;
    struct store_op ops[] = {
        put_op(RECORD_CLIENT, STR("a"), STR("1")),
        put_op(RECORD_GRANT, STR("b"), STR("1")),
        put_op(RECORD_CLIENT, STR("c"), STR("1")),
    };
    ops[2].condition = IF_PRESENT;
    assert_int_equal(store_write(f->store, ops, 3), STORE_CONFLICT);
    assert_int_equal(store_size(f->store, RECORD_CLIENT) + store_size(f->store, RECORD_GRANT), 0);
    assert_int_equal(store_write(f->store, ops, 2), STORE_OK);
    assert_int_equal(store_write(f->store, ops, 0), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_GRANT, STR("b"), f->arena, &record), STORE_OK);
}

static void conditions_look_at_what_was_before_the_batch(void **state)
{
    struct fixture *f = *state;
    struct store_op ops[] = {put_op(RECORD_CLIENT, STR("a"), STR("1")), put_op(RECORD_CLIENT, STR("a"), STR("2"))};
    ops[0].condition = ops[1].condition = IF_ABSENT;
    assert_int_equal(store_write(f->store, ops, 2), STORE_OK);
}

static void deleting_nothing_is_fine(void **state)
{
    struct fixture *f = *state;
    struct store_op op = {.what = STORE_DELETE, .kind = RECORD_CLIENT, .key = STR("none")};
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
}

static void refuses_what_cannot_be_stored(void **state)
{
    struct fixture *f = *state;
    struct record record;
    char *long_key = arena_alloc(f->arena, STORE_KEY_MAX + 1);
    str too_long = str_bytes(long_key, STORE_KEY_MAX + 1);
    assert_int_equal(put(f, RECORD_CLIENT, STR(""), STR("v"), 0), STORE_ERROR);
    assert_int_equal(put(f, RECORD_CLIENT, too_long, STR("v"), 0), STORE_ERROR);
    assert_int_equal(put(f, RECORD_CLIENT, STR("k"), STR("v"), -1), STORE_ERROR);
    struct store_op op = put_op(RECORD_CLIENT, STR("k"), STR("v"));
    op.index[0] = STR("clients have no index");
    assert_int_equal(store_write(f->store, &op, 1), STORE_ERROR);
    op = put_op(RECORD_SESSION, STR("k"), STR("v"));
    op.index[0] = too_long;
    assert_int_equal(store_write(f->store, &op, 1), STORE_ERROR);
    struct store_op mixed[] = {put_op(RECORD_CLIENT, STR("k"), STR("v")), put_op(RECORD_SESSION, STR("k"), STR("v"))};
    assert_int_equal(store_write(f->store, mixed, 2), STORE_ERROR);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, STR(""), f->arena, &record), STORE_NOT_FOUND);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, too_long, f->arena, &record), STORE_NOT_FOUND);
    assert_int_equal(store_take(f->store, RECORD_CLIENT, too_long, f->arena, &record), STORE_NOT_FOUND);
    assert_int_equal(store_size(f->store, RECORD_CLIENT) + store_size(f->store, RECORD_SESSION), 0);
}

static void takes_once(void **state)
{
    struct fixture *f = *state;
    struct record record;
    assert_int_equal(put(f, RECORD_CODE, STR("k"), STR("v"), clock_now() + 60), STORE_OK);
    assert_int_equal(store_take(f->store, RECORD_CODE, STR("k"), f->arena, &record), STORE_OK);
    assert_str(record.value, "v");
    assert_int_equal(record.version, 1);
    assert_int_equal(store_take(f->store, RECORD_CODE, STR("k"), f->arena, &record), STORE_NOT_FOUND);
    assert_int_equal(store_size(f->store, RECORD_CODE), 0);
}

static void counts_until_the_end_of_its_life(void **state)
{
    struct fixture *f = *state;
    uint32_t total = 0;
    int64_t ends_at = 0, first_end;
    int64_t before = clock_now();
    assert_int_equal(store_count(f->store, RECORD_COUNTER, STR("k"), 1, 60, &total, &first_end), STORE_OK);
    assert_int_equal(total, 1);
    assert_in_range(first_end, before + 60, clock_now() + 60);
    assert_int_equal(store_count(f->store, RECORD_COUNTER, STR("k"), 4, 600, &total, &ends_at), STORE_OK);
    assert_int_equal(total, 5);
    assert_int_equal(ends_at, first_end);
    assert_int_equal(store_count(f->store, RECORD_COUNTER, STR("k"), 0, 600, &total, &ends_at), STORE_OK);
    assert_int_equal(total, 5);
    assert_int_equal(ends_at, first_end);
    assert_int_equal(store_count(f->store, RECORD_COUNTER, STR("other"), 0, 600, &total, &ends_at), STORE_OK);
    assert_int_equal(total, 0);
    assert_int_equal(store_size(f->store, RECORD_COUNTER), 1);
    assert_int_equal(store_count(f->store, RECORD_COUNTER, STR("k"), UINT32_MAX, 60, &total, &ends_at), STORE_OK);
    assert_int_equal(total, UINT32_MAX);
    assert_int_equal(put(f, RECORD_COUNTER, STR("k"), STR("\7\0\0\0"), clock_now()), STORE_OK); /* has ended */
    assert_int_equal(store_count(f->store, RECORD_COUNTER, STR("k"), 2, 60, &total, &ends_at), STORE_OK);
    assert_int_equal(total, 2);
    assert_int_equal(store_count(f->store, RECORD_CLIENT, STR("k"), 1, 60, &total, &ends_at), STORE_ERROR);
    assert_int_equal(store_count(f->store, RECORD_COUNTER, STR("k"), 1, 0, &total, &ends_at), STORE_ERROR);
}

static str say_number(struct arena *arena, uint64_t number, str previous, void *context)
{
    return arena_printf(arena, "%s%d after %.*s", (const char *)context, (int)number, STR_FMT(previous));
}

static void appends_with_the_next_number(void **state)
{
    struct fixture *f = *state;
    struct record record;
    char name[] = "no ";
    struct store_op op = {.what = STORE_APPEND, .kind = RECORD_AUDIT, .chain = say_number, .context = name};
    struct store_op ops[] = {op, op, op};
    assert_int_equal(store_write(f->store, ops, 2), STORE_OK);
    reopen_store(f);
    assert_int_equal(store_write(f->store, ops, 1), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_AUDIT, STR("\0\0\0\0\0\0\0\3"), f->arena, &record), STORE_OK);
    assert_str(record.value, "no 3 after no 2 after no 1 after ");
    assert_int_equal(store_size(f->store, RECORD_AUDIT), 3);
}

static void both_environments_outlive_the_process(void **state)
{
    struct fixture *f = *state;
    struct record record;
    assert_int_equal(put(f, RECORD_CLIENT, STR("k"), STR("v"), 0), STORE_OK);
    assert_int_equal(put(f, RECORD_SESSION, STR("k"), STR("v"), 0), STORE_OK);
    reopen_store(f);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, STR("k"), f->arena, &record), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_SESSION, STR("k"), f->arena, &record), STORE_OK);
}

static void write_boot(struct fixture *f, const char *text)
{
    FILE *file = fopen(arena_printf(f->arena, "%s/lively/boot", f->path).p, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void lively_is_emptied_after_a_restart_of_the_machine(void **state)
{
    struct fixture *f = *state;
    struct record record;
    assert_int_equal(put(f, RECORD_CLIENT, STR("k"), STR("v"), 0), STORE_OK);
    assert_int_equal(put(f, RECORD_SESSION, STR("k"), STR("v"), 0), STORE_OK);
    write_boot(f, "another boot\n");
    reopen_store(f);
    assert_int_equal(store_get(f->store, RECORD_CLIENT, STR("k"), f->arena, &record), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_SESSION, STR("k"), f->arena, &record), STORE_NOT_FOUND);
    assert_int_equal(put(f, RECORD_SESSION, STR("k"), STR("v"), 0), STORE_OK);
    reopen_store(f);
    assert_int_equal(store_get(f->store, RECORD_SESSION, STR("k"), f->arena, &record), STORE_OK);
}

static void lively_is_not_emptied_under_another_process(void **state)
{
    struct fixture *f = *state;
    struct record record;
    char error[256];
    assert_int_equal(put(f, RECORD_SESSION, STR("k"), STR("v"), 0), STORE_OK);
    store_close(f->store);
    f->store = NULL;
    char *lock_file = arena_cstr(f->arena, arena_printf(f->arena, "%s/lock", f->path));
    int other = open(lock_file, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(other, LOCK_SH), 0);
    write_boot(f, "another boot\n");
    assert_null(store_open(f->path, error, sizeof error));
    assert_non_null(strstr(error, "another process"));
    close(other);
    f->store = open_store(f->path);
    assert_int_equal(store_get(f->store, RECORD_SESSION, STR("k"), f->arena, &record), STORE_NOT_FOUND);
}

static void only_the_owner_may_look(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"durable",          "lively",          "lock",       "durable/data.mdb",
                                        "durable/lock.mdb", "lively/data.mdb", "lively/boot"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct stat status;
        assert_int_equal(stat(arena_printf(f->arena, "%s/%s", f->path, names[i]).p, &status), 0);
        assert_int_equal(status.st_mode & 0777, S_ISDIR(status.st_mode) ? 0700 : 0600);
    }
}

static void opening_fails_with_a_sentence(void **state)
{
    struct fixture *f = *state;
    char error[256] = "";
    assert_null(store_open("/proc/nothing/here", error, sizeof error));
    assert_non_null(strstr(error, "/proc/nothing/here"));
    store_close(f->store);
    f->store = NULL;
    FILE *file = fopen(arena_printf(f->arena, "%s/durable/data.mdb", f->path).p, "w");
    fputs("this is not a database, and long enough to be looked at as one, which LMDB does with its first page, a "
          "header, which "
          "it knows by a number that stands in it at its fixed place",
          file);
    fclose(file);
    assert_null(store_open(f->path, error, sizeof error));
    assert_non_null(strstr(error, "durable"));
}

static void new_keys_sort_by_time_and_differ(void **state)
{
    struct fixture *f = *state;
    int64_t before = clock_now_ms();
    str a = store_new_key(f->arena), b = store_new_key(f->arena);
    assert_int_equal(a.n, 16);
    assert_false(str_eq(a, b));
    assert_true(str_cmp((str){a.p, 6}, (str){b.p, 6}) <= 0);
    int64_t at = 0;
    for (int i = 0; i < 6; i++)
        at = at << 8 | (unsigned char)a.p[i];
    assert_in_range(at, before, clock_now_ms());
    assert_int_equal((unsigned char)a.p[6] >> 4, 7);
    assert_int_equal((unsigned char)a.p[8] >> 6, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(reads_what_was_put),
        STORE_TEST(each_put_gets_the_next_version),
        STORE_TEST(keeps_empty_binary_and_large_values),
        STORE_TEST(an_expired_record_is_gone_before_it_is_swept),
        STORE_TEST(conditions_hold_or_nothing_is_written),
        STORE_TEST(a_batch_is_written_whole_or_not_at_all),
        STORE_TEST(conditions_look_at_what_was_before_the_batch),
        STORE_TEST(deleting_nothing_is_fine),
        STORE_TEST(refuses_what_cannot_be_stored),
        STORE_TEST(takes_once),
        STORE_TEST(counts_until_the_end_of_its_life),
        STORE_TEST(appends_with_the_next_number),
        STORE_TEST(both_environments_outlive_the_process),
        STORE_TEST(lively_is_emptied_after_a_restart_of_the_machine),
        STORE_TEST(lively_is_not_emptied_under_another_process),
        STORE_TEST(only_the_owner_may_look),
        STORE_TEST(opening_fails_with_a_sentence),
        STORE_TEST(new_keys_sort_by_time_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
