/* From what a registrant says to what it may have. */
#include "crypto/json.h"
#include "oauth/register/registration.h"
#include "unit/unit.h"

static const struct registration_limits stranger = {.profiles = STR_INIT("open"),
                                                    .grants = STR_INIT("authorization_code refresh_token implicit"),
                                                    .scope = STR_INIT("openid profile")};

static json_t *object(struct arena *arena, const char *text)
{
    json_t *json = json_parse_object(arena, str_of(text), 65536);
    if (!json)
        fail_msg("the test's own JSON is wrong: %s", text);
    return json;
}

static struct registration blank(struct arena *arena)
{
    return (struct registration){.metadata = object(arena, "{\"client_id\":\"the-id\"}")};
}

static struct oauth_error fill(struct arena *arena, const char *said, const struct registration_limits *limits,
                               const char *current, struct registration *out)
{
    struct settings settings = {.registration_pkce = STR("yes")};
    struct provider provider = {.settings = &settings};
    *out = blank(arena);
    return registration_fill(&provider, arena, object(arena, said), limits, current ? object(arena, current) : NULL,
                             out);
}

static void assert_filled(const char *said, const struct registration_limits *limits, const char *member,
                          const char *expected)
{
    TEST_ARENA;
    struct registration out;
    struct oauth_error error = fill(arena, said, limits, NULL, &out);
    if (error.code)
        fail_msg("%s: %s", said, error.description);
    assert_str(json_text(arena, json_object_get(out.metadata, member)), expected);
}

static void assert_refused(const char *said, const struct registration_limits *limits, const char *current,
                           const char *why)
{
    TEST_ARENA;
    struct registration out;
    struct oauth_error error = fill(arena, said, limits, current, &out);
    if (!error.code)
        fail_msg("%s was accepted", said);
    assert_str(str_of(error.description), why);
    assert_true(str_is_printable(str_of(error.description)));
}

static void what_is_left_out_is_filled_in(void **state)
{
    (void)state;
    const char *bare = "{\"redirect_uris\":[\"https://rp.example/cb\"]}";
    assert_filled(bare, &stranger, "scope", "\"openid profile\"");
    assert_filled(bare, &stranger, "client_name", "\"rp.example\"");
    assert_filled(bare, &stranger, "security_profile", "\"open\"");
    assert_filled(bare, &stranger, "require_pkce", "true");
    assert_filled(bare, &stranger, "grant_types", "[]"); /* RFC 7591's default, which client_parse knows */
    assert_filled("{\"client_uri\":\"https://home.example/x\"}", &stranger, "client_name", "\"home.example\"");
    assert_filled("{\"redirect_uris\":[7]}", &stranger, "client_name", "\"the-id\"");
    assert_filled("{\"client_name#km\":\"x\"}", &stranger, "client_name", "");
}

static void a_token_for_machines_gives_its_own_grants(void **state)
{
    (void)state;
    const struct registration_limits machines = {.profiles = STR("camdx"),
                                                 .grants = STR("client_credentials"),
                                                 .scope = STR("records:read"),
                                                 .organization = STR("KH/GOV/MEF"),
                                                 .members = STR("audience")};
    assert_filled("{}", &machines, "grant_types", "[\"client_credentials\"]");
    assert_filled("{\"grant_types\":[]}", &machines, "grant_types", "[\"client_credentials\"]");
    assert_filled("{\"grant_types\":null}", &machines, "grant_types", "null"); /* registration_body drops nulls */
    assert_filled("{}", &machines, "organization", "\"KH/GOV/MEF\"");
    assert_filled("{}", &machines, "security_profile", "\"camdx\"");
    assert_filled("{\"organization\":\"KH/GOV/MEF\"}", &machines, "organization", "\"KH/GOV/MEF\"");
    assert_filled("{\"audience\":[\"https://a.example\"]}", &machines, "audience", "[\"https://a.example\"]");
    assert_refused("{\"organization\":\"KH/GOV/MOI\"}", &machines, NULL, "organization is not yours to choose");
}

static void grants_follow_the_response_types(void **state)
{
    (void)state;
    assert_filled("{\"response_types\":[\"code id_token\"]}", &stranger, "grant_types",
                  "[\"authorization_code\",\"implicit\"]");
    assert_filled("{\"response_types\":[\"code token\"]}", &stranger, "grant_types",
                  "[\"authorization_code\",\"implicit\"]");
    assert_filled("{\"response_types\":[\"id_token\"]}", &stranger, "grant_types", "[\"implicit\"]");
    assert_filled("{\"grant_types\":[\"implicit\",\"authorization_code\",\"implicit\"]}", &stranger, "grant_types",
                  "[\"authorization_code\"]");
    assert_filled("{\"grant_types\":[7]}", &stranger, "grant_types", "[7]"); /* client_parse says what is wrong */
}

static void beyond_the_limits_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"scope\":\"openid email\"}", &stranger, NULL, "scope: email is not among what you may register");
    assert_refused("{\"scope\":\"openid \\u0100\"}", &stranger, NULL,
                   "scope: what is there is not among what you may register");
    assert_refused("{\"claims\":[\"picture\"]}", &stranger, NULL, "claims: picture is not among what you may register");
    assert_refused("{\"security_profile\":\"fapi2\"}", &stranger, NULL,
                   "security_profile: fapi2 is not among what you may register");
    assert_refused("{\"grant_types\":[\"client_credentials\"]}", &stranger, NULL,
                   "grant_types: client_credentials is not among what you may register");
    assert_refused("{\"sector_identifier\":\"tax.gov.kh\"}", &stranger, NULL,
                   "sector_identifier is for the operator to say, not for a client");
    assert_refused("{\"pairwise_version\":2}", &stranger, NULL, "pairwise_version is not for a client to say");
    assert_refused("{\"require_pkce\":false}", &stranger, NULL, "require_pkce cannot be false here");
    assert_refused("{\"software_statement\":\"x\"}", &stranger, NULL,
                   "this server trusts nobody's software statements: register without one");
    const struct registration_limits nothing = {0};
    assert_refused("{}", &nothing, NULL, "security_profile: open is not among what you may register");
}

static void what_the_operator_said_stays(void **state)
{
    (void)state;
    TEST_ARENA;
    struct registration out;
    const char *current = "{\"resources\":[\"https://api.example\"],\"sector_identifier\":\"a.example\"}";
    assert_null(fill(arena, "{}", &stranger, current, &out).code);
    assert_str(json_text(arena, json_object_get(out.metadata, "resources")), "[\"https://api.example\"]");
    assert_null(fill(arena, current, &stranger, current, &out).code);
    assert_str(json_str(out.metadata, "sector_identifier"), "a.example");
    assert_refused("{\"resources\":[\"https://api.example\",\"https://more.example\"]}", &stranger, current,
                   "resources is for the operator to say, not for a client");
    assert_refused("{\"resources\":[]}", &stranger, current, "resources is for the operator to say, not for a client");
}

static void unknown_members_are_kept_as_they_came(void **state)
{
    (void)state;
    assert_filled("{\"x\":{\"deep\":[1,null,\"\\u1781\"]},\"client_name#fr\":\"P\"}", &stranger, "x",
                  "{\"deep\":[1,null,\"ខ\"]}");
    assert_filled("{\"client_id\":\"mine\",\"client_secret\":\"s\"}", &stranger, "client_id", "\"the-id\"");
    assert_filled("{\"client_id\":\"mine\",\"client_secret\":\"s\"}", &stranger, "client_secret", "");
}

static void a_body_is_one_object_without_nulls(void **state)
{
    (void)state;
    TEST_ARENA;
    json_t *out;
    struct request rq = {.arena = arena, .body_type = BODY_JSON, .body = STR("{\"a\":null,\"b\":1,\"c\":[null]}")};
    assert_null(registration_body(&rq, &out).code);
    assert_str(json_text(arena, out), "{\"b\":1,\"c\":[null]}");
    static const char *const bad[] = {"", "[]", "null", "{\"a\":1,\"a\":2}", "{\"a\":1} x", "{'a':1}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        rq.body = str_of(bad[i]);
        assert_str(str_of(registration_body(&rq, &out).code), "invalid_client_metadata");
    }
    rq.body = STR("{}");
    rq.body_type = BODY_OTHER;
    assert_non_null(registration_body(&rq, &out).code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_is_filled_in),
        cmocka_unit_test(a_token_for_machines_gives_its_own_grants),
        cmocka_unit_test(grants_follow_the_response_types),
        cmocka_unit_test(beyond_the_limits_is_refused),
        cmocka_unit_test(what_the_operator_said_stays),
        cmocka_unit_test(unknown_members_are_kept_as_they_came),
        cmocka_unit_test(a_body_is_one_object_without_nulls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
