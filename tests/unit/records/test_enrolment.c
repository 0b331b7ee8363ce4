/* Enrolments: opened by the device's secret alone, finished once. */
#include "records/enrolment.h"

#include "unit/store/fixture.h"
#include "unit/unit.h"

#include "base/clock.h"
#include "crypto/primitives.h"

#define HANDLE STR("a user handle of 32 random bytes")

static const struct enrolment_secrets secrets = {{"0000005724"}, STR_INIT("the kycToken"), HANDLE};

static str begin(struct fixture *f, struct enrolment *enrolment)
{
    *enrolment = (struct enrolment){.stage = ENROLMENT_CODE_SENT, .jkt = STR("thumbprint"), .resident = STR("r")};
    str secret = enrolment_new(f->arena, enrolment);
    enrolment_seal(f->arena, enrolment, secret, &secrets);
    assert_int_equal(enrolment_save(f->store, f->arena, enrolment), STORE_OK);
    return secret;
}

static void it_is_found_and_opened_by_its_secret_alone(void **state)
{
    struct fixture *f = *state;
    struct enrolment enrolment, other, found;
    struct enrolment_secrets out;
    str secret = begin(f, &enrolment), another = begin(f, &other);
    assert_int_equal(enrolment_load(f->store, f->arena, secret, &found), STORE_OK);
    assert_str(found.jkt, "thumbprint");
    assert_true(found.expires_at - clock_now() <= ENROLMENT_LIFE);
    assert_false(enrolment_open(f->arena, &found, another, &out));
    assert_true(enrolment_open(f->arena, &found, secret, &out));
    assert_string_equal(out.kidc.digits, "0000005724");
    assert_str(out.kyc_token, "the kycToken");
    assert_true(str_eq(out.handle, HANDLE));
    assert_int_equal(enrolment_load(f->store, f->arena, STR("another secret"), &found), STORE_NOT_FOUND);
    assert_int_equal(enrolment_load(f->store, f->arena, STR(""), &found), STORE_NOT_FOUND);
}

static void nothing_secret_lies_readable(void **state)
{
    struct fixture *f = *state;
    struct enrolment enrolment;
    struct record record;
    str secret = begin(f, &enrolment);
    assert_int_equal(store_get(f->store, RECORD_ENROLMENT, enrolment.key, f->arena, &record), STORE_OK);
    const str hidden[] = {secret, STR("0000005724"), STR("the kycToken"), HANDLE};
    for (size_t i = 0; i < COUNT_OF(hidden); i++)
        assert_null(memmem(record.value.p, record.value.n, hidden[i].p, hidden[i].n));
    assert_false(str_eq(record.key, secret));
}

static void a_changed_record_opens_no_more(void **state)
{
    struct fixture *f = *state;
    struct enrolment enrolment;
    struct enrolment_secrets out;
    str secret = begin(f, &enrolment);
    for (size_t i = 0; i < enrolment.sealed.n; i++) {
        str changed = arena_str(f->arena, enrolment.sealed);
        ((char *)(uintptr_t)changed.p)[i] ^= 1;
        const struct enrolment bad = {.sealed = changed};
        assert_false(enrolment_open(f->arena, &bad, secret, &out));
    }
}

static void of_two_that_go_on_at_a_time_one_does(void **state)
{
    struct fixture *f = *state;
    struct enrolment enrolment, one, two;
    str secret = begin(f, &enrolment);
    assert_int_equal(enrolment_load(f->store, f->arena, secret, &one), STORE_OK);
    two = one;
    one.stage = two.stage = ENROLMENT_PROVED;
    assert_int_equal(enrolment_save(f->store, f->arena, &one), STORE_OK);
    assert_int_equal(enrolment_save(f->store, f->arena, &two), STORE_CONFLICT);
    assert_int_equal(enrolment_take(f->store, &two), STORE_CONFLICT);
    assert_int_equal(enrolment_load(f->store, f->arena, secret, &one), STORE_OK);
    assert_int_equal(enrolment_take(f->store, &one), STORE_OK);
    assert_int_equal(enrolment_take(f->store, &one), STORE_CONFLICT);
    assert_int_equal(enrolment_load(f->store, f->arena, secret, &one), STORE_NOT_FOUND);
}

static void it_is_gone_when_its_time_is_over(void **state)
{
    struct fixture *f = *state;
    struct enrolment enrolment = {.jkt = STR("t")}, found;
    str secret = enrolment_new(f->arena, &enrolment);
    enrolment.expires_at = clock_now() - 1;
    assert_int_equal(enrolment_save(f->store, f->arena, &enrolment), STORE_OK);
    assert_int_equal(enrolment_load(f->store, f->arena, secret, &found), STORE_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(it_is_found_and_opened_by_its_secret_alone),
        STORE_TEST(nothing_secret_lies_readable),
        STORE_TEST(a_changed_record_opens_no_more),
        STORE_TEST(of_two_that_go_on_at_a_time_one_does),
        STORE_TEST(it_is_gone_when_its_time_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
