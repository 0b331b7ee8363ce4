#include "unit/crypto/support.h"

#include <string.h>

static const char *reason; /* of the last refusal */

static bool takes(const char *members, enum jose_alg fallback)
{
    reason = NULL;
    struct jose_key *key = jose_key_from_jwk(object(arena_printf(arena, "{%s}", members).p), fallback, &reason);
    jose_key_free(key);
    assert_int_equal(key == NULL, reason != NULL);
    return key != NULL;
}

static struct jose_keyset *set_of(const char *text)
{
    return jose_keyset_from_jwks(object(text), &reason);
}

static void thumbprints_are_those_of_rfc7638_and_rfc8037(void **state)
{
    (void)state;
    assert_str(jose_key_thumbprint(key_of(RFC7638_RSA), arena), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_str(jose_key_thumbprint(key_of(RFC8037_OKP), arena), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static void without_alg_the_fallback_or_the_type_decides(void **state)
{
    (void)state;
    const char *why;
    json_t *rsa = object("{" RFC7638_RSA "}"), *named = object("{" RFC7638_RSA ",\"alg\":\"RS256\"}");
    assert_int_equal(jose_key_alg(kept(jose_key_from_jwk(rsa, ALG_PS256, &why))), ALG_PS256);
    assert_int_equal(jose_key_alg(kept(jose_key_from_jwk(rsa, ALG_NONE_GIVEN, &why))), ALG_RS256);
    assert_int_equal(jose_key_alg(kept(jose_key_from_jwk(named, ALG_PS256, &why))), ALG_RS256);
    assert_int_equal(jose_key_alg(key_of(RFC7515_EC)), ALG_ES256);
    assert_int_equal(jose_key_alg(key_of(RFC8037_OKP)), ALG_EDDSA);
    assert_false(takes(RFC7638_RSA, ALG_ES256));
    assert_false(takes(RFC7515_EC, ALG_RS256));
    assert_false(takes(RFC7515_EC, ALG_EDDSA));
}

static void an_alg_that_does_not_fit_the_key_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"RS256", "PS256", "EdDSA", "ES384", "HS256", "none", "es256", ""};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(takes(arena_printf(arena, RFC7515_EC ",\"alg\":\"%s\"", wrong[i]).p, ALG_ES256));
    assert_false(takes(RFC7515_EC ",\"alg\":7", ALG_ES256));
    assert_true(takes(RFC7515_EC ",\"alg\":\"ES256\"", ALG_RS256));
}

static void symmetric_keys_are_refused(void **state)
{
    (void)state;
    assert_false(takes("\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8\"", ALG_ES256));
    assert_string_equal(reason, "the key is symmetric");
    assert_false(takes(RFC7515_EC ",\"k\":\"AyM1\"", ALG_ES256));
}

static void keys_for_something_else_are_refused(void **state)
{
    (void)state;
    assert_true(takes(RFC7515_EC ",\"use\":\"sig\",\"key_ops\":[\"verify\"]", ALG_NONE_GIVEN));
    assert_false(takes(RFC7515_EC ",\"use\":\"enc\"", ALG_NONE_GIVEN));
    assert_false(takes(RFC7515_EC ",\"use\":[\"sig\"]", ALG_NONE_GIVEN));
    assert_false(takes(RFC7515_EC ",\"key_ops\":[\"deriveKey\"]", ALG_NONE_GIVEN));
    assert_false(takes(RFC7515_EC ",\"key_ops\":[]", ALG_NONE_GIVEN));
    assert_false(takes(RFC7515_EC ",\"key_ops\":\"verify\"", ALG_NONE_GIVEN));
}

static void a_kid_is_a_text_of_bounded_length(void **state)
{
    (void)state;
    char kid[258];
    memset(kid, 'k', sizeof kid);
    assert_str(jose_key_id(key_of(RFC7515_EC ",\"kid\":\"a\"")), "a");
    assert_null(jose_key_id(key_of(RFC7515_EC)).p);
    assert_false(takes(RFC7515_EC ",\"kid\":1", ALG_NONE_GIVEN));
    assert_false(takes(RFC7515_EC ",\"kid\":\"\"", ALG_NONE_GIVEN));
    assert_true(takes(arena_printf(arena, RFC7515_EC ",\"kid\":\"%.256s\"", kid).p, ALG_NONE_GIVEN));
    assert_false(takes(arena_printf(arena, RFC7515_EC ",\"kid\":\"%.257s\"", kid).p, ALG_NONE_GIVEN));
}

static void short_rsa_keys_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        bool right;
    } sizes[] = {{64, false}, {128, false}, {255, false}, {256, true}, {384, true}, {1024, true}, {1025, false}};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char modulus[1100];
        memset(modulus, 0xff, sizeof modulus); /* odd, and its top bit is set */
        str n = base64url_encode(arena, (str){modulus, sizes[i].bytes});
        str members = arena_printf(arena, "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%.*s\"", STR_FMT(n));
        assert_int_equal(takes(members.p, ALG_RS256), sizes[i].right);
    }
}

static void rsa_numbers_that_can_be_no_key_are_refused(void **state)
{
    (void)state;
    static const char *const exponents[] = {"AQ", "AAAB", "AA", "Ag", "AQAA", "____________", "AQ==", "", "!"};
    for (size_t i = 0; i < COUNT_OF(exponents); i++)
        assert_false(takes(arena_printf(arena, "\"kty\":\"RSA\",\"e\":\"%s\",\"n\":\"" RFC7638_N "\"", exponents[i]).p,
                           ALG_RS256));
    assert_false(takes("\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\"", ALG_RS256));
    assert_false(takes("\"kty\":\"RSA\",\"e\":\"AQAB\"", ALG_RS256));
    assert_false(takes("\"kty\":\"RSA\",\"e\":65537,\"n\":\"" RFC7638_N "\"", ALG_RS256));
    assert_false(takes("\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" RFC7638_N "AA\"", ALG_RS256)); /* even */
}

static void points_off_the_curve_and_wrong_coordinates_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        /* y changed; x short; x missing; infinity; another curve; no curve */
        "\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"",
        "\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"",
        "\"crv\":\"P-256\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"",
        "\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
        "\"crv\":\"secp256k1\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"",
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(takes(arena_printf(arena, "\"kty\":\"EC\",%s", wrong[i]).p, ALG_ES256));
    assert_false(
        takes("\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"", ALG_EDDSA));
    assert_false(
        takes("\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"", ALG_EDDSA));
    assert_false(
        takes("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcH\"", ALG_EDDSA));
}

static void other_shapes_are_refused(void **state)
{
    (void)state;
    assert_false(takes("\"kty\":\"AKP\"", ALG_ES256));
    assert_false(takes("\"kty\":1", ALG_ES256));
    assert_false(takes("\"n\":\"AQ\"", ALG_ES256));
    assert_null(jose_key_from_jwk(NULL, ALG_ES256, &reason));
    assert_null(jose_key_from_jwk(json_object_get(object("{\"a\":[1]}"), "a"), ALG_ES256, &reason));
}

static void a_private_part_of_another_key_is_refused(void **state)
{
    (void)state;
    const char *foreign_d = "\"d\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAU\"";
    assert_true(takes(RFC7515_EC "," RFC7515_EC_D, ALG_ES256));
    assert_true(takes(RFC8037_OKP "," RFC8037_OKP_D, ALG_EDDSA));
    assert_false(takes(arena_printf(arena, RFC7515_EC ",%s", foreign_d).p, ALG_ES256));
    assert_false(takes(arena_printf(arena, RFC8037_OKP ",%s", foreign_d).p, ALG_EDDSA));
    assert_false(takes(RFC7515_EC ",\"d\":1", ALG_ES256));
    assert_false(takes(RFC7638_RSA ",\"d\":\"AQAB\"", ALG_RS256));
}

static void a_public_jwk_shows_nothing_private_and_verifies(void **state)
{
    (void)state;
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    for (unsigned alg = ALG_ES256; alg <= ALG_EDDSA; alg++) {
        struct jose_key *key = kept(jose_key_generate((enum jose_alg)alg));
        json_t *jwk = object(arena_cstr(arena, jose_key_public_jwk(key, arena)));
        for (size_t i = 0; i < COUNT_OF(members); i++)
            assert_null(json_object_get(jwk, members[i]));
        assert_str(json_str(jwk, "use"), "sig");
        assert_str(json_str(jwk, "alg"), jose_alg_name((enum jose_alg)alg));
        struct jose_key *public = kept(jose_key_from_jwk(jwk, ALG_NONE_GIVEN, &reason));
        assert_true(str_eq(jose_key_id(public), jose_key_id(key)));
        assert_true(str_eq(jose_key_thumbprint(public, arena), jose_key_id(key)));
        assert_true(is_accepted(public, jws_sign(arena, key, NULL, STR("{}"))));
    }
}

static void a_key_survives_der_and_keeps_its_name(void **state)
{
    (void)state;
    for (unsigned alg = ALG_ES256; alg <= ALG_EDDSA; alg++) {
        struct jose_key *key = kept(jose_key_generate((enum jose_alg)alg));
        str der = jose_key_to_der(key, arena);
        struct jose_key *back = kept(jose_key_from_der(der, (enum jose_alg)alg));
        assert_true(str_eq(jose_key_id(back), jose_key_id(key)));
        assert_true(is_accepted(key, jws_sign(arena, back, NULL, STR("{}"))));
        assert_null(jose_key_from_der((str){der.p, der.n - 1}, (enum jose_alg)alg));
        assert_null(jose_key_from_der(der, alg == ALG_ES256 ? ALG_EDDSA : ALG_ES256));
        assert_null(jose_key_from_der(der, ALG_NONE_GIVEN));
    }
    assert_null(jose_key_from_der(STR("not DER"), ALG_ES256));
    assert_null(jose_key_from_der(STR_NONE, ALG_ES256));
}

static void names_of_algorithms_are_exact(void **state)
{
    (void)state;
    for (unsigned alg = ALG_ES256; alg <= ALG_EDDSA; alg++)
        assert_int_equal(jose_alg_of(str_of(jose_alg_name((enum jose_alg)alg))), alg);
    assert_int_equal(jose_alg_of(STR("none")), ALG_NONE_GIVEN);
    assert_int_equal(jose_alg_of(STR("eddsa")), ALG_NONE_GIVEN);
    assert_int_equal(jose_alg_of(STR_NONE), ALG_NONE_GIVEN);
}

static void a_set_with_a_private_or_symmetric_key_is_refused_whole(void **state)
{
    (void)state;
    assert_null(set_of("{\"keys\":[{" RFC7515_EC "},{" RFC7515_EC "," RFC7515_EC_D "}]}"));
    assert_string_equal(reason, "a private key stands where public keys belong");
    assert_null(set_of("{\"keys\":[{" RFC7515_EC "},{\"kty\":\"oct\",\"k\":\"AyM1\"}]}"));
    assert_string_equal(reason, "a symmetric key stands where public keys belong");
    assert_null(set_of("{\"keys\":[{" RFC7515_EC "},{\"kty\":\"new\",\"d\":\"AyM1\"}]}"));
    assert_null(set_of("{\"keys\":[{" RFC7638_RSA ",\"qi\":\"AyM1\"}]}"));
}

static void a_set_that_is_none_or_has_no_usable_key_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"{}",
                                        "{\"keys\":{}}",
                                        "{\"keys\":[]}",
                                        "{\"keys\":[1,\"a\",[],null]}",
                                        "{\"keys\":[{\"kty\":\"AKP\"}]}",
                                        "{\"keys\":[{" RFC7515_EC ",\"use\":\"other\"}]}",
                                        "{\"keys\":[{" RFC7515_EC ",\"alg\":\"ES384\"}]}",
                                        "{\"keys\":[{" RFC7515_EC ",\"alg\":\"ES256\",\"use\":\"enc\"}]}",
                                        "{" RFC7515_EC "}"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_null(set_of(wrong[i]));
        assert_non_null(reason);
    }
    assert_null(jose_keyset_from_jwks(NULL, &reason));
}

static void a_set_of_more_than_16_keys_is_refused(void **state)
{
    (void)state;
    for (size_t count = 16; count <= 17; count++) {
        char text[8192] = "{\"keys\":[{" RFC7515_EC "}";
        for (size_t i = 1; i < count; i++)
            strcat(text, ",{" RFC7515_EC "}");
        struct jose_keyset *set = set_of(strcat(text, "]}"));
        assert_int_equal(set != NULL, count == 16);
        jose_keyset_free(set);
    }
}

static str public_with_kid(const struct jose_key *key, const char *kid)
{
    json_t *jwk = object(arena_cstr(arena, jose_key_public_jwk(key, arena)));
    if (kid)
        json_object_set_new(jwk, "kid", json_string(kid));
    else
        json_object_del(jwk, "kid");
    return json_text(arena, jwk);
}

static bool set_accepts(const char *set_text, str token)
{
    struct jose_keyset *set = set_of(set_text);
    struct jws_parts parts;
    assert_non_null(set);
    bool accepted = jws_parse(arena, token, 16384, &parts) && jose_keyset_verify(set, &parts, JOSE_ALGS_ALL);
    jose_keyset_free(set);
    return accepted;
}

static void a_set_verifies_by_kid_without_kid_and_with_a_shared_kid(void **state)
{
    (void)state;
    struct jose_key *a = kept(jose_key_generate(ALG_ES256)), *b = kept(jose_key_generate(ALG_ES256));
    str named_a = public_with_kid(a, "1"), named_b = public_with_kid(b, "2"), shared_b = public_with_kid(b, "1"),
        bare_b = public_with_kid(b, NULL);
    const char *two = arena_printf(arena, "{\"keys\":[%.*s,%.*s]}", STR_FMT(named_a), STR_FMT(named_b)).p;
    const char *shared = arena_printf(arena, "{\"keys\":[%.*s,%.*s]}", STR_FMT(named_a), STR_FMT(shared_b)).p;
    const char *bare = arena_printf(arena, "{\"keys\":[%.*s,%.*s]}", STR_FMT(named_a), STR_FMT(bare_b)).p;
    str with_1 = forge(b, STR("{\"alg\":\"ES256\",\"kid\":\"1\"}"), STR("{}"));
    str with_2 = forge(b, STR("{\"alg\":\"ES256\",\"kid\":\"2\"}"), STR("{}"));
    str without = forge(b, STR("{\"alg\":\"ES256\"}"), STR("{}"));
    assert_true(set_accepts(two, with_2));
    assert_false(set_accepts(two, with_1));
    assert_true(set_accepts(two, without));
    assert_true(set_accepts(shared, with_1));
    assert_false(set_accepts(shared, with_2));
    assert_true(set_accepts(bare, with_2));
    struct jose_key *stranger = kept(jose_key_generate(ALG_ES256));
    assert_false(set_accepts(two, forge(stranger, STR("{\"alg\":\"ES256\"}"), STR("{}"))));
    assert_false(set_accepts(two, forge(stranger, STR("{\"alg\":\"ES256\",\"kid\":\"2\"}"), STR("{}"))));
}

static void keys_of_one_kid_stay_pinned_to_their_algorithms(void **state)
{
    (void)state;
    struct jose_key *ec = kept(jose_key_generate(ALG_ES256)), *rsa = kept(jose_key_generate(ALG_RS256));
    str jwk_ec = public_with_kid(ec, "1"), jwk_rsa = public_with_kid(rsa, "1");
    const char *set = arena_printf(arena, "{\"keys\":[%.*s,%.*s]}", STR_FMT(jwk_ec), STR_FMT(jwk_rsa)).p;
    assert_true(set_accepts(set, forge(rsa, STR("{\"alg\":\"RS256\",\"kid\":\"1\"}"), STR("{}"))));
    assert_false(set_accepts(set, forge(rsa, STR("{\"alg\":\"PS256\",\"kid\":\"1\"}"), STR("{}"))));
    assert_false(set_accepts(set, forge(rsa, STR("{\"alg\":\"ES256\",\"kid\":\"1\"}"), STR("{}"))));
}

static void unusable_keys_of_a_set_are_passed_over(void **state)
{
    (void)state;
    struct jose_key *key = kept(jose_key_generate(ALG_EDDSA));
    str jwk = jose_key_public_jwk(key, arena);
    const char *set = arena_printf(arena,
                                   "{\"keys\":[{\"kty\":\"AKP\",\"pub\":\"AA\"},{" RFC7515_EC ",\"use\":\"enc\"},"
                                   "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"_w\"},%.*s]}",
                                   STR_FMT(jwk))
                          .p;
    assert_true(set_accepts(set, jws_sign(arena, key, NULL, STR("{}"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(thumbprints_are_those_of_rfc7638_and_rfc8037),
        TEST(without_alg_the_fallback_or_the_type_decides),
        TEST(an_alg_that_does_not_fit_the_key_is_refused),
        TEST(symmetric_keys_are_refused),
        TEST(keys_for_something_else_are_refused),
        TEST(a_kid_is_a_text_of_bounded_length),
        TEST(short_rsa_keys_are_refused),
        TEST(rsa_numbers_that_can_be_no_key_are_refused),
        TEST(points_off_the_curve_and_wrong_coordinates_are_refused),
        TEST(other_shapes_are_refused),
        TEST(a_private_part_of_another_key_is_refused),
        TEST(a_public_jwk_shows_nothing_private_and_verifies),
        TEST(a_key_survives_der_and_keeps_its_name),
        TEST(names_of_algorithms_are_exact),
        TEST(a_set_with_a_private_or_symmetric_key_is_refused_whole),
        TEST(a_set_that_is_none_or_has_no_usable_key_is_refused),
        TEST(a_set_of_more_than_16_keys_is_refused),
        TEST(a_set_verifies_by_kid_without_kid_and_with_a_shared_kid),
        TEST(keys_of_one_kid_stay_pinned_to_their_algorithms),
        TEST(unusable_keys_of_a_set_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
