/* DPoP proofs (RFC 9449 section 4.3), by a clock that stands still. What may be wrong with the JWS itself (typ, alg,
 * jwk, signature) is proved in crypto/test_proof.c. */
#include "oauth/client/dpop.h"

#include "unit/crypto/support.h"

#define NOW 1700000000
#define NONCE "a-nonce-of-the-server"
#define IAT "\"iat\":1700000000"
#define RIGHT "\"jti\":\"1\",\"htm\":\"POST\",\"htu\":\"https://id.example.kh/token\""
#define RIGHT_NOW RIGHT "," IAT

static struct jose_key *key;
static const char *reason;
static const str urls[] = {STR_INIT("https://id.example.kh/token"), STR_INIT("https://mtls.example.kh:8443/token")};

static int make_key(void **state)
{
    (void)state;
    key = jose_key_generate(ALG_ES256);
    return key ? 0 : -1;
}

static int release_key(void **state)
{
    (void)state;
    jose_key_free(key);
    return 0;
}

static str proof_of(const char *claims)
{
    json_t *jwk = object(arena_cstr(arena, jose_key_public_jwk(key, arena)));
    json_object_del(jwk, "kid");
    json_object_del(jwk, "use");
    json_object_del(jwk, "alg");
    return forge(key,
                 arena_printf(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}", json_text(arena, jwk).p),
                 arena_printf(arena, "{%s}", claims));
}

static struct dpop_expected at_token(void)
{
    return (struct dpop_expected){.method = STR("POST"),
                                  .urls = urls,
                                  .url_count = COUNT_OF(urls),
                                  .nonces = {STR(NONCE), STR("the-one-before")},
                                  .now = NOW};
}

static enum dpop_verdict verdict(const char *claims, struct dpop_expected expected)
{
    struct dpop_proof proof;
    reason = NULL;
    enum dpop_verdict result = dpop_check(arena, proof_of(claims), &expected, &proof, &reason);
    if (result == DPOP_RIGHT)
        assert_true(str_eq(proof.jkt, jose_key_thumbprint(key, arena)) && proof.jti.n > 0);
    else
        assert_true(!proof.jkt.p && reason != NULL);
    return result;
}

#define assert_right(claims, expected) assert_int_equal(verdict((claims), (expected)), DPOP_RIGHT)
#define assert_wrong(claims, expected, why)                                                                            \
    do {                                                                                                               \
        assert_int_equal(verdict((claims), (expected)), DPOP_WRONG);                                                   \
        assert_string_equal(reason, (why));                                                                            \
    } while (0)

static void a_proof_for_this_request_is_right(void **state)
{
    (void)state;
    assert_right(RIGHT_NOW, at_token());
    assert_right(RIGHT_NOW ",\"nbf\":1700003600,\"exp\":1,\"more\":{\"a\":[]}", at_token()); /* not ours to look at */
}

static void each_claim_must_be_there(void **state)
{
    (void)state;
    assert_wrong("\"htm\":\"POST\",\"htu\":\"https://id.example.kh/token\"," IAT, at_token(),
                 "the DPoP proof has no valid jti");
    assert_wrong("\"jti\":\"1\",\"htu\":\"https://id.example.kh/token\"," IAT, at_token(),
                 "the DPoP proof's htm is not the request's method");
    assert_wrong("\"jti\":\"1\",\"htm\":\"POST\"," IAT, at_token(), "the DPoP proof's htu is not this endpoint");
    assert_wrong(RIGHT, at_token(), "the DPoP proof has no valid iat");
}

static void claims_of_another_type_are_none(void **state)
{
    (void)state;
    static const char *const jtis[] = {"1", "\"\"", "[\"1\"]", "null"};
    static const char *const iats[] = {"\"1700000000\"", "1700000000.5", "1e300", "-1", "null", "[1700000000]"};
    for (size_t i = 0; i < COUNT_OF(jtis); i++)
        assert_wrong(
            arena_printf(arena, "\"jti\":%s,\"htm\":\"POST\",\"htu\":\"https://id.example.kh/token\"," IAT, jtis[i]).p,
            at_token(), "the DPoP proof has no valid jti");
    for (size_t i = 0; i < COUNT_OF(iats); i++)
        assert_wrong(arena_printf(arena, RIGHT ",\"iat\":%s", iats[i]).p, at_token(),
                     "the DPoP proof has no valid iat");
    char *jti = arena_alloc(arena, 514);
    for (size_t i = 0; i < 513; i++)
        jti[i] = 'j';
    assert_wrong(
        arena_printf(arena, "\"jti\":\"%s\",\"htm\":\"POST\",\"htu\":\"https://id.example.kh/token\"," IAT, jti).p,
        at_token(), "the DPoP proof has no valid jti");
}

static void a_proof_for_another_request_is_wrong(void **state)
{
    (void)state;
    static const char *const htms[] = {"GET", "post", "POST ", ""};
    static const char *const htus[] = {"https://id.example.kh/userinfo",
                                       "https://id.example.kh/token/",
                                       "https://id.example.kh/",
                                       "https://evil.example/token",
                                       "https://id.example.kh.evil.example/token",
                                       "https://evil@id.example.kh/token",
                                       "https://id.example.kh:8443/token",
                                       "http://id.example.kh/token",
                                       "https://mtls.example.kh/token",
                                       "/token",
                                       "//id.example.kh/token",
                                       "https:id.example.kh/token",
                                       "https://id.example.kh/Token",
                                       ""};
    for (size_t i = 0; i < COUNT_OF(htms); i++)
        assert_wrong(
            arena_printf(arena, "\"jti\":\"1\",\"htm\":\"%s\",\"htu\":\"https://id.example.kh/token\"," IAT, htms[i]).p,
            at_token(), "the DPoP proof's htm is not the request's method");
    for (size_t i = 0; i < COUNT_OF(htus); i++)
        assert_wrong(arena_printf(arena, "\"jti\":\"1\",\"htm\":\"POST\",\"htu\":\"%s\"," IAT, htus[i]).p, at_token(),
                     "the DPoP proof's htu is not this endpoint");
}

static void one_place_may_be_spelled_in_several_ways(void **state)
{
    (void)state;
    static const char *const htus[] = {
        "https://id.example.kh/token?a=b",      "https://id.example.kh/token#part",
        "https://id.example.kh/token?#",        "HTTPS://ID.example.KH/token",
        "https://id.example.kh:443/token",      "https://id.example.kh:/token",
        "https://mtls.example.kh:8443/token?x", "https://id.example.kh/token?u=https://a@b/"};
    for (size_t i = 0; i < COUNT_OF(htus); i++)
        assert_right(arena_printf(arena, "\"jti\":\"1\",\"htm\":\"POST\",\"htu\":\"%s\"," IAT, htus[i]).p, at_token());
    assert_true(dpop_same_place(STR("http://[::1]:80/a"), STR("http://[::1]/a")));
    assert_true(dpop_same_place(STR("http://localhost"), STR("http://localhost/")));
    assert_false(dpop_same_place(STR("http://[::1]:81/a"), STR("http://[::1]/a")));
    assert_false(dpop_same_place(STR("ftp://id.example.kh/token"), STR("ftp://id.example.kh/token")));
    assert_false(dpop_same_place(STR(""), STR("")));
}

static void a_proof_is_good_for_a_minute_by_clocks_that_differ_a_little(void **state)
{
    (void)state;
    const char *const why = "the DPoP proof was made too long ago, or in the future";
    static const int64_t right[] = {0, -10, 10, -60, 30}, wrong[] = {-61, 31, -3600, 3600};
    for (size_t i = 0; i < COUNT_OF(right); i++)
        assert_right(arena_printf(arena, RIGHT ",\"iat\":%lld", (long long)(NOW + right[i])).p, at_token());
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_wrong(arena_printf(arena, RIGHT ",\"iat\":%lld", (long long)(NOW + wrong[i])).p, at_token(), why);
}

static void a_nonce_of_ours_takes_the_place_of_the_clients_clock(void **state)
{
    (void)state;
    assert_right(RIGHT ",\"iat\":1699996400,\"nonce\":\"" NONCE "\"", at_token());
    assert_right(RIGHT ",\"iat\":1700003600,\"nonce\":\"the-one-before\"", at_token());
}

static void another_nonce_is_answered_with_a_fresh_one(void **state)
{
    (void)state;
    static const char *const nonces[] = {"\"another\"", "\"\"", "null", "1", "[\"" NONCE "\"]", "\"" NONCE "x\""};
    for (size_t i = 0; i < COUNT_OF(nonces); i++)
        assert_int_equal(verdict(arena_printf(arena, RIGHT_NOW ",\"nonce\":%s", nonces[i]).p, at_token()),
                         DPOP_NEEDS_NONCE);
}

static void a_nonce_can_be_demanded(void **state)
{
    (void)state;
    struct dpop_expected expected = at_token();
    expected.nonce_required = true;
    assert_int_equal(verdict(RIGHT_NOW, expected), DPOP_NEEDS_NONCE);
    assert_right(RIGHT_NOW ",\"nonce\":\"" NONCE "\"", expected);
    assert_int_equal(verdict("\"jti\":\"1\",\"htm\":\"GET\"," IAT, expected),
                     DPOP_WRONG); /* would be no better with one */
}

static void at_a_resource_the_proof_is_for_the_token(void **state)
{
    (void)state;
    const char *const why = "the DPoP proof's ath is not of this access token";
    struct dpop_expected expected = at_token();
    str ath = base64url_encode(arena, sha256_key(arena, STR("a-token")));
    expected.access_token = STR("a-token");
    assert_right(arena_printf(arena, RIGHT_NOW ",\"ath\":\"%s\"", ath.p).p, expected);
    assert_wrong(RIGHT_NOW, expected, why);
    assert_wrong(RIGHT_NOW ",\"ath\":\"\"", expected, why);
    assert_wrong(RIGHT_NOW ",\"ath\":\"a-token\"", expected, why);
    assert_wrong(arena_printf(arena, RIGHT_NOW ",\"ath\":\"%s=\"", ath.p).p, expected, why);
    expected.access_token = STR("another-token");
    assert_wrong(arena_printf(arena, RIGHT_NOW ",\"ath\":\"%s\"", ath.p).p, expected, why);
}

static void what_is_no_proof_is_refused(void **state)
{
    (void)state;
    const str texts[] = {STR(""), STR("x"), STR("a.b.c"), STR("eyJ.eyJ.eyJ"),
                         arena_printf(arena, "%s, %s", proof_of(RIGHT_NOW).p, proof_of(RIGHT_NOW).p)};
    struct dpop_expected expected = at_token();
    struct dpop_proof proof;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(dpop_check(arena, texts[i], &expected, &proof, &reason), DPOP_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proof_for_this_request_is_right),
        TEST(each_claim_must_be_there),
        TEST(claims_of_another_type_are_none),
        TEST(a_proof_for_another_request_is_wrong),
        TEST(one_place_may_be_spelled_in_several_ways),
        TEST(a_proof_is_good_for_a_minute_by_clocks_that_differ_a_little),
        TEST(a_nonce_of_ours_takes_the_place_of_the_clients_clock),
        TEST(another_nonce_is_answered_with_a_fresh_one),
        TEST(a_nonce_can_be_demanded),
        TEST(at_a_resource_the_proof_is_for_the_token),
        TEST(what_is_no_proof_is_refused),
    };
    return cmocka_run_group_tests(tests, make_key, release_key);
}
