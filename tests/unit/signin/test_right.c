/* Back offices and clients that take strong sign-ins only, as the pages of a sign-in meet them. */
#include "world.h"

#include "records/officer.h"

static void grant(str client_id, int64_t expires_at)
{
    struct kidc kidc;
    TEST_ARENA;
    assert_true(kidc_parse(STR(KIDC), &kidc));
    struct officer officer = {.client_id = client_id,
                              .resident = resident_of(world.provider.keys, arena, &kidc),
                              .organization = STR("Ministry"),
                              .roles = STR("registrar approver"),
                              .granted_at = 1,
                              .expires_at = expires_at};
    struct store_op op = officer_op(arena, &officer);
    assert_int_equal(store_write(world.provider.store, &op, 1), STORE_OK);
}

static bool count_refusal(const struct record *record, void *context)
{
    TEST_ARENA;
    str json;
    assert_true(audit_to_json(arena, 1, record->value, &json));
    if (memmem(json.p, json.n, "officer.refuse", 14)) {
        assert_non_null(memmem(json.p, json.n, "\"actor\":\"resident:", 18));
        ++*(unsigned *)context;
    }
    return true;
}

static unsigned refusals(void)
{
    unsigned count = 0;
    assert_int_equal(store_scan(world.provider.store, RECORD_AUDIT, -1, STR_NONE, STR_NONE, count_refusal, &count),
                     STORE_OK);
    return count;
}

static struct interaction now(void)
{
    struct interaction interaction;
    load_interaction(&interaction);
    return interaction;
}

/* ---- back offices ---- */

static void who_has_no_right_gets_the_page_before_consent_and_it_is_noted(void **state)
{
    (void)state;
    world.client.officers_only = true;
    ask_sign_in((struct interaction){0});
    sign_in();
    assert_page("signin/no_right", 403);
    assert_int_equal(refusals(), 1);
    assert_int_equal(now().stage, STAGE_START);
    get_page();
    assert_page("signin/no_right", 403);
    post_raw("action", "allow", (const char *)NULL); /* of a page that was never shown */
    assert_int_equal(now().stage, STAGE_START);
}

static void the_way_back_denies_access(void **state)
{
    (void)state;
    world.client.officers_only = true;
    ask_sign_in((struct interaction){0});
    sign_in();
    post_raw("action", "cancel", (const char *)NULL);
    assert_true(was_sent_to("/authorize/"));
    struct interaction interaction = now();
    assert_int_equal(interaction.stage, STAGE_REFUSED);
    assert_str(interaction.error, "access_denied");
    assert_true(interaction.resident.n > 0); /* a refusal of who was asked, not of a stranger */
}

static void somebody_else_signs_in_without_the_session_of_the_first(void **state)
{
    (void)state;
    struct session session;
    world.client.officers_only = true;
    ask_sign_in((struct interaction){0});
    sign_in();
    post_raw("action", "somebody_else", (const char *)NULL);
    assert_page("signin/kidc", 200);
    assert_true(flagged("notice_switched"));
    assert_int_equal(session_load(world.provider.store, new_request(), &session), STORE_NOT_FOUND);
}

static void who_has_a_right_sees_what_the_client_learns(void **state)
{
    (void)state;
    world.client.officers_only = true;
    grant(STR("portal"), 0);
    ask_sign_in((struct interaction){0});
    sign_in();
    assert_page("signin/consent", 200);
    assert_str(shown("officer_organization"), "Ministry");
    assert_str(shown("officer_roles"), "registrar, approver");
    assert_int_equal(refusals(), 0);
}

static void a_right_elsewhere_or_one_that_is_over_is_none(void **state)
{
    (void)state;
    world.client.officers_only = true;
    grant(STR("another"), 0);
    grant(STR("portal"), clock_now() - 1);
    ask_sign_in((struct interaction){0});
    sign_in();
    assert_page("signin/no_right", 403);
}

static void other_clients_neither_need_nor_tell_a_right(void **state)
{
    (void)state;
    grant(STR("portal"), 0);
    ask_sign_in((struct interaction){0});
    sign_in();
    assert_page("signin/consent", 200);
    assert_null(shown("officer_organization").p);
}

static bool silently(struct interaction *interaction)
{
    struct request *rq = new_request();
    interaction->client_id = STR("portal");
    interaction->scope = STR("openid");
    interaction->max_age = -1;
    return signin_silently(&world.provider, rq, interaction);
}

static void silently_there_is_a_page_or_an_error(void **state)
{
    (void)state;
    ask_sign_in((struct interaction){0});
    sign_in();
    post_raw("action", "allow", (const char *)NULL);
    struct interaction interaction = {0};
    assert_true(silently(&interaction));
    assert_int_equal(interaction.stage, STAGE_DONE);
    world.client.officers_only = true;
    interaction = (struct interaction){0};
    assert_false(silently(&interaction));
    assert_int_equal(interaction.stage, STAGE_START);
    interaction = (struct interaction){.prompt = STR("none")};
    assert_true(silently(&interaction));
    assert_str(interaction.error, "access_denied");
    grant(STR("portal"), 0);
    interaction = (struct interaction){.prompt = STR("none")};
    assert_true(silently(&interaction));
    assert_int_equal(interaction.stage, STAGE_DONE);
}

/* ---- strong sign-ins only ---- */

static void a_client_that_takes_no_codes_is_sent_none(void **state)
{
    (void)state;
    world.client.minimum_acr = STR("urn:konsao:acr:device");
    ask_sign_in((struct interaction){0});
    get_page();
    assert_page("signin/kidc", 200);
    assert_true(flagged("no_otp"));
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/kidc", 403);
    assert_true(flagged("error_way"));
    assert_int_equal(world.reg.sends, 0);
}

static void a_minimum_that_comes_meanwhile_counts_for_the_code_that_is_on_its_way(void **state)
{
    (void)state;
    ask_sign_in((struct interaction){0});
    get_page();
    post("action", "continue", "kidc", KIDC);
    world.client.minimum_acr = STR("urn:konsao:acr:device");
    static const char *const actions[] = {"continue", "resend"};
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        post("action", actions[i], "otp", "123456");
        assert_page("signin/kidc", i == 0 ? 403 : 200); /* by then it is the first step again */
    }
    assert_int_equal(world.reg.checks, 0);
    assert_int_equal(world.reg.sends, 1);
    assert_null(now().sealed_kidc.p);
}

static void a_session_by_code_leads_to_a_new_sign_in_with_the_reason(void **state)
{
    (void)state;
    ask_sign_in((struct interaction){0});
    sign_in();
    world.client.minimum_acr = STR("urn:konsao:acr:device");
    ask_sign_in((struct interaction){0});
    get_page();
    assert_page("signin/kidc", 200);
    assert_true(flagged("notice_step_up"));
    struct interaction interaction = {.prompt = STR("none")};
    assert_true(silently(&interaction));
    assert_str(interaction.error, "login_required");
}

static void a_minimum_that_nobody_reaches_is_the_clients_error(void **state)
{
    (void)state;
    world.client.minimum_acr = STR("urn:gone");
    ask_sign_in((struct interaction){0});
    get_page();
    assert_true(was_sent_to("/authorize/"));
    assert_str(now().error, "unmet_authentication_requirements");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(who_has_no_right_gets_the_page_before_consent_and_it_is_noted),
        WORLD_TEST(the_way_back_denies_access),
        WORLD_TEST(somebody_else_signs_in_without_the_session_of_the_first),
        WORLD_TEST(who_has_a_right_sees_what_the_client_learns),
        WORLD_TEST(a_right_elsewhere_or_one_that_is_over_is_none),
        WORLD_TEST(other_clients_neither_need_nor_tell_a_right),
        WORLD_TEST(silently_there_is_a_page_or_an_error),
        WORLD_TEST(a_client_that_takes_no_codes_is_sent_none),
        WORLD_TEST(a_minimum_that_comes_meanwhile_counts_for_the_code_that_is_on_its_way),
        WORLD_TEST(a_session_by_code_leads_to_a_new_sign_in_with_the_reason),
        WORLD_TEST(a_minimum_that_nobody_reaches_is_the_clients_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
