#include "unit/crypto/support.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <pthread.h>
#include <string.h>

static str hex(const unsigned char *bytes, size_t n)
{
    return hex_encode(arena, str_bytes(bytes, n));
}

static void sha256_gives_fips_180_examples(void **state)
{
    (void)state;
    assert_str(hex_encode(arena, sha256_key(arena, STR("abc"))),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const char *empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_str(hex_encode(arena, sha256_key(arena, STR(""))), empty);
    assert_str(hex_encode(arena, sha256_key(arena, STR_NONE)), empty);
}

static void hmac_gives_rfc4231_cases(void **state)
{
    (void)state;
    unsigned char key[131], out[32];
    memset(key, 0x0b, 20);
    hmac_sha256(str_bytes(key, 20), STR("Hi There"), out);
    assert_str(hex(out, 32), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), out);
    assert_str(hex(out, 32), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    hmac_sha256(str_bytes(key, sizeof key), STR("Test Using Larger Than Block-Size Key - Hash Key First"), out);
    assert_str(hex(out, 32), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void hmac_with_an_empty_key_does_not_reuse_the_last_one(void **state)
{
    (void)state;
    unsigned char first[32], second[32];
    hmac_sha256(STR("one"), STR(""), first);
    hmac_sha256(STR_NONE, STR(""), first);
    hmac_sha256(STR("two"), STR(""), second);
    hmac_sha256(STR(""), STR(""), second);
    assert_memory_equal(first, second, 32);
    assert_str(hex(first, 32), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void hkdf_gives_rfc5869_case_3(void **state)
{
    (void)state;
    unsigned char secret[22], out[42];
    memset(secret, 0x0b, sizeof secret);
    hkdf_sha256(str_bytes(secret, sizeof secret), STR(""), out, sizeof out);
    assert_str(hex(out, sizeof out),
               "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void hkdf_agrees_with_openssl_for_any_length(void **state)
{
    (void)state;
    unsigned char ours[200], theirs[200];
    char digest[] = "SHA256", secret[] = "a secret of some length", info[] = "konsao purpose";
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, strlen(secret)),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, strlen(info)),
                           OSSL_PARAM_construct_end()};
    static const size_t lengths[] = {1, 31, 32, 33, 64, 200};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        assert_true(EVP_KDF_derive(ctx, theirs, lengths[i], params) == 1);
        hkdf_sha256(str_of(secret), str_of(info), ours, lengths[i]);
        assert_memory_equal(ours, theirs, lengths[i]);
    }
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void base64url_gives_rfc4648_examples_without_padding(void **state)
{
    (void)state;
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const text[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        str bytes;
        assert_str(base64url_encode(arena, str_of(plain[i])), text[i]);
        assert_true(base64url_decode(arena, str_of(text[i]), &bytes));
        assert_str(bytes, plain[i]);
    }
}

static void base64url_round_trips_every_byte(void **state)
{
    (void)state;
    char all[256];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)i;
    for (size_t n = 250; n <= sizeof all; n++) {
        str bytes;
        assert_true(base64url_decode(arena, base64url_encode(arena, (str){all, n}), &bytes));
        assert_true(str_eq(bytes, (str){all, n}));
    }
}

static void base64url_refuses_padding_space_other_alphabet_and_stray_bits(void **state)
{
    (void)state;
    static const char *const wrong[] = {"Zg==", "Zm8=", "Z",  "Zm9vY", " Zg",  "Zg ",    "Zm\n9v",   "Zm9v\r\n",
                                        "a+/b", "a/",   "Zh", "Zm9",   "Zm8.", "Zm\t9v", "\xc3\xa9", "Zg\x80"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        str bytes;
        assert_false(base64url_decode(arena, str_of(wrong[i]), &bytes));
    }
    str bytes;
    assert_false(base64url_decode(arena, (str){"Zm9v\0", 5}, &bytes));
}

static void base64_wants_its_padding_and_its_alphabet(void **state)
{
    (void)state;
    static const char *const wrong[] = {"Zg",   "Zg=",  "Zg===", "Z===",     "====", "=",
                                        "Zm=v", "Zh==", "a-_b",  "Zg==Zg==", "Zg= ="};
    str bytes;
    assert_true(base64_decode(arena, STR("Zm9vYg=="), &bytes));
    assert_str(bytes, "foob");
    assert_true(base64_decode(arena, STR("+/+/"), &bytes));
    assert_true(base64_decode(arena, STR(""), &bytes));
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(base64_decode(arena, str_of(wrong[i]), &bytes));
}

static void secret_equal_compares_all_bytes_and_the_length(void **state)
{
    (void)state;
    assert_true(secret_equal(STR("same"), STR("same")));
    assert_true(secret_equal(STR_NONE, STR("")));
    assert_false(secret_equal(STR("same"), STR("samf")));
    assert_false(secret_equal(STR("same"), STR("same ")));
    assert_false(secret_equal(STR(""), STR("x")));
}

static void random_tokens_differ_and_have_their_length(void **state)
{
    (void)state;
    str a = random_token(arena, 32), b = random_token(arena, 32);
    assert_int_equal(a.n, 43);
    assert_false(str_eq(a, b));
}

static void a_uuid_has_version_4_and_its_variant(void **state)
{
    (void)state;
    for (int i = 0; i < 64; i++) {
        str uuid = random_uuid(arena);
        assert_int_equal(uuid.n, 36);
        for (size_t at = 0; at < uuid.n; at++)
            assert_true(at == 8 || at == 13 || at == 18 || at == 23 ? uuid.p[at] == '-'
                                                                    : strchr("0123456789abcdef", uuid.p[at]) != NULL);
        assert_int_equal(uuid.p[14], '4');
        assert_non_null(strchr("89ab", uuid.p[19]));
    }
}

static void what_was_sealed_opens_only_with_key_context_and_every_bit(void **state)
{
    (void)state;
    unsigned char key[32] = {1}, other[32] = {2};
    str sealed = seal(arena, key, STR("context"), STR("plain")), plain;
    assert_int_equal(sealed.n, 12 + 5 + 16);
    assert_true(unseal(arena, key, STR("context"), sealed, &plain));
    assert_str(plain, "plain");
    assert_false(unseal(arena, other, STR("context"), sealed, &plain));
    assert_false(unseal(arena, key, STR("contexT"), sealed, &plain));
    assert_false(unseal(arena, key, STR(""), sealed, &plain));
    for (size_t i = 0; i < sealed.n * 8; i++) {
        char *changed = arena_cstr(arena, sealed);
        changed[i / 8] = (char)(changed[i / 8] ^ 1 << i % 8);
        assert_false(unseal(arena, key, STR("context"), (str){changed, sealed.n}, &plain));
    }
    for (size_t n = 0; n < sealed.n; n++)
        assert_false(unseal(arena, key, STR("context"), (str){sealed.p, n}, &plain));
    assert_true(unseal(arena, key, STR("context"), sealed, &plain)); /* failures leave nothing behind */
}

static void nothing_can_be_sealed_too(void **state)
{
    (void)state;
    unsigned char key[32] = {1};
    str plain;
    assert_true(unseal(arena, key, STR(""), seal(arena, key, STR(""), STR("")), &plain));
    assert_int_equal(plain.n, 0);
}

static void each_seal_has_its_own_nonce(void **state)
{
    (void)state;
    unsigned char key[32] = {1};
    str a = seal(arena, key, STR(""), STR("same")), b = seal(arena, key, STR(""), STR("same"));
    assert_memory_not_equal(a.p, b.p, 12);
    assert_memory_not_equal(a.p + 12, b.p + 12, 4);
}

static void what_is_sealed_under_a_secret_needs_secret_and_purpose(void **state)
{
    (void)state;
    str sealed = seal_under(arena, STR("token"), STR("claims"), STR("a name")), plain;
    assert_true(unseal_under(arena, STR("token"), STR("claims"), sealed, &plain));
    assert_str(plain, "a name");
    assert_false(unseal_under(arena, STR("tokeN"), STR("claims"), sealed, &plain));
    assert_false(unseal_under(arena, STR("token"), STR("session"), sealed, &plain));
    assert_false(unseal_under(arena, STR(""), STR("claims"), sealed, &plain));
    assert_false(unseal_under(arena, STR("token"), STR("claims"), STR_NONE, &plain));
}

static void *digest_often(void *out)
{
    for (int i = 0; i < 2000; i++) {
        unsigned char digest[32];
        sha256(STR("abc"), digest);
        hmac_sha256(STR("key"), str_bytes(digest, 32), out);
    }
    return NULL;
}

static void threads_do_not_share_contexts(void **state)
{
    (void)state;
    unsigned char out[4][32];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, digest_often, out[i]), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 1; i < 4; i++)
        assert_memory_equal(out[0], out[i], 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sha256_gives_fips_180_examples),
        TEST(hmac_gives_rfc4231_cases),
        TEST(hmac_with_an_empty_key_does_not_reuse_the_last_one),
        TEST(hkdf_gives_rfc5869_case_3),
        TEST(hkdf_agrees_with_openssl_for_any_length),
        TEST(base64url_gives_rfc4648_examples_without_padding),
        TEST(base64url_round_trips_every_byte),
        TEST(base64url_refuses_padding_space_other_alphabet_and_stray_bits),
        TEST(base64_wants_its_padding_and_its_alphabet),
        TEST(secret_equal_compares_all_bytes_and_the_length),
        TEST(random_tokens_differ_and_have_their_length),
        TEST(a_uuid_has_version_4_and_its_variant),
        TEST(what_was_sealed_opens_only_with_key_context_and_every_bit),
        TEST(nothing_can_be_sealed_too),
        TEST(each_seal_has_its_own_nonce),
        TEST(what_is_sealed_under_a_secret_needs_secret_and_purpose),
        TEST(threads_do_not_share_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
