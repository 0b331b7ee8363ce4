#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/json.h"
#include "ipis/answer.h"
#include "ipis/attributes.h"

#define TRANSACTION "1b671a64-40d5-491e-99b0-da01ff1f3341"
#define TOKEN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct arena *arena;
static struct ipis_call call;
static const struct kidc kidc = {"0000005724"};

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    call = (struct ipis_call){.arena = arena, .transaction_id = STR(TRANSACTION), .relying_party = STR("portal")};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static enum ipis_result read_answer(long status, const char *body)
{
    json_t *json = NULL;
    struct answer answer = {.status = status, .content_type = STR("application/json"), .body = str_of(body)};
    return answer_read(&call, &answer, &json);
}

static json_t *parse(const char *text)
{
    json_t *json = json_parse_object(arena, str_of(text), ANSWER_BYTES_MAX);
    assert_non_null(json);
    return json;
}

static void errors_are_read_by_status_and_code(void **state)
{
    (void)state;
    assert_int_equal(read_answer(401, "{\"code\":\"WRONG_FACTOR\",\"message\":\"\",\"attemptsLeft\":3}"), IPIS_WRONG);
    assert_int_equal(call.attempts_left, 3);
    assert_int_equal(read_answer(401, "{\"code\":\"WRONG_FACTOR\",\"message\":\"\"}"), IPIS_WRONG);
    assert_int_equal(call.attempts_left, -1);
    assert_int_equal(read_answer(423, "{\"code\":\"FROZEN\",\"message\":\"\",\"retryAfter\":61}"), IPIS_FROZEN);
    assert_int_equal(call.retry_after, 61);
    assert_int_equal(read_answer(429, "{\"code\":\"TOO_MANY\",\"message\":\"\",\"retryAfter\":-1}"), IPIS_THROTTLED);
    assert_int_equal(call.retry_after, 0);
    assert_int_equal(read_answer(404, "{\"code\":\"UNKNOWN\",\"message\":\"\"}"), IPIS_UNKNOWN);
    assert_int_equal(read_answer(409, "{\"code\":\"NOT_ENROLLED\",\"message\":\"\"}"), IPIS_NOT_ENROLLED);
    assert_int_equal(read_answer(410, "{\"code\":\"EXPIRED\",\"message\":\"\"}"), IPIS_EXPIRED);
}

static void only_a_known_bar_forbids_a_person(void **state)
{
    (void)state;
    static const char *const bars[] = {"SUSPENDED", "DECEASED_FLAGGED", "CLOSED", "MINOR"};
    for (size_t i = 0; i < COUNT_OF(bars); i++) {
        str body = arena_printf(arena, "{\"code\":\"%s\",\"message\":\"\"}", bars[i]);
        assert_int_equal(read_answer(403, body.p), IPIS_FORBIDDEN);
        assert_true(str_is(call.code, bars[i]));
    }
    static const char *const others[] = {"ACCESS_DENIED", "", "SUSPENDED CLOSED", "suspended"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        str body = arena_printf(arena, "{\"code\":\"%s\",\"message\":\"\"}", others[i]);
        assert_int_equal(read_answer(403, body.p), IPIS_UNREACHABLE);
        assert_null(call.code.p);
    }
}

static void errors_in_another_form_are_not_the_registers(void **state)
{
    (void)state;
    static const long statuses[] = {100, 204, 301, 400, 401, 402, 403, 404, 405,
                                    409, 410, 418, 423, 429, 500, 502, 504};
    static const char *const bodies[] = {"",
                                         "null",
                                         "[]",
                                         "{}",
                                         "{\"code\":\"UNKNOWN\"}",
                                         "{\"message\":\"x\"}",
                                         "{\"code\":404,\"message\":\"x\"}",
                                         "{\"code\":\"A\",\"code\":\"B\",\"message\":\"x\"}",
                                         "{\"code\":\"A\",\"message\":\"x\"} trailing"};
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        for (size_t j = 0; j < COUNT_OF(bodies); j++)
            assert_int_equal(read_answer(statuses[i], bodies[j]), IPIS_UNREACHABLE);
    assert_int_equal(read_answer(400, "{\"code\":\"BAD_REQUEST\",\"message\":\"x\"}"), IPIS_UNREACHABLE);
    assert_int_equal(read_answer(500, "{\"code\":\"UNKNOWN\",\"message\":\"x\"}"), IPIS_UNREACHABLE);
}

static void an_xroad_error_outranks_every_status(void **state)
{
    (void)state;
    json_t *json = NULL;
    struct answer answer = {.status = 404,
                            .content_type = STR("application/json"),
                            .body = STR("{\"code\":\"UNKNOWN\",\"message\":\"\"}"),
                            .xroad_id = STR("id-1"),
                            .xroad_error = STR("")};
    assert_int_equal(answer_read(&call, &answer, &json), IPIS_UNREACHABLE);
    assert_true(str_is(call.xroad_id, "id-1"));
    answer.xroad_error = STR_NONE;
    answer.xroad_id = STR("bad\x01id");
    assert_int_equal(answer_read(&call, &answer, &json), IPIS_UNKNOWN);
    assert_null(call.xroad_id.p);
}

static void a_code_is_sent_only_for_our_transaction(void **state)
{
    (void)state;
    int64_t expires_in = 0;
    assert_true(answer_otp(&call,
                           parse("{\"transactionId\":\"" TRANSACTION "\",\"maskedContact\":\"•1\",\"expiresIn\":180}"),
                           &expires_in));
    assert_int_equal(expires_in, 180);
    static const char *const bad[] = {
        "{\"transactionId\":\"another\",\"maskedContact\":\"•1\",\"expiresIn\":180}",
        "{\"maskedContact\":\"•1\",\"expiresIn\":180}",
        "{\"transactionId\":\"" TRANSACTION "\",\"expiresIn\":180}",
        "{\"transactionId\":\"" TRANSACTION "\",\"maskedContact\":\"•1\"}",
        "{\"transactionId\":\"" TRANSACTION "\",\"maskedContact\":\"•1\",\"expiresIn\":\"180\"}",
        "{\"transactionId\":\"" TRANSACTION "\",\"maskedContact\":\"•1\",\"expiresIn\":0}",
        "{\"transactionId\":\"" TRANSACTION "\",\"maskedContact\":\"•1\",\"expiresIn\":-5}",
        "{\"transactionId\":\"" TRANSACTION "\",\"maskedContact\":\"•1\",\"expiresIn\":1e9}",
        "{\"transactionId\":\"" TRANSACTION "\",\"maskedContact\":\"•1\",\"expiresIn\":999999}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(answer_otp(&call, parse(bad[i]), &expires_in));
}

static void a_new_authenticator_has_an_id_and_a_token_that_can_be_sent_back(void **state)
{
    (void)state;
    str id, token;
    assert_true(answer_authenticator(arena, parse("{\"authenticatorId\":\"a-1\",\"authenticatorToken\":\"" TOKEN "\"}"),
                                     &id, &token));
    assert_true(str_is(id, "a-1"));
    assert_true(str_is(token, TOKEN));
    static const char *const bad[] = {
        "{}",
        "{\"authenticatorId\":\"a-1\"}",
        "{\"authenticatorToken\":\"" TOKEN "\"}",
        "{\"authenticatorId\":\"\",\"authenticatorToken\":\"" TOKEN "\"}",
        "{\"authenticatorId\":1,\"authenticatorToken\":\"" TOKEN "\"}",
        "{\"authenticatorId\":\"a 1\",\"authenticatorToken\":\"" TOKEN "\"}",
        "{\"authenticatorId\":\"a&transactionId=2\",\"authenticatorToken\":\"" TOKEN "\"}",
        "{\"authenticatorId\":\"a/../b\",\"authenticatorToken\":\"" TOKEN "\"}",
        "{\"authenticatorId\":\"" TOKEN TOKEN "\",\"authenticatorToken\":\"" TOKEN "\"}",
        "{\"authenticatorId\":\"a-1\",\"authenticatorToken\":\"short\"}",
        "{\"authenticatorId\":\"a-1\",\"authenticatorToken\":\"" TOKEN "\\r\\nX: y\"}",
        "{\"authenticatorId\":\"a-1\",\"authenticatorToken\":null}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(answer_authenticator(arena, parse(bad[i]), &id, &token));
}

static enum ipis_result proof_of(const char *text, struct ipis_proof *out)
{
    *out = (struct ipis_proof){0};
    call.code = STR_NONE;
    return answer_proof(&call, parse(text), "otp", out);
}

#define PROOF(authenticated, factors, at, token, status)                                                               \
    "{\"authenticated\":" authenticated ",\"factors\":" factors ",\"authenticatedAt\":" at ",\"kycToken\":" token      \
    ",\"status\":" status "}"

static void a_sign_in_needs_every_part_of_the_proof(void **state)
{
    (void)state;
    struct ipis_proof proof;
    assert_int_equal(proof_of(PROOF("true", "[\"otp\"]", "1700000000", "\"" TOKEN "\"", "\"ACTIVE\""), &proof),
                     IPIS_OK);
    assert_true(str_is(proof.kyc_token, TOKEN));
    assert_int_equal(proof.kyc_expires_at, 0);
    static const char *const bad[] = {
        "{}",
        PROOF("false", "[\"otp\"]", "1700000000", "\"" TOKEN "\"", "\"ACTIVE\""),
        PROOF("\"true\"", "[\"otp\"]", "1700000000", "\"" TOKEN "\"", "\"ACTIVE\""),
        PROOF("1", "[\"otp\"]", "1700000000", "\"" TOKEN "\"", "\"ACTIVE\""),
        PROOF("true", "[]", "1700000000", "\"" TOKEN "\"", "\"ACTIVE\""),
        PROOF("true", "[\"demographic\"]", "1700000000", "\"" TOKEN "\"", "\"ACTIVE\""),
        PROOF("true", "\"otp\"", "1700000000", "\"" TOKEN "\"", "\"ACTIVE\""),
        PROOF("true", "[\"otp\"]", "0", "\"" TOKEN "\"", "\"ACTIVE\""),
        PROOF("true", "[\"otp\"]", "\"2026-01-01\"", "\"" TOKEN "\"", "\"ACTIVE\""),
        PROOF("true", "[\"otp\"]", "1700000000", "\"\"", "\"ACTIVE\""),
        PROOF("true", "[\"otp\"]", "1700000000", "\"short\"", "\"ACTIVE\""),
        PROOF("true", "[\"otp\"]", "1700000000", "\"aaaaaaaaaaaaaaaa\\r\\nX: y\"", "\"ACTIVE\""),
        PROOF("true", "[\"otp\"]", "1700000000", "\"" TOKEN "\"", "\"active\""),
        PROOF("true", "[\"otp\"]", "1700000000", "\"" TOKEN "\"", "null"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(proof_of(bad[i], &proof), IPIS_UNREACHABLE);
        assert_null(proof.kyc_token.p);
    }
}

static void a_proof_is_of_the_factor_that_was_presented(void **state)
{
    (void)state;
    static const char by_authenticator[] =
        PROOF("true", "[\"authenticator\"]", "1700000000", "\"" TOKEN "\"", "\"ACTIVE\"");
    struct ipis_proof proof;
    assert_int_equal(proof_of(by_authenticator, &proof), IPIS_UNREACHABLE);
    assert_int_equal(answer_proof(&call, parse(by_authenticator), "authenticator", &proof), IPIS_OK);
    assert_int_equal(answer_proof(&call, parse(PROOF("true", "[\"otp\"]", "1700000000", "\"" TOKEN "\"", "\"ACTIVE\"")),
                                  "authenticator", &proof),
                     IPIS_UNREACHABLE);
}

static void a_proof_for_a_barred_number_is_none(void **state)
{
    (void)state;
    struct ipis_proof proof;
    assert_int_equal(proof_of(PROOF("true", "[\"otp\"]", "1700000000", "\"" TOKEN "\"", "\"SUSPENDED\""), &proof),
                     IPIS_FORBIDDEN);
    assert_true(str_is(call.code, "SUSPENDED"));
    assert_null(proof.kyc_token.p);
}

static bool attributes_of(const char *text, const char *const *names, json_t **attributes, json_t **sources)
{
    return answer_attributes(arena, parse(text), &kidc, names, attributes, sources);
}

static void only_what_was_asked_for_is_taken_over(void **state)
{
    (void)state;
    static const char *const names[] = {"familyNameKh", "email", "phone", "kidc", "noSuchName", NULL};
    json_t *attributes, *sources;
    assert_true(attributes_of("{\"biographicData\":{\"familyNameKh\":\"សុខ\",\"dateOfBirth\":\"1988-04-14\","
                              "\"kidc\":\"000000572-4\",\"email\":\"in.the.wrong@place\",\"noSuchName\":\"x\"},"
                              "\"contactData\":{\"phone\":\"+85512000001\",\"email\":null},"
                              "\"sources\":{\"familyNameKh\":\"CRVS\",\"phone\":\"IPIS\",\"kidc\":\"IPIS\"}}",
                              names, &attributes, &sources));
    assert_int_equal(json_object_size(attributes), 3);
    assert_int_equal(json_object_size(sources), 3);
    assert_true(str_is(json_str(attributes, "familyNameKh"), "សុខ"));
    assert_true(str_is(json_str(sources, "familyNameKh"), "CRVS"));
    assert_true(str_is(json_str(attributes, "phone"), "+85512000001"));
    assert_null(json_object_get(attributes, "dateOfBirth"));
    assert_null(json_object_get(attributes, "email"));
}

static void another_persons_answer_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"kidc", NULL};
    static const char *const others[] = {"\"000000000-0\"", "\"\"", "572", "{}"};
    json_t *attributes, *sources;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_false(attributes_of(arena_printf(arena,
                                                "{\"biographicData\":{\"kidc\":%s},\"contactData\":{},"
                                                "\"sources\":{\"kidc\":\"IPIS\"}}",
                                                others[i])
                                       .p,
                                   names, &attributes, &sources));
}

static void each_attribute_is_of_its_own_type(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        bool right;
    } cases[] = {
        {"familyNameEn", "\"Sok\"", true},
        {"familyNameEn", "\"\"", false},
        {"familyNameEn", "7", false},
        {"familyNameEn", "[\"Sok\"]", false},
        {"dateOfBirth", "\"1988-04-14\"", true},
        {"dateOfBirth", "\"1988-13-14\"", false},
        {"dateOfBirth", "\"1988-04-00\"", false},
        {"dateOfBirth", "\"88-04-14\"", false},
        {"dateOfBirth", "\"1988-4-140\"", false},
        {"dateOfBirth", "\"14/04/1988\"", false},
        {"gender", "\"M\"", true},
        {"gender", "\"X\"", false},
        {"gender", "\"male\"", false},
        {"nationality", "\"KH\"", true},
        {"nationality", "\"kh\"", false},
        {"nationality", "\"KHM\"", false},
        {"address", "{\"province\":{\"code\":\"12\",\"kh\":\"ភ្នំពេញ\",\"en\":\"Phnom Penh\"}}", true},
        {"address", "{\"province\":{\"code\":\"12\",\"kh\":\"ភ្នំពេញ\"}}", false},
        {"address", "{\"province\":{\"code\":12,\"kh\":\"ភ្នំពេញ\",\"en\":\"Phnom Penh\"}}", false},
        {"address", "{}", false},
        {"address", "\"Phnom Penh\"", false},
        {"address", "{\"planet\":{\"code\":\"3\",\"kh\":\"x\",\"en\":\"Earth\"}}", false},
        {"noSuchName", "\"x\"", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json_t *object = parse(arena_printf(arena, "{\"v\":%s}", cases[i].value).p);
        assert_int_equal(attribute_is_valid(cases[i].name, json_object_get(object, "v"), STR("IPIS")), cases[i].right);
    }
}

static void a_wrong_or_sourceless_attribute_is_left_out_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"gender", "familyNameEn", NULL};
    static const char *const odd[][2] = {{"\"M\"", "{\"familyNameEn\":\"CRVS\"}"},
                                         {"\"M\"", "{\"gender\":\"HEARSAY\",\"familyNameEn\":\"CRVS\"}"},
                                         {"1", "{\"gender\":\"IPIS\",\"familyNameEn\":\"CRVS\"}"},
                                         {"\"Other\"", "{\"gender\":\"IPIS\",\"familyNameEn\":\"CRVS\"}"}};
    json_t *attributes, *sources;
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        str text = arena_printf(arena,
                                "{\"biographicData\":{\"gender\":%s,\"familyNameEn\":\"Sok\"},\"contactData\":{},"
                                "\"sources\":%s}",
                                odd[i][0], odd[i][1]);
        assert_true(attributes_of(text.p, names, &attributes, &sources));
        assert_int_equal(json_object_size(attributes), 1);
        assert_int_equal(json_object_size(sources), 1);
        assert_true(str_is(json_str(attributes, "familyNameEn"), "Sok"));
    }
}

static void an_answer_in_another_form_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"gender", NULL};
    static const char *const bad[] = {
        "{\"biographicData\":{\"gender\":\"M\"},\"contactData\":{}}",
        "{\"biographicData\":{\"gender\":\"M\"},\"sources\":{\"gender\":\"IPIS\"}}",
        "{\"biographicData\":[],\"contactData\":{},\"sources\":{}}",
        "{\"code\":\"OK\",\"message\":\"x\"}",
    };
    json_t *attributes, *sources;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(attributes_of(bad[i], names, &attributes, &sources));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(errors_are_read_by_status_and_code, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_a_known_bar_forbids_a_person, set_up, tear_down),
        cmocka_unit_test_setup_teardown(errors_in_another_form_are_not_the_registers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_xroad_error_outranks_every_status, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_code_is_sent_only_for_our_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sign_in_needs_every_part_of_the_proof, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_proof_is_of_the_factor_that_was_presented, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_authenticator_has_an_id_and_a_token_that_can_be_sent_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_proof_for_a_barred_number_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_was_asked_for_is_taken_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_persons_answer_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_attribute_is_of_its_own_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_or_sourceless_attribute_is_left_out_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_in_another_form_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
