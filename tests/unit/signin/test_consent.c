/* Consent, single sign-on, and who may post what. */
#include "world.h"

static struct interaction result;

/* The interaction as it is now, copied out of its request. */
static void look(void)
{
    load_interaction(&result);
}

static struct interaction asking(void)
{
    return (struct interaction){.scope = STR("openid profile"),
                                .claims_id_token = STR("sub"),
                                .claims_userinfo = STR("name email birthdate"),
                                .claims_essential = STR("name")};
}

/* Signed in, with the portal's consent for name and birthdate given, email declined. */
static void agree(void)
{
    ask_sign_in(asking());
    sign_in();
    assert_page("signin/consent", 200);
    post_raw("action", "allow", "claim", "birthdate", (const char *)NULL);
    assert_true(was_sent_to("/authorize/"));
}

static bool find_action(const struct record *record, void *context)
{
    struct {
        const char *action;
        unsigned count;
    } *wanted = context;
    TEST_ARENA;
    str json;
    assert_true(audit_to_json(arena, 1, record->value, &json));
    assert_null(memmem(json.p, json.n, "000000572", 9));
    if (memmem(json.p, json.n, wanted->action, strlen(wanted->action)))
        wanted->count++;
    return true;
}

/* How many audit entries there are for `action`; none of all of them names the number. */
static unsigned audited(const char *action)
{
    struct {
        const char *action;
        unsigned count;
    } wanted = {action, 0};
    assert_int_equal(store_scan(world.provider.store, RECORD_AUDIT, -1, STR_NONE, STR_NONE, find_action, &wanted),
                     STORE_OK);
    return wanted.count;
}

/* ---- consent ---- */

static void allow_grants_the_essential_and_the_checked(void **state)
{
    (void)state;
    agree();
    look();
    assert_int_equal(result.stage, STAGE_DONE);
    assert_str(result.granted_claims, "name birthdate");
    assert_int_equal(result.consent_id.n, 36);
    assert_str(result.acr, "urn:konsao:acr:otp");
    assert_str(result.amr, "otp");
    assert_true(result.sid.n > 0 && result.resident.n == 43);
    assert_in_range(result.auth_time, clock_now() - 5, clock_now());
    struct consent consent;
    TEST_ARENA;
    assert_int_equal(consent_load(world.provider.store, arena, STR("portal"), result.resident, &consent), STORE_OK);
    assert_str(consent.declined, "email");
    assert_str(consent.scope, "openid profile");
    assert_true(str_eq(consent.consent_id, result.consent_id));
    assert_int_equal(audited("\"consent.allow\""), 1);
    assert_int_equal(audited("\"signin.otp\""), 1);
}

static void deny_gives_access_denied_and_keeps_no_consent(void **state)
{
    (void)state;
    struct consent consent;
    ask_sign_in(asking());
    sign_in();
    post_raw("action", "deny", (const char *)NULL);
    assert_true(was_sent_to("/authorize/"));
    look();
    assert_int_equal(result.stage, STAGE_REFUSED);
    assert_str(result.error, "access_denied");
    assert_null(result.granted_claims.p);
    TEST_ARENA;
    assert_int_equal(consent_load(world.provider.store, arena, STR("portal"), result.resident, &consent),
                     STORE_NOT_FOUND);
    assert_int_equal(audited("\"consent.deny\""), 1);
}

static void claims_that_were_not_asked_for_can_not_be_granted(void **state)
{
    (void)state;
    ask_sign_in(asking());
    sign_in();
    post_raw("action", "allow", "claim", "kidc", "claim", "email kidc", "claim", "sub", (const char *)NULL);
    look();
    assert_str(result.granted_claims, "name");
}

static void what_was_declined_before_is_not_asked_again(void **state)
{
    (void)state;
    agree();
    ask_sign_in(asking());
    get_page();
    assert_true(was_sent_to("/authorize/"));
    look();
    assert_str(result.granted_claims, "name birthdate");
}

static void more_than_before_is_asked(void **state)
{
    (void)state;
    agree();
    struct interaction more = asking();
    more.claims_userinfo = STR("name email birthdate address");
    ask_sign_in(more);
    get_page();
    assert_page("signin/consent", 200);
    assert_true(flagged("groups") || view_find(world.got.view, name_hash(STR("groups")), STR("groups")));
}

static void prompt_consent_asks_again(void **state)
{
    (void)state;
    agree();
    struct interaction again = asking();
    again.prompt = STR("consent");
    ask_sign_in(again);
    get_page();
    assert_page("signin/consent", 200);
}

static void another_portal_needs_its_own_consent_but_no_code(void **state)
{
    (void)state;
    agree();
    world.client.id = STR("bank");
    struct interaction other = asking();
    other.client_id = STR("bank");
    ask_sign_in(other);
    get_page();
    assert_page("signin/consent", 200);
    assert_str(shown("kidc_masked"), "•••••0572-4");
    assert_int_equal(world.reg.sends, 1);
}

static void not_you_ends_the_session(void **state)
{
    (void)state;
    struct session session;
    ask_sign_in(asking());
    sign_in();
    post("action", "switch");
    assert_page("signin/kidc", 200);
    assert_true(flagged("notice_switched"));
    assert_null(shown("kidc_value").p);
    assert_int_equal(session_load(world.provider.store, new_request(), &session), STORE_NOT_FOUND);
    look();
    assert_int_equal(result.stage, STAGE_START);
    assert_null(result.resident.p);
}

static void a_consent_page_without_its_session_starts_over(void **state)
{
    (void)state;
    ask_sign_in(asking());
    sign_in();
    for (size_t i = 0; i < COUNT_OF(world.jar); i++)
        if (strcmp(world.jar[i].name, "konsao_session") == 0)
            world.jar[i].name[0] = '\0';
    post("action", "allow");
    assert_page("signin/kidc", 200);
    look();
    assert_int_equal(result.stage, STAGE_START);
}

static void nobody_consents_for_another_person_who_signed_in_meanwhile(void **state)
{
    (void)state;
    ask_sign_in(asking());
    sign_in();
    assert_page("signin/consent", 200);
    char first[32], form[64];
    memcpy(first, world.id, sizeof first);
    memcpy(form, world.csrf, sizeof form);
    struct interaction again = asking(); /* in another tab */
    again.prompt = STR("select_account");
    ask_sign_in(again);
    get_page();
    post("action", "continue", "kidc", "000000000-0");
    post("action", "continue", "otp", "123456");
    assert_page("signin/consent", 200);
    memcpy(world.id, first, sizeof first);
    memcpy(world.csrf, form, sizeof form);
    post("action", "allow");
    assert_page("signin/consent", 200); /* again, and for whom it is now */
    assert_str(shown("kidc_masked"), "•••••0000-0");
    assert_int_equal(audited("\"consent.allow\""), 0);
    memcpy(world.csrf, form, sizeof form);
    post("action", "allow");
    assert_page("signin/consent", 200); /* the old form shows somebody else */
    assert_int_equal(audited("\"consent.allow\""), 0);
}

/* ---- single sign-on ---- */

static void back_in_time(struct interaction *interaction)
{
    interaction->created_at = clock_now() + 1; /* surely after the sign-in before */
}

static void ask_after_sign_in(struct interaction asked)
{
    ask_sign_in(asked);
    change_interaction(back_in_time);
}

static void prompt_login_can_not_be_got_around(void **state)
{
    (void)state;
    static const char *const prompts[] = {"login", "select_account"};
    agree();
    for (size_t i = 0; i < COUNT_OF(prompts); i++) {
        struct interaction again = asking();
        again.prompt = str_of(prompts[i]);
        ask_after_sign_in(again);
        for (int reload = 0; reload < 3; reload++) {
            get_page();
            assert_page("signin/kidc", 200);
            assert_true(flagged("notice_again"));
        }
        post("action", "continue", "kidc", KIDC);
        post("action", "switch");
        assert_page("signin/kidc", 200);
        post_raw("action", "cancel", (const char *)NULL);
        get_page();
        look();
        assert_int_equal(result.stage, STAGE_REFUSED);
        assert_str(result.error, "access_denied");
        assert_null(result.resident.p);
    }
}

static void prompt_login_is_answered_by_a_new_code(void **state)
{
    (void)state;
    agree();
    struct interaction again = asking();
    again.prompt = STR("login");
    ask_after_sign_in(again);
    sign_in();
    assert_true(was_sent_to("/authorize/")); /* consent was given before */
    assert_int_equal(world.reg.checks, 2);
}

static void signing_in_again_gives_a_new_session_secret(void **state)
{
    (void)state;
    char before[2][64] = {""};
    agree();
    for (size_t i = 0; i < COUNT_OF(world.jar); i++)
        if (strcmp(world.jar[i].name, "konsao_session") == 0)
            memcpy(before[0], world.jar[i].value, 64);
    struct interaction again = asking();
    again.prompt = STR("login");
    ask_after_sign_in(again);
    sign_in();
    for (size_t i = 0; i < COUNT_OF(world.jar); i++)
        if (strcmp(world.jar[i].name, "konsao_session") == 0)
            memcpy(before[1], world.jar[i].value, 64);
    assert_int_equal(strlen(before[0]), 43);
    assert_int_equal(strlen(before[1]), 43);
    assert_string_not_equal(before[0], before[1]);
}

static bool silently(struct interaction asked)
{
    struct request *rq = new_request();
    asked.client_id = STR("portal");
    asked.max_age = -1;
    asked.transaction_id = STR("t");
    result = asked;
    return signin_silently(&world.provider, rq, &result);
}

static void silently_needs_session_and_consent(void **state)
{
    (void)state;
    assert_false(silently(asking()));
    assert_int_equal(result.stage, STAGE_START);
    agree();
    assert_true(silently(asking()));
    assert_int_equal(result.stage, STAGE_DONE);
    assert_str(result.granted_claims, "name birthdate");
    struct interaction more = asking();
    more.scope = STR("openid profile email");
    assert_false(silently(more));
    assert_int_equal(result.stage, STAGE_START);
    assert_null(result.resident.p);
}

static void prompt_none_never_needs_a_page(void **state)
{
    (void)state;
    struct interaction none = asking();
    none.prompt = STR("none");
    assert_true(silently(none));
    assert_int_equal(result.stage, STAGE_REFUSED);
    assert_str(result.error, "login_required");
    agree();
    assert_true(silently(none));
    assert_int_equal(result.stage, STAGE_DONE);
    none.claims_userinfo = STR("name kidc");
    assert_true(silently(none));
    assert_str(result.error, "consent_required");
}

static void an_acr_that_nobody_can_reach_is_refused(void **state)
{
    (void)state;
    struct interaction high = asking();
    high.acr_values = STR("urn:konsao:acr:biometric");
    assert_false(silently(high));
    high.acr_essential = true;
    assert_true(silently(high));
    assert_str(result.error, "unmet_authentication_requirements");
    ask_sign_in(high);
    get_page();
    assert_true(was_sent_to("/authorize/"));
    look();
    assert_str(result.error, "unmet_authentication_requirements");
}

/* ---- who may post ---- */

static void a_form_without_its_token_changes_nothing(void **state)
{
    (void)state;
    ask_sign_in(asking());
    get_page();
    for (int step = 0; step < 3; step++) {
        char kept[64];
        memcpy(kept, world.csrf, sizeof kept);
        look();
        uint64_t version = result.version;
        world.csrf[0] = world.csrf[0] == 'A' ? 'B' : 'A';
        post_raw("action", step == 2 ? "allow" : "continue", "kidc", KIDC, "otp", "123456", (const char *)NULL);
        assert_page("problem", 403);
        post_raw("action", "cancel", (const char *)NULL);
        assert_page("problem", 403);
        look();
        assert_int_equal(result.version, version);
        memcpy(world.csrf, kept, sizeof kept);
        post("action", "continue", "kidc", KIDC, "otp", "123456");
    }
    assert_int_equal(world.reg.sends, 1);
    assert_int_equal(world.reg.checks, 1);
}

static void a_form_from_another_site_changes_nothing(void **state)
{
    (void)state;
    ask_sign_in(asking());
    get_page();
    world.fetch_site = STR("cross-site");
    post("action", "continue", "kidc", KIDC);
    assert_page("problem", 403);
    world.fetch_site = STR_NONE;
    world.origin = STR("https://evil.example");
    post("action", "continue", "kidc", KIDC);
    assert_page("problem", 403);
    assert_int_equal(world.reg.sends, 0);
    world.fetch_site = STR("same-origin");
    world.origin = STR("null");
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/otp", 200);
}

static void another_browsers_interaction_looks_like_none(void **state)
{
    (void)state;
    ask_sign_in(asking());
    get_page();
    memset(world.jar, 0, sizeof world.jar);
    get_page();
    assert_page("signin/elsewhere", 403); /* no cookie at all: whatever the address */
    interaction_bind(new_request());
    get_page();
    assert_page("signin/expired", 404);
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/expired", 404);
    snprintf(world.id, sizeof world.id, "AAAAAAAAAAAAAAAAAAAAAA");
    get_page();
    assert_page("signin/expired", 404);
    assert_int_equal(world.reg.sends, 0);
}

static void a_page_left_open_shows_what_is_now(void **state)
{
    (void)state;
    ask_sign_in(asking());
    get_page();
    char old[64];
    memcpy(old, world.csrf, sizeof old);
    sign_in();
    memcpy(world.csrf, old, sizeof old);
    post("action", "cancel");
    assert_page("signin/consent", 200);
    look();
    assert_int_equal(result.stage, STAGE_CONSENT);
}

static void a_button_of_another_step_does_nothing(void **state)
{
    (void)state;
    static const char *const actions[] = {"allow", "deny", "resend", "", "ALLOW", "continue "};
    ask_sign_in(asking());
    get_page();
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        post("action", actions[i], "kidc", KIDC);
        assert_page("signin/kidc", 200);
    }
    assert_int_equal(world.reg.sends, 0);
}

static void a_client_that_is_gone_ends_the_sign_in(void **state)
{
    (void)state;
    ask_sign_in(asking());
    world.client.id = STR("another");
    get_page();
    assert_page("signin/expired", 410);
}

static void a_logo_is_served_as_it_was_registered(void **state)
{
    (void)state;
    struct request *rq = new_request();
    rq->tail = STR("portal");
    signin_client_logo(rq, &world.provider);
    assert_page("problem", 404);
    world.client.logo = STR("PNG");
    world.client.logo_type = STR("image/png");
    rq = new_request();
    rq->tail = STR("portal");
    signin_client_logo(rq, &world.provider);
    assert_int_equal(world.got.status, 200);
    assert_str(world.got.body, "PNG");
}

static void times_are_cambodias(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(visit_clock(arena, 0, false), "07:00");
    assert_str(visit_clock(arena, 17 * 3600 - 1, true), "23:59:59");
    assert_str(visit_clock(arena, 17 * 3600, true), "00:00:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(allow_grants_the_essential_and_the_checked),
        WORLD_TEST(deny_gives_access_denied_and_keeps_no_consent),
        WORLD_TEST(claims_that_were_not_asked_for_can_not_be_granted),
        WORLD_TEST(what_was_declined_before_is_not_asked_again),
        WORLD_TEST(more_than_before_is_asked),
        WORLD_TEST(prompt_consent_asks_again),
        WORLD_TEST(another_portal_needs_its_own_consent_but_no_code),
        WORLD_TEST(not_you_ends_the_session),
        WORLD_TEST(a_consent_page_without_its_session_starts_over),
        WORLD_TEST(nobody_consents_for_another_person_who_signed_in_meanwhile),
        WORLD_TEST(prompt_login_can_not_be_got_around),
        WORLD_TEST(prompt_login_is_answered_by_a_new_code),
        WORLD_TEST(signing_in_again_gives_a_new_session_secret),
        WORLD_TEST(silently_needs_session_and_consent),
        WORLD_TEST(prompt_none_never_needs_a_page),
        WORLD_TEST(an_acr_that_nobody_can_reach_is_refused),
        WORLD_TEST(a_form_without_its_token_changes_nothing),
        WORLD_TEST(a_form_from_another_site_changes_nothing),
        WORLD_TEST(another_browsers_interaction_looks_like_none),
        WORLD_TEST(a_page_left_open_shows_what_is_now),
        WORLD_TEST(a_button_of_another_step_does_nothing),
        WORLD_TEST(a_client_that_is_gone_ends_the_sign_in),
        WORLD_TEST(a_logo_is_served_as_it_was_registered),
        WORLD_TEST(times_are_cambodias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
