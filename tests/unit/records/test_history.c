/* A resident's history: newest first, a page at a time, of that resident alone; marked once. */
#include "records/history.h"

#include "unit/store/fixture.h"
#include "unit/unit.h"

#define LIFE 1000

static struct history note(struct fixture *f, str resident, str client_id)
{
    struct history entry = {.resident = resident,
                            .event = HISTORY_SIGNED_IN,
                            .client_id = client_id,
                            .browser = STR("Firefox, Windows"),
                            .amr = STR("hwk user mfa"),
                            .sid = STR("sid"),
                            .grant = STR("grant")};
    struct store_op op = history_op(f->arena, &entry, LIFE);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    for (int64_t now = clock_now_ms(); now == clock_now_ms();) /* keys are ordered by the millisecond */
        ;
    return entry;
}

static void it_is_listed_newest_first_and_page_by_page(void **state)
{
    struct fixture *f = *state;
    struct history page[2];
    size_t count;
    str before = STR_NONE;
    static const char *const names[] = {"0", "1", "2", "3", "4"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        note(f, STR("r"), str_of(names[i]));
    note(f, STR("another"), STR("not mine"));
    static const char *const expected[][2] = {{"4", "3"}, {"2", "1"}, {"0", NULL}};
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_int_equal(history_list(f->store, f->arena, STR("r"), STR_NONE, before, page, 2, &count), STORE_OK);
        assert_int_equal(count, expected[i][1] ? 2 : 1);
        for (size_t j = 0; j < count; j++)
            assert_str(page[j].client_id, expected[i][j]);
        before = page[count - 1].key;
    }
    assert_int_equal(history_list(f->store, f->arena, STR("r"), STR_NONE, before, page, 2, &count), STORE_OK);
    assert_int_equal(count, 0);
}

static void only_what_is_newer_is_listed(void **state)
{
    struct fixture *f = *state;
    struct history page[4];
    size_t count;
    note(f, STR("r"), STR("old"));
    struct history known = note(f, STR("r"), STR("known"));
    assert_int_equal(history_list(f->store, f->arena, STR("r"), known.key, STR_NONE, page, 4, &count), STORE_OK);
    assert_int_equal(count, 0);
    note(f, STR("r"), STR("new"));
    struct history newest = note(f, STR("r"), STR("newest"));
    assert_int_equal(history_list(f->store, f->arena, STR("r"), known.key, STR_NONE, page, 4, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_str(page[0].client_id, "newest");
    assert_int_equal(history_list(f->store, f->arena, STR("r"), known.key, newest.key, page, 4, &count), STORE_OK);
    assert_int_equal(count, 1);
    assert_str(page[0].client_id, "new");
}

static void the_grants_of_a_session_are_found_and_no_others(void **state)
{
    struct fixture *f = *state;
    str *grants;
    size_t count;
    for (unsigned i = 0; i < 40; i++) {
        struct history entry = {.resident = i % 4 == 3 ? STR("another") : STR("r"),
                                .event = i % 4 == 2 ? HISTORY_DECLINED : HISTORY_SIGNED_IN,
                                .sid = i % 4 == 1 ? STR("other") : STR("sid"),
                                .grant = i % 4 == 2 ? STR_NONE : arena_printf(f->arena, "grant %u", i)};
        struct store_op op = history_op(f->arena, &entry, LIFE);
        assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    }
    assert_int_equal(history_grants(f->store, f->arena, STR("r"), STR("sid"), &grants, &count), STORE_OK);
    assert_int_equal(count, 10);
    for (size_t i = 0; i < count; i++)
        assert_true(str_starts(grants[i], STR("grant ")));
    assert_int_equal(history_grants(f->store, f->arena, STR("r"), STR("none"), &grants, &count), STORE_OK);
    assert_int_equal(count, 0);
}

static void an_entry_is_disowned_once(void **state)
{
    struct fixture *f = *state;
    struct history entry = note(f, STR("r"), STR("portal")), loaded;
    assert_int_equal(history_load(f->store, f->arena, entry.key, &loaded), STORE_OK);
    assert_false(loaded.disowned);
    assert_str(loaded.sid, "sid");
    assert_str(loaded.grant, "grant");
    struct store_op op = history_disown_op(f->arena, &loaded, LIFE);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    assert_int_equal(history_load(f->store, f->arena, entry.key, &loaded), STORE_OK);
    assert_true(loaded.disowned);
    assert_str(loaded.client_id, "portal");
}

static void what_is_no_key_finds_nothing(void **state)
{
    struct fixture *f = *state;
    struct history out;
    const str wrong[] = {STR(""), STR_NONE, STR("0123456789abcdef"), arena_printf(f->arena, "%0600d", 1)};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(history_load(f->store, f->arena, wrong[i], &out), STORE_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_listed_newest_first_and_page_by_page, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(only_what_is_newer_is_listed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_grants_of_a_session_are_found_and_no_others, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(an_entry_is_disowned_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_key_finds_nothing, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
