/* What browsers are given (Web Authentication Level 3, sections 5.4, 5.5 and 5.1.8). */
#include "unit/webauthn/authenticator.h"

static void creation_asks_for_a_verified_discoverable_passkey_and_no_attestation(void **state)
{
    (void)state;
    const str exclude[] = {STR("one"), STR("\xff\xfe")};
    str text = webauthn_create_options(arena, &site, filled('h', 32), STR("Sokha \"S\" ក"), challenge, exclude, 2);
    json_t *expected =
        kept(json_pack("{s:{s:s,s:s},s:{s:o,s:s,s:s},s:o,s:[{s:s,s:i},{s:s,s:i},{s:s,s:i}],s:i,s:[{s:s,s:s},{s:s,s:s}],"
                       "s:{s:s,s:b,s:s},s:s}",
                       "rp", "id", "id.gov.kh", "name", "Konsao", "user", "id", encoded(filled('h', 32)), "name",
                       "Sokha \"S\" ក", "displayName", "Sokha \"S\" ក", "challenge", encoded(challenge),
                       "pubKeyCredParams", "type", "public-key", "alg", -7, "type", "public-key", "alg", -8, "type",
                       "public-key", "alg", -257, "timeout", 120000, "excludeCredentials", "type", "public-key", "id",
                       "b25l", "type", "public-key", "id", "__4", "authenticatorSelection", "residentKey", "required",
                       "requireResidentKey", 1, "userVerification", "required", "attestation", "none"));
    assert_true(json_equal(json_parse_object(arena, text, 4096), expected));
}

static void a_request_asks_for_verification_by_whatever_passkey_or_by_the_named_ones(void **state)
{
    (void)state;
    const str allow[] = {STR("one")};
    json_t *any = json_parse_object(arena, webauthn_request_options(arena, &site, challenge, NULL, 0), 4096);
    json_t *one = json_parse_object(arena, webauthn_request_options(arena, &site, challenge, allow, 1), 4096);
    json_t *expected = kept(json_pack("{s:o,s:i,s:s,s:[],s:s}", "challenge", encoded(challenge), "timeout", 120000,
                                      "rpId", "id.gov.kh", "allowCredentials", "userVerification", "required"));
    assert_true(json_equal(any, expected));
    json_object_set_new(expected, "allowCredentials", json_pack("[{s:s,s:s}]", "type", "public-key", "id", "b25l"));
    assert_true(json_equal(one, expected));
}

static void each_fault_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < WEBAUTHN_FAULTS; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(webauthn_fault_name((enum webauthn_fault)i),
                                    webauthn_fault_name((enum webauthn_fault)k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(creation_asks_for_a_verified_discoverable_passkey_and_no_attestation),
        TEST(a_request_asks_for_verification_by_whatever_passkey_or_by_the_named_ones),
        TEST(each_fault_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
