/* Authenticators and what an unlocked one may do: found by passkey, resident and id; opened by the user handle and the
 * session's token alone. */
#include "records/app_session.h"

#include "unit/store/fixture.h"
#include "unit/unit.h"

#include "crypto/primitives.h"

#define HANDLE STR("a user handle of 32 random bytes")

static const struct authenticator_person person = {{"0000005724"}, STR_INIT("the register's token")};

static struct authenticator make(struct fixture *f, str credential_id, str resident)
{
    struct authenticator one = {.key = store_new_key(f->arena),
                                .resident = resident,
                                .name = STR("ទូរស័ព្ទ"),
                                .credential_id = credential_id,
                                .public_key = STR("cose"),
                                .alg = -7,
                                .sign_count = 3,
                                .jkt = STR("thumbprint"),
                                .backup_eligible = true,
                                .active_at = 77};
    authenticator_seal(f->arena, &one, HANDLE, &person);
    struct store_op op = authenticator_create_op(f->arena, &one);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    for (int64_t now = clock_now_ms(); now == clock_now_ms();) /* keys are ordered by the millisecond */
        ;
    return one;
}

static void it_is_found_by_passkey_and_by_id(void **state)
{
    struct fixture *f = *state;
    struct authenticator one = make(f, STR("credential one"), STR("r")), found;
    make(f, STR("credential two"), STR("r"));
    assert_int_equal(authenticator_find(f->store, f->arena, STR("credential one"), &found), STORE_OK);
    assert_true(str_eq(found.key, one.key));
    assert_str(found.name, "ទូរស័ព្ទ");
    assert_int_equal(found.alg, -7);
    assert_int_equal(found.sign_count, 3);
    assert_true(found.backup_eligible);
    assert_int_equal(found.active_at, 77);
    assert_int_equal(authenticator_load_id(f->store, f->arena, authenticator_id(f->arena, one.key), &found), STORE_OK);
    const str wrong[] = {STR("credential on"), STR(""), STR("credential three")};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(authenticator_find(f->store, f->arena, wrong[i], &found), STORE_NOT_FOUND);
    assert_int_equal(authenticator_load_id(f->store, f->arena, STR("no id!"), &found), STORE_NOT_FOUND);
    assert_int_equal(authenticator_load_id(f->store, f->arena, STR_NONE, &found), STORE_NOT_FOUND);
}

static void only_its_user_handle_opens_it(void **state)
{
    struct fixture *f = *state;
    struct authenticator one = make(f, STR("c"), STR("r"));
    struct authenticator_person out;
    struct record record;
    assert_true(authenticator_open(f->arena, &one, HANDLE, &out));
    assert_string_equal(out.kidc.digits, "0000005724");
    assert_str(out.register_token, "the register's token");
    assert_false(authenticator_open(f->arena, &one, STR("a user handle of 32 random bytez"), &out));
    assert_false(authenticator_open(f->arena, &one, STR_NONE, &out));
    assert_int_equal(store_get(f->store, RECORD_AUTHENTICATOR, one.key, f->arena, &record), STORE_OK);
    assert_null(memmem(record.value.p, record.value.n, "0000005724", 10));
    assert_null(memmem(record.value.p, record.value.n, HANDLE.p, HANDLE.n));
    assert_null(memmem(record.value.p, record.value.n, "the register's", 14));
}

static void of_two_uses_with_one_counter_one_holds(void **state)
{
    struct fixture *f = *state;
    struct authenticator one = make(f, STR("c"), STR("r")), a, b;
    assert_int_equal(authenticator_load(f->store, f->arena, one.key, &a), STORE_OK);
    b = a;
    a.sign_count = b.sign_count = 4;
    struct store_op ops[] = {authenticator_save_op(f->arena, &a), authenticator_save_op(f->arena, &b)};
    assert_int_equal(store_write(f->store, &ops[0], 1), STORE_OK);
    assert_int_equal(store_write(f->store, &ops[1], 1), STORE_CONFLICT);
}

static void a_residents_own_are_listed_until_they_are_removed(void **state)
{
    struct fixture *f = *state;
    struct authenticator list[AUTHENTICATORS_MAX];
    size_t count;
    make(f, STR("other"), STR("another"));
    struct authenticator one = make(f, STR("1"), STR("r"));
    make(f, STR("2"), STR("r"));
    assert_int_equal(authenticator_list(f->store, f->arena, STR("r"), list, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_str(list[0].credential_id, "1");
    struct store_op op = authenticator_remove_op(&one);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(authenticator_list(f->store, f->arena, STR("r"), list, &count), STORE_OK);
    assert_int_equal(count, 1);
    assert_str(list[0].credential_id, "2");
    assert_int_equal(authenticator_find(f->store, f->arena, STR("1"), &one), STORE_NOT_FOUND);
}

static void a_session_opens_with_its_token_and_ends_with_its_authenticator(void **state)
{
    struct fixture *f = *state;
    struct authenticator one = make(f, STR("c"), STR("r"));
    struct app_session session;
    struct authenticator_person out;
    struct store_op op;
    str token = app_session_create(f->arena, &one, &person, &op);
    assert_null(memmem(op.value.p, op.value.n, token.p, token.n));
    assert_null(memmem(op.value.p, op.value.n, "0000005724", 10));
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(app_session_load(f->store, f->arena, STR("x"), &session), STORE_NOT_FOUND);
    assert_int_equal(app_session_load(f->store, f->arena, token, &session), STORE_OK);
    assert_str(session.jkt, "thumbprint");
    assert_true(session.expires_at - session.unlocked_at == APP_SESSION_LIFE);
    assert_false(app_session_person(f->arena, &session, STR("x"), &out));
    assert_true(app_session_person(f->arena, &session, token, &out));
    assert_string_equal(out.kidc.digits, "0000005724");
    assert_int_equal(app_session_end_all(f->store, f->arena, STR("another authenticator")), STORE_OK);
    assert_int_equal(app_session_load(f->store, f->arena, token, &session), STORE_OK);
    assert_int_equal(app_session_end_all(f->store, f->arena, one.key), STORE_OK);
    assert_int_equal(app_session_load(f->store, f->arena, token, &session), STORE_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_found_by_passkey_and_by_id, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(only_its_user_handle_opens_it, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(of_two_uses_with_one_counter_one_holds, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_residents_own_are_listed_until_they_are_removed, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_session_opens_with_its_token_and_ends_with_its_authenticator, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
