#include "oauth/request/pkce.h"

#include "unit/unit.h"

/* RFC 7636 appendix B */
#define VERIFIER STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
#define CHALLENGE STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")

static void the_example_of_the_rfc_matches(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_true(pkce_matches(arena, CHALLENGE, VERIFIER));
}

static void a_wrong_missing_short_long_or_odd_verifier_does_not(void **state)
{
    (void)state;
    TEST_ARENA;
    char long_one[130];
    for (size_t i = 0; i < sizeof long_one; i++)
        long_one[i] = 'a';
    assert_false(pkce_matches(arena, CHALLENGE, STR_NONE));
    assert_false(pkce_matches(arena, CHALLENGE, STR("")));
    assert_false(pkce_matches(arena, CHALLENGE, STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl")));
    assert_false(pkce_matches(arena, CHALLENGE, CHALLENGE));
    assert_false(pkce_matches(arena, CHALLENGE, str_bytes(long_one, 129)));
    assert_false(pkce_matches(arena, CHALLENGE, STR("dBjftJeZ4CVP mB92K27uhbUJU1p1r_wW1gFWFOEjXk")));
}

static void a_verifier_without_a_challenge_is_a_downgrade(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_false(pkce_matches(arena, STR_NONE, VERIFIER));
    assert_true(pkce_matches(arena, STR_NONE, STR_NONE));
}

static void a_challenge_is_43_characters_of_base64url(void **state)
{
    (void)state;
    assert_true(pkce_challenge_is_valid(CHALLENGE));
    assert_false(pkce_challenge_is_valid(STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c")));
    assert_false(pkce_challenge_is_valid(STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM")));
    assert_false(pkce_challenge_is_valid(STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM")));
    assert_false(pkce_challenge_is_valid(STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_matches),
        cmocka_unit_test(a_wrong_missing_short_long_or_odd_verifier_does_not),
        cmocka_unit_test(a_verifier_without_a_challenge_is_a_downgrade),
        cmocka_unit_test(a_challenge_is_43_characters_of_base64url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
