/* The examples of Web Authentication Level 3, section 16 (data/vectors.json has them as browsers send them): made by
 * others than we. Most are of users that were not verified, which we refuse, some of what else we do not take. */
#include "unit/webauthn/authenticator.h"
#include "webauthn/cbor.h"

static const struct webauthn_site example = {STR_INIT("example.org"), STR_INIT("https://example.org"), STR_INIT(""),
                                             STR_INIT("Example")};

static const struct {
    const char *name;
    enum webauthn_fault create, get;
} expected[] = {
    {"none-es256", WEBAUTHN_NOT_VERIFIED, WEBAUTHN_NOT_VERIFIED},
    {"packed-self-es256", WEBAUTHN_OK, WEBAUTHN_NOT_VERIFIED},
    {"none-es256-crossOrigin", WEBAUTHN_ORIGIN, WEBAUTHN_ORIGIN},
    {"none-es256-topOrigin", WEBAUTHN_ORIGIN, WEBAUTHN_ORIGIN},
    {"none-es256-long-credential-id", WEBAUTHN_NOT_VERIFIED, WEBAUTHN_OK},
    {"packed-es256", WEBAUTHN_OK, WEBAUTHN_OK},
    {"packed-es384", WEBAUTHN_NOT_VERIFIED, WEBAUTHN_ALGORITHM},
    {"packed-es512", WEBAUTHN_ALGORITHM, WEBAUTHN_NOT_VERIFIED},
    {"packed-rs256", WEBAUTHN_ALGORITHM, WEBAUTHN_NOT_VERIFIED}, /* RSA of 3482 bits; libfido2 knows 2048 */
    {"packed-eddsa", WEBAUTHN_NOT_VERIFIED, WEBAUTHN_NOT_VERIFIED},
    {"packed-ed448", WEBAUTHN_NOT_VERIFIED, WEBAUTHN_ALGORITHM},
    {"tpm-es256", WEBAUTHN_ATTESTATION, WEBAUTHN_OK},
    {"android-key-es256", WEBAUTHN_ATTESTATION, WEBAUTHN_NOT_VERIFIED},
    {"apple-es256", WEBAUTHN_NOT_VERIFIED, WEBAUTHN_NOT_VERIFIED},
    {"fido-u2f-es256", WEBAUTHN_NOT_VERIFIED, WEBAUTHN_NOT_VERIFIED},
};

static json_t *read_vectors(void)
{
    json_t *file = json_load_file(SOURCE_DIR "/tests/unit/webauthn/data/vectors.json", JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(file);
    return file;
}

static str bytes_of(const json_t *object, const char *name)
{
    str bytes;
    assert_true(base64url_decode(arena, json_str(object, name), &bytes));
    return bytes;
}

/* What stands in the attestation object, whether we would have registered it or not. */
static struct webauthn_known registered_by(const json_t *credential)
{
    struct webauthn_known known = {.credential_id = bytes_of(credential, "id")};
    struct cbor_map map;
    str data, item, rest = bytes_of(json_object_get(credential, "response"), "attestationObject");
    assert_true(cbor_take(&rest, &item) && cbor_map(item, &map) && cbor_bytes(cbor_named(&map, "authData"), &data));
    size_t before = 32 + 1 + 4 + 16 + 2 + known.credential_id.n;
    rest = (str){data.p + before, data.n - before};
    assert_true(cbor_take(&rest, &known.public_key) && cbor_map(known.public_key, &map));
    assert_true(cbor_int(cbor_numbered(&map, 3), &known.alg));
    known.backup_eligible = data.p[32] & BE;
    return known;
}

static void each_registration_gets_what_it_deserves(void **state)
{
    (void)state;
    json_t *file = read_vectors(), *vectors = json_object_get(file, "vectors");
    assert_int_equal(json_array_size(vectors), COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        const json_t *vector = json_array_get(vectors, i), *create = json_object_get(vector, "create");
        const json_t *credential = json_object_get(create, "credential");
        assert_string_equal(json_str(vector, "name").p, expected[i].name);
        assert_fault(webauthn_create(arena, &example, credential, bytes_of(create, "challenge"), &created),
                     expected[i].create);
        const struct webauthn_known known = registered_by(credential);
        if (expected[i].create == WEBAUTHN_OK)
            assert_true(str_eq(created.public_key, known.public_key) && created.alg == known.alg &&
                        created.backup_eligible == known.backup_eligible && created.sign_count == 0);
    }
    json_decref(file);
}

static void each_assertion_gets_what_it_deserves(void **state)
{
    (void)state;
    json_t *file = read_vectors(), *vectors = json_object_get(file, "vectors");
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        const json_t *vector = json_array_get(vectors, i), *get = json_object_get(vector, "get");
        const struct webauthn_known known =
            registered_by(json_object_get(json_object_get(vector, "create"), "credential"));
        struct webauthn_assertion assertion;
        assert_fault(webauthn_assertion_parse(arena, json_object_get(get, "credential"), &assertion), WEBAUTHN_OK);
        assert_fault(webauthn_assert(arena, &example, &assertion, bytes_of(get, "challenge"), &known, &asserted),
                     expected[i].get);
        assertion.signature = turned(assertion.signature, assertion.signature.n - 1);
        assert_true(webauthn_assert(arena, &example, &assertion, bytes_of(get, "challenge"), &known, &asserted) !=
                    WEBAUTHN_OK);
    }
    json_decref(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_registration_gets_what_it_deserves),
        TEST(each_assertion_gets_what_it_deserves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
