#include "oauth/claims.h"

#include "crypto/json.h"
#include "oauth/request/redirect_uri.h"
#include "unit/unit.h"

static const char register_answer[] = "{\"kidc\":\"123456789-7\",\"familyNameKh\":\"សុខ\",\"givenNameKh\":\"ដារ៉ា\","
                                      "\"familyNameEn\":\"Sok\",\"givenNameEn\":\"Da\\\"ra\","
                                      "\"gender\":\"F\",\"dateOfBirth\":\"1990-02-03\",\"phone\":\"+85512345678\","
                                      "\"address\":{\"province\":{\"code\":\"12\",\"kh\":\"ភ្នំពេញ\",\"en\":\"Phnom "
                                      "Penh\"},\"village\":{\"code\":\"1\",\"kh\":\"ភូមិ១\",\"en\":\"Village 1\"}}}";

static str members(struct arena *arena, const char *claims, const char *values)
{
    json_t *attributes = json_parse_object(arena, STR(register_answer), 4096);
    assert_non_null(attributes);
    return claims_members(arena, str_of(claims), attributes,
                          values ? json_parse_object(arena, str_of(values), 4096) : NULL);
}

static void texts_and_names_in_both_scripts(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(members(arena, "name name#km birthdate", NULL),
               "\"name\":\"Sok Da\\\"ra\",\"name#km\":\"សុខ ដារ៉ា\",\"birthdate\":\"1990-02-03\"");
    assert_str(members(arena, "gender", NULL), "\"gender\":\"female\"");
}

static void what_the_register_does_not_have_is_left_out(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(members(arena, "email nationality", NULL), "");
}

static void what_was_not_granted_is_never_given(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(members(arena, "", NULL), "");
    assert_str(members(arena, "unknown sub kid", NULL), "");
    assert_str(members(arena, "kidc", NULL), "\"kidc\":\"123456789-7\"");
}

static void verified_flags_and_the_khmer_address_ride_with_theirs(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(members(arena, "phone_number", NULL),
               "\"phone_number\":\"+85512345678\",\"phone_number_verified\":true");
    assert_str(members(arena, "phone_number_verified", NULL), "");
    assert_str(members(arena, "address", NULL),
               "\"address\":{\"formatted\":\"Village 1, Phnom Penh, Cambodia\",\"street_address\":\"Village "
               "1\",\"region\":\"Phnom "
               "Penh\",\"country\":\"Cambodia\"},\"address#km\":{\"formatted\":\"ភូមិ១, ភ្នំពេញ, "
               "កម្ពុជា\",\"street_address\":\"ភូមិ១\",\"region\":\"ភ្នំពេញ\",\"country\":\"កម្ពុជា\"}");
}

static void a_claim_limited_to_other_values_is_left_out(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(members(arena, "gender", "{\"gender\":[\"male\"]}"), "");
    assert_str(members(arena, "gender", "{\"gender\":[\"male\",\"female\"]}"), "\"gender\":\"female\"");
    assert_str(members(arena, "gender", "{\"gender\":[]}"), "");
    assert_str(members(arena, "gender", "{\"birthdate\":[\"x\"]}"), "\"gender\":\"female\"");
}

static void only_the_attributes_that_are_needed_are_asked_for(void **state)
{
    (void)state;
    TEST_ARENA;
    const char *const *names = claims_attributes(arena, STR("phone_number name given_name"));
    assert_string_equal(names[0], "familyNameEn");
    assert_string_equal(names[1], "givenNameEn");
    assert_string_equal(names[2], "phone");
    assert_null(names[3]);
    assert_null(claims_attributes(arena, STR(""))[0]);
}

static void scopes_ask_for_their_claims(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(claims_of_scopes(arena, STR("openid")), "");
    assert_str(claims_of_scopes(arena, STR("email phone kidc")), "email phone_number kidc");
    assert_true(str_list_has(claims_of_scopes(arena, STR("identity")), ' ', STR("nationality")));
    assert_false(str_list_has(claims_of_scopes(arena, STR("profile")), ' ', STR("nationality")));
    assert_true(scope_is_known(STR("offline_access")));
    assert_false(scope_is_known(STR("admin")));
}

static void a_claim_needs_its_scope_or_a_registration(void **state)
{
    (void)state;
    str scopes[] = {STR("openid"), STR("email")}, claims[] = {STR("picture")};
    struct client client = {.scopes = {scopes, 2}, .claims = {claims, 1}};
    assert_true(claim_is_allowed(&client, STR("email")));
    assert_true(claim_is_allowed(&client, STR("picture")));
    assert_false(claim_is_allowed(&client, STR("kidc")));
    assert_false(claim_is_allowed(&client, STR("email_verified")));
    assert_false(claim_is_allowed(&client, STR("nonsense")));
}

static void redirect_uris_match_byte_for_byte(void **state)
{
    (void)state;
    str uris[] = {STR("https://a.example/cb"), STR("https://a.example/cb?x=1")};
    struct str_list registered = {uris, 2};
    assert_true(redirect_uri_is_registered(&registered, STR("https://a.example/cb")));
    assert_true(redirect_uri_is_registered(&registered, STR("https://a.example/cb?x=1")));
    static const char *const others[] = {"https://a.example/cb/",
                                         "https://a.example/cb#",
                                         "https://A.example/cb",
                                         "https://a.example/cb?x=2",
                                         "https://a.example:443/cb",
                                         "https://a.example/c",
                                         ""};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(redirect_uri_is_registered(&registered, str_of(others[i])));
}

static void the_origin_of_a_redirect_uri(void **state)
{
    (void)state;
    assert_str(redirect_uri_origin(STR("https://a.example:8443/cb?x")), "https://a.example:8443");
    assert_str(redirect_uri_origin(STR("http://localhost?x")), "http://localhost");
    assert_null(redirect_uri_origin(STR("kh.gov.app:/cb")).p);
}

static void a_narrower_scope_gives_less(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    str members =
        STR("\"name\":\"Sok Dara\",\"email\":\"a@b\",\"email_verified\":true,\"address\":{\"country\":\"KH\"},"
            "\"address#km\":{\"country\":\"KH\"},\"picture\":\"data:\"");
    str whole = STR("openid profile email address");
    assert_true(str_eq(claims_narrow(arena, members, whole, whole), members));
    assert_true(str_is(claims_narrow(arena, members, whole, STR("openid email")),
                       "\"email\":\"a@b\",\"email_verified\":true,\"picture\":\"data:\""));
    assert_true(str_is(claims_narrow(arena, members, whole, STR("openid")), "\"picture\":\"data:\""));
    /* identity asks for the name as well */
    assert_true(str_is(claims_narrow(arena, STR("\"name\":\"x\""), STR("profile identity"), STR("identity")),
                       "\"name\":\"x\""));
    assert_int_equal(claims_narrow(arena, STR(""), whole, STR("openid")).n, 0);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_names_in_both_scripts),
        cmocka_unit_test(what_the_register_does_not_have_is_left_out),
        cmocka_unit_test(what_was_not_granted_is_never_given),
        cmocka_unit_test(verified_flags_and_the_khmer_address_ride_with_theirs),
        cmocka_unit_test(a_claim_limited_to_other_values_is_left_out),
        cmocka_unit_test(only_the_attributes_that_are_needed_are_asked_for),
        cmocka_unit_test(scopes_ask_for_their_claims),
        cmocka_unit_test(a_claim_needs_its_scope_or_a_registration),
        cmocka_unit_test(redirect_uris_match_byte_for_byte),
        cmocka_unit_test(the_origin_of_a_redirect_uri),
        cmocka_unit_test(a_narrower_scope_gives_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
