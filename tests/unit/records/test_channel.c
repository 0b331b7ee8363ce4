/* Channels: codes that only the ring makes and only their own time takes, and answers that only the waiting browser
 * opens; for the same device, only with what the phone alone was told. */
#include "records/channel.h"

#include "unit/keys/two_rings.h"
#include "unit/store/fixture.h"
#include "unit/unit.h"

#include "crypto/primitives.h"

#define COOKIE STR("0123456789abcdef0123456789abcdef0123456789a")

static struct channel make(struct fixture *f, enum channel_way way, str interaction)
{
    struct channel channel = {.way = way,
                              .interaction = interaction,
                              .client_id = STR("portal"),
                              .browser_family = STR("Firefox, Windows"),
                              .browser_peer = STR("203.0.113.5")};
    struct store_op op = channel_create_op(f->arena, COOKIE, &channel);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    return channel;
}

static struct channel load(struct fixture *f, str id)
{
    struct channel channel;
    assert_int_equal(channel_load(f->store, f->arena, id, &channel), STORE_OK);
    return channel;
}

static const struct channel_answer given = {
    .person = {.kidc = {"0000005724"}, .kyc_token = STR_INIT("the register's token")},
    .resident = STR_INIT("resident"),
    .acr = STR_INIT("urn:konsao:acr:device"),
    .amr = STR_INIT("hwk user mfa"),
    .consent_id = STR_INIT("consent"),
    .authenticator = STR_INIT("0123456789abcdef"),
    .auth_time = 1000,
    .expires_at = 2000,
};

static void a_code_is_read_back_by_the_ring_that_made_it(void **state)
{
    struct fixture *f = *state;
    struct channel channel = make(f, CHANNEL_QR, STR("i"));
    str id, code = channel_code(ring, f->arena, channel.id, 7);
    int64_t step;
    assert_true(channel_code_read(ring, f->arena, code, &id, &step));
    assert_true(str_eq(id, channel.id));
    assert_int_equal(step, 7);
    assert_false(channel_code_read(other, f->arena, code, &id, &step));
}

static void a_code_that_differs_anywhere_is_forged(void **state)
{
    struct fixture *f = *state;
    str id, code = channel_code(ring, f->arena, make(f, CHANNEL_QR, STR("i")).id, 7);
    int64_t step;
    for (size_t i = 0; i < code.n; i++) {
        str changed = arena_str(f->arena, code), cut = {code.p, i};
        ((char *)(uintptr_t)changed.p)[i] = changed.p[i] == 'A' ? 'B' : 'A';
        assert_false(channel_code_read(ring, f->arena, changed, &id, &step));
        assert_false(channel_code_read(ring, f->arena, cut, &id, &step));
    }
    str longer = arena_printf(f->arena, "%.*sA", STR_FMT(code));
    assert_false(channel_code_read(ring, f->arena, longer, &id, &step));
    assert_false(channel_code_read(ring, f->arena, STR_NONE, &id, &step));
    assert_false(channel_code_read(ring, f->arena, STR(".."), &id, &step));
}

static void the_step_has_one_spelling(void **state)
{
    struct fixture *f = *state;
    struct channel channel = make(f, CHANNEL_QR, STR("i"));
    str id, code = channel_code(ring, f->arena, channel.id, 7);
    int64_t step;
    str zeros = arena_printf(f->arena, "%.*s.07.%.*s", STR_FMT(channel.id), 22, code.p + code.n - 22);
    assert_false(channel_code_read(ring, f->arena, zeros, &id, &step));
    str far = channel_code(ring, f->arena, channel.id, 61); /* beyond a channel's life */
    assert_false(channel_code_read(ring, f->arena, far, &id, &step));
}

static void a_code_is_good_in_its_own_step_and_the_next(void **state)
{
    (void)state;
    const struct channel channel = {.started_ms = 1000000};
    const struct {
        int64_t step, after_ms;
        enum channel_code_check fits;
    } cases[] = {
        {0, 0, CODE_CURRENT},      {0, 2999, CODE_CURRENT}, {0, 5999, CODE_CURRENT},
        {0, 6000, CODE_STALE},     {1, 2999, CODE_STALE},   {1, 3000, CODE_CURRENT},
        {20, 62999, CODE_CURRENT}, {20, 66000, CODE_STALE}, {59, 179999, CODE_CURRENT},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(channel_code_fits(&channel, cases[i].step, channel.started_ms + cases[i].after_ms),
                         cases[i].fits);
}

static void a_link_for_the_same_device_is_good_for_a_minute(void **state)
{
    (void)state;
    const struct channel channel = {.way = CHANNEL_SAME_DEVICE, .started_ms = 1000000};
    assert_int_equal(channel_code_fits(&channel, 0, channel.started_ms + 62999), CODE_CURRENT);
    assert_int_equal(channel_code_fits(&channel, 0, channel.started_ms + 63000), CODE_STALE);
    assert_int_equal(channel_code_fits(&channel, 2, channel.started_ms + 5999), CODE_STALE);
}

static void the_newest_channel_of_an_interaction_is_found(void **state)
{
    struct fixture *f = *state;
    struct channel found;
    assert_int_equal(channel_of_interaction(f->store, f->arena, STR("i"), &found), STORE_NOT_FOUND);
    make(f, CHANNEL_QR, STR("another"));
    struct channel older = make(f, CHANNEL_QR, STR("i")), newer = make(f, CHANNEL_QR, STR("i"));
    older = load(f, older.id);
    older.started_ms = newer.started_ms - 5;
    struct store_op op = channel_save_op(f->arena, &older);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(channel_of_interaction(f->store, f->arena, STR("i"), &found), STORE_OK);
    assert_true(str_eq(found.id, newer.id));
    assert_str(found.browser_family, "Firefox, Windows");
}

static void of_two_scans_the_first_wins(void **state)
{
    struct fixture *f = *state;
    struct channel channel = make(f, CHANNEL_QR, STR("i")), one = load(f, channel.id), two = one;
    one.state = two.state = CHANNEL_SCANNED;
    one.authenticator = STR("one");
    two.authenticator = STR("two");
    struct store_op ops[] = {channel_save_op(f->arena, &one), channel_save_op(f->arena, &two)};
    assert_int_equal(store_write(f->store, &ops[0], 1), STORE_OK);
    assert_int_equal(store_write(f->store, &ops[1], 1), STORE_CONFLICT);
    assert_str(load(f, channel.id).authenticator, "one");
}

static void the_answer_opens_with_the_waiting_browsers_cookie_alone(void **state)
{
    struct fixture *f = *state;
    struct channel channel = make(f, CHANNEL_QR, STR("i"));
    struct channel_answer out;
    str continuation;
    assert_false(channel_open(f->arena, &channel, COOKIE, STR_NONE, &out));
    channel_approve(f->arena, &channel, &given, &continuation);
    assert_null(continuation.p);
    assert_null(memmem(channel.answer.p, channel.answer.n, "0000005724", 10));
    assert_false(channel_open(f->arena, &channel, STR("another browser's cookie"), STR_NONE, &out));
    assert_false(channel_open(f->arena, &channel, STR_NONE, STR_NONE, &out));
    assert_true(channel_open(f->arena, &channel, COOKIE, STR_NONE, &out));
    assert_string_equal(out.person.kidc.digits, "0000005724");
    assert_str(out.person.kyc_token, "the register's token");
    assert_str(out.acr, "urn:konsao:acr:device");
    assert_str(out.consent_id, "consent");
    assert_str(out.authenticator, "0123456789abcdef");
    assert_int_equal(out.expires_at, 2000);
    channel_finish(&channel, END_REPORTED);
    assert_false(channel_open(f->arena, &channel, COOKIE, STR_NONE, &out));
}

static void on_the_same_device_the_cookie_is_not_enough(void **state)
{
    struct fixture *f = *state;
    struct channel channel = make(f, CHANNEL_SAME_DEVICE, STR("i"));
    struct channel_answer out;
    str continuation;
    channel_approve(f->arena, &channel, &given, &continuation);
    assert_int_equal(continuation.n, 43);
    assert_false(channel_open(f->arena, &channel, COOKIE, STR_NONE, &out));
    assert_false(channel_open(f->arena, &channel, COOKIE, STR(""), &out));
    assert_false(channel_open(f->arena, &channel, COOKIE, random_token(f->arena, 32), &out));
    assert_false(channel_open(f->arena, &channel, STR("x"), continuation, &out));
    assert_true(channel_open(f->arena, &channel, COOKIE, continuation, &out));
    assert_str(out.resident, "resident");
}

static void it_is_gone_when_its_time_is_over(void **state)
{
    struct fixture *f = *state;
    struct channel channel = make(f, CHANNEL_QR, STR("i"));
    channel = load(f, channel.id);
    channel.expires_at = clock_now() - 1;
    struct store_op op = channel_save_op(f->arena, &channel);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(channel_load(f->store, f->arena, channel.id, &channel), STORE_NOT_FOUND);
}

static void every_end_has_a_name(void **state)
{
    (void)state;
    for (enum channel_end end = END_DECLINED; end < CHANNEL_ENDS; end++)
        for (enum channel_end before = END_NONE; before < end; before++)
            assert_string_not_equal(channel_end_name(end), channel_end_name(before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_code_is_read_back_by_the_ring_that_made_it, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_code_that_differs_anywhere_is_forged, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_step_has_one_spelling, fixture_setup, fixture_teardown),
        cmocka_unit_test(a_code_is_good_in_its_own_step_and_the_next),
        cmocka_unit_test(a_link_for_the_same_device_is_good_for_a_minute),
        cmocka_unit_test_setup_teardown(the_newest_channel_of_an_interaction_is_found, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(of_two_scans_the_first_wins, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_answer_opens_with_the_waiting_browsers_cookie_alone, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(on_the_same_device_the_cookie_is_not_enough, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(it_is_gone_when_its_time_is_over, fixture_setup, fixture_teardown),
        cmocka_unit_test(every_end_has_a_name),
    };
    return cmocka_run_group_tests(tests, rings_set_up, rings_tear_down);
}
