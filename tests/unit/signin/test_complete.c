/* What a phone's approval becomes in the browser that waited, and in none that did not. */
#include "waiting.h"

static void what_the_phone_approved_signs_this_browser_in(void **state)
{
    (void)state;
    struct interaction interaction;
    begin("qr");
    scan();
    approve();
    get_page();
    assert_true(was_sent_to("/authorize/"));
    load_interaction(&interaction);
    assert_int_equal(interaction.stage, STAGE_DONE);
    assert_str(interaction.granted_claims, "name");
    assert_str(interaction.consent_id, "consent-of-the-phone");
    assert_str(interaction.amr, "hwk user");
    assert_str(interaction.authenticator, "0123456789abcdef");
    assert_true(str_eq(interaction.resident, phone_resident()));
    struct session session;
    struct request *rq = new_request();
    struct person person;
    assert_int_equal(session_load(world.provider.store, rq, &session), STORE_OK);
    assert_true(session_person(rq, &session, &person));
    assert_str(person.kyc_token, "kyc-token-of-the-phone");
    bool known;
    assert_int_equal(
        known_browser_is(world.provider.store, world.arena, known_browser_mark(rq), phone_resident(), &known),
        STORE_OK);
    assert_true(known);
}

static void an_answer_works_once(void **state)
{
    (void)state;
    struct channel channel;
    begin("qr");
    approve();
    get_page();
    assert_true(was_sent_to("/authorize/"));
    assert_int_equal(channel_load(world.provider.store, world.arena, str_of(channel_id), &channel), STORE_NOT_FOUND);
    assert_true(wait_with(seen));
    assert_member("state", "moved");
}

static void the_session_is_new_also_where_there_was_one(void **state)
{
    (void)state;
    char before[64] = "";
    struct session session;
    ask_sign_in((struct interaction){0});
    sign_in();
    assert_int_equal(session_load(world.provider.store, new_request(), &session), STORE_OK);
    for (size_t i = 0; i < COUNT_OF(world.jar); i++)
        if (strcmp(world.jar[i].name, "konsao_session") == 0)
            snprintf(before, sizeof before, "%s", world.jar[i].value);
    assert_int_equal(strlen(before), 43);
    ask_sign_in((struct interaction){.prompt = STR("login"), .claims_userinfo = STR("name")});
    get_page();
    assert_page("signin/kidc", 200);
    begin("qr");
    approve();
    get_page();
    assert_true(was_sent_to("/authorize/"));
    for (size_t i = 0; i < COUNT_OF(world.jar); i++)
        assert_string_not_equal(world.jar[i].value, before);
    assert_int_equal(session_load(world.provider.store, new_request(), &session), STORE_OK);
    assert_str(session.amr, "hwk user");
}

static void an_answer_whose_time_is_over_is_taken_away(void **state)
{
    (void)state;
    begin("qr");
    answer_life = 0;
    approve();
    get_page();
    assert_page("signin/kidc", 200);
    begin("qr");
    assert_member("state", "waiting");
}

static void a_scan_alone_signs_nobody_in(void **state)
{
    (void)state;
    begin("qr");
    get_page();
    assert_page("signin/kidc", 200);
    scan();
    get_page();
    assert_page("signin/kidc", 200);
}

static void another_browser_does_not_get_the_answer(void **state)
{
    (void)state;
    begin("qr");
    approve();
    be_another_browser();
    get_page();
    assert_page("signin/expired", 404);
    struct channel channel;
    load_channel(&channel);
    assert_int_equal(channel.state, CHANNEL_APPROVED);
}

static void another_consent_than_the_phones_is_asked_for(void **state)
{
    (void)state;
    struct interaction interaction;
    ask_sign_in((struct interaction){.claims_userinfo = STR("name email birthdate")});
    get_page();
    begin("qr");
    approve_as("an-older-one", NULL, 0);
    get_page();
    assert_true(was_sent_to("/signin/"));
    load_interaction(&interaction);
    assert_int_equal(interaction.stage, STAGE_CONSENT);
}

static void who_it_is_not_for_gets_no_further(void **state)
{
    (void)state;
    struct interaction interaction;
    ask_sign_in((struct interaction){.for_resident = STR("another resident"), .claims_userinfo = STR("name")});
    get_page();
    begin("qr");
    approve();
    get_page();
    assert_true(was_sent_to("/authorize/"));
    load_interaction(&interaction);
    assert_int_equal(interaction.stage, STAGE_DONE);
    assert_null(interaction.consent_id.p);
    assert_null(interaction.granted_claims.p);
}

static void the_same_device_needs_what_the_phone_alone_was_told(void **state)
{
    (void)state;
    char continuation[64];
    begin("same_device");
    approve_as("consent-of-the-phone", continuation, sizeof continuation);
    get_page();
    assert_page("signin/kidc", 200);
    get_page_with("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_page("signin/kidc", 200);
    get_page_with(continuation);
    assert_true(was_sent_to("/authorize/"));
}

static void a_continuation_in_another_browser_ends_the_channel(void **state)
{
    (void)state;
    char continuation[64];
    struct channel channel;
    begin("same_device");
    approve_as("consent-of-the-phone", continuation, sizeof continuation);
    be_another_browser();
    get_page_with("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_page("signin/expired", 404);
    load_channel(&channel);
    assert_int_equal(channel.state, CHANNEL_APPROVED);
    get_page_with(continuation);
    assert_page("signin/elsewhere", 403);
    assert_true(flagged("ended"));
    load_channel(&channel);
    assert_int_equal(channel.end, END_FOREIGN_COOKIE);
}

static void a_continuation_without_any_cookie_ends_the_channel_too(void **state)
{
    (void)state;
    char continuation[64];
    struct channel channel;
    begin("same_device");
    approve_as("consent-of-the-phone", continuation, sizeof continuation);
    forget_cookies();
    get_page_with(continuation);
    assert_page("signin/elsewhere", 403);
    load_channel(&channel);
    assert_int_equal(channel.end, END_FOREIGN_COOKIE);
}

static void a_code_leads_to_the_authenticator(void **state)
{
    (void)state;
    struct request *rq = new_request();
    rq->tail = STR("AAAAAAAAAAAAAAAAAAAAAA.3.BBBBBBBBBBBBBBBBBBBBBB");
    channel_link(rq, &world.provider);
    assert_str(world.got.location, ISSUER "/app#q=AAAAAAAAAAAAAAAAAAAAAA.3.BBBBBBBBBBBBBBBBBBBBBB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHANNEL_TEST(what_the_phone_approved_signs_this_browser_in),
        CHANNEL_TEST(an_answer_works_once),
        CHANNEL_TEST(the_session_is_new_also_where_there_was_one),
        CHANNEL_TEST(an_answer_whose_time_is_over_is_taken_away),
        CHANNEL_TEST(a_scan_alone_signs_nobody_in),
        CHANNEL_TEST(another_browser_does_not_get_the_answer),
        CHANNEL_TEST(another_consent_than_the_phones_is_asked_for),
        CHANNEL_TEST(who_it_is_not_for_gets_no_further),
        CHANNEL_TEST(the_same_device_needs_what_the_phone_alone_was_told),
        CHANNEL_TEST(a_continuation_in_another_browser_ends_the_channel),
        CHANNEL_TEST(a_continuation_without_any_cookie_ends_the_channel_too),
        CHANNEL_TEST(a_code_leads_to_the_authenticator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
