/* Pushed requests: read by who has the reference, begun with in time, completed once. */
#include "records/pushed.h"

#include "unit/store/fixture.h"
#include "unit/unit.h"

#include "crypto/primitives.h"

#define PARAMETERS STR("client_id=bank&login_hint=123456789-0")

static str push(struct fixture *f, int64_t usable_until)
{
    struct pushed pushed = {.client_id = STR("bank"),
                            .parameters = PARAMETERS,
                            .is_signed = true,
                            .dpop_jkt = STR("thumbprint"),
                            .usable_until = usable_until};
    str reference;
    assert_int_equal(pushed_create(f->store, f->arena, &pushed, clock_now() + 900, &reference), STORE_OK);
    return reference;
}

static void it_comes_back_as_it_was_pushed(void **state)
{
    struct fixture *f = *state;
    struct pushed pushed;
    str reference = push(f, clock_now() + 60);
    assert_int_equal(reference.n, 43);
    assert_int_equal(pushed_load(f->store, f->arena, reference, &pushed), STORE_OK);
    assert_str(pushed.client_id, "bank");
    assert_str(pushed.parameters, "client_id=bank&login_hint=123456789-0");
    assert_str(pushed.dpop_jkt, "thumbprint");
    assert_true(pushed.is_signed);
}

static void what_is_stored_does_not_say_what_was_asked(void **state)
{
    struct fixture *f = *state;
    struct record record;
    str reference = push(f, clock_now() + 60), key = sha256_key(f->arena, reference);
    assert_int_equal(store_get(f->store, RECORD_PUSHED, key, f->arena, &record), STORE_OK);
    assert_null(memmem(record.value.p, record.value.n, "login_hint", 10));
    assert_null(memmem(record.value.p, record.value.n, "123456789", 9));
    assert_null(memmem(record.value.p, record.value.n, reference.p, reference.n));
}

static void another_reference_finds_nothing(void **state)
{
    struct fixture *f = *state;
    struct pushed pushed;
    str reference = push(f, clock_now() + 60);
    const str wrong[] = {random_token(f->arena, 32), (str){reference.p, 42}, STR(""), STR_NONE,
                         arena_printf(f->arena, "%.*s=", STR_FMT(reference))};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(pushed_load(f->store, f->arena, wrong[i], &pushed), STORE_NOT_FOUND);
}

static void it_is_too_late_to_begin_but_not_to_complete(void **state)
{
    struct fixture *f = *state;
    struct pushed pushed;
    str reference = push(f, clock_now());
    assert_int_equal(pushed_load(f->store, f->arena, reference, &pushed), STORE_NOT_FOUND);
    struct store_op op = pushed_use_op(sha256_key(f->arena, reference));
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
}

static void of_two_completions_one_holds(void **state)
{
    struct fixture *f = *state;
    struct pushed pushed;
    struct record record;
    str reference = push(f, clock_now() + 60);
    assert_int_equal(pushed_load(f->store, f->arena, reference, &pushed), STORE_OK);
    for (int i = 0; i < 2; i++) {
        str code = i == 0 ? STR("first code") : STR("second code");
        struct store_op ops[] = {put_op(RECORD_CODE, code, STR("x")), pushed_use_op(pushed.key)};
        assert_int_equal(store_write(f->store, ops, 2), i == 0 ? STORE_OK : STORE_CONFLICT);
    }
    assert_int_equal(store_get(f->store, RECORD_CODE, STR("second code"), f->arena, &record), STORE_NOT_FOUND);
    assert_int_equal(pushed_load(f->store, f->arena, reference, &pushed), STORE_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(it_comes_back_as_it_was_pushed),  STORE_TEST(what_is_stored_does_not_say_what_was_asked),
        STORE_TEST(another_reference_finds_nothing), STORE_TEST(it_is_too_late_to_begin_but_not_to_complete),
        STORE_TEST(of_two_completions_one_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
