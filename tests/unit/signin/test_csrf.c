#include "world.h"

#include "signin/csrf.h"

static struct interaction at(enum interaction_stage stage)
{
    return (struct interaction){.id = STR("interaction-one"),
                                .browser = STR("0123456789abcdef0123456789abcdef"),
                                .stage = stage,
                                .sid = stage == STAGE_CONSENT ? STR("session-one") : STR_NONE};
}

static enum csrf_result check(const struct interaction *made_for, const struct interaction *used_for)
{
    TEST_ARENA;
    const struct key_ring *keys = world.provider.keys;
    return csrf_check(keys, arena, used_for, csrf_token(keys, arena, made_for));
}

static void a_token_holds_for_its_own_step(void **state)
{
    (void)state;
    for (enum interaction_stage stage = STAGE_START; stage <= STAGE_CONSENT; stage++) {
        struct interaction interaction = at(stage);
        assert_int_equal(check(&interaction, &interaction), CSRF_VALID);
    }
}

static void a_token_of_another_step_is_stale(void **state)
{
    (void)state;
    for (enum interaction_stage made = STAGE_START; made <= STAGE_CONSENT; made++)
        for (enum interaction_stage used = STAGE_START; used <= STAGE_REFUSED; used++) {
            struct interaction a = at(made), b = at(used);
            if (made != used)
                assert_int_equal(check(&a, &b), CSRF_STALE);
        }
}

static void a_consent_form_that_showed_another_session_is_stale(void **state)
{
    (void)state;
    struct interaction a = at(STAGE_CONSENT), b = at(STAGE_CONSENT);
    b.sid = STR("session-two");
    assert_int_equal(check(&a, &b), CSRF_STALE);
}

static void a_token_of_another_interaction_or_browser_is_forged(void **state)
{
    (void)state;
    struct interaction a = at(STAGE_START), b = a, c = a;
    b.id = STR("interaction-two");
    c.browser = STR("0123456789abcdef0123456789abcdeF");
    assert_int_equal(check(&b, &a), CSRF_FORGED);
    assert_int_equal(check(&c, &a), CSRF_FORGED);
}

static void anything_else_is_forged(void **state)
{
    (void)state;
    TEST_ARENA;
    static const char *const bad[] = {"", "A", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "ééééééééééééééééééééé"};
    struct interaction interaction = at(STAGE_START);
    const struct key_ring *keys = world.provider.keys;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(csrf_check(keys, arena, &interaction, str_of(bad[i])), CSRF_FORGED);
    assert_int_equal(csrf_check(keys, arena, &interaction, STR_NONE), CSRF_FORGED);
    str token = csrf_token(keys, arena, &interaction);
    char *changed = arena_cstr(arena, token);
    changed[0] = changed[0] == 'A' ? 'B' : 'A';
    assert_int_equal(csrf_check(keys, arena, &interaction, str_of(changed)), CSRF_FORGED);
    assert_int_equal(csrf_check(keys, arena, &interaction, (str){token.p, token.n - 1}), CSRF_FORGED);
}

static void only_our_own_origin_may_post(void **state)
{
    (void)state;
    static const char *const good[] = {"https://id.example", "HTTPS://ID.example", "null"};
    static const char *const bad[] = {"https://evil.example",    "http://id.example", "https://id.example:444",
                                      "https://id.example.evil", "https://id.exampl", "",
                                      "https://id.example/"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(csrf_origin_fits(STR_NONE, str_of(good[i]), STR("https://id.example")));
        assert_true(csrf_origin_fits(STR("same-origin"), str_of(good[i]), STR("https://id.example/path")));
        assert_false(csrf_origin_fits(STR("cross-site"), str_of(good[i]), STR("https://id.example")));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(csrf_origin_fits(STR("same-origin"), str_of(bad[i]), STR("https://id.example")));
    assert_true(csrf_origin_fits(STR_NONE, STR_NONE, STR("https://id.example")));
    assert_false(csrf_origin_fits(STR("same-site"), STR_NONE, STR("https://id.example")));
    assert_false(csrf_origin_fits(STR("none"), STR_NONE, STR("https://id.example")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_token_holds_for_its_own_step),
        WORLD_TEST(a_token_of_another_step_is_stale),
        WORLD_TEST(a_consent_form_that_showed_another_session_is_stale),
        WORLD_TEST(a_token_of_another_interaction_or_browser_is_forged),
        WORLD_TEST(anything_else_is_forged),
        WORLD_TEST(only_our_own_origin_may_post),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
