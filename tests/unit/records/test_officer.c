/* Rights at back offices: of one person at one client, as long as they last. */
#include "records/officer.h"

#include "unit/store/fixture.h"
#include "unit/unit.h"

static void grant(struct fixture *f, str client_id, str resident, str roles, int64_t expires_at)
{
    struct officer officer = {.client_id = client_id,
                              .resident = resident,
                              .organization = STR("ក្រសួងមហាផ្ទៃ"),
                              .roles = roles,
                              .granted_at = 1000,
                              .granted_by = STR("operator:sok"),
                              .expires_at = expires_at};
    struct store_op op = officer_op(f->arena, &officer);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
}

static enum store_result load(struct fixture *f, const char *client_id, const char *resident, struct officer *out)
{
    return officer_load(f->store, f->arena, str_of(client_id), str_of(resident), out);
}

static void a_right_is_of_one_person_at_one_client(void **state)
{
    struct fixture *f = *state;
    struct officer officer;
    grant(f, STR("office"), STR("dara"), STR("registrar approver"), 0);
    assert_int_equal(load(f, "office", "dara", &officer), STORE_OK);
    assert_str(officer.client_id, "office");
    assert_str(officer.resident, "dara");
    assert_str(officer.organization, "ក្រសួងមហាផ្ទៃ");
    assert_str(officer.roles, "registrar approver");
    assert_int_equal(officer.granted_at, 1000);
    assert_str(officer.granted_by, "operator:sok");
    assert_int_equal(officer.expires_at, 0);
    assert_int_equal(load(f, "office", "sok", &officer), STORE_NOT_FOUND);
    assert_int_equal(load(f, "other", "dara", &officer), STORE_NOT_FOUND);
    assert_int_equal(load(f, "officedara", "", &officer), STORE_NOT_FOUND);
    assert_int_equal(load(f, "", "officedara", &officer), STORE_NOT_FOUND);
}

static void a_token_finds_it_by_its_key(void **state)
{
    struct fixture *f = *state;
    struct officer officer;
    grant(f, STR("office"), STR("dara"), STR("registrar"), 0);
    assert_int_equal(officer_find(f->store, f->arena, officer_key(f->arena, STR("office"), STR("dara")), &officer),
                     STORE_OK);
    assert_str(officer.roles, "registrar");
    assert_int_equal(officer_find(f->store, f->arena, officer_key(f->arena, STR("offic"), STR("edara")), &officer),
                     STORE_NOT_FOUND);
}

static void it_ends_by_itself(void **state)
{
    struct fixture *f = *state;
    struct officer officer;
    int64_t now = clock_now();
    grant(f, STR("office"), STR("dara"), STR("registrar"), now + 1000);
    assert_int_equal(load(f, "office", "dara", &officer), STORE_OK);
    assert_int_equal(officer.expires_at, now + 1000);
    grant(f, STR("office"), STR("dara"), STR("registrar"), now - 1);
    assert_int_equal(load(f, "office", "dara", &officer), STORE_NOT_FOUND);
}

static void granted_anew_it_replaces_the_one_before(void **state)
{
    struct fixture *f = *state;
    struct officer officer;
    grant(f, STR("office"), STR("dara"), STR("registrar"), clock_now() + 1000);
    grant(f, STR("office"), STR("dara"), STR("approver"), 0);
    assert_int_equal(load(f, "office", "dara", &officer), STORE_OK);
    assert_str(officer.roles, "approver");
    assert_int_equal(officer.expires_at, 0);
}

static void it_is_withdrawn_once(void **state)
{
    struct fixture *f = *state;
    struct officer officer;
    grant(f, STR("office"), STR("dara"), STR("registrar"), 0);
    grant(f, STR("office"), STR("sok"), STR("registrar"), 0);
    struct store_op op = officer_remove_op(f->arena, STR("office"), STR("dara"));
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    assert_int_equal(load(f, "office", "dara", &officer), STORE_NOT_FOUND);
    assert_int_equal(load(f, "office", "sok", &officer), STORE_OK);
}

static bool note_name(const struct officer *officer, void *context)
{
    buf_add_word(context, officer->resident);
    return true;
}

static bool stop(const struct officer *officer, void *context)
{
    (void)officer;
    ++*(int *)context;
    return false;
}

static void they_are_listed_by_client(void **state)
{
    struct fixture *f = *state;
    struct buf names = buf_new(f->arena, 64), all = buf_new(f->arena, 64);
    int calls = 0;
    grant(f, STR("office"), STR("a"), STR("x"), 0);
    grant(f, STR("office"), STR("b"), STR("x"), 0);
    grant(f, STR("office"), STR("gone"), STR("x"), clock_now() - 1);
    grant(f, STR("office2"), STR("c"), STR("x"), 0);
    assert_int_equal(officer_each(f->store, f->arena, STR("office"), note_name, &names), STORE_OK);
    assert_str(buf_str(&names), "a b");
    assert_int_equal(officer_each(f->store, f->arena, STR_NONE, note_name, &all), STORE_OK);
    assert_str(buf_str(&all), "a b c");
    assert_int_equal(officer_each(f->store, f->arena, STR_NONE, stop, &calls), STORE_OK);
    assert_int_equal(calls, 1);
}

static void what_may_be_an_organization(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_true(officer_organization_fits(STR("Ministry of Interior")));
    assert_true(officer_organization_fits(STR("ក្រសួងមហាផ្ទៃ")));
    static const char *const wrong[] = {"", " x", "x ", "two\nlines", "tab\there", "x\x7f", "\xff", "\xe2\x80\xaetxt"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(officer_organization_fits(str_of(wrong[i])));
    char *text = arena_alloc(arena, OFFICER_ORGANIZATION_MAX + 1);
    memset(text, 'x', OFFICER_ORGANIZATION_MAX + 1);
    assert_true(officer_organization_fits((str){text, OFFICER_ORGANIZATION_MAX}));
    assert_false(officer_organization_fits((str){text, OFFICER_ORGANIZATION_MAX + 1}));
}

static void what_may_be_a_role(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_true(officer_role_fits(STR("registrar")));
    assert_true(officer_role_fits(STR("civil:birth.write")));
    static const char *const wrong[] = {"", "a b", "a\"", "a\\", "a\n", "មន្ត្រី"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(officer_role_fits(str_of(wrong[i])));
    char *text = arena_alloc(arena, OFFICER_ROLE_MAX + 1);
    memset(text, 'x', OFFICER_ROLE_MAX + 1);
    assert_true(officer_role_fits((str){text, OFFICER_ROLE_MAX}));
    assert_false(officer_role_fits((str){text, OFFICER_ROLE_MAX + 1}));
}

static void roles_are_told_as_an_array(void **state)
{
    (void)state;
    TEST_ARENA;
    struct buf json = buf_new(arena, 64);
    const struct officer one = {.organization = STR("A \"B\""), .roles = STR("registrar")};
    const struct officer two = {.organization = STR("C"), .roles = STR("x y")};
    buf_char(&json, '{');
    officer_add_claims(&json, &one);
    buf_char(&json, '}');
    assert_str(buf_str(&json), "{\"organization\":\"A \\\"B\\\"\",\"roles\":[\"registrar\"]}");
    json = buf_new(arena, 64);
    buf_char(&json, '{');
    officer_add_claims(&json, &two);
    assert_str(buf_str(&json), "{\"organization\":\"C\",\"roles\":[\"x\",\"y\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_right_is_of_one_person_at_one_client),
        STORE_TEST(a_token_finds_it_by_its_key),
        STORE_TEST(it_ends_by_itself),
        STORE_TEST(granted_anew_it_replaces_the_one_before),
        STORE_TEST(it_is_withdrawn_once),
        STORE_TEST(they_are_listed_by_client),
        cmocka_unit_test(what_may_be_an_organization),
        cmocka_unit_test(what_may_be_a_role),
        cmocka_unit_test(roles_are_told_as_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
