#include "unit/crypto/support.h"

#include <string.h>

#define SECRET "0123456789abcdef0123456789abcdef"

static struct jose_secret secret_of(const char *text)
{
    struct jose_secret secret;
    assert_true(jose_secret_of(str_of(text), &secret));
    return secret;
}

static str mac_with(str secret, const char *header)
{
    unsigned char tag[SHA256_BYTES];
    str input = arena_printf(arena, "%.*s.e30", STR_FMT(base64url_encode(arena, str_of(header))));
    hmac_sha256(secret, input, tag);
    return arena_printf(arena, "%.*s.%.*s", STR_FMT(input),
                        STR_FMT(base64url_encode(arena, str_bytes(tag, sizeof tag))));
}

static bool is_right(str token, struct jose_secret secret)
{
    struct jws_parts parts;
    return jws_parse(arena, token, 16384, &parts) && jws_verify_hmac(&parts, secret);
}

static void rfc7515_a1_is_accepted(void **state)
{
    (void)state;
    struct jose_secret secret;
    str key;
    assert_true(base64url_decode(
        arena, STR("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"), &key));
    assert_true(jose_secret_of(key, &secret));
    assert_true(is_right(STR("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
                             "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0c"
                             "nVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
                         secret));
}

static void another_secret_a_changed_tag_and_another_length_are_refused(void **state)
{
    (void)state;
    str token = mac_with(STR(SECRET), "{\"alg\":\"HS256\"}");
    assert_true(is_right(token, secret_of(SECRET)));
    assert_false(is_right(token, secret_of("0123456789abcdef0123456789abcdeX")));
    struct jws_parts parts;
    assert_true(jws_parse(arena, token, 16384, &parts));
    str right = parts.signature;
    char *longer = arena_alloc(arena, 64);
    memcpy(longer, right.p, right.n);
    for (size_t n = 1; n <= 64; n++) {
        parts.signature = (str){longer, n};
        assert_int_equal(jws_verify_hmac(&parts, secret_of(SECRET)), n == right.n);
    }
    parts.signature = (str){longer, right.n};
    for (size_t bit = 0; bit < 256; bit++) {
        longer[bit / 8] ^= (char)(1 << bit % 8);
        assert_false(jws_verify_hmac(&parts, secret_of(SECRET)));
        longer[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void a_secret_below_32_bytes_is_none(void **state)
{
    (void)state;
    struct jose_secret secret;
    assert_false(jose_secret_of(STR("0123456789abcdef0123456789abcde"), &secret));
    assert_false(is_right(mac_with(STR("0123456789abcdef0123456789abcde"), "{\"alg\":\"HS256\"}"), secret));
    assert_false(jose_secret_of(STR_NONE, &secret));
    assert_false(is_right(mac_with(STR(""), "{\"alg\":\"HS256\"}"), secret));
}

static void a_header_that_names_another_alg_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"{\"alg\":\"ES256\"}", "{\"alg\":\"RS256\"}", "{\"alg\":\"HS384\"}",
                                        "{\"alg\":\"HS512\"}", "{\"alg\":\"none\"}",  "{\"alg\":\"hs256\"}"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(is_right(mac_with(STR(SECRET), wrong[i]), secret_of(SECRET)));
}

static void a_key_pair_never_stands_in_for_the_secret(void **state)
{
    (void)state;
    struct jose_key *key = kept(jose_key_generate(ALG_ES256));
    assert_false(is_right(jws_sign(arena, key, NULL, STR("{}")), secret_of(SECRET)));
    assert_false(is_accepted(key, mac_with(jose_key_public_pem(key, arena), "{\"alg\":\"HS256\"}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rfc7515_a1_is_accepted),
        TEST(another_secret_a_changed_tag_and_another_length_are_refused),
        TEST(a_secret_below_32_bytes_is_none),
        TEST(a_header_that_names_another_alg_is_refused),
        TEST(a_key_pair_never_stands_in_for_the_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
