#include "unit/unit.h"

#include "records/assurance.h"
#include "signin/sso.h"

#define NOW 1000000

static const struct assurance levels = {{{STR_INIT("urn:konsao:acr:otp"), 1U << WAY_OTP},
                                         {STR_INIT("urn:konsao:acr:device"), 1U << WAY_PASSKEY | 1U << WAY_QR}},
                                        2};
static const struct sso_policy policy = {&levels, STR_INIT("")};

static struct interaction asked(void)
{
    return (struct interaction){.created_at = NOW - 100, .max_age = -1, .scope = STR("openid")};
}

static struct session session_of(int64_t auth_time)
{
    return (struct session){.sid = STR("s"),
                            .resident = STR("r"),
                            .acr = STR("urn:konsao:acr:otp"),
                            .amr = STR("otp"),
                            .auth_time = auth_time,
                            .expires_at = NOW + 1000};
}

static bool suffices(struct interaction interaction, int64_t auth_time)
{
    struct session session = session_of(auth_time);
    return sso_session_suffices(&policy, &interaction, &session, NOW);
}

static void a_live_session_suffices(void **state)
{
    (void)state;
    assert_true(suffices(asked(), NOW - 5000));
    struct session session = session_of(NOW - 5000);
    session.expires_at = NOW;
    struct interaction interaction = asked();
    assert_false(sso_session_suffices(&policy, &interaction, &session, NOW));
}

static void prompt_login_select_account_and_create_need_a_sign_in_after_the_request(void **state)
{
    (void)state;
    static const char *const prompts[] = {"login", "select_account", "create", "login consent"};
    for (size_t i = 0; i < COUNT_OF(prompts); i++) {
        struct interaction interaction = asked();
        interaction.prompt = str_of(prompts[i]);
        assert_false(suffices(interaction, NOW - 101));
        assert_false(suffices(interaction, NOW - 100)); /* the same second: perhaps before it */
        assert_true(suffices(interaction, NOW - 99));
        interaction.created_at = 0; /* not stored yet: nothing can have happened after it */
        assert_false(suffices(interaction, NOW - 1));
    }
}

static void max_age_is_counted_from_the_sign_in(void **state)
{
    (void)state;
    struct interaction interaction = asked();
    interaction.max_age = 200;
    assert_true(suffices(interaction, NOW - 200));
    assert_false(suffices(interaction, NOW - 201));
    interaction.created_at = 0;
    assert_false(suffices(interaction, NOW + 5)); /* a clock that was set back */
    interaction.max_age = 0;
    assert_false(suffices(interaction, NOW));
}

static void an_essential_acr_must_be_the_sessions_own(void **state)
{
    (void)state;
    struct interaction interaction = asked();
    interaction.acr_values = STR("urn:konsao:acr:other");
    assert_true(suffices(interaction, NOW - 1));
    assert_int_not_equal(sso_ways(&policy, &interaction), 0);
    interaction.acr_essential = true;
    assert_false(suffices(interaction, NOW - 1));
    assert_int_equal(sso_ways(&policy, &interaction), 0);
    interaction.acr_values = STR("urn:konsao:acr:other urn:konsao:acr:otp");
    assert_true(suffices(interaction, NOW - 1));
    assert_int_not_equal(sso_ways(&policy, &interaction), 0);
    interaction.acr_values = STR_NONE; /* essential, but any value will do */
    assert_int_not_equal(sso_ways(&policy, &interaction), 0);
    assert_true(suffices(interaction, NOW - 1));
}

#define DEVICE "urn:konsao:acr:device"

static bool wants_stronger(struct interaction interaction, int64_t auth_time, str acr)
{
    struct session session = session_of(auth_time);
    session.acr = acr;
    return sso_wants_stronger(&policy, &interaction, &session);
}

static void a_wish_for_a_stronger_level_asks_for_a_new_sign_in_once(void **state)
{
    (void)state;
    const str otp = STR("urn:konsao:acr:otp"), device = STR(DEVICE);
    struct interaction interaction = asked();
    assert_false(wants_stronger(interaction, NOW - 5000, otp));
    interaction.acr_values = device;
    assert_true(suffices(interaction, NOW - 5000)); /* it is a wish */
    assert_true(wants_stronger(interaction, NOW - 5000, otp));
    assert_false(wants_stronger(interaction, NOW - 5000, device));
    assert_false(wants_stronger(interaction, NOW - 99, otp)); /* who was asked did what was possible */
    assert_true(wants_stronger(interaction, NOW - 100, otp));
    interaction.acr_values = STR("urn:made:up " DEVICE);
    assert_true(wants_stronger(interaction, NOW - 5000, otp));
    interaction.acr_values = STR(DEVICE " urn:konsao:acr:otp");
    assert_false(wants_stronger(interaction, NOW - 5000, otp)); /* one of them is reached */
    interaction.acr_values = STR("urn:made:up");
    assert_false(wants_stronger(interaction, NOW - 5000, otp)); /* no way reaches it */
    interaction.acr_values = device;
    interaction.prompt = STR("none");
    assert_false(wants_stronger(interaction, NOW - 5000, otp));
}

static void a_minimum_holds_whatever_is_asked(void **state)
{
    (void)state;
    const struct sso_policy strict = {&levels, STR(DEVICE)};
    static const char *const wishes[] = {NULL, "urn:konsao:acr:otp", "urn:made:up", DEVICE};
    for (size_t i = 0; i < COUNT_OF(wishes); i++)
        for (int essential = 0; essential < 2; essential++) {
            struct interaction interaction = asked();
            struct session session = session_of(NOW - 50); /* after the request: prompt and max_age are content */
            interaction.acr_values = str_of(wishes[i]);
            interaction.acr_essential = essential;
            assert_false(sso_session_suffices(&strict, &interaction, &session, NOW));
            assert_false(sso_ways(&strict, &interaction) & 1U << WAY_OTP);
            session.acr = STR("urn:of:an:earlier:table");
            assert_false(sso_session_suffices(&strict, &interaction, &session, NOW));
            session.acr = STR(DEVICE);
            assert_int_equal(sso_session_suffices(&strict, &interaction, &session, NOW), !(essential && i == 2));
        }
}

static void an_adopted_session_is_told_at_the_level_that_was_asked_for(void **state)
{
    (void)state;
    struct interaction interaction = asked();
    struct session session = session_of(NOW - 50);
    session.acr = STR(DEVICE);
    sso_adopt(&policy, &interaction, &session);
    assert_str(interaction.acr, DEVICE);
    interaction.acr_values = STR("urn:konsao:acr:otp");
    sso_adopt(&policy, &interaction, &session);
    assert_str(interaction.acr, "urn:konsao:acr:otp");
    session.acr = STR("urn:konsao:acr:otp");
    interaction.acr_values = STR(DEVICE);
    sso_adopt(&policy, &interaction, &session);
    assert_str(interaction.acr, "urn:konsao:acr:otp"); /* never more than was reached */
}

static void claims_are_asked_for_once_and_sub_never(void **state)
{
    (void)state;
    TEST_ARENA;
    struct interaction interaction = asked();
    interaction.claims_id_token = STR("sub email");
    interaction.claims_userinfo = STR("name email sub birthdate");
    assert_str(sso_claims(arena, &interaction), "email name birthdate");
    interaction.claims_id_token = interaction.claims_userinfo = STR_NONE;
    assert_str(sso_claims(arena, &interaction), "");
}

static void consent_suffices_only_for_all_that_is_asked(void **state)
{
    (void)state;
    TEST_ARENA;
    struct interaction interaction = asked();
    struct consent consent = {.scope = STR("openid"), .granted = STR("name"), .declined = STR("email")};
    interaction.claims_userinfo = STR("name email");
    assert_true(sso_consent_suffices(arena, &interaction, &consent));
    assert_false(sso_consent_suffices(arena, &interaction, NULL));
    interaction.claims_essential = STR("email");
    assert_false(sso_consent_suffices(arena, &interaction, &consent));
    interaction.claims_essential = STR_NONE;
    interaction.claims_id_token = STR("birthdate");
    assert_false(sso_consent_suffices(arena, &interaction, &consent));
    interaction.claims_id_token = STR_NONE;
    interaction.scope = STR("openid offline_access");
    assert_false(sso_consent_suffices(arena, &interaction, &consent));
    interaction.scope = STR("openid");
    interaction.resources = STR("https://tax.example https://land.example");
    consent.resources = STR("https://land.example");
    assert_false(sso_consent_suffices(arena, &interaction, &consent));
    consent.resources = STR("https://land.example https://health.example https://tax.example");
    assert_true(sso_consent_suffices(arena, &interaction, &consent));
    interaction.authorization_details = STR("[{\"type\":\"x\"}]");
    assert_false(sso_consent_suffices(arena, &interaction, &consent));
    interaction.authorization_details = STR_NONE;
    interaction.prompt = STR("consent");
    assert_false(sso_consent_suffices(arena, &interaction, &consent));
}

static void no_more_is_granted_than_asked_and_consented(void **state)
{
    (void)state;
    TEST_ARENA;
    struct interaction interaction = asked();
    struct consent consent = {.granted = STR("name birthdate kidc"), .consent_id = STR("id")};
    interaction.claims_userinfo = STR("name email");
    interaction.claims_id_token = STR("birthdate");
    sso_finish(arena, &interaction, &consent);
    assert_int_equal(interaction.stage, STAGE_DONE);
    assert_str(interaction.granted_claims, "birthdate name");
    assert_str(interaction.consent_id, "id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_session_suffices),
        cmocka_unit_test(prompt_login_select_account_and_create_need_a_sign_in_after_the_request),
        cmocka_unit_test(max_age_is_counted_from_the_sign_in),
        cmocka_unit_test(an_essential_acr_must_be_the_sessions_own),
        cmocka_unit_test(a_wish_for_a_stronger_level_asks_for_a_new_sign_in_once),
        cmocka_unit_test(a_minimum_holds_whatever_is_asked),
        cmocka_unit_test(an_adopted_session_is_told_at_the_level_that_was_asked_for),
        cmocka_unit_test(claims_are_asked_for_once_and_sub_never),
        cmocka_unit_test(consent_suffices_only_for_all_that_is_asked),
        cmocka_unit_test(no_more_is_granted_than_asked_and_consented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
