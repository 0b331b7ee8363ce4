/* The connector and the reference register, together, over real HTTP. */
#include "together.h"

static void signs_in_and_reads_what_was_named(void **state)
{
    struct ipis *ipis = *state ? *(struct ipis **)*state : direct;
    struct ipis_proof proof;
    json_t *attributes;
    assert_int_equal(sign_in(ipis, DARA, &proof), IPIS_OK);
    assert_true(proof.kyc_token.n >= 43);
    assert_true(proof.kyc_expires_at == proof.authenticated_at + 28800);
    assert_true(clock_now() - proof.authenticated_at < 10);
    assert_int_equal(read_with(ipis, DARA, proof.kyc_token, &attributes), IPIS_OK);
    assert_int_equal(json_object_size(attributes), 3);
    assert_string_equal(json_string_value(json_object_get(attributes, "familyNameKh")), "សុខ");
    assert_true((call.xroad_id.p != NULL) == (ipis != direct));
    const char *reads = ask_json(&real, "/reads")->body;
    assert_non_null(strstr(reads, "\"kidc\":\"•••••0175-3\""));
    assert_non_null(strstr(reads, "\"names\":[\"familyNameKh\",\"address\",\"email\"]"));
    assert_non_null(strstr(reads, "\"relyingParty\":\"portal\",\"consentId\":\"consent-9\",\"transactionId\":\"t-1\""));
    assert_null(strstr(reads, DARA));
}

static void what_the_register_lacks_is_left_out(void **state)
{
    (void)state;
    struct ipis_proof proof;
    json_t *attributes;
    assert_int_equal(sign_in(direct, GAPS, &proof), IPIS_OK);
    assert_int_equal(read_with(direct, GAPS, proof.kyc_token, &attributes), IPIS_OK);
    assert_null(json_object_get(attributes, "email"));
    assert_int_equal(json_object_size(attributes), 2);
}

static void unknown_numbers_and_missing_phones_have_their_answers(void **state)
{
    (void)state;
    struct ipis_proof proof;
    assert_int_equal(send_to(direct, NOBODY), IPIS_UNKNOWN);
    assert_int_equal(check(direct, NOBODY, STR("123456"), &proof), IPIS_UNKNOWN);
    assert_int_equal(send_to(direct, NO_PHONE), IPIS_NOT_ENROLLED);
    assert_string_equal(ask_json(&real, "/outbox")->body, "[]");
}

static void a_code_is_good_once(void **state)
{
    (void)state;
    struct ipis_proof proof;
    assert_int_equal(check(direct, DARA, STR("123456"), &proof), IPIS_EXPIRED); /* none was sent */
    assert_int_equal(send_to(direct, DARA), IPIS_OK);
    str code = newest_code();
    assert_int_equal(code.n, 6);
    assert_int_equal(check(direct, DARA, code, &proof), IPIS_OK);
    assert_int_equal(check(direct, DARA, code, &proof), IPIS_EXPIRED);
}

static void a_new_code_replaces_the_old(void **state)
{
    (void)state;
    struct ipis_proof proof;
    str old, code;
    assert_int_equal(send_to(direct, DARA), IPIS_OK);
    old = newest_code();
    do {
        assert_int_equal(send_to(direct, DARA), IPIS_OK);
        code = newest_code();
    } while (str_eq(old, code));
    assert_int_equal(check(direct, DARA, old, &proof), IPIS_WRONG);
    assert_int_equal(check(direct, DARA, code, &proof), IPIS_OK);
}

static void a_code_is_one_persons(void **state)
{
    (void)state;
    struct ipis_proof proof;
    assert_int_equal(send_to(direct, SOPHEA), IPIS_OK);
    str of_sophea = newest_code();
    assert_int_equal(send_to(direct, DARA), IPIS_OK);
    if (!str_eq(of_sophea, newest_code()))
        assert_int_equal(check(direct, DARA, of_sophea, &proof), IPIS_WRONG);
}

static void wrong_codes_count_down_and_freeze(void **state)
{
    (void)state;
    struct ipis_proof proof;
    assert_int_equal(send_to(direct, DARA), IPIS_OK);
    str wrong = another(newest_code());
    assert_int_equal(check(direct, DARA, wrong, &proof), IPIS_WRONG);
    assert_int_equal(call.attempts_left, 2);
    assert_int_equal(send_to(direct, DARA), IPIS_OK); /* a new code does not bring back attempts */
    str right = newest_code();
    assert_int_equal(check(direct, DARA, another(right), &proof), IPIS_WRONG);
    assert_int_equal(call.attempts_left, 1);
    assert_int_equal(check(direct, DARA, another(right), &proof), IPIS_FROZEN);
    assert_true(call.retry_after > 50 && call.retry_after <= 60);
    assert_int_equal(check(direct, DARA, right, &proof), IPIS_FROZEN);
    assert_int_equal(send_to(direct, DARA), IPIS_FROZEN);
    assert_int_equal(sign_in(direct, SOPHEA, &proof), IPIS_OK);
    assert_int_equal(ask(&real, "/residents/" DARA, "{\"unfreeze\":true}", NULL)->status, 200);
    assert_int_equal(check(direct, DARA, right, &proof), IPIS_EXPIRED);
    assert_int_equal(sign_in(direct, DARA, &proof), IPIS_OK);
}

static void only_who_has_the_code_learns_of_the_status(void **state)
{
    (void)state;
    static const struct {
        const char *who, *code;
    } barred[] = {{SUSPENDED, "SUSPENDED"}, {DECEASED, "DECEASED_FLAGGED"}, {CLOSED, "CLOSED"}, {INFANT, "MINOR"}};
    struct ipis_proof proof;
    for (size_t i = 0; i < COUNT_OF(barred); i++) {
        assert_int_equal(send_to(direct, barred[i].who), IPIS_OK);
        str code = newest_code();
        assert_int_equal(check(direct, barred[i].who, another(code), &proof), IPIS_WRONG);
        assert_null(call.code.p);
        assert_int_equal(check(direct, barred[i].who, code, &proof), IPIS_FORBIDDEN);
        assert_true(str_is(call.code, barred[i].code));
    }
    assert_int_equal(sign_in(direct, TEENAGER, &proof), IPIS_OK);
}

static void a_suspension_ends_what_a_token_may_read(void **state)
{
    (void)state;
    struct ipis_proof proof;
    json_t *attributes;
    assert_int_equal(sign_in(direct, DARA, &proof), IPIS_OK);
    assert_int_equal(ask(&real, "/residents/" DARA, "{\"status\":\"SUSPENDED\"}", NULL)->status, 200);
    assert_int_equal(read_with(direct, DARA, proof.kyc_token, &attributes), IPIS_FORBIDDEN);
    assert_true(str_is(call.code, "SUSPENDED"));
    assert_string_equal(ask_json(&real, "/reads")->body, "[]");
}

static void a_token_is_bound_to_its_number_and_its_client(void **state)
{
    (void)state;
    struct ipis_proof proof, other;
    json_t *attributes;
    assert_int_equal(sign_in(over_xroad, DARA, &proof), IPIS_OK);
    assert_int_equal(sign_in(over_xroad, SOPHEA, &other), IPIS_OK);
    assert_int_equal(read_with(over_xroad, DARA, other.kyc_token, &attributes), IPIS_WRONG);
    assert_int_equal(read_with(over_xroad, DARA, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), &attributes),
                     IPIS_WRONG);
    assert_int_equal(read_with(over_xroad_as_another, DARA, proof.kyc_token, &attributes), IPIS_WRONG);
    assert_int_equal(read_with(direct, DARA, proof.kyc_token, &attributes), IPIS_WRONG);
    assert_int_equal(read_with(over_xroad, DARA, proof.kyc_token, &attributes), IPIS_OK);
    call.transaction_id = STR("t-2"); /* a second portal in the same session */
    assert_int_equal(read_with(over_xroad, DARA, proof.kyc_token, &attributes), IPIS_OK);
}

static void nothing_is_read_without_consent_relying_party_token_or_name(void **state)
{
    (void)state;
    struct ipis_proof proof;
    assert_int_equal(sign_in(direct, DARA, &proof), IPIS_OK);
    str header = arena_printf(arena, "Authorization: Bearer %.*s", STR_FMT(proof.kyc_token));
    const char *const with_token[] = {header.p, NULL};
    static const struct {
        const char *body;
        long status;
    } cases[] = {
        {"{\"outputContactData\":[\"phone\"],\"relyingParty\":\"p\",\"consentId\":\"c\"}", 200},
        {"{\"outputContactData\":[\"phone\"],\"relyingParty\":\"p\"}", 400},
        {"{\"outputContactData\":[\"phone\"],\"consentId\":\"c\"}", 400},
        {"{\"outputContactData\":[\"phone\"],\"relyingParty\":\"\",\"consentId\":\"c\"}", 400},
        {"{\"relyingParty\":\"p\",\"consentId\":\"c\"}", 400},
        {"{\"outputContactData\":[],\"relyingParty\":\"p\",\"consentId\":\"c\"}", 400},
        {"{\"outputContactData\":[\"dateOfBirth\"],\"relyingParty\":\"p\",\"consentId\":\"c\"}", 400},
        {"{\"outputBiographicData\":[\"*\"],\"relyingParty\":\"p\",\"consentId\":\"c\"}", 400},
        {"{\"outputContactData\":\"phone\",\"relyingParty\":\"p\",\"consentId\":\"c\"}", 400},
        {"{\"outputContactData\":[\"phone\"],\"relyingParty\":\"p\",\"consentId\":\"c\"", 400},
        {"", 400},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(ask(&real, "/v1/attributes/" DARA "?transactionId=t", cases[i].body, with_token)->status,
                         cases[i].status);
    assert_int_equal(ask(&real, "/v1/attributes/" DARA "?transactionId=t", cases[0].body, NULL)->status, 401);
    assert_int_equal(ask(&real, "/v1/attributes/" DARA, cases[0].body, with_token)->status, 400);
    json_t *reads = json_loads(ask_json(&real, "/reads")->body, 0, NULL);
    assert_int_equal(json_array_size(reads), 1);
    json_decref(reads);
}

static void xroad_demands_its_client_and_answers_with_its_headers(void **state)
{
    (void)state;
    static const char *const client[] = {"X-Road-Client: KH/GOV/1002/KONSAO", NULL};
    static const char *const bad[] = {"X-Road-Client: KH/GOV", NULL};
    const struct seen *seen = ask(&real, "/r1/" SERVICE "/v1/status/" DARA "?transactionId=t", NULL, client);
    assert_int_equal(seen->status, 200);
    assert_non_null(strcasestr(seen->head, "\r\nX-Road-Id: "));
    assert_non_null(strcasestr(seen->head, "\r\nX-Road-Request-Id: "));
    assert_non_null(strcasestr(seen->head, "\r\nX-Road-Request-Hash: "));
    assert_string_equal(seen->body, "{\"status\":\"ACTIVE\",\"minor\":false,\"biometricsEnrolled\":true,"
                                    "\"since\":\"2025-01-01\"}");
    seen = ask(&real, "/r1/" SERVICE "/v1/status/" DARA "?transactionId=t", NULL, NULL);
    assert_int_equal(seen->status, 400);
    assert_non_null(strcasestr(seen->head, "\r\nX-Road-Error: Client.BadRequest"));
    assert_non_null(strstr(seen->body, "\"type\":\"Client.BadRequest\""));
    assert_int_equal(ask(&real, "/r1/" SERVICE "/v1/status/" DARA "?transactionId=t", NULL, bad)->status, 400);
    seen = ask(&real, "/r1/KH/GOV/1001/IPIS/other/v1/status/" DARA "?transactionId=t", NULL, client);
    assert_int_equal(seen->status, 404);
    assert_non_null(strcasestr(seen->head, "\r\nX-Road-Error: Server.ServerProxy.UnknownService"));
    seen = ask(&real, "/v1/status/" INFANT "?transactionId=t", NULL, NULL);
    assert_non_null(strstr(seen->body, "\"minor\":true,\"biometricsEnrolled\":false"));
    assert_null(strcasestr(seen->head, "X-Road"));
}

static void misbehave(const char *rule)
{
    assert_int_equal(ask(&real, "/misbehave", rule, NULL)->status, 200);
}

static void each_misbehaviour_is_survived_and_ends_with_reset(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "{\"call\":\"otp\",\"how\":\"error\"}",
        "{\"call\":\"otp\",\"how\":\"error\",\"status\":503}",
        "{\"call\":\"*\",\"how\":\"malformed\"}",
        "{\"call\":\"otp\",\"how\":\"malformed\",\"body\":\"{\\\"expiresIn\\\":\\\"soon\\\"}\"}",
        "{\"call\":\"otp\",\"how\":\"drop\"}",
        "{\"call\":\"otp\",\"how\":\"xroad-error\"}",
        "{\"call\":\"otp\",\"how\":\"timeout\",\"ms\":50}",
        "{\"call\":\"otp\",\"how\":\"timeout\"}",
    };
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        misbehave(rules[i]);
        assert_int_equal(send_to(direct, DARA), IPIS_UNREACHABLE);
        assert_int_equal(ask(&real, "/misbehave/reset", "{}", NULL)->status, 200);
    }
    assert_string_equal(ask_json(&real, "/outbox")->body, "[]");
    assert_int_equal(send_to(direct, DARA), IPIS_OK);
}

static void misbehaviour_is_counted_and_delay_only_delays(void **state)
{
    (void)state;
    struct ipis_proof proof;
    misbehave("{\"call\":\"otp\",\"how\":\"delay\",\"ms\":200,\"times\":1}");
    int64_t started = clock_mono_ms();
    assert_int_equal(send_to(direct, DARA), IPIS_OK);
    assert_true(clock_mono_ms() - started >= 200);
    misbehave("{\"call\":\"authenticate\",\"how\":\"error\",\"status\":429,\"times\":1}");
    str code = newest_code();
    assert_int_equal(check(direct, DARA, code, &proof), IPIS_THROTTLED);
    assert_int_equal(call.retry_after, 30);
    assert_int_equal(check(direct, DARA, code, &proof), IPIS_OK);
    assert_int_equal(ask(&real, "/misbehave", "{\"call\":\"nothing\",\"how\":\"error\"}", NULL)->status, 400);
    assert_int_equal(ask(&real, "/misbehave", "{\"call\":\"otp\",\"how\":\"sing\"}", NULL)->status, 400);
    assert_int_equal(ask(&real, "/misbehave", "{\"call\":\"otp\",\"how\":\"error\",\"status\":200}", NULL)->status,
                     400);
}

static void a_dropped_read_is_tried_again(void **state)
{
    (void)state;
    struct ipis_proof proof;
    json_t *attributes;
    assert_int_equal(sign_in(direct, DARA, &proof), IPIS_OK);
    misbehave("{\"call\":\"attributes\",\"how\":\"drop\",\"times\":1}");
    assert_int_equal(read_with(direct, DARA, proof.kyc_token, &attributes), IPIS_OK);
}

static void garbage_is_answered_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "null",
        "[]",
        "{}",
        "\"x\"",
        "{\"channels\":{}}",
        "{\"channels\":[]}",
        "{\"channels\":[\"email\"]}",
        "{\"channels\":[\"phone\",\"phone\"]}",
        "{\"factors\":[{}]}",
        "{\"factors\":[null]}",
        "{\"factors\":{}}",
        "{\"factors\":[{\"type\":\"otp\"}]}",
        "{\"factors\":[{\"type\":\"otp\",\"value\":7}]}",
        ("{\"factors\":[{\"type\":\"demographic\",\"biographicData\":{\"dateOfBirth\":\"1988-04-14\"}}],"
         "\"purpose\":\"x\",\"relyingParty\":\"p\"}"),
        "{\"channels\":[\"phone\"],\"channels\":[\"phone\"]}",
        "\xff\xfe",
        "{\"status\":\"ASLEEP\"}",
    };
    static const char *const paths[] = {
        ("/v1/otp/" DARA "?transactionId=t"),
        ("/v1/authenticate/" DARA "?transactionId=t"),
        ("/v1/attributes/" DARA "?transactionId=t"),
        "/misbehave",
        ("/residents/" DARA),
    };
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        for (size_t j = 0; j < COUNT_OF(bodies); j++) {
            long status = ask(&real, paths[i], bodies[j], NULL)->status;
            assert_true(status == 400 || status == 401);
        }
    assert_int_equal(ask(&real, "/v1/otp/not-a-number?transactionId=t", "{\"channels\":[\"phone\"]}", NULL)->status,
                     404);
    assert_int_equal(ask(&real, "/v1/otp/" DARA, "{\"channels\":[\"phone\"]}", NULL)->status, 400);
    assert_int_equal(ask(&real, "/nowhere", NULL, NULL)->status, 404);
    assert_string_equal(ask_json(&real, "/outbox")->body, "[]");
    struct ipis_proof proof;
    assert_int_equal(sign_in(direct, DARA, &proof), IPIS_OK);
}

static void date_of_birth_is_a_second_factor_and_never_the_only_one(void **state)
{
    (void)state;
    assert_int_equal(send_to(direct, DARA), IPIS_OK);
    for (int right = 0; right < 2; right++) {
        str body =
            arena_printf(arena,
                         "{\"factors\":[{\"type\":\"otp\",\"value\":\"%.*s\"},{\"type\":\"demographic\","
                         "\"biographicData\":{\"dateOfBirth\":\"%s\"}}],\"purpose\":\"p\",\"relyingParty\":\"r\"}",
                         STR_FMT(newest_code()), right ? "1988-04-14" : "1988-04-15");
        assert_int_equal(ask(&real, "/v1/authenticate/" DARA "?transactionId=t", body.p, NULL)->status,
                         right ? 200 : 401);
    }
}

static void pages_are_there_for_people_and_json_for_tests(void **state)
{
    (void)state;
    static const char *const browser[] = {"Accept: text/html,application/xhtml+xml,*/*;q=0.8", NULL};
    static const char *const paths[] = {"/", "/outbox", "/residents"};
    assert_int_equal(send_to(direct, DARA), IPIS_OK);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const struct seen *page = ask(&real, paths[i], NULL, browser);
        assert_int_equal(page->status, 200);
        assert_non_null(strcasestr(page->head, "Content-Type: text/html"));
        assert_non_null(strstr(page->body, "lang=\"km\""));
        assert_non_null(strstr(page->body, "lang=\"en\""));
    }
    assert_non_null(strstr(ask(&real, "/outbox", NULL, browser)->body, newest_code().p));
    assert_non_null(strstr(ask(&real, "/residents", NULL, browser)->body, "death reported"));
    json_t *residents = json_loads(ask_json(&real, "/residents")->body, 0, NULL);
    assert_true(json_array_size(residents) >= 24);
    json_decref(residents);
    assert_int_equal(ask(&real, "/outbox/reset", "{}", NULL)->status, 200);
    assert_string_equal(ask_json(&real, "/outbox")->body, "[]");
}

static void codes_and_tokens_end(void **state)
{
    (void)state;
    static const char *const more[3] = {"--otp-life=1", "--kyc-life=1", "--otp-attempts=5"};
    struct real brief = real_start(more), kept = real;
    real = brief;
    struct ipis *ipis = connect_as(NULL);
    struct ipis_proof proof;
    json_t *attributes;
    assert_int_equal(send_to(ipis, SOPHEA), IPIS_OK);
    str code = newest_code();
    assert_int_equal(sign_in(ipis, DARA, &proof), IPIS_OK);
    assert_int_equal(read_with(ipis, DARA, proof.kyc_token, &attributes), IPIS_OK);
    int64_t until = clock_mono_ms() + 5000;
    while (read_with(ipis, DARA, proof.kyc_token, &attributes) == IPIS_OK && clock_mono_ms() < until)
        usleep(20000);
    assert_int_equal(read_with(ipis, DARA, proof.kyc_token, &attributes), IPIS_WRONG);
    assert_int_equal(check(ipis, SOPHEA, code, &proof), IPIS_EXPIRED);
    ipis_free(ipis);
    real = kept;
    assert_true(real_stop(&brief));
}

static void every_code_is_the_given_one_when_one_is_given(void **state)
{
    (void)state;
    static const char *const more[3] = {"--code=012345"};
    struct real fixed = real_start(more), kept = real;
    real = fixed;
    struct ipis *ipis = connect_as(NULL);
    struct ipis_proof proof;
    assert_int_equal(send_to(ipis, DARA), IPIS_OK);
    assert_int_equal(check(ipis, DARA, STR("012346"), &proof), IPIS_WRONG);
    assert_int_equal(check(ipis, DARA, STR("012345"), &proof), IPIS_OK);
    assert_int_equal(check(ipis, DARA, STR("012345"), &proof), IPIS_EXPIRED);
    assert_int_equal(sign_in(ipis, DARA, &proof), IPIS_OK);
    ipis_free(ipis);
    real = kept;
    assert_true(real_stop(&fixed));
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        TEST(signs_in_and_reads_what_was_named),
        cmocka_unit_test_prestate_setup_teardown(signs_in_and_reads_what_was_named, set_up, tear_down, &over_xroad),
        TEST(what_the_register_lacks_is_left_out),
        TEST(unknown_numbers_and_missing_phones_have_their_answers),
        TEST(a_code_is_good_once),
        TEST(a_new_code_replaces_the_old),
        TEST(a_code_is_one_persons),
        TEST(wrong_codes_count_down_and_freeze),
        TEST(only_who_has_the_code_learns_of_the_status),
        TEST(a_suspension_ends_what_a_token_may_read),
        TEST(a_token_is_bound_to_its_number_and_its_client),
        TEST(nothing_is_read_without_consent_relying_party_token_or_name),
        TEST(xroad_demands_its_client_and_answers_with_its_headers),
        TEST(each_misbehaviour_is_survived_and_ends_with_reset),
        TEST(misbehaviour_is_counted_and_delay_only_delays),
        TEST(a_dropped_read_is_tried_again),
        TEST(garbage_is_answered_and_changes_nothing),
        TEST(date_of_birth_is_a_second_factor_and_never_the_only_one),
        TEST(pages_are_there_for_people_and_json_for_tests),
        TEST(codes_and_tokens_end),
        TEST(every_code_is_the_given_one_when_one_is_given),
    };
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
