#include "unit/crypto/support.h"

#include <stdio.h>
#include <string.h>

#include "crypto/agreement.h"

#define MAX 16384

/* RFC 7518 appendix C: Alice's ephemeral key, Bob's key. */
#define ALICE                                                                                                          \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","                         \
    "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\",\"d\":\"0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo\"}"
#define BOB                                                                                                            \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\","                         \
    "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\",\"d\":\"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw\"}"

static const enum jose_alg algs[] = {ALG_ECDH_ES, ALG_RSA_OAEP_256};
static const enum jwe_enc encs[] = {ENC_A128CBC_HS256, ENC_A128GCM, ENC_A256GCM};
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

static bool opens(const struct jose_key *key, str jwe, str *plain)
{
    struct jwe_parts parts;
    *plain = STR_NONE;
    return jwe_parse(arena, jwe, MAX, &parts) && jwe_decrypt(arena, &parts, key, plain);
}

static bool is_refused(const struct jose_key *key, str jwe)
{
    str plain;
    bool refused = !opens(key, jwe, &plain);
    assert_null(refused ? plain.p : NULL);
    return refused;
}

static bool parses(str jwe)
{
    struct jwe_parts parts;
    return jwe_parse(arena, jwe, MAX, &parts);
}

static void split(str jwe, str out[static 5])
{
    for (size_t i = 0; i < 5; i++) {
        str rest = jwe;
        str_cut(rest, '.', &out[i], &jwe);
    }
}

static str joined(const str p[static 5])
{
    return arena_printf(arena, "%.*s.%.*s.%.*s.%.*s.%.*s", STR_FMT(p[0]), STR_FMT(p[1]), STR_FMT(p[2]), STR_FMT(p[3]),
                        STR_FMT(p[4]));
}

/* `jwe` with another header text. Its tag no longer fits, so this is for what must be refused before. */
static str with_header(str jwe, const char *header)
{
    str p[5];
    split(jwe, p);
    p[0] = base64url_encode(arena, str_of(header));
    return joined(p);
}

/* A whole JWE to the ECDH-ES key of the test, right in all but what the header says: epk as it comes, more members. */
static str agreed_with(const char *epk, const char *more, str apu, str apv)
{
    const char *why;
    unsigned char key[CONTENT_KEY_BYTES_MAX] = {0}, iv[CONTENT_IV_BYTES_MAX] = {0}, tag[CONTENT_TAG_BYTES];
    struct jose_key *alice = kept(jose_key_from_jwk(object(ALICE), ALG_ECDH_ES, &why));
    assert_true(agreement_key(arena, alice->pkey, keys[0]->pkey, ENC_A128GCM, apu, apv, key));
    str header = arena_printf(arena, "{\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\",\"epk\":%s%s}", epk, more);
    str p[5] = {base64url_encode(arena, header), STR("")};
    str text = content_encrypt(arena, ENC_A128GCM, key, iv, p[0], STR("hello"), tag);
    p[2] = base64url_encode(arena, str_bytes(iv, content_iv_bytes(ENC_A128GCM)));
    p[3] = base64url_encode(arena, text);
    p[4] = base64url_encode(arena, str_bytes(tag, sizeof tag));
    return joined(p);
}

#define ALICE_EPK                                                                                                      \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","                         \
    "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}"

static void each_algorithm_opens_what_was_encrypted_to_its_key_alone(void **state)
{
    (void)state;
    str plains[] = {STR(""), STR("x"), STR("0123456789abcdef"), STR("{\"sub\":\"ភាសាខ្មែរ\"}"),
                    (str){arena_alloc(arena, 5000), 5000}};
    for (size_t a = 0; a < COUNT_OF(algs); a++)
        for (size_t e = 0; e < COUNT_OF(encs); e++)
            for (size_t i = 0; i < COUNT_OF(plains); i++) {
                str plain, jwe = jwe_encrypt(arena, keys[a], encs[e], "JWT", plains[i]);
                struct jwe_parts parts;
                assert_true(opens(keys[a], jwe, &plain));
                assert_true(str_eq(plain, plains[i]));
                assert_true(is_refused(others[a], jwe));
                assert_true(is_refused(keys[1 - a], jwe));
                assert_true(jwe_parse(arena, jwe, MAX, &parts));
                assert_true(parts.alg == algs[a] && parts.enc == encs[e] && str_is(parts.cty, "JWT"));
                assert_true(str_eq(parts.kid, jose_key_id(keys[a])));
            }
}

static void two_encryptions_of_one_text_share_nothing(void **state)
{
    (void)state;
    for (size_t a = 0; a < COUNT_OF(algs); a++) {
        str one[5], two[5];
        split(jwe_encrypt(arena, keys[a], ENC_A256GCM, NULL, STR("hello")), one);
        split(jwe_encrypt(arena, keys[a], ENC_A256GCM, NULL, STR("hello")), two);
        for (size_t i = algs[a] == ALG_ECDH_ES ? 2 : 1; i < 5; i++)
            assert_false(str_eq(one[i], two[i]));
    }
}

static void rfc7518_appendix_c_gives_its_key(void **state)
{
    (void)state;
    const char *why;
    unsigned char key[CONTENT_KEY_BYTES_MAX];
    struct jose_key *alice = kept(jose_key_from_jwk(object(ALICE), ALG_ECDH_ES, &why));
    struct jose_key *bob = kept(jose_key_from_jwk(object(BOB), ALG_ECDH_ES, &why));
    assert_true(agreement_key(arena, bob->pkey, alice->pkey, ENC_A128GCM, STR("Alice"), STR("Bob"), key));
    assert_str(base64url_encode(arena, str_bytes(key, 16)), "VqqN6vgjbSBcIijNcacQGg");
}

/* The content of an example in RFC 7516 appendix A, whose key management is not ours. */
static void opens_content(enum jwe_enc enc, const unsigned char key[static 32], const char *aad, const char *iv,
                          const char *ciphertext, const char *tag, const char *expected)
{
    struct jwe_parts parts = {.enc = enc, .aad = str_of(aad)};
    str plain;
    assert_true(base64url_decode(arena, str_of(iv), &parts.iv));
    assert_true(base64url_decode(arena, str_of(ciphertext), &parts.ciphertext));
    assert_true(base64url_decode(arena, str_of(tag), &parts.tag));
    assert_true(content_decrypt(arena, &parts, key, &plain));
    assert_str(plain, expected);
    unsigned char made[CONTENT_TAG_BYTES];
    str again = content_encrypt(arena, enc, key, (const unsigned char *)parts.iv.p, parts.aad, str_of(expected), made);
    assert_true(str_eq(again, parts.ciphertext) && str_eq(str_bytes(made, sizeof made), parts.tag));
}

static void rfc7516_a1_a256gcm_opens_and_is_made_bit_for_bit(void **state)
{
    (void)state;
    static const unsigned char key[32] = {177, 161, 244, 128, 84,  143, 225, 115, 63, 180, 3,
                                          255, 107, 154, 212, 246, 138, 7,   110, 91, 112, 46,
                                          34,  105, 47,  130, 203, 46,  122, 234, 64, 252};
    opens_content(ENC_A256GCM, key, "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ", "48V1_ALb6US04U3b",
                  "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A",
                  "XFBoMYUZodetZdvTiFvSkQ", "The true sign of intelligence is not knowledge but imagination.");
}

static void rfc7516_a3_a128cbc_hs256_opens_and_is_made_bit_for_bit(void **state)
{
    (void)state;
    static const unsigned char key[32] = {4,   211, 31,  197, 84,  157, 252, 254, 11, 100, 157,
                                          250, 63,  170, 106, 206, 107, 124, 212, 45, 111, 107,
                                          9,   219, 200, 177, 0,   240, 143, 156, 44, 207};
    opens_content(ENC_A128CBC_HS256, key, "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0",
                  "AxY8DCtDaGlsbGljb3RoZQ", "KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY", "U0m_YmjN04DJvceFICbCVQ",
                  "Live long and prosper.");
}

static json_t *vectors(void)
{
    char *text = arena_alloc(arena, 1 << 16);
    FILE *in = fopen(SOURCE_DIR "/tests/unit/crypto/data/jose.json", "rb");
    assert_non_null(in);
    size_t n = fread(text, 1, 1 << 16, in);
    fclose(in);
    json_t *top = json_parse_object(arena, (str){text, n}, 1 << 16);
    assert_non_null(top);
    return top;
}

/* Made by npm's jose 6, with every pair of algorithms, and with apu and apv. */
static void what_jose_encrypted_opens(void **state)
{
    (void)state;
    json_t *top = vectors(), *messages = json_object_get(top, "messages");
    assert_int_equal(json_array_size(messages), 9);
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);
        const char *why, *alg = json_string_value(json_object_get(message, "alg"));
        const json_t *jwk = json_object_get(json_object_get(top, "keys"), alg);
        struct jose_key *key = kept(jose_key_from_jwk(jwk, jose_encryption_alg_of(str_of(alg)), &why));
        str plain;
        assert_true(opens(key, json_str(message, "jwe"), &plain));
        assert_true(str_eq(plain, json_str(message, "plain")));
    }
}

static void a_changed_byte_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t a = 0; a < COUNT_OF(algs); a++)
        for (size_t e = 0; e < COUNT_OF(encs); e++) {
            str jwe = jwe_encrypt(arena, keys[a], encs[e], NULL, STR("hello"));
            for (size_t i = 0; i < jwe.n; i += 7) {
                char *changed = arena_cstr(arena, jwe);
                changed[i] = changed[i] == 'A' ? 'B' : 'A';
                assert_true(is_refused(keys[a], (str){changed, jwe.n}));
            }
        }
}

static void every_bit_of_the_tag_counts_and_so_does_its_length(void **state)
{
    (void)state;
    for (size_t e = 0; e < COUNT_OF(encs); e++) {
        struct jwe_parts parts;
        str plain, jwe = jwe_encrypt(arena, keys[0], encs[e], NULL, STR("hello"));
        assert_true(jwe_parse(arena, jwe, MAX, &parts));
        char *tag = arena_cstr(arena, parts.tag);
        parts.tag.p = tag;
        for (size_t bit = 0; bit < 8 * CONTENT_TAG_BYTES; bit++) {
            tag[bit / 8] ^= (char)(1 << bit % 8);
            assert_false(jwe_decrypt(arena, &parts, keys[0], &plain));
            tag[bit / 8] ^= (char)(1 << bit % 8);
        }
        assert_true(jwe_decrypt(arena, &parts, keys[0], &plain));
        str p[5], whole[5];
        split(jwe, p);
        split(jwe, whole);
        for (size_t n = 0; n < CONTENT_TAG_BYTES; n++) { /* OpenSSL would take 4 bytes of a GCM tag for enough */
            p[4] = base64url_encode(arena, (str){tag, n});
            assert_false(parses(joined(p)));
            p[4] = whole[4];
            p[2] = base64url_encode(arena, (str){tag, n == parts.iv.n ? n + 1 : n});
            assert_false(parses(joined(p)));
            p[2] = whole[2];
        }
    }
}

static void other_algorithms_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A256GCM\",\"p2s\":\"AAAAAAAAAAA\",\"p2c\":2147483647}",
        "{\"alg\":\"dir\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"A256KW\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"ECDH-ES+A128KW\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"RS256\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"none\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"rsa-oaep-256\",\"enc\":\"A256GCM\"}",
        "{\"alg\":[\"RSA-OAEP-256\"],\"enc\":\"A256GCM\"}",
        "{\"enc\":\"A256GCM\"}",
        "{\"alg\":\"RSA-OAEP-256\"}",
        "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A192GCM\"}",
        "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"none\"}",
        "{\"alg\":\"RSA-OAEP-256\",\"enc\":null}",
        "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A256CBC-HS512\"}",
    };
    str jwe = jwe_encrypt(arena, keys[1], ENC_A256GCM, NULL, STR("hello"));
    assert_true(parses(with_header(jwe, "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A256GCM\"}")));
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(parses(with_header(jwe, wrong[i])));
}

static void compression_and_crit_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\"zip\":\"DEF\"", "\"zip\":\"\"",       "\"zip\":null",
                                        "\"crit\":[]",     "\"crit\":[\"exp\"]", "\"enc\":\"A256GCM\"",
                                        "\"kid\":1",       "\"cty\":[\"JWT\"]"};
    str jwe = jwe_encrypt(arena, keys[1], ENC_A256GCM, NULL, STR("hello"));
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        str header = arena_printf(arena, "{\"alg\":\"RSA-OAEP-256\",\"enc\":\"A256GCM\",%s}", wrong[i]);
        assert_false(parses(with_header(jwe, header.p)));
    }
}

static void other_than_five_strict_parts_are_refused(void **state)
{
    (void)state;
    static const char *const extra[] = {"=", " ", "\n", "+", "/", "%3D", "."};
    str p[5], jwe = jwe_encrypt(arena, keys[0], ENC_A256GCM, NULL, STR("hello"));
    assert_true(parses(jwe));
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < COUNT_OF(extra); k++) {
            split(jwe, p);
            p[i] = arena_printf(arena, "%.*s%s", STR_FMT(p[i]), extra[k]);
            assert_false(parses(joined(p)));
        }
    for (size_t i = 0; i < 5; i++) {
        split(jwe, p);
        p[i] = STR("");
        assert_int_equal(parses(joined(p)), i == 1 || i == 3); /* ECDH-ES has no second part; the text may be empty */
        assert_true(i == 1 || is_refused(keys[0], joined(p)));
    }
    split(jwe, p);
    assert_false(parses(STR_NONE));
    assert_false(parses(STR("....")));
    assert_false(parses(p[0]));
    assert_false(parses((str){jwe.p, jwe.n - p[4].n - 1}));
    assert_false(jwe_is_form(STR("a.b.c")));
}

static void a_longer_text_than_allowed_is_refused(void **state)
{
    (void)state;
    struct jwe_parts parts;
    str jwe = jwe_encrypt(arena, keys[0], ENC_A256GCM, NULL, STR("hello"));
    assert_true(jwe_parse(arena, jwe, jwe.n, &parts));
    assert_false(jwe_parse(arena, jwe, jwe.n - 1, &parts));
}

static void the_second_part_is_there_for_rsa_alone(void **state)
{
    (void)state;
    str p[5], q[5];
    split(jwe_encrypt(arena, keys[0], ENC_A256GCM, NULL, STR("hello")), p);
    split(jwe_encrypt(arena, keys[1], ENC_A256GCM, NULL, STR("hello")), q);
    p[1] = q[1];
    q[1] = STR("");
    assert_false(parses(joined(p)));
    assert_false(parses(joined(q)));
}

static void apu_and_apv_are_honoured_up_to_their_limit(void **state)
{
    (void)state;
    char name[257];
    str plain;
    memset(name, 'n', sizeof name);
    assert_true(opens(keys[0], agreed_with(ALICE_EPK, "", STR(""), STR("")), &plain));
    assert_str(plain, "hello");
    assert_true(opens(
        keys[0], agreed_with(ALICE_EPK, ",\"apu\":\"QWxpY2U\",\"apv\":\"Qm9i\"", STR("Alice"), STR("Bob")), &plain));
    assert_true(is_refused(keys[0], agreed_with(ALICE_EPK, ",\"apu\":\"QWxpY2U\"", STR("Alice"), STR("Bob"))));
    assert_true(is_refused(keys[0], agreed_with(ALICE_EPK, ",\"apu\":\"QWxpY2U=\"", STR("Alice"), STR(""))));
    assert_true(is_refused(keys[0], agreed_with(ALICE_EPK, ",\"apv\":1", STR(""), STR(""))));
    for (size_t n = 256; n <= 257; n++) {
        str more = arena_printf(arena, ",\"apv\":\"%.*s\"", STR_FMT(base64url_encode(arena, (str){name, n})));
        assert_int_equal(opens(keys[0], agreed_with(ALICE_EPK, more.p, STR(""), (str){name, n}), &plain), n == 256);
    }
}

static void a_point_that_is_no_public_p256_key_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "null",
        "1",
        "[]",
        "{}",
        ALICE, /* with its private part */
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "{" RFC8037_OKP "}",
        "{" RFC7638_RSA "}",
        /* off the curve by a bit; the origin; a point of P-384; coordinates above the field */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
        "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFppo\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
        "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"__________________________________________8\","
        "\"y\":\"__________________________________________8\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\"}",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_true(is_refused(keys[0], agreed_with(wrong[i], "", STR(""), STR(""))));
}

/* The key management right, and the content key of another length than enc wants. */
static void a_content_key_of_another_length_is_refused(void **state)
{
    (void)state;
    str p[5], q[5];
    split(jwe_encrypt(arena, keys[1], ENC_A128GCM, NULL, STR("hello")), p);
    split(jwe_encrypt(arena, keys[1], ENC_A256GCM, NULL, STR("hello")), q);
    p[1] = q[1];
    assert_true(is_refused(keys[1], joined(p)));
}

static void wrapped_keys_of_any_length_and_value_fail_alike(void **state)
{
    (void)state;
    str p[5];
    split(jwe_encrypt(arena, keys[1], ENC_A256GCM, NULL, STR("hello")), p);
    char bytes[300];
    for (size_t n = 1; n < sizeof bytes; n += n < 250 ? 83 : 1)
        for (int fill = 0; fill < 256; fill += 255) {
            memset(bytes, fill, n);
            p[1] = base64url_encode(arena, (str){bytes, n});
            assert_true(is_refused(keys[1], joined(p)));
        }
}

static void keys_to_sign_with_and_public_keys_open_nothing(void **state)
{
    (void)state;
    const char *why;
    str der = jose_key_to_der(keys[1], arena);
    struct jose_key *signer = kept(jose_key_from_der(der, ALG_RS256));
    struct jose_key *public =
        kept(jose_key_from_jwk(object(arena_cstr(arena, jose_key_public_jwk(keys[1], arena))), ALG_RSA_OAEP_256, &why));
    str jwe = jwe_encrypt(arena, public, ENC_A128GCM, NULL, STR("hello")), plain;
    assert_true(opens(keys[1], jwe, &plain));
    assert_true(is_refused(signer, jwe));
    assert_true(is_refused(public, jwe));
    assert_false(is_accepted(keys[1], jws_sign(arena, signer, NULL, STR("{}"))));
}

static void names_of_content_encryption_are_exact(void **state)
{
    (void)state;
    for (size_t e = 0; e < COUNT_OF(encs); e++)
        assert_int_equal(jwe_enc_of(str_of(jwe_enc_name(encs[e]))), encs[e]);
    assert_int_equal(jwe_enc_of(STR("a256gcm")), ENC_NONE_GIVEN);
    assert_int_equal(jwe_enc_of(STR_NONE), ENC_NONE_GIVEN);
    assert_int_equal(jose_encryption_alg_of(STR("RSA1_5")), ALG_NONE_GIVEN);
    assert_int_equal(jose_encryption_alg_of(STR("ES256")), ALG_NONE_GIVEN);
    assert_int_equal(jose_alg_of(STR("ECDH-ES")), ALG_NONE_GIVEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_algorithm_opens_what_was_encrypted_to_its_key_alone),
        TEST(two_encryptions_of_one_text_share_nothing),
        TEST(rfc7518_appendix_c_gives_its_key),
        TEST(rfc7516_a1_a256gcm_opens_and_is_made_bit_for_bit),
        TEST(rfc7516_a3_a128cbc_hs256_opens_and_is_made_bit_for_bit),
        TEST(what_jose_encrypted_opens),
        TEST(a_changed_byte_anywhere_is_refused),
        TEST(every_bit_of_the_tag_counts_and_so_does_its_length),
        TEST(other_algorithms_are_refused),
        TEST(compression_and_crit_are_refused),
        TEST(other_than_five_strict_parts_are_refused),
        TEST(a_longer_text_than_allowed_is_refused),
        TEST(the_second_part_is_there_for_rsa_alone),
        TEST(apu_and_apv_are_honoured_up_to_their_limit),
        TEST(a_point_that_is_no_public_p256_key_is_refused),
        TEST(a_content_key_of_another_length_is_refused),
        TEST(wrapped_keys_of_any_length_and_value_fail_alike),
        TEST(keys_to_sign_with_and_public_keys_open_nothing),
        TEST(names_of_content_encryption_are_exact),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
