/* Request objects: which are believed, and which parameters they hold. */
#include "oauth/request/request_object.h"

#include "unit/unit.h"

#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "oauth/client/client_keys.h"

#define ISSUER "https://id.example"
#define CLIENT "bank"

/* A client with one key, and a provider that knows no more than its name. */
struct world {
    struct arena *arena;
    struct settings settings;
    struct provider provider;
    struct request rq;
    struct client client;
    struct jose_key *key;
    struct jose_keyset *keys;
};

static void release_set(void *set)
{
    jose_keyset_free(set);
}

static void release_key(void *key)
{
    jose_key_free(key);
}

static int set_up(void **state)
{
    struct arena *arena = arena_new();
    struct world *w = ARENA_NEW(arena, struct world);
    w->arena = w->rq.arena = arena;
    w->settings.issuer = STR(ISSUER);
    w->provider.settings = &w->settings;
    w->key = jose_key_generate(ALG_ES256);
    arena_defer(arena, release_key, w->key);
    const char *why = NULL;
    str set = arena_printf(arena, "{\"keys\":[%.*s]}", STR_FMT(jose_key_public_jwk(w->key, arena)));
    w->keys = jose_keyset_from_jwks(json_parse_object(arena, set, set.n), &why);
    assert_non_null(w->keys);
    arena_defer(arena, release_set, w->keys);
    w->client = (struct client){.id = STR(CLIENT), .keys = w->keys, .rules = profile_rules(PROFILE_FAPI2_SIGNED)};
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    arena_free(w->arena);
    return 0;
}

/* A good object's claims with `more` (members with a comma before each) in place of its times. */
static str payload(struct world *w, const char *who, const char *times)
{
    return arena_printf(w->arena, "{%s%s,\"client_id\":\"" CLIENT "\",\"state\":\"s\"}", who, times);
}

#define WHO "\"iss\":\"" CLIENT "\",\"aud\":\"" ISSUER "\""

static str times(struct world *w, int64_t nbf, int64_t exp)
{
    int64_t now = clock_now();
    return arena_printf(w->arena, ",\"nbf\":%lld,\"exp\":%lld", (long long)(now + nbf), (long long)(now + exp));
}

static struct oauth_error open_as(struct world *w, const struct jose_key *key, const char *typ, str json, bool window)
{
    const struct request_object_rules rules = {.algs = JOSE_ALGS_FAPI, .exp = window, .window = window};
    json_t *claims;
    str text = jws_sign(w->arena, key, typ, json);
    return request_object_open(&w->provider, &w->rq, &w->client, text, &rules, &claims);
}

static bool is_taken(struct world *w, const char *who, str when, bool window)
{
    struct oauth_error error = open_as(w, w->key, "oauth-authz-req+jwt", payload(w, who, when.p), window);
    if (error.code)
        assert_string_equal(error.code, "invalid_request_object");
    return !error.code;
}

static void the_hour_of_message_signing_is_held(void **state)
{
    struct world *w = *state;
    assert_true(is_taken(w, WHO, times(w, 0, 300), true));
    assert_true(is_taken(w, WHO, times(w, 8, 300), true));
    assert_true(is_taken(w, WHO, times(w, -3500, 50), true));
    assert_true(is_taken(w, WHO, times(w, 0, 3600), true));
    assert_false(is_taken(w, WHO, times(w, 0, 3601), true));
    assert_false(is_taken(w, WHO, times(w, -4200, -600), true));
    assert_false(is_taken(w, WHO, times(w, -3700, 300), true));
    assert_false(is_taken(w, WHO, times(w, -600, -300), true));
    assert_false(is_taken(w, WHO, times(w, 600, 900), true));
}

static void times_must_be_there_and_be_times(void **state)
{
    struct world *w = *state;
    long long now = (long long)clock_now();
    const struct {
        str when;
        bool open, windowed;
    } cases[] = {
        {STR(""), true, false},
        {arena_printf(w->arena, ",\"exp\":%lld", now + 60), true, false},
        {arena_printf(w->arena, ",\"nbf\":%lld", now), true, false},
        {arena_printf(w->arena, ",\"nbf\":%lld,\"exp\":\"%lld\"", now, now + 60), false, false},
        {arena_printf(w->arena, ",\"nbf\":\"x\",\"exp\":%lld", now + 60), false, false},
        {arena_printf(w->arena, ",\"nbf\":null,\"exp\":%lld", now + 60), false, false},
        {arena_printf(w->arena, ",\"nbf\":%lld,\"exp\":1e300", now), false, false},
        {arena_printf(w->arena, ",\"nbf\":-1,\"exp\":%lld", now + 60), false, false},
        {arena_printf(w->arena, ",\"nbf\":%lld,\"exp\":%lld,\"iat\":%lld", now, now + 60, now + 600), false, false},
        {arena_printf(w->arena, ",\"exp\":%lld", now - 300), false, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(is_taken(w, WHO, cases[i].when, false), cases[i].open);
        assert_int_equal(is_taken(w, WHO, cases[i].when, true), cases[i].windowed);
    }
}

static void it_is_from_the_client_for_us(void **state)
{
    struct world *w = *state;
    const char *good[] = {WHO, "\"iss\":\"" CLIENT "\",\"aud\":[\"https://other.example\",\"" ISSUER "\"]"};
    const char *bad[] = {
        "\"iss\":\"" CLIENT "\"",
        "\"aud\":\"" ISSUER "\"",
        "\"iss\":\"another\",\"aud\":\"" ISSUER "\"",
        "\"iss\":[\"" CLIENT "\"],\"aud\":\"" ISSUER "\"",
        "\"iss\":\"" CLIENT "\",\"aud\":\"https://other.example\"",
        "\"iss\":\"" CLIENT "\",\"aud\":\"" ISSUER "/\"",
        "\"iss\":\"" CLIENT "\",\"aud\":\"" ISSUER "/par\"",
        "\"iss\":\"" CLIENT "\",\"aud\":[]",
        "\"iss\":\"" CLIENT "\",\"aud\":[[\"" ISSUER "\"]]",
        "\"iss\":\"" CLIENT "\",\"aud\":{\"" ISSUER "\":true}",
        WHO ",\"sub\":\"" CLIENT "\"", /* a client assertion */
    };
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(is_taken(w, good[i], times(w, 0, 60), true));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(is_taken(w, bad[i], times(w, 0, 60), true));
}

static void its_type_says_so_or_nothing(void **state)
{
    struct world *w = *state;
    str json = payload(w, WHO, times(w, 0, 60).p);
    const char *good[] = {"oauth-authz-req+jwt", "JWT", "jwt", NULL};
    const char *bad[] = {"at+jwt", "dpop+jwt", "logout+jwt", "application/x", ""};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_null(open_as(w, w->key, good[i], json, true).code);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_string_equal(open_as(w, w->key, bad[i], json, true).code, "invalid_request_object");
}

static void only_a_registered_key_and_algorithm_count(void **state)
{
    struct world *w = *state;
    str json = payload(w, WHO, times(w, 0, 60).p);
    const enum jose_alg algs[] = {ALG_ES256, ALG_RS256, ALG_PS256, ALG_EDDSA};
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        struct jose_key *other = jose_key_generate(algs[i]);
        assert_string_equal(open_as(w, other, "JWT", json, true).code, "invalid_request_object");
        jose_key_free(other);
    }
    w->client.keys = NULL;
    assert_string_equal(open_as(w, w->key, "JWT", json, true).code, "invalid_request_object");
}

static void what_is_no_signed_jwt_is_refused(void **state)
{
    struct world *w = *state;
    const struct request_object_rules rules = {.algs = JOSE_ALGS_ALL};
    str good = jws_sign(w->arena, w->key, "JWT", payload(w, WHO, times(w, 0, 60).p)), head, rest, body, signature;
    assert_true(str_cut(good, '.', &head, &rest) && str_cut(rest, '.', &body, &signature));
    const str bad[] = {
        STR(""),
        STR("x"),
        STR("{}"),
        STR("..."),
        arena_printf(w->arena, "%.*s.%.*s.", STR_FMT(head), STR_FMT(body)),
        arena_printf(w->arena, "%.*s.%.*s", STR_FMT(head), STR_FMT(body)),
        arena_printf(w->arena, "eyJhbGciOiJub25lIn0.%.*s.", STR_FMT(body)),
        arena_printf(w->arena, "eyJhbGciOiJub25lIn0.%.*s.%.*s", STR_FMT(body), STR_FMT(signature)),
        arena_printf(w->arena, "eyJhbGciOiJIUzI1NiJ9.%.*s.%.*s", STR_FMT(body), STR_FMT(signature)),
        arena_printf(w->arena, "%.*s.e30.%.*s", STR_FMT(head), STR_FMT(signature)),
        arena_printf(w->arena, " %.*s", STR_FMT(good)),
    };
    json_t *claims;
    assert_null(request_object_open(&w->provider, &w->rq, &w->client, good, &rules, &claims).code);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_string_equal(request_object_open(&w->provider, &w->rq, &w->client, bad[i], &rules, &claims).code,
                            "invalid_request_object");
}

static void a_profile_says_which_algorithms(void **state)
{
    struct world *w = *state;
    assert_int_equal(client_algs(&w->client, ALG_NONE_GIVEN), JOSE_ALGS_FAPI);
    assert_int_equal(client_algs(&w->client, ALG_PS256), JOSE_ALG_BIT(ALG_PS256));
    w->client.rules = profile_rules(PROFILE_OPEN);
    assert_int_equal(client_algs(&w->client, ALG_NONE_GIVEN), JOSE_ALGS_ALL);
}

static void claims_become_parameters(void **state)
{
    struct world *w = *state;
    str text;
    json_t *claims = json_parse_object(
        w->arena,
        STR("{\"iss\":\"a\",\"aud\":[\"b\"],\"sub\":\"c\",\"exp\":1,\"nbf\":2,\"iat\":3,\"jti\":\"d\","
            "\"scope\":\"openid a&b\",\"max_age\":300,\"flag\":true,\"off\":false,\"empty\":\"\","
            "\"claims\":{\"userinfo\":{\"name\":null}},\"resource\":[\"https://a.example\",\"https://b.example\"],"
            "\"authorization_details\":[{\"type\":\"x\"}]}"),
        4096);
    assert_true(request_object_parameters(w->arena, claims, &text));
    struct params params = params_parse(w->arena, text, (const char *const[]){"resource", NULL});
    assert_int_equal(params.status, PARAMS_OK);
    assert_int_equal(params.count, 8);
    assert_str(params_get(&params, "scope"), "openid a&b");
    assert_str(params_get(&params, "max_age"), "300");
    assert_str(params_get(&params, "flag"), "true");
    assert_str(params_get(&params, "off"), "false");
    assert_str(params_get(&params, "claims"), "{\"userinfo\":{\"name\":null}}");
    assert_str(params_get(&params, "authorization_details"), "[{\"type\":\"x\"}]");
    assert_str(params_get(&params, "resource"), "https://a.example");
    assert_null(params_get(&params, "iss").p);
}

static void claims_that_are_no_parameters_are_refused(void **state)
{
    struct world *w = *state;
    const char *bad[] = {"{\"state\":null}",         "{\"max_age\":1.5}",
                         "{\"scope\":[\"openid\"]}", "{\"request\":\"x\"}",
                         "{\"request_uri\":\"x\"}",  "{\"request_uri\":null}",
                         "{\"resource\":[1]}",       "{\"resource\":[[\"x\"]]}",
                         "{\"response_type\":[]}",   "{\"redirect_uri\":[\"https://portal.example/callback\"]}"};
    str text;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(request_object_parameters(w->arena, json_parse_object(w->arena, str_of(bad[i]), 256), &text));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_hour_of_message_signing_is_held),
        TEST(times_must_be_there_and_be_times),
        TEST(it_is_from_the_client_for_us),
        TEST(its_type_says_so_or_nothing),
        TEST(only_a_registered_key_and_algorithm_count),
        TEST(what_is_no_signed_jwt_is_refused),
        TEST(a_profile_says_which_algorithms),
        TEST(claims_become_parameters),
        TEST(claims_that_are_no_parameters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
