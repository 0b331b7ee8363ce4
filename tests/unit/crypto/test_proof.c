#include "crypto/proof.h"
#include "unit/crypto/support.h"

#include <string.h>

static const char *reason;

static const char *bare(const struct jose_key *key)
{
    json_t *jwk = object(arena_cstr(arena, jose_key_public_jwk(key, arena)));
    json_object_del(jwk, "kid");
    json_object_del(jwk, "use");
    json_object_del(jwk, "alg");
    return arena_cstr(arena, json_text(arena, jwk));
}

/* A proof by `key` whose header has `alg`, `jwk` and more members. */
static str proof_with(const struct jose_key *key, const char *alg, const char *jwk, const char *more)
{
    return forge(key, arena_printf(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":%s%s}", alg, jwk, more),
                 STR("{\"jti\":\"1\",\"htm\":\"POST\"}"));
}

static bool is_taken(str compact, unsigned algs)
{
    struct proof proof;
    reason = NULL;
    bool taken = proof_verify(arena, compact, algs, &proof, &reason);
    assert_int_equal(taken, reason == NULL);
    assert_int_equal(taken, proof.payload != NULL && proof.thumbprint.n == 43);
    return taken;
}

/* RFC 9449 section 4.1; jkt as in its section 6.1. */
static void rfc9449_section_4_1_is_taken(void **state)
{
    (void)state;
    struct proof proof;
    str text = STR("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDU"
                   "kRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1"
                   "JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi"
                   "8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLv"
                   "qRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg");
    assert_true(proof_verify(arena, text, JOSE_ALGS_FAPI, &proof, &reason));
    assert_str(proof.thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert_str(json_str(proof.payload, "jti"), "-BwC3ESc6acc2lTc");
    assert_int_equal(proof.alg, ALG_ES256);
}

static void each_allowed_algorithm_is_taken_with_its_thumbprint(void **state)
{
    (void)state;
    for (unsigned alg = ALG_ES256; alg <= ALG_EDDSA; alg++) {
        struct jose_key *key = kept(jose_key_generate((enum jose_alg)alg));
        struct proof proof;
        str text = proof_with(key, jose_alg_name((enum jose_alg)alg), bare(key), "");
        assert_true(proof_verify(arena, text, JOSE_ALGS_ALL, &proof, &reason));
        assert_true(str_eq(proof.thumbprint, jose_key_id(key)));
        assert_int_equal(is_taken(text, JOSE_ALGS_FAPI), alg != ALG_RS256);
        assert_false(is_taken(text, JOSE_ALGS_ALL & ~JOSE_ALG_BIT(alg)));
    }
    struct jose_key *key = kept(jose_key_generate(ALG_EDDSA));
    assert_true(is_taken(proof_with(key, "Ed25519", bare(key), ""), JOSE_ALGS_FAPI));
}

static void a_proof_signed_with_another_key_than_its_own_is_refused(void **state)
{
    (void)state;
    struct jose_key *key = kept(jose_key_generate(ALG_ES256)), *other = kept(jose_key_generate(ALG_ES256));
    assert_false(is_taken(proof_with(key, "ES256", bare(other), ""), JOSE_ALGS_ALL));
    assert_string_equal(reason, "the DPoP proof's signature is wrong");
}

static void a_private_key_in_the_header_is_refused(void **state)
{
    (void)state;
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    struct jose_key *key = kept(jose_key_generate(ALG_ES256));
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        json_t *jwk = object(bare(key));
        json_object_set_new(jwk, members[i], json_string("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAU"));
        assert_false(is_taken(proof_with(key, "ES256", arena_cstr(arena, json_text(arena, jwk)), ""), JOSE_ALGS_ALL));
        assert_string_equal(reason, "the DPoP proof's jwk is not a public key");
        json_object_set_new(jwk, members[i], json_null());
        assert_false(is_taken(proof_with(key, "ES256", arena_cstr(arena, json_text(arena, jwk)), ""), JOSE_ALGS_ALL));
    }
}

static void a_symmetric_key_in_the_header_is_refused(void **state)
{
    (void)state;
    unsigned char tag[SHA256_BYTES];
    str secret = STR("0123456789abcdef0123456789abcdef");
    str jwk = arena_printf(arena, "{\"kty\":\"oct\",\"k\":\"%.*s\"}", STR_FMT(base64url_encode(arena, secret)));
    str head = base64url_encode(
        arena, arena_printf(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":%.*s}", STR_FMT(jwk)));
    str input = arena_printf(arena, "%.*s.e30", STR_FMT(head));
    hmac_sha256(secret, input, tag);
    str end = base64url_encode(arena, str_bytes(tag, sizeof tag));
    assert_false(is_taken(arena_printf(arena, "%.*s.%.*s", STR_FMT(input), STR_FMT(end)), ~0u));
    assert_string_equal(reason, "the DPoP proof's alg is not supported");
}

static void an_alg_that_is_not_the_keys_is_refused(void **state)
{
    (void)state;
    struct jose_key *rs = kept(jose_key_generate(ALG_RS256)), *ec = kept(jose_key_generate(ALG_ES256));
    assert_false(is_taken(proof_with(ec, "RS256", bare(rs), ""), JOSE_ALGS_ALL));
    assert_false(is_taken(proof_with(rs, "PS256", bare(rs), ""), JOSE_ALGS_ALL)); /* PKCS#1 under the name of PSS */
    assert_false(is_taken(proof_with(ec, "PS256", bare(ec), ""), JOSE_ALGS_ALL));
    assert_false(is_taken(proof_with(ec, "EdDSA", bare(ec), ""), JOSE_ALGS_ALL));
    assert_false(is_taken(proof_with(ec, "none", bare(ec), ""), ~0u));
    const char *jwk = arena_printf(arena, "%.*s,\"alg\":\"PS256\"}", (int)strlen(bare(rs)) - 1, bare(rs)).p;
    assert_false(is_taken(proof_with(rs, "RS256", jwk, ""), JOSE_ALGS_ALL));
    assert_string_equal(reason, "the DPoP proof's alg is not that of its jwk");
}

static void another_typ_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\"typ\":\"JWT\",",        "\"typ\":\"DPoP+jwt\",",
                                        "\"typ\":\"dpop+jwt \",",  "",
                                        "\"typ\":[\"dpop+jwt\"],", "\"typ\":null,"};
    struct jose_key *key = kept(jose_key_generate(ALG_ES256));
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(is_taken(
            forge(key, arena_printf(arena, "{%s\"alg\":\"ES256\",\"jwk\":%s}", wrong[i], bare(key)), STR("{}")),
            JOSE_ALGS_ALL));
}

static void a_header_without_a_usable_jwk_is_refused(void **state)
{
    (void)state;
    struct jose_key *key = kept(jose_key_generate(ALG_ES256));
    static const char *const wrong[] = {"null",
                                        "\"key\"",
                                        "[]",
                                        "{}",
                                        "{\"kty\":\"EC\"}",
                                        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
                                        "{" RFC7515_EC ",\"use\":\"enc\"}",
                                        "{" RFC7515_EC ",\"kid\":7}",
                                        "{" RFC7515_EC ",\"x5c\":[\"AAAA\"]}"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(is_taken(proof_with(key, "ES256", wrong[i], ""), JOSE_ALGS_ALL));
    assert_false(is_taken(forge(key, STR("{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"}"), STR("{}")), JOSE_ALGS_ALL));
    assert_false(is_taken(proof_with(key, "ES256", bare(key), ",\"crit\":[\"a\"]"), JOSE_ALGS_ALL));
}

static void an_rsa_key_that_takes_long_to_check_with_is_refused(void **state)
{
    (void)state;
    struct jose_key *key = kept(jose_key_generate(ALG_PS256));
    for (size_t bytes = 512; bytes <= 513; bytes++) {
        char n[700], modulus[513];
        memset(modulus, 0xff, sizeof modulus); /* odd; whether it is a product of primes nobody can tell */
        snprintf(n, sizeof n, "%.*s", STR_FMT(base64url_encode(arena, (str){modulus, bytes})));
        str jwk = arena_printf(arena, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}", n);
        assert_false(is_taken(proof_with(key, "PS256", jwk.p, ""), JOSE_ALGS_ALL));
        assert_string_equal(reason, bytes == 512 ? "the DPoP proof's signature is wrong"
                                                 : "the DPoP proof's key is longer than 4096 bits");
    }
}

static void a_kid_in_the_header_changes_nothing(void **state)
{
    (void)state;
    struct jose_key *key = kept(jose_key_generate(ALG_ES256));
    const char *jwk = arena_printf(arena, "%.*s,\"kid\":\"a\"}", (int)strlen(bare(key)) - 1, bare(key)).p;
    assert_true(is_taken(proof_with(key, "ES256", jwk, ",\"kid\":\"b\""), JOSE_ALGS_ALL));
}

static void a_text_that_is_no_jws_or_too_long_is_refused(void **state)
{
    (void)state;
    struct jose_key *key = kept(jose_key_generate(ALG_ES256));
    assert_false(is_taken(STR_NONE, JOSE_ALGS_ALL));
    assert_false(is_taken(STR("a.b.c"), JOSE_ALGS_ALL));
    char *pad = arena_alloc(arena, PROOF_BYTES_MAX);
    memset(pad, 'a', PROOF_BYTES_MAX - 1);
    str header = arena_printf(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}", bare(key));
    assert_false(is_taken(forge(key, header, arena_printf(arena, "{\"jti\":\"%s\"}", pad)), JOSE_ALGS_ALL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rfc9449_section_4_1_is_taken),
        TEST(each_allowed_algorithm_is_taken_with_its_thumbprint),
        TEST(a_proof_signed_with_another_key_than_its_own_is_refused),
        TEST(a_private_key_in_the_header_is_refused),
        TEST(a_symmetric_key_in_the_header_is_refused),
        TEST(an_alg_that_is_not_the_keys_is_refused),
        TEST(another_typ_is_refused),
        TEST(a_header_without_a_usable_jwk_is_refused),
        TEST(an_rsa_key_that_takes_long_to_check_with_is_refused),
        TEST(a_kid_in_the_header_changes_nothing),
        TEST(a_text_that_is_no_jws_or_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
