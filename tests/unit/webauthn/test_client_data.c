/* Client data, of registrations and of assertions alike (Web Authentication Level 3, sections 7.1 and 7.2; in the FIDO
 * Alliance's conformance tests …AttestationResponse-Resp-2 and …AssertionResponse-Resp-2). */
#include "unit/webauthn/authenticator.h"

/* The same client data in both ceremonies: both must say `expected`. */
static void expect_text(const char *text, enum webauthn_fault expected)
{
    struct ceremony c = registration_of(-7), a = assertion_of(-7);
    str encoded_challenge = base64url_encode(arena, challenge);
    struct buf create = buf_new(arena, 256), get = buf_new(arena, 256);
    for (const char *p = text; *p; p++) {
        if (*p == 'T') {
            buf_add(&create, STR("webauthn.create"));
            buf_add(&get, STR("webauthn.get"));
        } else {
            buf_add(&create, *p == 'C' ? encoded_challenge : (str){p, 1});
            buf_add(&get, *p == 'C' ? encoded_challenge : (str){p, 1});
        }
    }
    c.client_data = buf_str(&create);
    a.client_data = buf_str(&get);
    assert_fault(registers(&c), expected);
    assert_fault(asserts(&a), expected);
}

/* T stands for the type, C for the challenge. */
#define ORIGIN "\"origin\":\"https://id.gov.kh\""
#define WITH(members) "{\"type\":\"T\",\"challenge\":\"C\"," members "}"

static void what_a_browser_says_is_taken(void **state)
{
    (void)state;
    expect_text(WITH(ORIGIN), WEBAUTHN_OK);
    expect_text(WITH(ORIGIN ",\"crossOrigin\":false"), WEBAUTHN_OK);
    expect_text(WITH("\"other_keys_can_be_added_here\":\"do not compare it against a template\"," ORIGIN), WEBAUTHN_OK);
    expect_text(" {\n\"challenge\" : \"C\",\t" ORIGIN ", \"type\": \"T\" } ", WEBAUTHN_OK);
}

static void what_is_no_json_object_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"x",
                                        "{",
                                        "[]",
                                        "null",
                                        "\"T\"",
                                        "{\"type\":\"T\",\"challenge\":\"C\"," ORIGIN,
                                        WITH(ORIGIN) "x",
                                        WITH(ORIGIN) WITH(ORIGIN),
                                        "\xef\xbb\xbf" WITH(ORIGIN),
                                        WITH(ORIGIN ",\"x\":\"\xff\""),
                                        WITH(ORIGIN ",\"x\":\"\\u0000\""),
                                        WITH(ORIGIN ",\"x\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"),
                                        WITH(ORIGIN ",")};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        expect_text(texts[i], WEBAUTHN_MALFORMED);
}

static void a_member_that_comes_twice_is_refused(void **state)
{
    (void)state;
    expect_text(WITH(ORIGIN "," ORIGIN), WEBAUTHN_MALFORMED);
    expect_text(WITH("\"challenge\":\"C\"," ORIGIN), WEBAUTHN_MALFORMED);
    expect_text(WITH("\"origin\":\"https://evil.example\"," ORIGIN), WEBAUTHN_MALFORMED);
}

static void type_challenge_and_origin_are_there_and_texts(void **state)
{
    (void)state;
    expect_text("{\"challenge\":\"C\"," ORIGIN "}", WEBAUTHN_MALFORMED);
    expect_text("{\"type\":1,\"challenge\":\"C\"," ORIGIN "}", WEBAUTHN_MALFORMED);
    expect_text("{\"type\":[\"T\"],\"challenge\":\"C\"," ORIGIN "}", WEBAUTHN_MALFORMED);
    expect_text("{\"type\":\"T\"," ORIGIN "}", WEBAUTHN_MALFORMED);
    expect_text("{\"type\":\"T\",\"challenge\":{}," ORIGIN "}", WEBAUTHN_MALFORMED);
    expect_text("{\"type\":\"T\",\"challenge\":\"C\"}", WEBAUTHN_MALFORMED);
    expect_text(WITH("\"origin\":null"), WEBAUTHN_MALFORMED);
    expect_text(WITH("\"origin\":[\"https://id.gov.kh\"]"), WEBAUTHN_MALFORMED);
}

static void the_type_is_of_this_ceremony(void **state)
{
    (void)state;
    static const char *const types[] = {"", "webauthn", "webauthn.create ", "Webauthn.Get", "payment.get"};
    for (size_t i = 0; i < COUNT_OF(types); i++)
        expect_text(arena_printf(arena, "{\"type\":\"%s\",\"challenge\":\"C\"," ORIGIN "}", types[i]).p, WEBAUTHN_TYPE);
    struct ceremony c = registration_of(-7), a = assertion_of(-7);
    c.type = "webauthn.get";
    a.type = "webauthn.create";
    assert_fault(registers(&c), WEBAUTHN_TYPE);
    assert_fault(asserts(&a), WEBAUTHN_TYPE);
}

static void another_challenge_is_refused(void **state)
{
    (void)state;
    const str others[] = {STR(""),
                          STR("another challenge"),
                          turned(challenge, 0),
                          turned(challenge, challenge.n - 1),
                          join(challenge, STR("x")),
                          {challenge.p, challenge.n - 1}};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct ceremony c = registration_of(-7), a = assertion_of(-7);
        c.challenge = a.challenge = others[i];
        assert_fault(registers(&c), WEBAUTHN_CHALLENGE);
        assert_fault(asserts(&a), WEBAUTHN_CHALLENGE);
    }
}

static void the_challenge_in_another_encoding_is_refused(void **state)
{
    (void)state;
    expect_text("{\"type\":\"T\",\"challenge\":\"C=\"," ORIGIN "}", WEBAUTHN_CHALLENGE);
    expect_text("{\"type\":\"T\",\"challenge\":\"C==\"," ORIGIN "}", WEBAUTHN_CHALLENGE);
    expect_text("{\"type\":\"T\",\"challenge\":\" C\"," ORIGIN "}", WEBAUTHN_CHALLENGE);
    expect_text("{\"type\":\"T\",\"challenge\":\"forty bytes of challenge, or thereabouts\"," ORIGIN "}",
                WEBAUTHN_CHALLENGE);
}

/* A caller that has none to compare with must not find one that is empty as well. */
static void no_challenge_is_never_the_right_one(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.challenge = STR("");
    json_t *credential = registration_json(c.passkey.id, client_data_of(&c), attestation_object_of(&c));
    assert_fault(webauthn_create(arena, &site, credential, STR(""), &created), WEBAUTHN_CHALLENGE);
    assert_fault(webauthn_create(arena, &site, credential, STR_NONE, &created), WEBAUTHN_CHALLENGE);
}

static void another_origin_is_refused(void **state)
{
    (void)state;
    static const char *const origins[] = {"",
                                          "https://evil.example",
                                          "http://id.gov.kh",
                                          "https://id.gov.kh:8443",
                                          "https://id.gov.kh:443",
                                          "https://id.gov.kh/",
                                          "https://ID.gov.kh",
                                          "https://id.gov.kh.evil.example",
                                          "https://a.id.gov.kh",
                                          "https://gov.kh",
                                          "id.gov.kh",
                                          "null",
                                          "android:apk-key-hash:three",
                                          "android:apk-key-hash:one android:apk-key-hash:two"};
    for (size_t i = 0; i < COUNT_OF(origins); i++) {
        struct ceremony c = registration_of(-7), a = assertion_of(-7);
        c.origin = a.origin = str_of(origins[i]);
        assert_fault(registers(&c), WEBAUTHN_ORIGIN);
        assert_fault(asserts(&a), WEBAUTHN_ORIGIN);
    }
}

static void the_origins_of_the_operators_apps_are_taken(void **state)
{
    (void)state;
    expect_text(WITH("\"origin\":\"android:apk-key-hash:one\""), WEBAUTHN_OK);
    expect_text(WITH("\"origin\":\"android:apk-key-hash:two\""), WEBAUTHN_OK);
}

static void a_frame_in_another_sites_page_is_refused(void **state)
{
    (void)state;
    expect_text(WITH(ORIGIN ",\"crossOrigin\":true"), WEBAUTHN_ORIGIN);
    expect_text(WITH(ORIGIN ",\"crossOrigin\":false,\"topOrigin\":\"https://evil.example\""), WEBAUTHN_ORIGIN);
    expect_text(WITH(ORIGIN ",\"topOrigin\":\"https://id.gov.kh\""), WEBAUTHN_ORIGIN);
    expect_text(WITH(ORIGIN ",\"topOrigin\":null"), WEBAUTHN_ORIGIN);
    expect_text(WITH(ORIGIN ",\"crossOrigin\":\"false\""), WEBAUTHN_MALFORMED);
    expect_text(WITH(ORIGIN ",\"crossOrigin\":0"), WEBAUTHN_MALFORMED);
    expect_text(WITH(ORIGIN ",\"crossOrigin\":null"), WEBAUTHN_MALFORMED);
}

static void tokens_bound_to_another_connection_are_refused(void **state)
{
    (void)state;
    expect_text(WITH(ORIGIN ",\"tokenBinding\":{\"status\":\"supported\"}"), WEBAUTHN_OK);
    expect_text(WITH(ORIGIN ",\"tokenBinding\":{\"status\":\"not-supported\"}"), WEBAUTHN_OK);
    expect_text(WITH(ORIGIN ",\"tokenBinding\":{\"status\":\"present\",\"id\":\"AAAA\"}"), WEBAUTHN_MALFORMED);
    expect_text(WITH(ORIGIN ",\"tokenBinding\":{\"status\":\"other\"}"), WEBAUTHN_MALFORMED);
    expect_text(WITH(ORIGIN ",\"tokenBinding\":{}"), WEBAUTHN_MALFORMED);
    expect_text(WITH(ORIGIN ",\"tokenBinding\":\"supported\""), WEBAUTHN_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_browser_says_is_taken),
        TEST(what_is_no_json_object_is_refused),
        TEST(a_member_that_comes_twice_is_refused),
        TEST(type_challenge_and_origin_are_there_and_texts),
        TEST(the_type_is_of_this_ceremony),
        TEST(another_challenge_is_refused),
        TEST(the_challenge_in_another_encoding_is_refused),
        TEST(no_challenge_is_never_the_right_one),
        TEST(another_origin_is_refused),
        TEST(the_origins_of_the_operators_apps_are_taken),
        TEST(a_frame_in_another_sites_page_is_refused),
        TEST(tokens_bound_to_another_connection_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
