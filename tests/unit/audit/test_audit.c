#include <lmdb.h>
#include <pthread.h>

#include "audit/audit.h"
#include "unit/store/fixture.h"

#define HEADER_BYTES 20 /* of a stored record without an index: see store/entry.h */

static struct audit_entry sample(const char *detail)
{
    return (struct audit_entry){.action = STR("consent.allow"),
                                .outcome = STR("ok"),
                                .actor = STR("resident:r1"),
                                .client_id = STR("portal"),
                                .detail = str_of(detail)};
}

static void append_five(struct fixture *f)
{
    for (int i = 1; i <= 5; i++) {
        struct audit_entry entry = sample(arena_printf(f->arena, "entry %d", i).p);
        assert_true(audit_write(f->store, &entry));
    }
}

static struct audit_report verify(struct fixture *f)
{
    struct audit_report report;
    bool holds = audit_verify(f->store, f->arena, &report);
    assert_int_equal(holds, report.problem == NULL);
    return report;
}

/* An attacker who may write to the file: changes it through LMDB, without the store. */
static void tamper(struct fixture *f, void (*change)(MDB_txn *txn, MDB_dbi dbi))
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    store_close(f->store);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 64), 0);
    assert_int_equal(mdb_env_open(env, arena_printf(f->arena, "%s/durable", f->path).p, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "audit", 0, &dbi), 0);
    change(txn, dbi);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    f->store = open_store(f->path);
}

static MDB_val number_key(unsigned char bytes[static 8], unsigned char number)
{
    memset(bytes, 0, 8);
    bytes[7] = number;
    return (MDB_val){8, bytes};
}

/* The stored entry, copied to `out`. */
static MDB_val read_entry(MDB_txn *txn, MDB_dbi dbi, unsigned char number, unsigned char out[static 512])
{
    unsigned char bytes[8];
    MDB_val key = number_key(bytes, number), value;
    assert_int_equal(mdb_get(txn, dbi, &key, &value), 0);
    assert_in_range(value.mv_size, HEADER_BYTES, 512);
    memcpy(out, value.mv_data, value.mv_size);
    return (MDB_val){value.mv_size, out};
}

static void write_entry(MDB_txn *txn, MDB_dbi dbi, unsigned char number, MDB_val value)
{
    unsigned char bytes[8];
    MDB_val key = number_key(bytes, number);
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
}

static void remove_entry(MDB_txn *txn, MDB_dbi dbi, unsigned char number)
{
    unsigned char bytes[8];
    MDB_val key = number_key(bytes, number);
    assert_int_equal(mdb_del(txn, dbi, &key, NULL), 0);
}

static void change_text_of_3(MDB_txn *txn, MDB_dbi dbi)
{
    unsigned char out[512];
    MDB_val value = read_entry(txn, dbi, 3, out);
    out[value.mv_size - 1] = '9'; /* "entry 3" */
    write_entry(txn, dbi, 3, value);
}

static void change_hash_of_2(MDB_txn *txn, MDB_dbi dbi)
{
    unsigned char out[512];
    MDB_val value = read_entry(txn, dbi, 2, out);
    out[HEADER_BYTES] ^= 1;
    write_entry(txn, dbi, 2, value);
}

static void remove_3(MDB_txn *txn, MDB_dbi dbi)
{
    remove_entry(txn, dbi, 3);
}

static void remove_3_and_renumber(MDB_txn *txn, MDB_dbi dbi)
{
    unsigned char out[512];
    write_entry(txn, dbi, 3, read_entry(txn, dbi, 4, out));
    write_entry(txn, dbi, 4, read_entry(txn, dbi, 5, out));
    remove_entry(txn, dbi, 5);
}

static void remove_1_and_renumber(MDB_txn *txn, MDB_dbi dbi)
{
    unsigned char out[512];
    for (unsigned char i = 1; i < 5; i++)
        write_entry(txn, dbi, i, read_entry(txn, dbi, (unsigned char)(i + 1), out));
    remove_entry(txn, dbi, 5);
}

static void swap_2_and_3(MDB_txn *txn, MDB_dbi dbi)
{
    unsigned char two[512], three[512];
    MDB_val a = read_entry(txn, dbi, 2, two), b = read_entry(txn, dbi, 3, three);
    write_entry(txn, dbi, 2, b);
    write_entry(txn, dbi, 3, a);
}

static void cut_4_short(MDB_txn *txn, MDB_dbi dbi)
{
    unsigned char out[512];
    MDB_val value = read_entry(txn, dbi, 4, out);
    value.mv_size = HEADER_BYTES + 10;
    write_entry(txn, dbi, 4, value);
}

static void insert_0(MDB_txn *txn, MDB_dbi dbi)
{
    unsigned char out[512];
    write_entry(txn, dbi, 0, read_entry(txn, dbi, 1, out));
}

static void remove_5(MDB_txn *txn, MDB_dbi dbi)
{
    remove_entry(txn, dbi, 5);
}

static void assert_found(void **state, void (*change)(MDB_txn *txn, MDB_dbi dbi), uint64_t bad_at)
{
    struct fixture *f = *state;
    append_five(f);
    tamper(f, change);
    struct audit_report report = verify(f);
    assert_non_null(report.problem);
    assert_int_equal(report.bad_at, bad_at);
    assert_int_equal(report.entries, bad_at - 1);
}

static void a_changed_entry_shows(void **state)
{
    assert_found(state, change_text_of_3, 3);
}

static void a_changed_hash_shows(void **state)
{
    assert_found(state, change_hash_of_2, 2);
}

static void a_removed_entry_shows(void **state)
{
    assert_found(state, remove_3, 3);
}

static void a_removed_entry_shows_though_the_rest_was_renumbered(void **state)
{
    assert_found(state, remove_3_and_renumber, 3);
}

static void a_removed_first_entry_shows(void **state)
{
    assert_found(state, remove_1_and_renumber, 1);
}

static void reordered_entries_show(void **state)
{
    assert_found(state, swap_2_and_3, 2);
}

static void a_cut_entry_shows(void **state)
{
    assert_found(state, cut_4_short, 4);
}

static void an_entry_put_before_the_first_shows(void **state)
{
    assert_found(state, insert_0, 1);
}

static void a_removed_last_entry_shows_by_the_head(void **state)
{
    struct fixture *f = *state;
    append_five(f);
    str head = verify(f).head;
    assert_int_equal(head.n, 64);
    tamper(f, remove_5);
    struct audit_report report = verify(f);
    assert_null(report.problem);
    assert_false(str_eq(report.head, head));
}

static void an_untouched_chain_holds(void **state)
{
    struct fixture *f = *state;
    struct audit_report report = verify(f);
    assert_null(report.problem);
    assert_int_equal(report.entries, 0);
    assert_null(report.head.p);
    append_five(f);
    str head = verify(f).head;
    store_close(f->store);
    f->store = open_store(f->path);
    append_five(f);
    report = verify(f);
    assert_null(report.problem);
    assert_int_equal(report.entries, 10);
    assert_int_equal(report.bad_at, 0);
    assert_false(str_eq(report.head, head));
}

static void an_entry_goes_with_the_change_it_tells_of(void **state)
{
    struct fixture *f = *state;
    struct audit_entry entry = sample("with a change");
    struct store_op ops[] = {put_op(RECORD_CLIENT, STR("c"), STR("v")), audit_op(f->arena, &entry)};
    ops[0].condition = IF_PRESENT;
    assert_int_equal(store_write(f->store, ops, 2), STORE_CONFLICT);
    assert_int_equal(verify(f).entries, 0);
    ops[0].condition = IF_ABSENT;
    assert_int_equal(store_write(f->store, ops, 2), STORE_OK);
    assert_int_equal(verify(f).entries, 1);
}

static void shows_an_entry_as_json(void **state)
{
    struct fixture *f = *state;
    struct audit_entry entry = sample("a \"quoted\" \xff word");
    struct record record;
    str json;
    entry.at_ms = 1700000000123;
    entry.xroad_id = STR("x-1");
    assert_true(audit_write(f->store, &entry));
    assert_int_equal(store_get(f->store, RECORD_AUDIT, STR("\0\0\0\0\0\0\0\1"), f->arena, &record), STORE_OK);
    assert_true(audit_to_json(f->arena, 1, record.value, &json));
    str expected =
        STR("{\"number\":1,\"at\":\"2023-11-14T22:13:20.123Z\",\"action\":\"consent.allow\",\"outcome\":\"ok\","
            "\"actor\":\"resident:r1\",\"client_id\":\"portal\",\"xroad_id\":\"x-1\","
            "\"detail\":\"a \\\"quoted\\\" ? word\",\"hash\":\"");
    if (!str_starts(json, expected))
        fail_msg("%.*s", STR_FMT(json));
    assert_int_equal(json.n, expected.n + 64 + 2);
    assert_false(audit_to_json(f->arena, 1, (str){record.value.p, 31}, &json));
    assert_false(audit_to_json(f->arena, 1, (str){record.value.p, record.value.n - 1}, &json));
}

static void fills_in_the_time(void **state)
{
    struct fixture *f = *state;
    struct audit_entry entry = sample("now");
    int64_t before = clock_now_ms();
    audit_op(f->arena, &entry);
    assert_in_range(entry.at_ms, before, clock_now_ms());
}

static void *write_many(void *context)
{
    struct audit_queue *queue = context;
    for (int i = 0; i < 250; i++) {
        char detail[] = "some detail";
        struct audit_entry entry = sample(detail);
        audit_later(queue, &entry);
        memset(detail, 'x', sizeof detail - 1); /* it was copied */
    }
    return NULL;
}

static bool find_overwritten(const struct record *record, void *context)
{
    if (memmem(record->value.p, record->value.n, "xxxx", 4))
        *(bool *)context = true;
    return true;
}

static void the_queue_loses_none_when_it_is_full_or_ends(void **state)
{
    struct fixture *f = *state;
    struct audit_queue *queue = audit_queue_new(f->store, 5, 20);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, queue), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    audit_queue_free(queue);
    struct audit_report report = verify(f);
    assert_null(report.problem);
    assert_int_equal(report.entries, 1000);
    bool overwritten = false;
    assert_int_equal(store_scan(f->store, RECORD_AUDIT, -1, STR_NONE, STR_NONE, find_overwritten, &overwritten),
                     STORE_OK);
    assert_false(overwritten);
}

static void the_queue_writes_in_time_by_itself(void **state)
{
    struct fixture *f = *state;
    struct audit_queue *queue = audit_queue_new(f->store, 10, 1000);
    struct audit_entry entry = sample("later");
    audit_later(queue, &entry);
    int64_t end = clock_mono_ms() + 5000;
    while (store_size(f->store, RECORD_AUDIT) == 0 && clock_mono_ms() < end)
        usleep(1000);
    assert_int_equal(store_size(f->store, RECORD_AUDIT), 1);
    audit_queue_free(queue);
    audit_queue_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_untouched_chain_holds),
        STORE_TEST(a_changed_entry_shows),
        STORE_TEST(a_changed_hash_shows),
        STORE_TEST(a_removed_entry_shows),
        STORE_TEST(a_removed_entry_shows_though_the_rest_was_renumbered),
        STORE_TEST(a_removed_first_entry_shows),
        STORE_TEST(reordered_entries_show),
        STORE_TEST(a_cut_entry_shows),
        STORE_TEST(an_entry_put_before_the_first_shows),
        STORE_TEST(a_removed_last_entry_shows_by_the_head),
        STORE_TEST(an_entry_goes_with_the_change_it_tells_of),
        STORE_TEST(shows_an_entry_as_json),
        STORE_TEST(fills_in_the_time),
        STORE_TEST(the_queue_loses_none_when_it_is_full_or_ends),
        STORE_TEST(the_queue_writes_in_time_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
