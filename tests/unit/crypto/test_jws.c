#include "unit/crypto/support.h"

#include <jwt.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MAX 16384
#define PAYLOAD STR("{\"sub\":\"x\",\"iat\":1}")

static const enum jose_alg algs[] = {ALG_ES256, ALG_RS256, ALG_PS256, ALG_EDDSA};
static struct jose_key *keys[COUNT_OF(algs)], *others[COUNT_OF(algs)];

static int make_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        keys[i] = jose_key_generate(algs[i]);
        others[i] = jose_key_generate(algs[i]);
    }
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        jose_key_free(keys[i]);
        jose_key_free(others[i]);
    }
    return 0;
}

#define ES256_KEY keys[0]
#define RS256_KEY keys[1]

static bool parses(str token)
{
    struct jws_parts parts;
    return jws_parse(arena, token, MAX, &parts);
}

static str with_header(const char *header)
{
    return forge(ES256_KEY, str_of(header), PAYLOAD);
}

/* The parts of a good token, to be put together wrongly. */
static void split(str token, str parts[static 3])
{
    str rest;
    assert_true(str_cut(token, '.', &parts[0], &rest));
    assert_true(str_cut(rest, '.', &parts[1], &parts[2]));
}

static void each_algorithm_signs_what_its_key_alone_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        str token = jws_sign(arena, keys[i], "at+jwt", PAYLOAD);
        struct jws_parts parts;
        assert_true(jws_parse(arena, token, MAX, &parts));
        assert_int_equal(parts.alg, algs[i]);
        assert_str(parts.typ, "at+jwt");
        assert_true(str_eq(parts.kid, jose_key_id(keys[i])));
        assert_str(json_str(parts.payload, "sub"), "x");
        for (size_t k = 0; k < COUNT_OF(algs); k++)
            assert_int_equal(jws_verify(&parts, keys[k]), k == i);
        parts.kid = STR_NONE;
        for (size_t k = 0; k < COUNT_OF(algs); k++)
            assert_false(jws_verify(&parts, others[k]));
    }
}

static void a_changed_byte_anywhere_breaks_the_signature(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        str token = jws_sign(arena, keys[i], NULL, PAYLOAD);
        for (size_t at = 0; at < token.n; at += i == 0 ? 1 : 7) {
            char *changed = arena_cstr(arena, token);
            changed[at] = changed[at] == 'A' ? 'B' : 'A';
            if (changed[at] != token.p[at])
                assert_false(is_accepted(keys[i], (str){changed, token.n}));
        }
    }
}

static void rfc7515_a2_rs256_is_accepted(void **state)
{
    (void)state;
    const struct jose_key *key =
        key_of("\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"
               "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
               "bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5I"
               "hlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\"");
    str token = STR("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
                    "c19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_l"
                    "F5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSj"
                    "tQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9Q"
                    "OYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
    assert_true(is_accepted(key, token));
}

static void rfc7515_a3_es256_is_accepted(void **state)
{
    (void)state;
    str token = STR("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
                    "c19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-"
                    "Kg6NU1Q");
    assert_true(is_accepted(key_of(RFC7515_EC), token));
    assert_true(is_accepted(key_of(RFC7515_EC "," RFC7515_EC_D), token));
}

static void rfc8037_a4_eddsa_is_made_bit_for_bit(void **state)
{
    (void)state;
    str token = jws_sign(arena, key_of(RFC8037_OKP "," RFC8037_OKP_D), NULL, STR("Example of Ed25519 signing"));
    assert_str(token, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3"
                      "AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

static int libjwt_decode(const struct jose_key *key, str token, jwt_t **jwt)
{
    str pem = jose_key_public_pem(key, arena);
    return jwt_decode(jwt, arena_cstr(arena, token), (const unsigned char *)pem.p, (int)pem.n);
}

static void libjwt_accepts_what_we_sign_and_nothing_changed(void **state)
{
    (void)state;
    static const char *const types[] = {NULL, "JWT"}; /* libjwt 1.10 takes no other, so no "at+jwt" */
    for (size_t i = 0; i < 2; i++)                    /* it knows ES256 and RS256 */
        for (size_t t = 0; t < COUNT_OF(types); t++) {
            str token = jws_sign(arena, keys[i], types[t], PAYLOAD);
            jwt_t *jwt = NULL;
            assert_int_equal(libjwt_decode(keys[i], token, &jwt), 0);
            assert_int_equal(jwt_get_alg(jwt), i == 0 ? JWT_ALG_ES256 : JWT_ALG_RS256);
            assert_string_equal(jwt_get_grant(jwt, "sub"), "x");
            assert_string_equal(jwt_get_header(jwt, "kid"), arena_cstr(arena, jose_key_id(keys[i])));
            jwt_free(jwt);
            assert_int_not_equal(libjwt_decode(others[i], token, &jwt), 0);
        }
}

static void we_accept_what_libjwt_signs(void **state)
{
    (void)state;
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem, *token;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, ES256_KEY->pkey, NULL, NULL, 0, NULL, NULL), 1);
    long n = BIO_get_mem_data(bio, &pem);
    jwt_t *jwt;
    assert_int_equal(jwt_new(&jwt), 0);
    assert_int_equal(jwt_add_grant(jwt, "sub", "x"), 0);
    assert_int_equal(jwt_set_alg(jwt, JWT_ALG_ES256, (const unsigned char *)pem, (int)n), 0);
    for (int i = 0; i < 32; i++) { /* r or s are short in some */
        token = jwt_encode_str(jwt);
        assert_true(is_accepted(ES256_KEY, str_of(token)));
        free(token);
    }
    jwt_free(jwt);
    BIO_free(bio);
}

static void alg_confusion_hs256_under_our_public_key_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        str secrets[] = {jose_key_public_pem(keys[i], arena), jose_key_public_jwk(keys[i], arena)};
        for (size_t s = 0; s < COUNT_OF(secrets); s++) {
            str header = base64url_encode(arena, STR("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
            str body = base64url_encode(arena, PAYLOAD);
            str input = arena_printf(arena, "%.*s.%.*s", STR_FMT(header), STR_FMT(body));
            unsigned char mac[32];
            hmac_sha256(secrets[s], input, mac);
            str tail = base64url_encode(arena, str_bytes(mac, sizeof mac));
            assert_false(is_accepted(keys[i], arena_printf(arena, "%.*s.%.*s", STR_FMT(input), STR_FMT(tail))));
        }
    }
}

static void alg_none_is_refused_with_and_without_a_signature(void **state)
{
    (void)state;
    static const char *const spellings[] = {"none", "None", "NONE", "nOnE", ""};
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        str token = with_header(arena_printf(arena, "{\"alg\":\"%s\"}", spellings[i]).p), parts[3];
        split(token, parts);
        assert_false(parses(token));
        assert_false(parses(arena_printf(arena, "%.*s.%.*s.", STR_FMT(parts[0]), STR_FMT(parts[1]))));
        assert_false(parses(arena_printf(arena, "%.*s.%.*s", STR_FMT(parts[0]), STR_FMT(parts[1]))));
    }
}

static void a_header_without_a_known_alg_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{}",
        "{\"typ\":\"JWT\"}",
        "{\"alg\":null}",
        "{\"alg\":1}",
        "{\"alg\":[\"ES256\"]}",
        "{\"alg\":{\"a\":\"ES256\"}}",
        "{\"alg\":\"es256\"}",
        "{\"alg\":\"ES256 \"}",
        "{\"alg\":\"ES384\"}",
        "{\"alg\":\"ES256K\"}",
        "{\"alg\":\"RS1\"}",
        "{\"alg\":\"HS384\"}",
        "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"PBES2-HS256+A128KW\",\"p2c\":2147483647}",
    };
    assert_true(parses(with_header("{\"alg\":\"ES256\"}")));
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(parses(with_header(wrong[i])));
}

static void an_rsa_key_verifies_only_the_padding_it_is_for(void **state)
{
    (void)state;
    struct jose_key *rs = kept(jose_key_generate(ALG_RS256));
    struct jose_key *ps = kept(jose_key_from_der(jose_key_to_der(rs, arena), ALG_PS256));
    str pkcs1 = jws_sign(arena, rs, NULL, PAYLOAD), pss = jws_sign(arena, ps, NULL, PAYLOAD);
    assert_true(is_accepted(rs, pkcs1));
    assert_true(is_accepted(ps, pss));
    assert_false(is_accepted(ps, pkcs1));
    assert_false(is_accepted(rs, pss));
    assert_false(is_accepted(rs, forge(ps, STR("{\"alg\":\"RS256\"}"), PAYLOAD)));
    assert_false(is_accepted(ps, forge(rs, STR("{\"alg\":\"PS256\"}"), PAYLOAD)));
}

/* A PSS signature over the JWS with a salt of `salt` bytes and another digest for the mask. */
static bool takes_pss(const struct jose_key *key, int salt, const EVP_MD *mask)
{
    struct jws_parts parts;
    assert_true(jws_parse(arena, jws_sign(arena, key, NULL, PAYLOAD), MAX, &parts));
    unsigned char signature[SIGNATURE_BYTES_MAX];
    size_t n = sizeof signature;
    EVP_PKEY_CTX *pctx = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL, key->pkey), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, mask), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt), 1);
    const unsigned char *input = (const unsigned char *)parts.signing_input.p;
    assert_int_equal(EVP_DigestSign(ctx, signature, &n, input, parts.signing_input.n), 1);
    EVP_MD_CTX_free(ctx);
    parts.signature = str_bytes(signature, n);
    return jws_verify(&parts, key);
}

static void ps256_takes_the_one_salt_length_and_mask_of_rfc7518(void **state)
{
    (void)state;
    struct jose_key *ps = kept(jose_key_generate(ALG_PS256));
    assert_true(takes_pss(ps, 32, EVP_sha256()));
    assert_false(takes_pss(ps, 32, EVP_sha1()));
    assert_false(takes_pss(ps, 32, EVP_sha512()));
    for (int salt = 0; salt <= 64; salt += 8)
        assert_int_equal(takes_pss(ps, salt, EVP_sha256()), salt == 32);
}

static void a_header_that_names_another_alg_than_the_key_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++)
        for (size_t named = 0; named < COUNT_OF(algs); named++) {
            str header = arena_printf(arena, "{\"alg\":\"%s\"}", jose_alg_name(algs[named]));
            assert_int_equal(is_accepted(keys[i], forge(keys[i], header, PAYLOAD)), named == i);
        }
}

static void a_foreign_kid_is_refused_and_a_missing_one_is_not(void **state)
{
    (void)state;
    assert_true(is_accepted(ES256_KEY, with_header("{\"alg\":\"ES256\"}")));
    assert_false(is_accepted(ES256_KEY, with_header("{\"alg\":\"ES256\",\"kid\":\"other\"}")));
    assert_false(is_accepted(ES256_KEY, with_header("{\"alg\":\"ES256\",\"kid\":\"\"}")));
    assert_false(is_accepted(ES256_KEY, with_header("{\"alg\":\"ES256\",\"kid\":\"../../dev/null\"}")));
    assert_false(parses(with_header("{\"alg\":\"ES256\",\"kid\":1}")));
    assert_false(parses(with_header("{\"alg\":\"ES256\",\"kid\":null}")));
    assert_false(parses(with_header("{\"alg\":\"ES256\",\"typ\":[\"JWT\"]}")));
}

static void a_key_in_the_header_is_not_believed(void **state)
{
    (void)state;
    str jwk = jose_key_public_jwk(others[0], arena);
    str header =
        arena_printf(arena, "{\"alg\":\"ES256\",\"jwk\":%.*s,\"jku\":\"https://evil.example/\"}", STR_FMT(jwk));
    assert_false(is_accepted(ES256_KEY, forge(others[0], header, PAYLOAD)));
}

static void crit_is_refused_whatever_it_says(void **state)
{
    (void)state;
    assert_false(parses(with_header("{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}")));
    assert_false(parses(with_header("{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}")));
    assert_false(parses(with_header("{\"alg\":\"ES256\",\"crit\":[]}")));
    assert_false(parses(with_header("{\"alg\":\"ES256\",\"crit\":null}")));
}

static void other_than_three_segments_are_refused(void **state)
{
    (void)state;
    str p[3], token = jws_sign(arena, ES256_KEY, NULL, PAYLOAD);
    split(token, p);
    assert_false(parses(STR("")));
    assert_false(parses(STR_NONE));
    assert_false(parses(STR(".")));
    assert_false(parses(STR("..")));
    assert_false(parses(p[0]));
    assert_false(parses(arena_printf(arena, "%.*s.%.*s", STR_FMT(p[0]), STR_FMT(p[1]))));
    assert_false(parses(arena_printf(arena, "%.*s.", STR_FMT(token))));
    assert_false(parses(arena_printf(arena, ".%.*s", STR_FMT(token))));
    assert_false(parses(arena_printf(arena, "%.*s.%.*s", STR_FMT(token), STR_FMT(p[2]))));
    assert_false(parses(arena_printf(arena, "%.*s.%.*s.%.*s", STR_FMT(token), STR_FMT(p[2]), STR_FMT(p[2]))));
}

static void an_empty_signature_header_or_payload_is_refused(void **state)
{
    (void)state;
    str p[3];
    split(jws_sign(arena, ES256_KEY, NULL, PAYLOAD), p);
    assert_false(parses(arena_printf(arena, "%.*s.%.*s.", STR_FMT(p[0]), STR_FMT(p[1]))));
    assert_false(parses(arena_printf(arena, "%.*s..%.*s", STR_FMT(p[0]), STR_FMT(p[2]))));
    assert_false(parses(arena_printf(arena, ".%.*s.%.*s", STR_FMT(p[1]), STR_FMT(p[2]))));
}

static void padding_and_white_space_are_refused_everywhere(void **state)
{
    (void)state;
    static const char *const extra[] = {"=", "==", " ", "\n", "\r\n", "\t", "+", "%3D", "A\xc2\xa0"};
    str p[3];
    split(jws_sign(arena, ES256_KEY, NULL, PAYLOAD), p);
    for (size_t i = 0; i < COUNT_OF(extra); i++) {
        const char *x = extra[i];
        assert_false(parses(arena_printf(arena, "%s%.*s.%.*s.%.*s", x, STR_FMT(p[0]), STR_FMT(p[1]), STR_FMT(p[2]))));
        assert_false(parses(arena_printf(arena, "%.*s%s.%.*s.%.*s", STR_FMT(p[0]), x, STR_FMT(p[1]), STR_FMT(p[2]))));
        assert_false(parses(arena_printf(arena, "%.*s.%.*s%s.%.*s", STR_FMT(p[0]), STR_FMT(p[1]), x, STR_FMT(p[2]))));
        assert_false(parses(arena_printf(arena, "%.*s.%.*s.%.*s%s", STR_FMT(p[0]), STR_FMT(p[1]), STR_FMT(p[2]), x)));
    }
}

static void a_second_spelling_of_a_signature_is_refused(void **state)
{
    (void)state;
    str token = jws_sign(arena, ES256_KEY, NULL, PAYLOAD); /* 64 bytes: the last character carries 4 unused bits */
    char *changed = arena_cstr(arena, token);
    assert_non_null(strchr("AQgw", changed[token.n - 1]));
    changed[token.n - 1]++;
    assert_false(parses((str){changed, token.n}));
}

static void repeated_members_are_refused_in_header_and_payload(void **state)
{
    (void)state;
    assert_false(parses(with_header("{\"alg\":\"ES256\",\"alg\":\"ES256\"}")));
    assert_false(parses(with_header("{\"alg\":\"none\",\"\\u0061lg\":\"ES256\"}")));
    assert_false(parses(forge(ES256_KEY, STR("{\"alg\":\"ES256\"}"), STR("{\"sub\":\"a\",\"sub\":\"b\"}"))));
}

static void other_than_an_object_is_refused_in_header_and_payload(void **state)
{
    (void)state;
    static const char *const wrong[] = {"[]", "[{\"alg\":\"ES256\"}]", "\"ES256\"", "null", "1", "text", ""};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(parses(with_header(wrong[i])));
        assert_false(parses(forge(ES256_KEY, STR("{\"alg\":\"ES256\"}"), str_of(wrong[i]))));
    }
}

static void a_nesting_bomb_is_refused_in_header_and_payload(void **state)
{
    (void)state;
    char bomb[2000] = "{\"a\":";
    memset(bomb + 5, '[', 1900);
    assert_false(parses(with_header(bomb)));
    assert_false(parses(forge(ES256_KEY, STR("{\"alg\":\"ES256\"}"), str_of(bomb))));
}

static void a_token_longer_than_allowed_is_refused(void **state)
{
    (void)state;
    struct jws_parts parts;
    str token = jws_sign(arena, ES256_KEY, NULL, PAYLOAD);
    assert_true(jws_parse(arena, token, token.n, &parts));
    assert_false(jws_parse(arena, token, token.n - 1, &parts));
    char pad[5000];
    memset(pad, 'a', sizeof pad);
    assert_false(parses(with_header(arena_printf(arena, "{\"alg\":\"ES256\",\"x\":\"%.*s\"}", 5000, pad).p)));
}

static void a_signature_of_another_length_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        struct jws_parts parts;
        assert_true(jws_parse(arena, jws_sign(arena, keys[i], NULL, PAYLOAD), MAX, &parts));
        str right = parts.signature;
        char *longer = arena_alloc(arena, 2 * right.n);
        memcpy(longer, right.p, right.n);
        size_t lengths[] = {0, 1, right.n / 2, right.n - 1, right.n + 1, 2 * right.n};
        for (size_t k = 0; k < COUNT_OF(lengths); k++) {
            parts.signature = (str){longer, lengths[k]};
            assert_false(jws_verify(&parts, keys[i]));
        }
        parts.signature = (str){longer, right.n};
        assert_true(jws_verify(&parts, keys[i]));
    }
}

static void an_ecdsa_signature_in_der_is_refused(void **state)
{
    (void)state;
    struct jws_parts parts;
    assert_true(jws_parse(arena, jws_sign(arena, ES256_KEY, NULL, PAYLOAD), MAX, &parts));
    const unsigned char *raw = (const unsigned char *)parts.signature.p;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)), 1);
    unsigned char der[80], *at = der;
    int n = i2d_ECDSA_SIG(sig, &at);
    ECDSA_SIG_free(sig);
    assert_true(n > 64);
    parts.signature = str_bytes(der, (size_t)n);
    assert_false(jws_verify(&parts, ES256_KEY));
}

static void zero_or_the_group_order_as_r_or_s_is_refused(void **state)
{
    (void)state;
    static const unsigned char order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                            0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    struct jws_parts parts;
    assert_true(jws_parse(arena, jws_sign(arena, ES256_KEY, NULL, PAYLOAD), MAX, &parts));
    str right = parts.signature;
    for (size_t half = 0; half < 2; half++) {
        char *changed = arena_cstr(arena, right);
        parts.signature = (str){changed, 64};
        memset(changed + 32 * half, 0, 32);
        assert_false(jws_verify(&parts, ES256_KEY));
        memcpy(changed + 32 * half, order, 32);
        assert_false(jws_verify(&parts, ES256_KEY));
    }
    char zero[64] = {0};
    parts.signature = (str){zero, 64};
    assert_false(jws_verify(&parts, ES256_KEY));
}

static void half_hashes_are_those_of_openid_connect_core(void **state)
{
    (void)state;
    str token = STR("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    assert_str(jose_half_hash(arena, ALG_RS256, token), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_str(jose_half_hash(arena, ALG_ES256, token), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_str(jose_half_hash(arena, ALG_RS256, STR("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk")),
               "LDktKdoQak3Pk0cnXxCltA");
    assert_int_equal(jose_half_hash(arena, ALG_EDDSA, token).n, 43);
}

static void *sign_and_verify(void *unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++) {
        struct arena *own = arena_new();
        for (size_t k = 0; k < COUNT_OF(algs); k += 3) {
            struct jws_parts parts;
            str token = jws_sign(own, keys[k], NULL, PAYLOAD);
            if (!jws_parse(own, token, MAX, &parts) || !jws_verify(&parts, keys[k]))
                abort();
        }
        arena_free(own);
    }
    return NULL;
}

static void threads_share_a_key(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, sign_and_verify, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_algorithm_signs_what_its_key_alone_verifies),
        TEST(a_changed_byte_anywhere_breaks_the_signature),
        TEST(rfc7515_a2_rs256_is_accepted),
        TEST(rfc7515_a3_es256_is_accepted),
        TEST(rfc8037_a4_eddsa_is_made_bit_for_bit),
        TEST(libjwt_accepts_what_we_sign_and_nothing_changed),
        TEST(we_accept_what_libjwt_signs),
        TEST(alg_confusion_hs256_under_our_public_key_is_refused),
        TEST(alg_none_is_refused_with_and_without_a_signature),
        TEST(a_header_without_a_known_alg_is_refused),
        TEST(an_rsa_key_verifies_only_the_padding_it_is_for),
        TEST(ps256_takes_the_one_salt_length_and_mask_of_rfc7518),
        TEST(a_header_that_names_another_alg_than_the_key_is_refused),
        TEST(a_foreign_kid_is_refused_and_a_missing_one_is_not),
        TEST(a_key_in_the_header_is_not_believed),
        TEST(crit_is_refused_whatever_it_says),
        TEST(other_than_three_segments_are_refused),
        TEST(an_empty_signature_header_or_payload_is_refused),
        TEST(padding_and_white_space_are_refused_everywhere),
        TEST(a_second_spelling_of_a_signature_is_refused),
        TEST(repeated_members_are_refused_in_header_and_payload),
        TEST(other_than_an_object_is_refused_in_header_and_payload),
        TEST(a_nesting_bomb_is_refused_in_header_and_payload),
        TEST(a_token_longer_than_allowed_is_refused),
        TEST(a_signature_of_another_length_is_refused),
        TEST(an_ecdsa_signature_in_der_is_refused),
        TEST(zero_or_the_group_order_as_r_or_s_is_refused),
        TEST(half_hashes_are_those_of_openid_connect_core),
        TEST(threads_share_a_key),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
