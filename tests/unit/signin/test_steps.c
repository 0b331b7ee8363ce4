/* The number and the code. */
#include "world.h"

static void to_code(void)
{
    ask_sign_in((struct interaction){0});
    get_page();
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/otp", 200);
}

static void enter(enum ipis_result answer)
{
    world.reg.check = answer;
    post("action", "continue", "otp", "123456");
}

static void sent_long_ago(struct interaction *interaction)
{
    interaction->code_sent_at = 1;
}

/* ---- the number ---- */

static void a_number_with_a_wrong_check_digit_never_reaches_the_register(void **state)
{
    (void)state;
    ask_sign_in((struct interaction){0});
    get_page();
    post("action", "continue", "kidc", "000000572-5");
    assert_page("signin/kidc", 422);
    assert_true(flagged("error_kidc_invalid"));
    assert_str(shown("kidc_value"), "000000572-5");
    post("action", "continue", "kidc", "  ");
    assert_true(flagged("error_kidc_missing"));
    assert_int_equal(world.reg.sends, 0);
}

static void numbers_that_exist_and_numbers_that_do_not_look_the_same(void **state)
{
    (void)state;
    static const enum ipis_result answers[] = {IPIS_OK, IPIS_UNKNOWN, IPIS_NOT_ENROLLED, IPIS_FROZEN, IPIS_FORBIDDEN};
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        world.reg.send = answers[i];
        world.reg.code = answers[i] == IPIS_FORBIDDEN ? "SUSPENDED" : NULL;
        to_code();
        str seconds = shown("expires_seconds");
        if (!str_eq(seconds, STR("120")))
            assert_str(seconds, "119"); /* the clock went on */
        assert_true(flagged("can_resend"));
        assert_str(shown("kidc_masked"), "•••••0572-4");
    }
}

static void a_wrong_code_looks_the_same_for_numbers_that_do_not_exist(void **state)
{
    (void)state;
    static const enum ipis_result answers[] = {IPIS_WRONG, IPIS_UNKNOWN, IPIS_NOT_ENROLLED, IPIS_FROZEN, IPIS_EXPIRED};
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        to_code();
        enter(answers[i]);
        assert_page("signin/otp", 422);
        assert_true(flagged("error_code_wrong"));
        assert_str(shown("attempts_left"), "2");
        enter(IPIS_OK); /* so that the next one starts anew */
        assert_page("signin/consent", 200);
        post("action", "switch");
    }
}

static void a_register_that_is_away_leaves_the_sign_in_where_it_was(void **state)
{
    (void)state;
    struct interaction interaction;
    ask_sign_in((struct interaction){0});
    get_page();
    world.reg.send = IPIS_UNREACHABLE;
    for (int i = 0; i < 10; i++) { /* more often than codes may be sent: none was */
        post("action", "continue", "kidc", KIDC);
        assert_page("signin/kidc", 503);
        assert_true(flagged("error_unreachable"));
        assert_str(shown("kidc_value"), KIDC);
    }
    load_interaction(&interaction);
    assert_int_equal(interaction.stage, STAGE_START);
    world.reg.send = IPIS_THROTTLED;
    world.reg.retry_after = 60;
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/kidc", 429);
    assert_true(flagged("error_throttled"));
    assert_int_equal(shown("wait_text").n, 5);
    world.reg.send = IPIS_OK;
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/otp", 200);
}

static void a_code_that_may_have_been_sent_stays_counted(void **state)
{
    (void)state;
    world.reg.send = IPIS_UNREACHABLE;
    world.reg.arrived = true;
    ask_sign_in((struct interaction){0});
    get_page();
    for (int i = 0; i < world.settings.otp_sends_per_kidc; i++) {
        post("action", "continue", "kidc", KIDC);
        assert_page("signin/kidc", 503);
    }
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/kidc", 429);
    assert_int_equal(world.reg.sends, world.settings.otp_sends_per_kidc);
}

static void a_code_that_may_have_been_sent_again_counts_in_its_sign_in(void **state)
{
    (void)state;
    struct interaction interaction;
    world.settings.otp_resend_wait = 0;
    to_code();
    world.reg.send = IPIS_UNREACHABLE;
    post("action", "resend"); /* surely not sent */
    assert_page("signin/otp", 503);
    load_interaction(&interaction);
    assert_int_equal(interaction.codes_sent, 1);
    world.reg.arrived = true;
    world.settings.otp_resend_wait = 30;
    change_interaction(sent_long_ago);
    post("action", "resend");
    assert_page("signin/otp", 503);
    load_interaction(&interaction);
    assert_int_equal(interaction.stage, STAGE_CODE_SENT);
    assert_int_equal(interaction.codes_sent, 2);
    assert_true(interaction.code_sent_at > 1);
    post("action", "resend");
    assert_page("signin/otp", 429); /* the wait holds */
    assert_int_equal(world.reg.sends, 3);
}

static void a_try_that_may_have_been_judged_stays_counted(void **state)
{
    (void)state;
    to_code();
    for (int i = 0; i < 5; i++) {
        enter(IPIS_UNREACHABLE);
        assert_page("signin/otp", 503);
    }
    world.reg.arrived = true;
    for (int i = 0; i < world.settings.otp_attempts; i++) {
        enter(IPIS_UNREACHABLE);
        assert_page("signin/otp", 503);
    }
    enter(IPIS_OK);
    assert_page("signin/frozen", 429);
    assert_int_equal(world.reg.checks, 5 + world.settings.otp_attempts);
}

static void an_address_gets_only_so_many_numbers_a_minute(void **state)
{
    (void)state;
    world.settings.limit_signins_per_ip = 2;
    for (int i = 0; i < 2; i++)
        to_code();
    ask_sign_in((struct interaction){0});
    get_page();
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/kidc", 429);
    assert_true(flagged("error_throttled"));
    assert_int_equal(world.reg.sends, 2);
}

static void a_number_gets_only_so_many_codes_an_hour(void **state)
{
    (void)state;
    for (int i = 0; i < world.settings.otp_sends_per_kidc; i++)
        to_code();
    ask_sign_in((struct interaction){0});
    get_page();
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/kidc", 429);
    assert_int_equal(world.reg.sends, world.settings.otp_sends_per_kidc);
}

static void the_number_is_stored_sealed_only(void **state)
{
    (void)state;
    to_code();
    struct record record;
    TEST_ARENA;
    assert_int_equal(store_get(world.provider.store, RECORD_INTERACTION, str_of(world.id), arena, &record), STORE_OK);
    assert_null(memmem(record.value.p, record.value.n, "000000572", 9));
}

/* The same form once more, while the register still thinks about the first. */
static void click_again(void)
{
    struct arena *first = world.arena;
    world.arena = NULL;
    world.reg.during = NULL;
    post_raw("action", "continue", "kidc", KIDC, (const char *)NULL);
    assert_true(was_sent_to("/signin/"));
    arena_free(world.arena);
    world.arena = first;
    world.got.answers = 0;
}

static void a_double_click_sends_one_code(void **state)
{
    (void)state;
    ask_sign_in((struct interaction){0});
    get_page();
    world.reg.during = click_again;
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/otp", 200);
    assert_int_equal(world.reg.sends, 1);
}

/* ---- the code ---- */

static void a_right_code_starts_a_session_and_leads_to_consent(void **state)
{
    (void)state;
    struct session session;
    struct person person;
    to_code();
    enter(IPIS_OK);
    assert_page("signin/consent", 200);
    assert_int_equal(session_load(world.provider.store, new_request(), &session), STORE_OK);
    struct request *rq = new_request();
    assert_int_equal(session_load(world.provider.store, rq, &session), STORE_OK);
    assert_true(session_person(rq, &session, &person));
    assert_string_equal(person.kidc.digits, "0000005724");
    assert_str(session.acr, "urn:konsao:acr:otp");
    assert_str(session.amr, "otp");
    assert_in_range(session.expires_at, clock_now() + 3590, clock_now() + 3600);
    struct interaction interaction;
    load_interaction(&interaction);
    assert_null(interaction.sealed_kidc.p);
    assert_int_equal(interaction.stage, STAGE_CONSENT);
}

static void a_session_ends_with_the_registers_token(void **state)
{
    (void)state;
    struct session session;
    world.reg.kyc_expires_at = clock_now() + 100;
    to_code();
    enter(IPIS_OK);
    assert_int_equal(session_load(world.provider.store, new_request(), &session), STORE_OK);
    assert_int_equal(session.expires_at, world.reg.kyc_expires_at);
}

static void too_many_wrong_codes_freeze_the_number_in_every_browser(void **state)
{
    (void)state;
    to_code();
    enter(IPIS_WRONG);
    assert_str(shown("attempts_left"), "2");
    enter(IPIS_WRONG);
    assert_str(shown("attempts_left"), "1");
    enter(IPIS_WRONG);
    assert_page("signin/frozen", 429);
    assert_int_equal(shown("until_text").n, 5);
    assert_int_equal(world.reg.checks, 3);
    post("action", "switch");
    assert_page("signin/kidc", 200);

    memset(world.jar, 0, sizeof world.jar); /* another browser */
    ask_sign_in((struct interaction){0});
    get_page();
    unsigned sends = world.reg.sends;
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/frozen", 429);
    assert_int_equal(world.reg.sends, sends);
    post("action", "continue", "kidc", "000000000-0"); /* another number is not */
    assert_page("signin/otp", 200);
}

static void a_right_code_forgets_the_wrong_ones(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        to_code();
        enter(IPIS_WRONG);
        enter(IPIS_WRONG);
        assert_str(shown("attempts_left"), "1");
        enter(IPIS_OK);
        assert_page("signin/consent", 200);
        post("action", "switch");
        assert_page("signin/kidc", 200);
    }
}

static void a_code_that_was_not_judged_can_be_tried_again(void **state)
{
    (void)state;
    to_code();
    for (int i = 0; i < 10; i++) {
        enter(i % 2 ? IPIS_UNREACHABLE : IPIS_THROTTLED);
        assert_page("signin/otp", 503);
        assert_true(flagged("error_unreachable"));
    }
    enter(IPIS_OK);
    assert_page("signin/consent", 200);
}

static void what_is_no_code_is_not_tried(void **state)
{
    (void)state;
    to_code();
    static const char *const bad[] = {"", "123", "12345678901", "12a456", "12345é"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        post("action", "continue", "otp", bad[i]);
        assert_page("signin/otp", 422);
        assert_true(flagged("error_code_missing"));
    }
    post("action", "continue");
    assert_true(flagged("error_code_missing"));
    assert_int_equal(world.reg.checks, 0);
}

static void let_code_expire(struct interaction *interaction)
{
    interaction->code_expires_at = clock_now() - 1;
    interaction->code_sent_at = clock_now() - 200;
}

static void an_expired_code_is_not_tried_and_a_new_one_can_be_sent(void **state)
{
    (void)state;
    to_code();
    change_interaction(let_code_expire);
    enter(IPIS_OK);
    assert_page("signin/otp", 422);
    assert_true(flagged("error_code_expired"));
    assert_null(shown("expires_at_text").p);
    assert_int_equal(world.reg.checks, 0);
    post("action", "resend");
    assert_page("signin/otp", 200);
    assert_true(flagged("notice_resent"));
    assert_true(shown("expires_at_text").n > 0);
    assert_int_equal(world.reg.sends, 2);
}

static void codes_are_sent_again_only_so_soon_and_so_often(void **state)
{
    (void)state;
    to_code();
    post("action", "resend");
    assert_page("signin/otp", 429);
    assert_true(flagged("error_resend_wait"));
    assert_int_equal(world.reg.sends, 1);
    for (int i = 2; i <= world.settings.otp_resends; i++) {
        change_interaction(let_code_expire);
        post("action", "resend");
        assert_true(flagged("notice_resent"));
    }
    assert_false(flagged("can_resend"));
    change_interaction(let_code_expire);
    post("action", "resend");
    assert_page("signin/otp", 429);
    assert_true(flagged("error_resend_limit"));
    assert_int_equal(world.reg.sends, world.settings.otp_resends);
}

static void a_forbidden_number_is_told_only_after_the_right_code(void **state)
{
    (void)state;
    static const char *const codes[] = {"SUSPENDED", "DECEASED_FLAGGED", "CLOSED", "MINOR"};
    static const char *const flags[] = {"status_suspended", "status_deceased", "status_closed", "status_minor"};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        to_code();
        world.reg.code = codes[i];
        enter(IPIS_FORBIDDEN);
        assert_page("signin/forbidden", 403);
        for (size_t j = 0; j < COUNT_OF(flags); j++)
            assert_int_equal(flagged(flags[j]), i == j);
        struct session session;
        str csrf = str_of(world.csrf);
        assert_true(csrf.n > 0);
        assert_int_equal(session_load(world.provider.store, new_request(), &session), STORE_NOT_FOUND);
        post_raw("action", "cancel", (const char *)NULL);
        assert_true(was_sent_to("/authorize/"));
    }
}

static void another_number_can_be_given_instead(void **state)
{
    (void)state;
    to_code();
    post("action", "switch");
    assert_page("signin/kidc", 200);
    assert_null(shown("kidc_value").p);
    post("action", "continue", "kidc", "000000000-0");
    assert_page("signin/otp", 200);
    assert_str(shown("kidc_masked"), "•••••0000-0");
}

static void cancel_goes_back_with_access_denied(void **state)
{
    (void)state;
    struct interaction interaction;
    for (int at_code = 0; at_code < 2; at_code++) {
        ask_sign_in((struct interaction){0});
        get_page();
        if (at_code)
            post("action", "continue", "kidc", KIDC);
        post_raw("action", "cancel", (const char *)NULL);
        assert_true(was_sent_to("/authorize/"));
        load_interaction(&interaction);
        assert_int_equal(interaction.stage, STAGE_REFUSED);
        assert_str(interaction.error, "access_denied");
        get_page(); /* and stays there */
        assert_true(was_sent_to("/authorize/"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_number_with_a_wrong_check_digit_never_reaches_the_register),
        WORLD_TEST(numbers_that_exist_and_numbers_that_do_not_look_the_same),
        WORLD_TEST(a_wrong_code_looks_the_same_for_numbers_that_do_not_exist),
        WORLD_TEST(a_register_that_is_away_leaves_the_sign_in_where_it_was),
        WORLD_TEST(a_code_that_may_have_been_sent_stays_counted),
        WORLD_TEST(a_code_that_may_have_been_sent_again_counts_in_its_sign_in),
        WORLD_TEST(a_try_that_may_have_been_judged_stays_counted),
        WORLD_TEST(an_address_gets_only_so_many_numbers_a_minute),
        WORLD_TEST(a_number_gets_only_so_many_codes_an_hour),
        WORLD_TEST(the_number_is_stored_sealed_only),
        WORLD_TEST(a_double_click_sends_one_code),
        WORLD_TEST(a_right_code_starts_a_session_and_leads_to_consent),
        WORLD_TEST(a_session_ends_with_the_registers_token),
        WORLD_TEST(too_many_wrong_codes_freeze_the_number_in_every_browser),
        WORLD_TEST(a_right_code_forgets_the_wrong_ones),
        WORLD_TEST(a_code_that_was_not_judged_can_be_tried_again),
        WORLD_TEST(what_is_no_code_is_not_tried),
        WORLD_TEST(an_expired_code_is_not_tried_and_a_new_one_can_be_sent),
        WORLD_TEST(codes_are_sent_again_only_so_soon_and_so_often),
        WORLD_TEST(a_forbidden_number_is_told_only_after_the_right_code),
        WORLD_TEST(another_number_can_be_given_instead),
        WORLD_TEST(cancel_goes_back_with_access_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
