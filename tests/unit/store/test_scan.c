#include <lmdb.h>

#include "store/internal.h"
#include "unit/store/fixture.h"

/* What a scan gave, keys joined by commas. */
struct seen {
    char keys[8192];
    size_t n, count, stop_after;
};

static bool note(const struct record *record, void *context)
{
    struct seen *seen = context;
    seen->n += (size_t)snprintf(seen->keys + seen->n, sizeof seen->keys - seen->n, "%s%.*s", seen->n ? "," : "",
                                STR_FMT(record->key));
    return ++seen->count != seen->stop_after;
}

static void assert_scan(struct fixture *f, enum record_kind kind, int index, str value, str after, const char *expected)
{
    struct seen seen = {0};
    assert_int_equal(store_scan(f->store, kind, index, value, after, note, &seen), STORE_OK);
    assert_string_equal(seen.keys, expected);
}

static void put_indexed(struct fixture *f, const char *key, str first, str second, int64_t expires_at)
{
    struct store_op op = put_op(RECORD_SESSION, str_of(key), STR("v"));
    op.index[0] = first;
    op.index[1] = second;
    op.expires_at = expires_at;
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
}

static uint64_t links(struct fixture *f, int index) /* -1: expiry */
{
    struct env *env = f->store->lively;
    MDB_txn *txn;
    MDB_stat stat;
    assert_int_equal(env_read(env, &txn), 0);
    assert_int_equal(mdb_stat(txn, index < 0 ? env->expiry : env->index[RECORD_SESSION][index], &stat), 0);
    env_read_end(env, txn);
    return stat.ms_entries;
}

static void gives_all_in_key_order(void **state)
{
    struct fixture *f = *state;
    assert_scan(f, RECORD_CLIENT, -1, STR_NONE, STR_NONE, "");
    static const char *const keys[] = {"b", "a", "ab", "c"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        assert_int_equal(put(f, RECORD_CLIENT, str_of(keys[i]), STR("v"), 0), STORE_OK);
    assert_scan(f, RECORD_CLIENT, -1, STR_NONE, STR_NONE, "a,ab,b,c");
    assert_scan(f, RECORD_CLIENT, -1, STR_NONE, STR("ab"), "b,c");
    assert_scan(f, RECORD_CLIENT, -1, STR_NONE, STR("aa"), "ab,b,c");
    assert_scan(f, RECORD_CLIENT, -1, STR_NONE, STR("c"), "");
}

static void finds_by_index_exactly(void **state)
{
    struct fixture *f = *state;
    put_indexed(f, "1", STR("a"), STR("x"), 0);
    put_indexed(f, "2", STR("ab"), STR("x"), 0);
    put_indexed(f, "3", STR("a"), STR_NONE, 0);
    put_indexed(f, "b4", STR("a"), STR(""), 0);
    assert_scan(f, RECORD_SESSION, 0, STR("a"), STR_NONE, "1,3,b4");
    assert_scan(f, RECORD_SESSION, 0, STR("ab"), STR_NONE, "2");
    assert_scan(f, RECORD_SESSION, 0, STR("b"), STR_NONE, "");
    assert_scan(f, RECORD_SESSION, 1, STR("x"), STR_NONE, "1,2");
    assert_scan(f, RECORD_SESSION, 1, STR(""), STR_NONE, "b4");
    assert_scan(f, RECORD_SESSION, 0, STR("a"), STR("1"), "3,b4");
    struct seen seen = {0};
    assert_int_equal(store_scan(f->store, RECORD_SESSION, 2, STR("a"), STR_NONE, note, &seen), STORE_ERROR);
    assert_int_equal(store_scan(f->store, RECORD_CLIENT, 0, STR("a"), STR_NONE, note, &seen), STORE_ERROR);
}

static void index_values_and_keys_of_full_length_fit(void **state)
{
    struct fixture *f = *state;
    char bytes[STORE_KEY_MAX];
    memset(bytes, 'z', sizeof bytes);
    struct store_op op = put_op(RECORD_SESSION, str_bytes(bytes, sizeof bytes), STR("v"));
    op.index[0] = op.key;
    op.expires_at = clock_now() + 60;
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    struct seen seen = {0};
    assert_int_equal(store_scan(f->store, RECORD_SESSION, 0, op.key, STR_NONE, note, &seen), STORE_OK);
    assert_int_equal(seen.count, 1);
}

static void replacing_and_deleting_leave_no_old_links(void **state)
{
    struct fixture *f = *state;
    int64_t later = clock_now() + 60;
    put_indexed(f, "k", STR("old"), STR("same"), later);
    put_indexed(f, "k", STR("new"), STR("same"), later + 1);
    assert_scan(f, RECORD_SESSION, 0, STR("old"), STR_NONE, "");
    assert_scan(f, RECORD_SESSION, 0, STR("new"), STR_NONE, "k");
    assert_scan(f, RECORD_SESSION, 1, STR("same"), STR_NONE, "k");
    assert_int_equal(links(f, 0) + links(f, 1) + links(f, -1), 3);
    put_indexed(f, "k", STR_NONE, STR("same"), 0);
    assert_int_equal(links(f, 0), 0);
    assert_int_equal(links(f, -1), 0);
    put_indexed(f, "k", STR("back"), STR("same"), later);
    struct store_op op = {.what = STORE_DELETE, .kind = RECORD_SESSION, .key = STR("k")};
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    put_indexed(f, "t", STR("a"), STR("b"), later);
    struct record record;
    assert_int_equal(store_take(f->store, RECORD_SESSION, STR("t"), f->arena, &record), STORE_OK);
    assert_int_equal(links(f, 0) + links(f, 1) + links(f, -1), 0);
}

static void goes_through_many_pages_and_stops_when_told(void **state)
{
    struct fixture *f = *state;
    struct store_op ops[1000];
    for (int i = 0; i < 1000; i++) {
        ops[i] = put_op(RECORD_SESSION, arena_printf(f->arena, "%04d", i), STR("v"));
        ops[i].index[0] = STR("s");
        ops[i].expires_at = i % 10 == 3 ? clock_now() + 60 : 1; /* most have expired */
    }
    assert_int_equal(store_write(f->store, ops, 1000), STORE_OK);
    for (int index = -1; index < 1; index++) {
        struct seen seen = {0};
        assert_int_equal(store_scan(f->store, RECORD_SESSION, index, STR("s"), STR_NONE, note, &seen), STORE_OK);
        assert_int_equal(seen.count, 100);
        assert_memory_equal(seen.keys, "0003,0013,", 10);
        seen = (struct seen){.stop_after = 70};
        assert_int_equal(store_scan(f->store, RECORD_SESSION, index, STR("s"), STR_NONE, note, &seen), STORE_OK);
        assert_int_equal(seen.count, 70);
    }
}

static void sweeps_the_oldest_first_and_no_more_than_asked(void **state)
{
    struct fixture *f = *state;
    for (int i = 1; i <= 300; i++)
        put_indexed(f, arena_printf(f->arena, "%04d", 1000 - i).p, STR("s"), STR_NONE, i);
    put_indexed(f, "later", STR("s"), STR_NONE, clock_now() + 60);
    put_indexed(f, "never", STR("s"), STR_NONE, 0);
    assert_int_equal(put(f, RECORD_REFRESH, STR("old"), STR("v"), 1), STORE_OK);
    assert_int_equal(store_sweep(f->store, 2), 2);
    assert_int_equal(store_size(f->store, RECORD_SESSION), 300);
    MDB_txn *txn;
    struct entry entry;
    struct env *env = f->store->lively;
    assert_int_equal(env_read(env, &txn), 0);
    assert_int_equal(entry_find(env, txn, RECORD_SESSION, STR("0998"), &entry), MDB_NOTFOUND);
    assert_int_equal(entry_find(env, txn, RECORD_SESSION, STR("0997"), &entry), 0);
    env_read_end(env, txn);
    assert_int_equal(store_sweep(f->store, 1000), 299);
    assert_int_equal(store_sweep(f->store, 1000), 0);
    assert_int_equal(store_size(f->store, RECORD_REFRESH), 0);
    assert_scan(f, RECORD_SESSION, 0, STR("s"), STR_NONE, "later,never");
    assert_int_equal(links(f, -1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(gives_all_in_key_order),
        STORE_TEST(finds_by_index_exactly),
        STORE_TEST(index_values_and_keys_of_full_length_fit),
        STORE_TEST(replacing_and_deleting_leave_no_old_links),
        STORE_TEST(goes_through_many_pages_and_stops_when_told),
        STORE_TEST(sweeps_the_oldest_first_and_no_more_than_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
