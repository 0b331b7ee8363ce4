/* Requests that are answered elsewhere: found by their secret and by the code, changed and fetched by one at a time. */
#include "records/decoupled.h"

#include "unit/store/fixture.h"
#include "unit/unit.h"

#include "crypto/primitives.h"

#define SECRET STR("0123456789abcdef0123456789abcdef0123456789a")

static struct decoupled make(struct fixture *f, enum record_kind kind, str secret)
{
    struct decoupled request = {.kind = kind,
                                .client_id = STR("kiosk"),
                                .parameters = STR("scope=openid&resource=https%3A%2F%2Fx.example"),
                                .user_code = sha256_key(f->arena, STR("BCDFGHJK")),
                                .resident = STR("resident"),
                                .binding_message = STR("W4SCT"),
                                .interval = 5,
                                .expires_at = clock_now() + 300};
    struct store_op op = decoupled_create_op(f->arena, secret, &request);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    return request;
}

static struct decoupled load(struct fixture *f, enum record_kind kind, str secret)
{
    struct decoupled request;
    assert_int_equal(decoupled_load(f->store, f->arena, kind, sha256_key(f->arena, secret), &request), STORE_OK);
    return request;
}

static void it_comes_back_as_it_was_made(void **state)
{
    struct fixture *f = *state;
    int64_t expires_at = make(f, RECORD_DEVICE, SECRET).expires_at;
    struct decoupled request = load(f, RECORD_DEVICE, SECRET);
    assert_int_equal(request.kind, RECORD_DEVICE);
    assert_str(request.client_id, "kiosk");
    assert_str(request.parameters, "scope=openid&resource=https%3A%2F%2Fx.example");
    assert_str(request.resident, "resident");
    assert_str(request.binding_message, "W4SCT");
    assert_int_equal(request.state, DECOUPLED_WAITING);
    assert_int_equal(request.interval, 5);
    assert_int_equal(request.polled_at, 0);
    assert_true(request.expires_at == expires_at);
}

static void a_secret_of_one_kind_opens_nothing_of_the_other(void **state)
{
    struct fixture *f = *state;
    struct decoupled request;
    make(f, RECORD_DEVICE, SECRET);
    const str key = sha256_key(f->arena, SECRET);
    assert_int_equal(decoupled_load(f->store, f->arena, RECORD_BACKCHANNEL, key, &request), STORE_NOT_FOUND);
    const str wrong[] = {SECRET,
                         STR(""),
                         STR_NONE,
                         sha256_key(f->arena, STR("x")),
                         (str){key.p, key.n - 1},
                         arena_printf(f->arena, "%0600d", 1)};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(decoupled_load(f->store, f->arena, RECORD_DEVICE, wrong[i], &request), STORE_NOT_FOUND);
}

static void a_person_finds_it_by_the_whole_code_alone(void **state)
{
    struct fixture *f = *state;
    struct decoupled request;
    make(f, RECORD_DEVICE, SECRET);
    assert_int_equal(decoupled_find(f->store, f->arena, sha256_key(f->arena, STR("BCDFGHJK")), &request), STORE_OK);
    assert_str(request.client_id, "kiosk");
    const str wrong[] = {STR("BCDFGHJK"), sha256_key(f->arena, STR("BCDFGHJL")), STR(""), STR_NONE};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(decoupled_find(f->store, f->arena, wrong[i], &request), STORE_NOT_FOUND);
}

static void what_is_stored_opens_with_the_secret_alone(void **state)
{
    struct fixture *f = *state;
    struct record record;
    make(f, RECORD_BACKCHANNEL, SECRET);
    struct decoupled request = load(f, RECORD_BACKCHANNEL, SECRET);
    request.answer = mailbox_put(f->arena, request.slot, STR("the code that came of it"));
    request.state = DECOUPLED_APPROVED;
    struct store_op op = decoupled_save_op(f->arena, &request);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(store_get(f->store, RECORD_BACKCHANNEL, request.key, f->arena, &record), STORE_OK);
    assert_null(memmem(record.value.p, record.value.n, "the code that", 13));
    assert_null(memmem(record.value.p, record.value.n, SECRET.p, SECRET.n));
    request = load(f, RECORD_BACKCHANNEL, SECRET);
    str code;
    assert_false(mailbox_open(f->arena, STR("another secret"), request.sealed_key, request.answer, &code));
    assert_true(mailbox_open(f->arena, SECRET, request.sealed_key, request.answer, &code));
    assert_str(code, "the code that came of it");
}

static void of_two_answers_one_holds(void **state)
{
    struct fixture *f = *state;
    make(f, RECORD_DEVICE, SECRET);
    struct decoupled yes = load(f, RECORD_DEVICE, SECRET), no = load(f, RECORD_DEVICE, SECRET);
    yes.state = DECOUPLED_APPROVED;
    no.state = DECOUPLED_DENIED;
    struct store_op ops[] = {decoupled_save_op(f->arena, &no), decoupled_save_op(f->arena, &yes)};
    assert_int_equal(store_write(f->store, &ops[0], 1), STORE_OK);
    assert_int_equal(store_write(f->store, &ops[1], 1), STORE_CONFLICT);
    assert_int_equal(load(f, RECORD_DEVICE, SECRET).state, DECOUPLED_DENIED);
}

static void it_is_fetched_once(void **state)
{
    struct fixture *f = *state;
    struct decoupled request;
    make(f, RECORD_DEVICE, SECRET);
    request = load(f, RECORD_DEVICE, SECRET);
    struct store_op op = decoupled_take_op(&request);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    assert_int_equal(decoupled_load(f->store, f->arena, RECORD_DEVICE, request.key, &request), STORE_NOT_FOUND);
    assert_int_equal(decoupled_find(f->store, f->arena, sha256_key(f->arena, STR("BCDFGHJK")), &request),
                     STORE_NOT_FOUND);
}

static void an_answer_that_came_between_is_not_taken_away(void **state)
{
    struct fixture *f = *state;
    make(f, RECORD_DEVICE, SECRET);
    struct decoupled old = load(f, RECORD_DEVICE, SECRET), answered = old;
    answered.state = DECOUPLED_APPROVED;
    struct store_op save = decoupled_save_op(f->arena, &answered), take = decoupled_take_op(&old);
    assert_int_equal(store_write(f->store, &save, 1), STORE_OK);
    assert_int_equal(store_write(f->store, &take, 1), STORE_CONFLICT);
}

static void a_secret_is_good_for_one_request(void **state)
{
    struct fixture *f = *state;
    make(f, RECORD_DEVICE, SECRET);
    struct decoupled again = {.kind = RECORD_DEVICE, .client_id = STR("other"), .expires_at = clock_now() + 300};
    struct store_op op = decoupled_create_op(f->arena, SECRET, &again);
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    assert_str(load(f, RECORD_DEVICE, SECRET).client_id, "kiosk");
}

static void its_maker_learns_that_it_has_expired(void **state)
{
    struct fixture *f = *state;
    struct decoupled late = {.kind = RECORD_DEVICE, .client_id = STR("kiosk"), .expires_at = clock_now() - 60};
    struct store_op op = decoupled_create_op(f->arena, SECRET, &late);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_true(load(f, RECORD_DEVICE, SECRET).expires_at < clock_now());
    struct decoupled gone = {.kind = RECORD_DEVICE, .client_id = STR("kiosk"), .expires_at = clock_now() - 3600};
    op = decoupled_create_op(f->arena, STR("another"), &gone);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(decoupled_load(f->store, f->arena, RECORD_DEVICE, gone.key, &gone), STORE_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(it_comes_back_as_it_was_made),
        STORE_TEST(a_secret_of_one_kind_opens_nothing_of_the_other),
        STORE_TEST(a_person_finds_it_by_the_whole_code_alone),
        STORE_TEST(what_is_stored_opens_with_the_secret_alone),
        STORE_TEST(of_two_answers_one_holds),
        STORE_TEST(it_is_fetched_once),
        STORE_TEST(an_answer_that_came_between_is_not_taken_away),
        STORE_TEST(a_secret_is_good_for_one_request),
        STORE_TEST(its_maker_learns_that_it_has_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
