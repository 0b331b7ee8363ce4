/* Registrations (Web Authentication Level 3, section 7.1). The groups are those of the FIDO Alliance's conformance
 * tests for servers: Server-ServerAuthenticatorAttestationResponse-Resp-1 (the response), -3 (the attestation object
 * and the authenticator data), -4 (algorithms), -7 (none), and formats that we do not take (-8 to -B). Client data is
 * in test_client_data.c, packed attestation in test_attestation.c. */
#include "unit/webauthn/authenticator.h"

/* ---- what is right ---- */

static void each_algorithm_registers_and_all_of_it_is_told(void **state)
{
    (void)state;
    static const int64_t algs[] = {-7, -8, -257};
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        struct ceremony c = registration_of(algs[i]);
        assert_fault(registers(&c), WEBAUTHN_OK);
        assert_true(str_eq(created.credential_id, c.passkey.id));
        assert_true(str_eq(created.public_key, c.passkey.cose));
        assert_true(str_eq(created.aaguid, aaguid));
        assert_true(str_is(created.transports, "internal hybrid"));
        assert_int_equal(created.alg, algs[i]);
        assert_int_equal(created.sign_count, 7);
        assert_false(created.backup_eligible || created.backed_up);
    }
}

static void backup_flags_are_told(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.flags |= BE;
    assert_fault(registers(&c), WEBAUTHN_OK);
    assert_true(created.backup_eligible && !created.backed_up);
    c.flags |= BS;
    assert_fault(registers(&c), WEBAUTHN_OK);
    assert_true(created.backup_eligible && created.backed_up);
}

static void a_counter_of_32_bits_is_told(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.count = UINT32_MAX;
    assert_fault(registers(&c), WEBAUTHN_OK);
    assert_true(created.sign_count == UINT32_MAX);
}

static void credential_ids_have_one_to_1023_bytes(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 16, 1023, 1024, 65535};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct ceremony c = registration_of(-7);
        c.passkey.id = c.attested_id = filled('i', sizes[i]);
        assert_int_equal(registers(&c) == WEBAUTHN_OK, sizes[i] <= 1023);
        assert_int_equal(registers(&c) == WEBAUTHN_CREDENTIAL, sizes[i] == 1024);
    }
}

static void members_of_the_attestation_object_may_come_in_any_order(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    const str names[] = {c_text("authData"), c_text("attStmt"), c_text("fmt")};
    const str values[] = {c_bytes(authenticator_data_of(&c)), STR("\xa0"), c_text("none")};
    assert_fault(registered(registration_json(c.passkey.id, client_data_of(&c), c_map(3, names, values))), WEBAUTHN_OK);
}

static void reserved_flags_are_not_looked_at(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.flags |= RFU1 | RFU2;
    assert_fault(registers(&c), WEBAUTHN_OK);
}

static void extensions_that_nobody_asked_for_are_passed_over(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    const str names[] = {c_text("whatever"), c_text("credProtect")}, values[] = {c_array(1, names), c_int(2)};
    c.flags |= ED;
    c.extensions = c_map(2, names, values);
    assert_fault(registers(&c), WEBAUTHN_OK);
}

/* ---- the response ---- */

static json_t *right(void)
{
    struct ceremony c = registration_of(-7);
    return registration_json(c.passkey.id, client_data_of(&c), attestation_object_of(&c));
}

/* A member missing, and of every wrong type; for base64url, also in other alphabets and with padding. */
static void expect_member(const char *within, const char *name, bool is_bytes)
{
    static const char *const wrong[] = {"null", "1", "true", "[]", "{}", "\"\"", "[\"AAAA\"]"};
    static const char *const no_base64url[] = {"\"AAAA=\"", "\"AA==\"", "\"A+/A\"",  "\"AA A\"",
                                               "\"A\"",     "\"AB\"",   "\"AA\\nA\""};
    for (size_t i = 0; i <= COUNT_OF(wrong) + (is_bytes ? COUNT_OF(no_base64url) : 0); i++) {
        json_t *credential = right(), *object = within ? json_object_get(credential, within) : credential;
        if (i == 0) {
            json_object_del(object, name);
        } else {
            const char *text = i <= COUNT_OF(wrong) ? wrong[i - 1] : no_base64url[i - 1 - COUNT_OF(wrong)];
            json_object_set_new(object, name, json_loads(text, JSON_DECODE_ANY, NULL));
            if (!within && is_bytes) /* id and rawId are equal all the same */
                json_object_set_new(object, "rawId", json_loads(text, JSON_DECODE_ANY, NULL));
        }
        assert_fault(registered(credential), WEBAUTHN_MALFORMED);
    }
}

static void id_is_base64url_and_there(void **state)
{
    (void)state;
    expect_member(NULL, "id", true);
}

static void raw_id_is_there_and_the_same_as_id(void **state)
{
    (void)state;
    expect_member(NULL, "rawId", false);
    json_t *credential = right();
    json_object_set_new(credential, "rawId", encoded(STR("another credential")));
    assert_fault(registered(credential), WEBAUTHN_MALFORMED);
}

static void type_is_public_key(void **state)
{
    (void)state;
    expect_member(NULL, "type", false);
    json_t *credential = right();
    json_object_set_new(credential, "type", json_string("password"));
    assert_fault(registered(credential), WEBAUTHN_MALFORMED);
}

static void the_response_is_an_object(void **state)
{
    (void)state;
    static const char *const wrong[] = {"null", "1", "\"AAAA\"", "[]", "{}"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        json_t *credential = right();
        json_object_set_new(credential, "response", json_loads(wrong[i], JSON_DECODE_ANY, NULL));
        assert_fault(registered(credential), WEBAUTHN_MALFORMED);
    }
    assert_fault(registered(NULL), WEBAUTHN_MALFORMED);
}

static void client_data_is_base64url_and_there(void **state)
{
    (void)state;
    expect_member("response", "clientDataJSON", true);
}

static void the_attestation_object_is_base64url_and_there(void **state)
{
    (void)state;
    expect_member("response", "attestationObject", true);
}

static void extension_results_are_an_object_if_there(void **state)
{
    (void)state;
    json_t *credential = right();
    json_object_del(credential, "clientExtensionResults");
    assert_fault(registered(credential), WEBAUTHN_OK);
    json_object_set_new(credential, "clientExtensionResults", json_array());
    assert_fault(registered(credential), WEBAUTHN_MALFORMED);
}

static void of_the_transports_those_with_a_name_are_kept(void **state)
{
    (void)state;
    json_t *credential = right(), *response = json_object_get(credential, "response");
    json_object_set_new(response, "transports",
                        json_pack("[sssssss]", "usb", "nfc", "ble", "smart-card", "usb", "x y", ""));
    assert_fault(registered(credential), WEBAUTHN_OK);
    assert_true(str_is(created.transports, "usb nfc ble smart-card"));
    json_object_del(response, "transports");
    assert_fault(registered(credential), WEBAUTHN_OK);
    assert_true(str_is(created.transports, ""));
    json_object_set_new(response, "transports", json_pack("[si]", "usb", 1));
    assert_fault(registered(credential), WEBAUTHN_MALFORMED);
    json_object_set_new(response, "transports", json_string("usb"));
    assert_fault(registered(credential), WEBAUTHN_MALFORMED);
}

static void parts_larger_than_any_are_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    str object = attestation_object_of(&c), room = filled(' ', WEBAUTHN_BYTES_MAX);
    assert_fault(registered(registration_json(c.passkey.id, join(client_data_of(&c), room), object)),
                 WEBAUTHN_MALFORMED);
    assert_fault(registered(registration_json(c.passkey.id, client_data_of(&c), join(object, room))),
                 WEBAUTHN_MALFORMED);
}

/* ---- the attestation object ---- */

static enum webauthn_fault with_object(str object)
{
    struct ceremony c = registration_of(-7);
    return registered(registration_json(c.passkey.id, client_data_of(&c), object));
}

static str object_with(str format, str statement, str data)
{
    const str names[] = {c_text("fmt"), c_text("attStmt"), c_text("authData")}, values[] = {format, statement, data};
    return c_map(3, names, values);
}

static void the_attestation_object_has_its_three_members_each_of_its_type(void **state)
{
    (void)state;
    static const str empty = STR_INIT("\xa0");
    struct ceremony c = registration_of(-7);
    str data = c_bytes(authenticator_data_of(&c)), none = c_text("none");
    assert_fault(with_object(object_with(none, empty, data)), WEBAUTHN_OK);
    assert_fault(with_object(object_with(STR_NONE, empty, data)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(object_with(none, STR_NONE, data)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(object_with(none, empty, STR_NONE)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(object_with(c_bytes(STR("none")), empty, data)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(object_with(c_int(1), empty, data)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(object_with(none, c_text(""), data)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(object_with(none, STR("\x80"), data)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(object_with(none, empty, c_text("x"))), WEBAUTHN_MALFORMED);
    assert_fault(with_object(object_with(none, empty, empty)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(object_with(none, empty, c_bytes(STR("")))), WEBAUTHN_MALFORMED);
}

static void a_fourth_member_or_one_twice_is_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    str data = c_bytes(authenticator_data_of(&c));
    const str names[] = {c_text("fmt"), c_text("attStmt"), c_text("authData"), c_text("epAtt")};
    const str values[] = {c_text("none"), STR("\xa0"), data, STR("\xf5")};
    const str twice[] = {c_text("fmt"), c_text("attStmt"), c_text("authData"), c_text("fmt")};
    assert_fault(with_object(c_map(4, names, values)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(c_map(4, twice, values)), WEBAUTHN_MALFORMED);
}

static void what_is_no_cbor_map_is_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    str object = attestation_object_of(&c);
    for (size_t n = 1; n < object.n; n++)
        assert_fault(with_object((str){object.p, n}), WEBAUTHN_MALFORMED);
    assert_fault(with_object(join(object, STR("\0"))), WEBAUTHN_MALFORMED);
    assert_fault(with_object(join(object, object)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(c_array(1, &object)), WEBAUTHN_MALFORMED);
    assert_fault(with_object(STR("{\"fmt\":\"none\"}")), WEBAUTHN_MALFORMED);
    assert_fault(with_object(STR("\xbf\x63"
                                 "fmt\x64none\xff")),
                 WEBAUTHN_MALFORMED);
}

static void none_with_a_statement_is_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    const str name = c_text("sig"), value = c_bytes(STR("x"));
    c.statement = c_map(1, &name, &value);
    assert_fault(registers(&c), WEBAUTHN_ATTESTATION);
    c.statement = packed_of(&c, -7);
    assert_fault(registers(&c), WEBAUTHN_ATTESTATION);
}

static void formats_that_we_do_not_take_are_refused(void **state)
{
    (void)state;
    static const char *const formats[] = {"fido-u2f", "tpm", "android-key", "android-safetynet", "apple",
                                          "compound", "",    "None",        "nonesuch",          "packed "};
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        struct ceremony c = registration_of(-7);
        c.format = formats[i];
        assert_fault(registers(&c), WEBAUTHN_ATTESTATION);
        c.statement = packed_of(&c, -7);
        assert_fault(registers(&c), WEBAUTHN_ATTESTATION);
    }
}

/* ---- the authenticator data ---- */

static void another_rp_id_is_refused(void **state)
{
    (void)state;
    static const str others[] = {STR_INIT("gov.kh"), STR_INIT("evil.example"), STR_INIT("https://id.gov.kh"),
                                 STR_INIT("")};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct ceremony c = registration_of(-7);
        c.rp_id = others[i];
        assert_fault(registers(&c), WEBAUTHN_RP_ID);
    }
}

static void who_was_not_present_is_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.flags &= ~(unsigned)UP;
    assert_fault(registers(&c), WEBAUTHN_NOT_PRESENT);
}

static void who_was_not_verified_is_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.flags &= ~(unsigned)UV;
    assert_fault(registers(&c), WEBAUTHN_NOT_VERIFIED);
}

static void a_backup_of_what_has_none_is_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.flags |= BS;
    assert_fault(registers(&c), WEBAUTHN_FLAGS);
}

static void a_registration_without_a_credential_is_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.flags &= ~(unsigned)AT;
    assert_fault(registers(&c), WEBAUTHN_FLAGS);
    c.tail = join(aaguid, STR("\0\1x")); /* the bytes are there, the flag is not */
    assert_fault(registers(&c), WEBAUTHN_FLAGS);
}

static void extensions_are_there_when_the_flag_says_so_and_only_then(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.extensions = STR("\xa0");
    assert_fault(registers(&c), WEBAUTHN_FLAGS);
    c.flags |= ED;
    assert_fault(registers(&c), WEBAUTHN_OK);
    c.extensions = STR("");
    assert_fault(registers(&c), WEBAUTHN_FLAGS);
    c.extensions = STR("\x80"); /* no map */
    assert_fault(registers(&c), WEBAUTHN_MALFORMED);
    c.extensions = STR("\xa1\x01\x02"); /* names are texts */
    assert_fault(registers(&c), WEBAUTHN_MALFORMED);
    c.extensions = STR("\xa1\x61");
    assert_fault(registers(&c), WEBAUTHN_MALFORMED);
}

static void bytes_after_the_end_are_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.tail = STR("\0");
    assert_fault(registers(&c), WEBAUTHN_FLAGS);
    c.flags |= ED;
    c.extensions = STR("\xa0");
    assert_fault(registers(&c), WEBAUTHN_MALFORMED);
}

static void authenticator_data_cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    str data = authenticator_data_of(&c);
    for (size_t n = 0; n < data.n; n++) {
        c.authenticator_data = (str){data.p, n};
        assert_true(registers(&c) != WEBAUTHN_OK);
    }
}

static void an_id_in_the_response_other_than_the_attested_one_is_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    c.attested_id = STR("another credential's id");
    assert_fault(registers(&c), WEBAUTHN_CREDENTIAL);
    c.attested_id = STR("");
    assert_fault(registers(&c), WEBAUTHN_CREDENTIAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_algorithm_registers_and_all_of_it_is_told),
        TEST(backup_flags_are_told),
        TEST(a_counter_of_32_bits_is_told),
        TEST(credential_ids_have_one_to_1023_bytes),
        TEST(members_of_the_attestation_object_may_come_in_any_order),
        TEST(reserved_flags_are_not_looked_at),
        TEST(extensions_that_nobody_asked_for_are_passed_over),
        TEST(id_is_base64url_and_there),
        TEST(raw_id_is_there_and_the_same_as_id),
        TEST(type_is_public_key),
        TEST(the_response_is_an_object),
        TEST(client_data_is_base64url_and_there),
        TEST(the_attestation_object_is_base64url_and_there),
        TEST(extension_results_are_an_object_if_there),
        TEST(of_the_transports_those_with_a_name_are_kept),
        TEST(parts_larger_than_any_are_refused),
        TEST(the_attestation_object_has_its_three_members_each_of_its_type),
        TEST(a_fourth_member_or_one_twice_is_refused),
        TEST(what_is_no_cbor_map_is_refused),
        TEST(none_with_a_statement_is_refused),
        TEST(formats_that_we_do_not_take_are_refused),
        TEST(another_rp_id_is_refused),
        TEST(who_was_not_present_is_refused),
        TEST(who_was_not_verified_is_refused),
        TEST(a_backup_of_what_has_none_is_refused),
        TEST(a_registration_without_a_credential_is_refused),
        TEST(extensions_are_there_when_the_flag_says_so_and_only_then),
        TEST(bytes_after_the_end_are_refused),
        TEST(authenticator_data_cut_off_anywhere_is_refused),
        TEST(an_id_in_the_response_other_than_the_attested_one_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
