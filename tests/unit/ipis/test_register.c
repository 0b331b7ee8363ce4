/* The connector and the reference register, together, over real HTTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipis/ipis.h"
#include "real_register.h"

#define DARA "483920175-3"
#define SOPHEA "716058342-2"
#define INFANT "438017562-5"
#define TEENAGER "607294815-6"
#define SUSPENDED "789530146-2"
#define DECEASED "312684970-6"
#define CLOSED "546091723-7"
#define NO_PHONE "861375204-2"
#define GAPS "094852637-5"
#define NOBODY "000000572-4"
#define SERVICE "KH/GOV/1001/IPIS/ipis"

static struct real real;
static struct ipis *direct, *over_xroad, *over_xroad_as_another;
static struct arena *arena;
static struct ipis_call call;

static struct ipis *connect_as(const char *client)
{
    char error[256];
    struct ipis_options options = {
        .base_url = real.url,
        .xroad_service = client ? SERVICE : NULL,
        .xroad_client = client,
        .timeout_ms = 3000,
        .connect_timeout_ms = 1000,
        .breaker_failures = 1000,
        .breaker_open_ms = 1000,
        .concurrent_max = 4,
    };
    struct ipis *ipis = ipis_new(&options, error, sizeof error);
    if (!ipis)
        fail_msg("%s", error);
    return ipis;
}

static int start_all(void **state)
{
    (void)state;
    static const char *const more[3] = {"--xroad", "--otp-attempts=3", "--freeze=60"};
    real = real_start(more);
    direct = connect_as(NULL);
    over_xroad = connect_as("KH/GOV/1002/KONSAO");
    over_xroad_as_another = connect_as("KH/COM/2001/OTHER");
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    ipis_free(direct);
    ipis_free(over_xroad);
    ipis_free(over_xroad_as_another);
    return real_stop(&real) ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    call = (struct ipis_call){.arena = arena, .transaction_id = STR("t-1"), .relying_party = STR("portal")};
    return ask(&real, "/reset", "{}", NULL)->status == 200 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct kidc number(const char *text)
{
    struct kidc kidc;
    assert_true(kidc_parse(str_of(text), &kidc));
    return kidc;
}

static enum ipis_result send_to(struct ipis *ipis, const char *who)
{
    struct kidc kidc = number(who);
    int64_t expires_in;
    return ipis_send_otp(ipis, &call, &kidc, &expires_in);
}

/* The newest code in the outbox. */
static str newest_code(void)
{
    json_t *list = json_loads(ask_json(&real, "/outbox")->body, 0, NULL);
    const char *code = json_string_value(json_object_get(json_array_get(list, 0), "code"));
    assert_non_null(code);
    str copy = arena_str(arena, str_of(code));
    json_decref(list);
    return copy;
}

static enum ipis_result check(struct ipis *ipis, const char *who, str code, struct ipis_proof *proof)
{
    struct kidc kidc = number(who);
    return ipis_check_otp(ipis, &call, &kidc, code, proof);
}

static enum ipis_result sign_in(struct ipis *ipis, const char *who, struct ipis_proof *proof)
{
    assert_int_equal(send_to(ipis, who), IPIS_OK);
    return check(ipis, who, newest_code(), proof);
}

/* A code that is not the right one. */
static str another(str code)
{
    str copy = arena_str(arena, code);
    ((char *)(uintptr_t)copy.p)[0] = code.p[0] == '9' ? '0' : (char)(code.p[0] + 1);
    return copy;
}

static enum ipis_result read_with(struct ipis *ipis, const char *who, str token, json_t **attributes)
{
    static const char *const names[] = {"familyNameKh", "address", "email", NULL};
    struct kidc kidc = number(who);
    json_t *sources;
    return ipis_read_attributes(ipis, &call, &kidc, token, STR("consent-9"), names, attributes, &sources);
}

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

/* ---- authenticators ---- */

struct enrolled {
    str id, token;
};

static struct enrolled enrol(struct ipis *ipis, const char *who)
{
    struct enrolled enrolled;
    struct ipis_proof proof;
    struct kidc kidc = number(who);
    assert_int_equal(sign_in(ipis, who, &proof), IPIS_OK);
    assert_int_equal(ipis_add_authenticator(ipis, &call, &kidc, proof.kyc_token, &enrolled.id, &enrolled.token),
                     IPIS_OK);
    return enrolled;
}

static enum ipis_result sign_in_by(struct ipis *ipis, const char *who, str token, struct ipis_proof *proof)
{
    struct kidc kidc = number(who);
    return ipis_check_authenticator(ipis, &call, &kidc, token, proof);
}

static enum ipis_result take_away(struct ipis *ipis, const char *who, str token, str id)
{
    struct kidc kidc = number(who);
    return ipis_remove_authenticator(ipis, &call, &kidc, token, id);
}

static void an_authenticator_signs_in_without_a_code_until_it_is_removed(void **state)
{
    struct ipis *ipis = *state ? *(struct ipis **)*state : direct;
    struct ipis_proof proof;
    json_t *attributes;
    struct enrolled phone = enrol(ipis, DARA), tablet = enrol(ipis, DARA);
    assert_false(str_eq(phone.token, tablet.token));
    for (int i = 0; i < 3; i++)
        assert_int_equal(sign_in_by(ipis, DARA, phone.token, &proof), IPIS_OK);
    assert_int_equal(read_with(ipis, DARA, proof.kyc_token, &attributes), IPIS_OK);
    assert_non_null(strstr(ask_json(&real, "/residents")->body, "\"authenticators\":2"));
    assert_int_equal(take_away(ipis, DARA, tablet.token, phone.id), IPIS_OK);
    assert_int_equal(sign_in_by(ipis, DARA, phone.token, &proof), IPIS_WRONG);
    assert_int_equal(call.attempts_left, -1);
    assert_int_equal(sign_in_by(ipis, DARA, tablet.token, &proof), IPIS_OK);
    assert_int_equal(take_away(ipis, DARA, tablet.token, phone.id), IPIS_OK); /* gone already */
    assert_int_equal(take_away(ipis, DARA, phone.token, tablet.id), IPIS_WRONG);
    assert_int_equal(sign_in_by(ipis, DARA, tablet.token, &proof), IPIS_OK);
}

static void an_authenticator_is_one_persons_and_one_clients(void **state)
{
    (void)state;
    struct ipis_proof proof;
    struct enrolled phone = enrol(over_xroad, DARA), other = enrol(over_xroad, SOPHEA);
    assert_int_equal(sign_in_by(over_xroad, SOPHEA, phone.token, &proof), IPIS_WRONG);
    assert_int_equal(sign_in_by(over_xroad_as_another, DARA, phone.token, &proof), IPIS_WRONG);
    assert_int_equal(sign_in_by(over_xroad, NOBODY, phone.token, &proof), IPIS_UNKNOWN);
    assert_int_equal(take_away(over_xroad, DARA, other.token, phone.id), IPIS_WRONG);
    assert_int_equal(take_away(over_xroad_as_another, DARA, phone.token, phone.id), IPIS_WRONG);
    assert_int_equal(take_away(over_xroad, SOPHEA, other.token, phone.id), IPIS_OK); /* finds none of hers */
    assert_int_equal(sign_in_by(over_xroad, DARA, phone.token, &proof), IPIS_OK);
}

static void only_a_sign_in_of_that_person_adds_an_authenticator(void **state)
{
    (void)state;
    struct ipis_proof proof;
    struct kidc dara = number(DARA);
    str id, token;
    assert_int_equal(sign_in(direct, SOPHEA, &proof), IPIS_OK);
    assert_int_equal(ipis_add_authenticator(direct, &call, &dara, proof.kyc_token, &id, &token), IPIS_WRONG);
    struct enrolled phone = enrol(direct, DARA);
    assert_int_equal(ipis_add_authenticator(direct, &call, &dara, phone.token, &id, &token), IPIS_WRONG);
    assert_int_equal(
        ask(&real, "/v1/authenticators/" DARA "?transactionId=t", "{\"relyingParty\":\"p\"}", NULL)->status, 401);
    assert_int_equal(ask(&real, "/v1/authenticators/" DARA "?transactionId=t", "{}", NULL)->status, 401);
}

static void the_register_keeps_the_last_word_on_authenticators(void **state)
{
    (void)state;
    struct ipis_proof proof;
    struct enrolled phone = enrol(direct, DARA);
    struct ipis_proof of_before;
    assert_int_equal(sign_in(direct, DARA, &of_before), IPIS_OK);
    assert_int_equal(ask(&real, "/residents/" DARA, "{\"status\":\"SUSPENDED\"}", NULL)->status, 200);
    assert_int_equal(sign_in_by(direct, DARA, phone.token, &proof), IPIS_FORBIDDEN);
    assert_true(str_is(call.code, "SUSPENDED"));
    assert_int_equal(ask(&real, "/residents/" DARA, "{\"status\":\"ACTIVE\",\"freeze\":true}", NULL)->status, 200);
    assert_int_equal(sign_in_by(direct, DARA, phone.token, &proof), IPIS_FROZEN);
    assert_true(call.retry_after > 50 && call.retry_after <= 60);
    struct kidc dara = number(DARA);
    str id, token;
    assert_int_equal(ipis_add_authenticator(direct, &call, &dara, of_before.kyc_token, &id, &token), IPIS_FROZEN);
    assert_int_equal(ask(&real, "/residents/" DARA, "{\"unfreeze\":true}", NULL)->status, 200);
    str wrong = another(phone.token);
    for (int i = 0; i < 5; i++) /* freezes nobody */
        assert_int_equal(sign_in_by(direct, DARA, wrong, &proof), IPIS_WRONG);
    assert_int_equal(sign_in_by(direct, DARA, phone.token, &proof), IPIS_OK);
    assert_int_equal(ask(&real, "/reset", "{}", NULL)->status, 200);
    assert_int_equal(sign_in_by(direct, DARA, phone.token, &proof), IPIS_WRONG);
}

static void an_authenticator_stands_alone_as_a_factor(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[{\"type\":\"authenticator\",\"value\":\"x\"},{\"type\":\"otp\",\"value\":\"123456\"}]",
        "[{\"type\":\"authenticator\",\"value\":\"x\"},{\"type\":\"authenticator\",\"value\":\"x\"}]",
        "[{\"type\":\"authenticator\"}]",
        "[{\"type\":\"authenticator\",\"value\":7}]",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        str body = arena_printf(arena, "{\"factors\":%s,\"purpose\":\"sign-in\",\"relyingParty\":\"p\"}", bad[i]);
        assert_int_equal(ask(&real, "/v1/authenticate/" DARA "?transactionId=t", body.p, NULL)->status, 400);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(an_authenticator_signs_in_without_a_code_until_it_is_removed),
        cmocka_unit_test_prestate_setup_teardown(an_authenticator_signs_in_without_a_code_until_it_is_removed, set_up,
                                                 tear_down, &over_xroad),
        TEST(an_authenticator_is_one_persons_and_one_clients),
        TEST(only_a_sign_in_of_that_person_adds_an_authenticator),
        TEST(the_register_keeps_the_last_word_on_authenticators),
        TEST(an_authenticator_stands_alone_as_a_factor),
    };
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
