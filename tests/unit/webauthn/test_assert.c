/* Assertions (Web Authentication Level 3, section 7.2; in the FIDO Alliance's conformance tests for servers
 * …AssertionResponse-Resp-1, the response, and -3, the authenticator data, signature and counter). Client data is in
 * test_client_data.c. */
#include "unit/webauthn/authenticator.h"

static const int64_t algs[] = {-7, -8, -257};

static void each_algorithm_signs_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        struct ceremony a = assertion_of(algs[i]);
        assert_fault(asserts(&a), WEBAUTHN_OK);
        assert_int_equal(asserted.sign_count, 7);
        assert_false(asserted.backed_up);
    }
}

/* ---- the response ---- */

static enum webauthn_fault parsed(const json_t *credential)
{
    struct webauthn_assertion assertion;
    return webauthn_assertion_parse(arena, credential, &assertion);
}

static void each_part_is_base64url_and_there(void **state)
{
    (void)state;
    static const char *const parts[] = {"clientDataJSON", "authenticatorData", "signature"};
    static const char *const wrong[] = {"null", "1", "[]", "{}", "\"\"", "\"AAAA=\"", "\"A+/A\"", "\"AB\"", "\"AA A\""};
    for (size_t p = 0; p < COUNT_OF(parts); p++)
        for (size_t i = 0; i <= COUNT_OF(wrong); i++) {
            struct ceremony a = assertion_of(-7);
            json_t *credential = assertion_json(&a), *response = json_object_get(credential, "response");
            assert_fault(parsed(credential), WEBAUTHN_OK);
            if (i == 0)
                json_object_del(response, parts[p]);
            else
                json_object_set_new(response, parts[p], json_loads(wrong[i - 1], JSON_DECODE_ANY, NULL));
            assert_fault(parsed(credential), WEBAUTHN_MALFORMED);
        }
}

static void id_raw_id_type_and_response_are_as_in_a_registration(void **state)
{
    (void)state;
    static const char *const names[] = {"id", "rawId", "type", "response"};
    static const char *const wrong[] = {"null", "1", "\"\"", "\"other\"", "[]"};
    for (size_t p = 0; p < COUNT_OF(names); p++)
        for (size_t i = 0; i <= COUNT_OF(wrong); i++) {
            struct ceremony a = assertion_of(-7);
            json_t *credential = assertion_json(&a);
            if (i == 0)
                json_object_del(credential, names[p]);
            else
                json_object_set_new(credential, names[p], json_loads(wrong[i - 1], JSON_DECODE_ANY, NULL));
            assert_fault(parsed(credential), WEBAUTHN_MALFORMED);
        }
    assert_fault(parsed(NULL), WEBAUTHN_MALFORMED);
}

static void a_user_handle_has_one_to_64_bytes_or_is_not_there(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    struct webauthn_assertion assertion;
    json_t *credential = assertion_json(&a), *response = json_object_get(credential, "response");
    assert_fault(webauthn_assertion_parse(arena, credential, &assertion), WEBAUTHN_OK);
    assert_true(str_eq(assertion.user_handle, a.user_handle));
    json_object_set_new(response, "userHandle", encoded(filled('u', 64)));
    assert_fault(parsed(credential), WEBAUTHN_OK);
    json_object_set_new(response, "userHandle", encoded(filled('u', 65)));
    assert_fault(parsed(credential), WEBAUTHN_MALFORMED);
    json_object_set_new(response, "userHandle", json_string(""));
    assert_fault(parsed(credential), WEBAUTHN_MALFORMED);
    json_object_set_new(response, "userHandle", json_integer(1));
    assert_fault(parsed(credential), WEBAUTHN_MALFORMED);
    json_object_set_new(response, "userHandle", json_null());
    assert_fault(webauthn_assertion_parse(arena, credential, &assertion), WEBAUTHN_OK);
    assert_null(assertion.user_handle.p);
    json_object_del(response, "userHandle");
    assert_fault(webauthn_assertion_parse(arena, credential, &assertion), WEBAUTHN_OK);
    assert_null(assertion.user_handle.p);
}

/* ---- the authenticator data ---- */

static void another_rp_id_is_refused(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    a.rp_id = STR("evil.example");
    assert_fault(asserts(&a), WEBAUTHN_RP_ID);
    a.rp_id = STR("gov.kh");
    assert_fault(asserts(&a), WEBAUTHN_RP_ID);
}

static void who_was_not_present_or_not_verified_is_refused(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    a.flags = UV;
    assert_fault(asserts(&a), WEBAUTHN_NOT_PRESENT);
    a.flags = UP;
    assert_fault(asserts(&a), WEBAUTHN_NOT_VERIFIED);
    a.flags = 0;
    assert_fault(asserts(&a), WEBAUTHN_NOT_PRESENT);
}

static void backup_eligibility_is_as_it_was_at_registration(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    struct webauthn_known known = known_of(&a.passkey);
    a.flags |= BE;
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_FLAGS);
    known.backup_eligible = true;
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_OK);
    a.flags |= BS;
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_OK);
    assert_true(asserted.backed_up);
    a.flags = UP | UV;
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_FLAGS);
    a.flags = UP | UV | BS;
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_FLAGS);
}

static void an_assertion_brings_no_credential(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    a.flags |= AT;
    assert_fault(asserts(&a), WEBAUTHN_FLAGS);
}

static void bytes_at_the_end_are_refused_though_they_are_signed(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    a.tail = STR("x");
    assert_fault(asserts(&a), WEBAUTHN_FLAGS);
    a.flags |= ED;
    a.extensions = STR("\xa0");
    assert_fault(asserts(&a), WEBAUTHN_MALFORMED);
    a.tail = STR("");
    assert_fault(asserts(&a), WEBAUTHN_OK);
    a.extensions = STR("");
    assert_fault(asserts(&a), WEBAUTHN_FLAGS);
}

/* libfido2 knows two of them, and by itself refuses what it was not told to expect. */
static void extensions_that_nobody_asked_for_are_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        struct ceremony a = assertion_of(algs[i]);
        const str names[] = {c_text("other"), c_text("credBlob"), c_text("hmac-secret")};
        const str values[] = {c_array(3, names), c_bytes(STR("blob")), c_bytes(filled('s', 48))};
        a.flags |= ED;
        for (size_t n = 0; n <= COUNT_OF(names); n++) {
            a.extensions = c_map(n, names, values);
            assert_fault(asserts(&a), WEBAUTHN_OK);
        }
        const str reversed[] = {names[1], names[0]};
        a.extensions = c_map(2, reversed, values);
        assert_fault(asserts(&a), WEBAUTHN_MALFORMED);
    }
}

static void authenticator_data_cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    str data = authenticator_data_of(&a);
    for (size_t n = 1; n < data.n; n++) {
        a.authenticator_data = (str){data.p, n};
        assert_fault(asserts(&a), WEBAUTHN_MALFORMED);
    }
}

/* ---- the signature ---- */

static void a_signature_with_any_bit_turned_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        struct ceremony a = assertion_of(algs[i]);
        str signature = signature_of(&a);
        for (size_t k = 0; k < signature.n; k++) {
            a.signature = turned(signature, k);
            assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
        }
        a.signature = join(signature, STR("\0"));
        assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
        a.signature = (str){signature.p, signature.n - 1};
        assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
        a.signature = STR("\0");
        assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
    }
}

/* Signatures of nothing: zeros, and for ES256 r = s = 0 in DER (CVE-2022-21449). */
static void signatures_of_zeros_are_refused(void **state)
{
    (void)state;
    static const size_t sizes[] = {64, 64, 256};
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        struct ceremony a = assertion_of(algs[i]);
        a.signature = filled('\0', sizes[i]);
        assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
    }
    struct ceremony a = assertion_of(-7);
    a.signature = STR("\x30\x06\x02\x01\x00\x02\x01\x00");
    assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
}

static void each_bit_of_what_is_signed_counts(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    a.signature = signature_of(&a);
    a.more = ",\"crossOrigin\":false,\"more\":1";
    assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
    a.more = ",\"crossOrigin\": false";
    assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
    a.more = ",\"crossOrigin\":false";
    assert_fault(asserts(&a), WEBAUTHN_OK);
    a.count = 8;
    assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
    a.count = 7;
    a.flags |= RFU1;
    assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
}

static void another_keys_signature_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++)
        for (size_t k = 0; k < COUNT_OF(algs); k++) {
            struct ceremony a = assertion_of(algs[i]);
            a.signer = key_of(algs[k]);
            assert_fault(asserts(&a), i == k ? WEBAUTHN_OK : WEBAUTHN_SIGNATURE);
        }
    struct ceremony a = assertion_of(-7);
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    a.signer = other;
    assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
    EVP_PKEY_free(other);
}

static void another_digest_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i += 2) {
        struct ceremony a = assertion_of(algs[i]);
        a.signature = sign_with(a.signer, EVP_sha512(), signed_bytes_of(&a));
        assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
        a.signature = sign_with(a.signer, EVP_sha1(), signed_bytes_of(&a));
        assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
    }
}

/* ---- what is known of the passkey ---- */

static void another_credential_id_is_refused(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    struct webauthn_known known = known_of(&a.passkey);
    known.credential_id = STR("another credential");
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_CREDENTIAL);
}

static void an_algorithm_other_than_the_registered_one_is_refused(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    struct webauthn_known known = known_of(&a.passkey);
    known.alg = -8;
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_ALGORITHM);
    known.alg = 0;
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_ALGORITHM);
}

/* ---- the counter ---- */

static enum webauthn_fault counted(int64_t before, uint32_t now)
{
    struct ceremony a = assertion_of(-7);
    struct webauthn_known known = known_of(&a.passkey);
    known.sign_count = before;
    a.count = now;
    return asserts_as(assertion_json(&a), &known);
}

static void a_counter_that_grows_or_stays_zero_is_fine(void **state)
{
    (void)state;
    assert_fault(counted(0, 0), WEBAUTHN_OK);
    assert_fault(counted(0, 1), WEBAUTHN_OK);
    assert_fault(counted(7, 8), WEBAUTHN_OK);
    assert_fault(counted(7, UINT32_MAX), WEBAUTHN_OK);
    assert_true(asserted.sign_count == UINT32_MAX);
}

static void a_counter_that_does_not_grow_tells_of_a_copy(void **state)
{
    (void)state;
    assert_fault(counted(7, 7), WEBAUTHN_COUNTER);
    assert_fault(counted(7, 6), WEBAUTHN_COUNTER);
    assert_fault(counted(7, 0), WEBAUTHN_COUNTER);
    assert_fault(counted(UINT32_MAX, 0), WEBAUTHN_COUNTER);
    assert_int_equal(asserted.sign_count, 0);
}

/* Whoever can't sign must not be able to have a passkey taken for copied. */
static void a_copy_is_told_of_only_when_all_else_holds(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    a.count = 1;
    assert_fault(asserts(&a), WEBAUTHN_COUNTER);
    a.signature = turned(signature_of(&a), 20);
    assert_fault(asserts(&a), WEBAUTHN_SIGNATURE);
    a.challenge = STR("another");
    assert_fault(asserts(&a), WEBAUTHN_CHALLENGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_algorithm_signs_in),
        TEST(each_part_is_base64url_and_there),
        TEST(id_raw_id_type_and_response_are_as_in_a_registration),
        TEST(a_user_handle_has_one_to_64_bytes_or_is_not_there),
        TEST(another_rp_id_is_refused),
        TEST(who_was_not_present_or_not_verified_is_refused),
        TEST(backup_eligibility_is_as_it_was_at_registration),
        TEST(an_assertion_brings_no_credential),
        TEST(bytes_at_the_end_are_refused_though_they_are_signed),
        TEST(extensions_that_nobody_asked_for_are_passed_over),
        TEST(authenticator_data_cut_off_anywhere_is_refused),
        TEST(a_signature_with_any_bit_turned_is_refused),
        TEST(signatures_of_zeros_are_refused),
        TEST(each_bit_of_what_is_signed_counts),
        TEST(another_keys_signature_is_refused),
        TEST(another_digest_is_refused),
        TEST(another_credential_id_is_refused),
        TEST(an_algorithm_other_than_the_registered_one_is_refused),
        TEST(a_counter_that_grows_or_stays_zero_is_fine),
        TEST(a_counter_that_does_not_grow_tells_of_a_copy),
        TEST(a_copy_is_told_of_only_when_all_else_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
