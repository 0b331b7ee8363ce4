#include "unit/crypto/support.h"

#include <string.h>

static const char *reason;

static void release(void *set)
{
    jose_keyset_free(set);
}

static struct jose_keyset *set_of(const char *keys)
{
    struct jose_keyset *set = jose_keyset_from_jwks(object(arena_printf(arena, "{\"keys\":[%s]}", keys).p), &reason);
    if (set)
        arena_defer(arena, release, set);
    return set;
}

/* The public JWK of `key` without kid, use and alg, then with these members. */
static const char *bare(const struct jose_key *key, const char *members)
{
    json_t *jwk = object(arena_cstr(arena, jose_key_public_jwk(key, arena)));
    json_object_del(jwk, "kid");
    json_object_del(jwk, "use");
    json_object_del(jwk, "alg");
    str text = json_text(arena, jwk);
    return arena_printf(arena, "%.*s%s}", (int)text.n - 1, text.p, members).p;
}

static bool verifies(const struct jose_keyset *set, str token, unsigned algs)
{
    struct jws_parts parts;
    return jws_parse(arena, token, 16384, &parts) && jose_keyset_verify(set, &parts, algs);
}

static struct jose_key *same_key(const struct jose_key *key, enum jose_alg alg)
{
    return kept(jose_key_from_der(jose_key_to_der(key, arena), alg));
}

static void an_rsa_key_without_alg_verifies_what_the_caller_accepts_and_nothing_else(void **state)
{
    (void)state;
    struct jose_key *rs = kept(jose_key_generate(ALG_RS256)), *ps = same_key(rs, ALG_PS256);
    struct jose_keyset *set = set_of(bare(rs, ""));
    str by_rs = forge(rs, STR("{\"alg\":\"RS256\"}"), STR("{}")),
        by_ps = forge(ps, STR("{\"alg\":\"PS256\"}"), STR("{}"));
    str crossed = forge(rs, STR("{\"alg\":\"PS256\"}"), STR("{}"));
    assert_true(verifies(set, by_rs, JOSE_ALG_BIT(ALG_RS256)));
    assert_true(verifies(set, by_ps, JOSE_ALG_BIT(ALG_PS256)));
    assert_true(verifies(set, by_rs, JOSE_ALGS_ALL));
    assert_true(verifies(set, by_ps, JOSE_ALGS_FAPI));
    assert_false(verifies(set, by_rs, JOSE_ALGS_FAPI));
    assert_false(verifies(set, by_rs, JOSE_ALG_BIT(ALG_PS256)));
    assert_false(verifies(set, by_ps, JOSE_ALG_BIT(ALG_RS256)));
    assert_false(verifies(set, crossed, JOSE_ALGS_ALL));
    assert_false(verifies(set, by_rs, 0));
}

static void an_rsa_key_with_an_alg_serves_that_one_alone(void **state)
{
    (void)state;
    struct jose_key *rs = kept(jose_key_generate(ALG_RS256)), *ps = same_key(rs, ALG_PS256);
    struct jose_keyset *set = set_of(bare(rs, ",\"alg\":\"PS256\""));
    assert_false(verifies(set, forge(rs, STR("{\"alg\":\"RS256\"}"), STR("{}")), JOSE_ALGS_ALL));
    assert_true(verifies(set, forge(ps, STR("{\"alg\":\"PS256\"}"), STR("{}")), JOSE_ALGS_ALL));
    assert_null(jose_keyset_find(set, STR_NONE, ALG_RSA_OAEP_256));
}

static void hs256_is_verified_by_no_key_of_a_set_whatever_the_caller_accepts(void **state)
{
    (void)state;
    struct jose_key *rs = kept(jose_key_generate(ALG_RS256));
    struct jose_keyset *set = set_of(bare(rs, ""));
    unsigned char tag[SHA256_BYTES];
    str head = base64url_encode(arena, STR("{\"alg\":\"HS256\"}")), pem = jose_key_public_pem(rs, arena);
    str input = arena_printf(arena, "%.*s.e30", STR_FMT(head));
    hmac_sha256(pem, input, tag);
    str token = arena_printf(arena, "%.*s.%.*s", STR_FMT(input), STR_FMT(base64url_encode(arena, str_bytes(tag, 32))));
    assert_false(verifies(set, token, ~0u));
    assert_null(set_of(bare(rs, ",\"alg\":\"HS256\"")));
}

static void ed25519_is_a_name_of_eddsa_in_keys_and_headers(void **state)
{
    (void)state;
    struct jose_key *key = kept(jose_key_generate(ALG_EDDSA));
    static const char *const members[] = {"", ",\"alg\":\"EdDSA\"", ",\"alg\":\"Ed25519\""};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        struct jose_keyset *set = set_of(bare(key, members[i]));
        assert_true(verifies(set, forge(key, STR("{\"alg\":\"EdDSA\"}"), STR("{}")), JOSE_ALG_BIT(ALG_EDDSA)));
        assert_true(verifies(set, forge(key, STR("{\"alg\":\"Ed25519\"}"), STR("{}")), JOSE_ALG_BIT(ALG_EDDSA)));
        assert_false(verifies(set, forge(key, STR("{\"alg\":\"Ed25519\"}"), STR("{}")), JOSE_ALG_BIT(ALG_ES256)));
    }
    assert_null(set_of(bare(key, ",\"alg\":\"Ed448\"")));
}

static void a_key_for_encryption_is_found_by_alg_and_kid_and_verifies_nothing(void **state)
{
    (void)state;
    struct jose_key *ec = kept(jose_key_generate(ALG_ES256)), *rsa = kept(jose_key_generate(ALG_RS256));
    struct jose_keyset *set = set_of(arena_printf(arena, "%s,%s", bare(ec, ",\"use\":\"enc\",\"kid\":\"1\""),
                                                  bare(rsa, ",\"use\":\"enc\",\"kid\":\"2\",\"alg\":\"RSA-OAEP-256\""))
                                         .p);
    assert_str(jose_key_id(jose_keyset_find(set, STR_NONE, ALG_ECDH_ES)), "1");
    assert_str(jose_key_id(jose_keyset_find(set, STR("2"), ALG_RSA_OAEP_256)), "2");
    assert_null(jose_keyset_find(set, STR("1"), ALG_RSA_OAEP_256));
    assert_null(jose_keyset_find(set, STR_NONE, ALG_ES256));
    assert_false(verifies(set, forge(ec, STR("{\"alg\":\"ES256\"}"), STR("{}")), ~0u));
    assert_false(verifies(set, forge(rsa, STR("{\"alg\":\"RS256\"}"), STR("{}")), ~0u));
}

static void a_key_of_no_stated_use_serves_both_and_one_for_signatures_does_not(void **state)
{
    (void)state;
    struct jose_key *ec = kept(jose_key_generate(ALG_ES256));
    struct jose_keyset *both = set_of(bare(ec, "")), *one = set_of(bare(ec, ",\"use\":\"sig\""));
    struct jose_keyset *by_alg = set_of(bare(ec, ",\"alg\":\"ECDH-ES\"")),
                       *by_ops = set_of(bare(ec, ",\"key_ops\":[\"deriveKey\"]"));
    str token = forge(ec, STR("{\"alg\":\"ES256\"}"), STR("{}"));
    assert_non_null(jose_keyset_find(both, STR_NONE, ALG_ECDH_ES));
    assert_true(verifies(both, token, JOSE_ALGS_ALL));
    assert_null(jose_keyset_find(one, STR_NONE, ALG_ECDH_ES));
    assert_true(verifies(one, token, JOSE_ALGS_ALL));
    assert_non_null(jose_keyset_find(by_alg, STR_NONE, ALG_ECDH_ES));
    assert_false(verifies(by_alg, token, JOSE_ALGS_ALL));
    assert_non_null(jose_keyset_find(by_ops, STR_NONE, ALG_ECDH_ES));
    assert_false(verifies(by_ops, token, JOSE_ALGS_ALL));
}

static void of_two_keys_the_one_that_says_what_it_is_for_is_encrypted_to(void **state)
{
    (void)state;
    struct jose_key *a = kept(jose_key_generate(ALG_ES256)), *b = kept(jose_key_generate(ALG_ES256));
    const char *silent = bare(a, ",\"kid\":\"a\""), *stated = bare(b, ",\"kid\":\"b\",\"use\":\"enc\"");
    struct jose_keyset *one = set_of(arena_printf(arena, "%s,%s", silent, stated).p);
    struct jose_keyset *two = set_of(arena_printf(arena, "%s,%s", stated, silent).p);
    assert_str(jose_key_id(jose_keyset_find(one, STR_NONE, ALG_ECDH_ES)), "b");
    assert_str(jose_key_id(jose_keyset_find(two, STR_NONE, ALG_ECDH_ES)), "b");
    assert_str(jose_key_id(jose_keyset_find(one, STR("a"), ALG_ECDH_ES)), "a");
}

static void keys_that_we_cannot_use_do_not_spoil_the_set(void **state)
{
    (void)state;
    struct jose_key *ec = kept(jose_key_generate(ALG_ES256));
    static const char *const strange[] = {
        "{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"use\":\"enc\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{" RFC7638_RSA ",\"alg\":\"RS512\"}",
        "{" RFC7638_RSA ",\"alg\":\"RSA1_5\",\"use\":\"enc\"}",
        "{" RFC7638_RSA ",\"alg\":\"RSA-OAEP\",\"use\":\"enc\"}",
        "{" RFC7638_RSA ",\"use\":\"tls\"}",
        "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"_w\"}",
        "{}",
        "7",
        "null",
    };
    for (size_t i = 0; i < COUNT_OF(strange); i++) {
        assert_null(set_of(strange[i]));
        assert_non_null(reason);
        struct jose_keyset *set = set_of(arena_printf(arena, "%s,%s", strange[i], bare(ec, "")).p);
        assert_non_null(set);
        assert_true(verifies(set, forge(ec, STR("{\"alg\":\"ES256\"}"), STR("{}")), JOSE_ALGS_ALL));
        assert_null(jose_keyset_find(set, STR_NONE, ALG_RSA_OAEP_256));
        assert_null(jose_keyset_find(set, STR_NONE, ALG_RS256));
    }
}

static void a_private_or_symmetric_member_spoils_the_set_even_in_a_key_of_another_type(void **state)
{
    (void)state;
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        assert_null(set_of(arena_printf(arena, "{" RFC7515_EC "},{\"kty\":\"AKP\",\"%s\":\"AA\"}", members[i]).p));
    assert_null(set_of("{" RFC7515_EC "},{\"kty\":\"oct\"}"));
}

/* CVE class: the second key of a kid shadows the first, or the kid alone decides the algorithm. */
static void of_keys_that_share_a_kid_each_verifies_its_own_algorithm(void **state)
{
    (void)state;
    struct jose_key *a = kept(jose_key_generate(ALG_ES256)), *b = kept(jose_key_generate(ALG_ES256)),
                    *c = kept(jose_key_generate(ALG_EDDSA)), *stranger = kept(jose_key_generate(ALG_ES256));
    struct jose_keyset *set = set_of(
        arena_printf(arena, "%s,%s,%s", bare(a, ",\"kid\":\"1\""), bare(b, ",\"kid\":\"1\""), bare(c, ",\"kid\":\"1\""))
            .p);
    str es = STR("{\"alg\":\"ES256\",\"kid\":\"1\"}"), ed = STR("{\"alg\":\"EdDSA\",\"kid\":\"1\"}");
    assert_true(verifies(set, forge(a, es, STR("{}")), JOSE_ALGS_ALL));
    assert_true(verifies(set, forge(b, es, STR("{}")), JOSE_ALGS_ALL));
    assert_true(verifies(set, forge(c, ed, STR("{}")), JOSE_ALGS_ALL));
    assert_false(verifies(set, forge(a, ed, STR("{}")), JOSE_ALGS_ALL));
    assert_false(verifies(set, forge(c, es, STR("{}")), JOSE_ALGS_ALL));
    assert_false(verifies(set, forge(stranger, es, STR("{}")), JOSE_ALGS_ALL));
}

static bool knows(const struct jose_keyset *set, const char *header)
{
    struct jose_key *key = kept(jose_key_generate(ALG_ES256));
    struct jws_parts parts;
    assert_true(jws_parse(arena, forge(key, str_of(header), STR("{}")), 16384, &parts));
    return jose_keyset_knows(set, &parts);
}

static void a_set_says_which_headers_it_has_no_key_for(void **state)
{
    (void)state;
    struct jose_keyset *set = set_of("{" RFC7515_EC ",\"kid\":\"1\"}");
    struct jose_keyset *nameless = set_of("{" RFC7515_EC "}");
    assert_true(knows(set, "{\"alg\":\"ES256\",\"kid\":\"1\"}"));
    assert_true(knows(set, "{\"alg\":\"ES256\"}"));
    assert_false(knows(set, "{\"alg\":\"ES256\",\"kid\":\"2\"}"));
    assert_false(knows(set, "{\"alg\":\"PS256\",\"kid\":\"1\"}"));
    assert_true(knows(nameless, "{\"alg\":\"ES256\",\"kid\":\"2\"}"));
}

static void a_short_rsa_key_encrypts_and_verifies_nothing(void **state)
{
    (void)state;
    char n[171];
    memset(n, 'A', 170);
    n[0] = '_';
    n[169] = 'E';
    n[170] = '\0'; /* 127 bytes: 1016 bits */
    assert_null(set_of(arena_printf(arena, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}", n).p));
    assert_null(set_of(arena_printf(arena, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\",\"use\":\"enc\"}", n).p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_rsa_key_without_alg_verifies_what_the_caller_accepts_and_nothing_else),
        TEST(an_rsa_key_with_an_alg_serves_that_one_alone),
        TEST(hs256_is_verified_by_no_key_of_a_set_whatever_the_caller_accepts),
        TEST(ed25519_is_a_name_of_eddsa_in_keys_and_headers),
        TEST(a_key_for_encryption_is_found_by_alg_and_kid_and_verifies_nothing),
        TEST(a_key_of_no_stated_use_serves_both_and_one_for_signatures_does_not),
        TEST(of_two_keys_the_one_that_says_what_it_is_for_is_encrypted_to),
        TEST(keys_that_we_cannot_use_do_not_spoil_the_set),
        TEST(a_private_or_symmetric_member_spoils_the_set_even_in_a_key_of_another_type),
        TEST(of_keys_that_share_a_kid_each_verifies_its_own_algorithm),
        TEST(a_set_says_which_headers_it_has_no_key_for),
        TEST(a_short_rsa_key_encrypts_and_verifies_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
