#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "fake_register.h"
#include "ipis/ipis.h"

#define NUMBER "0000005724"
#define TRANSACTION "1b671a64-40d5-491e-99b0-da01ff1f3341"
#define TOKEN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER_TOKEN "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OTP_SENT "{\"transactionId\":\"" TRANSACTION "\",\"maskedContact\":\"•••001\",\"expiresIn\":180}"
#define NAMES                                                                                                          \
    "{\"biographicData\":{\"familyNameEn\":\"Sok\"},\"contactData\":{},\"sources\":{\"familyNameEn\":\"CRVS\"}}"

/* A connector, a register to talk to, and one call's surroundings. */
struct scene {
    struct fake *fake;
    struct ipis *ipis;
    struct arena *arena;
    struct ipis_call call;
    struct kidc kidc;
};

static struct ipis_options patient(const struct scene *scene)
{
    return (struct ipis_options){
        .base_url = arena_cstr(scene->arena, arena_printf(scene->arena, "http://127.0.0.1:%u", scene->fake->port)),
        .timeout_ms = 2000,
        .connect_timeout_ms = 1000,
        .breaker_failures = 100,
        .breaker_open_ms = 60000,
        .concurrent_max = 8,
    };
}

static struct scene open_scene(const struct fake_step *steps, size_t count)
{
    struct scene scene = {.fake = fake_start(steps, count), .arena = arena_new()};
    scene.call =
        (struct ipis_call){.arena = scene.arena, .transaction_id = STR(TRANSACTION), .relying_party = STR("portal")};
    assert_true(kidc_parse(STR(NUMBER), &scene.kidc));
    return scene;
}

static void connect_with(struct scene *scene, const struct ipis_options *options)
{
    char error[256];
    scene->ipis = ipis_new(options, error, sizeof error);
    if (!scene->ipis)
        fail_msg("%s", error);
}

#define SCENE(...)                                                                                                     \
    static const struct fake_step steps[] = {__VA_ARGS__};                                                             \
    struct scene scene = open_scene(steps, COUNT_OF(steps));                                                           \
    struct ipis_options options = patient(&scene)

static void close_scene(struct scene *scene)
{
    ipis_free(scene->ipis);
    fake_stop(scene->fake);
    arena_free(scene->arena);
}

static enum ipis_result send_otp(struct scene *scene)
{
    int64_t expires_in = 0;
    return ipis_send_otp(scene->ipis, &scene->call, &scene->kidc, &expires_in);
}

static enum ipis_result read_name(struct scene *scene, json_t **attributes, json_t **sources)
{
    static const char *const names[] = {"familyNameEn", "phone", NULL};
    return ipis_read_attributes(scene->ipis, &scene->call, &scene->kidc, STR(TOKEN), STR("consent-1"), names,
                                attributes, sources);
}

static void assert_heard(struct scene *scene, size_t request, const char *text)
{
    if (!strstr(scene->fake->heard[request], text))
        fail_msg("\"%s\" is not in: %s", text, scene->fake->heard[request]);
}

/* ---- what is sent ---- */

static void sends_a_code_as_the_interface_says(void **state)
{
    (void)state;
    SCENE({FAKE_ANSWER, 200, OTP_SENT, NULL});
    connect_with(&scene, &options);
    int64_t expires_in = 0;
    assert_int_equal(ipis_send_otp(scene.ipis, &scene.call, &scene.kidc, &expires_in), IPIS_OK);
    assert_int_equal(expires_in, 180);
    assert_heard(&scene, 0, "POST /v1/otp/000000572-4?transactionId=" TRANSACTION " HTTP/1.1\r\n");
    assert_heard(&scene, 0, "\r\nContent-Type: application/json\r\n");
    assert_heard(&scene, 0, "\r\nAccept: application/json\r\n");
    assert_heard(&scene, 0, "\r\n\r\n{\"channels\":[\"phone\"]}");
    assert_null(strstr(scene.fake->heard[0], "X-Road"));
    assert_null(strstr(scene.fake->heard[0], "Expect"));
    close_scene(&scene);
}

static void goes_through_xroad_and_keeps_its_id(void **state)
{
    (void)state;
    SCENE({FAKE_ANSWER, 200, OTP_SENT, "Content-Type: application/json;charset=utf-8\r\nx-road-id: some-id-7\r\n"});
    options.xroad_service = "KH/GOV/10 01/IPIS/ipis";
    options.xroad_client = "KH/GOV/10 02/KONSAO";
    connect_with(&scene, &options);
    assert_int_equal(send_otp(&scene), IPIS_OK);
    assert_true(str_is(scene.call.xroad_id, "some-id-7"));
    assert_heard(&scene, 0, "POST /r1/KH/GOV/10%2001/IPIS/ipis/v1/otp/000000572-4?transactionId=");
    assert_heard(&scene, 0, "\r\nX-Road-Client: KH/GOV/10%2002/KONSAO\r\n");
    close_scene(&scene);
}

static void checks_a_code_and_takes_the_token(void **state)
{
    (void)state;
    SCENE({FAKE_ANSWER, 200,
           "{\"authenticated\":true,\"factors\":[\"otp\"],\"authenticatedAt\":1700000000,\"kycToken\":\"" TOKEN
           "\",\"kycExpiresAt\":1700028800,\"status\":\"ACTIVE\"}",
           NULL});
    connect_with(&scene, &options);
    struct ipis_proof proof;
    assert_int_equal(ipis_check_otp(scene.ipis, &scene.call, &scene.kidc, STR("123456"), &proof), IPIS_OK);
    assert_true(str_is(proof.kyc_token, TOKEN));
    assert_int_equal(proof.authenticated_at, 1700000000);
    assert_int_equal(proof.kyc_expires_at, 1700028800);
    assert_heard(&scene, 0, "POST /v1/authenticate/000000572-4?");
    assert_heard(&scene, 0,
                 "{\"factors\":[{\"type\":\"otp\",\"value\":\"123456\"}],\"purpose\":\"sign-in\","
                 "\"relyingParty\":\"portal\"}");
    close_scene(&scene);
}

static void reads_attributes_with_the_token_and_keeps_the_connection(void **state)
{
    (void)state;
    SCENE({FAKE_ANSWER, 200, NAMES, NULL});
    connect_with(&scene, &options);
    json_t *attributes, *sources;
    for (int i = 0; i < 5; i++)
        assert_int_equal(read_name(&scene, &attributes, &sources), IPIS_OK);
    assert_string_equal(json_string_value(json_object_get(attributes, "familyNameEn")), "Sok");
    assert_string_equal(json_string_value(json_object_get(sources, "familyNameEn")), "CRVS");
    assert_int_equal(json_object_size(attributes), 1);
    assert_heard(&scene, 0, "\r\nAuthorization: Bearer " TOKEN "\r\n");
    assert_heard(&scene, 0,
                 "{\"outputBiographicData\":[\"familyNameEn\"],\"outputContactData\":[\"phone\"],"
                 "\"relyingParty\":\"portal\",\"consentId\":\"consent-1\"}");
    assert_int_equal(scene.fake->connections, 1);
    close_scene(&scene);
}

static void never_puts_a_broken_token_into_a_header(void **state)
{
    (void)state;
    static const char *const names[] = {"phone", NULL};
    SCENE({FAKE_ANSWER, 200, NAMES, NULL});
    connect_with(&scene, &options);
    json_t *attributes, *sources;
    assert_int_equal(ipis_read_attributes(scene.ipis, &scene.call, &scene.kidc, STR(TOKEN "\r\nX-Road-Client: A/B/C/D"),
                                          STR("consent-1"), names, &attributes, &sources),
                     IPIS_WRONG);
    assert_int_equal(fake_requests(scene.fake), 0);
    close_scene(&scene);
}

static void adds_checks_and_removes_an_authenticator_as_the_interface_says(void **state)
{
    (void)state;
    SCENE({FAKE_ANSWER, 200, "{\"authenticatorId\":\"a-1\",\"authenticatorToken\":\"" OTHER_TOKEN "\"}", NULL},
          {FAKE_ANSWER, 200,
           "{\"authenticated\":true,\"factors\":[\"authenticator\"],\"authenticatedAt\":1700000000,"
           "\"kycToken\":\"" TOKEN "\",\"status\":\"ACTIVE\"}",
           NULL},
          {FAKE_ANSWER, 200, "{\"removed\":true}", NULL});
    connect_with(&scene, &options);
    str id, token;
    struct ipis_proof proof;
    assert_int_equal(ipis_add_authenticator(scene.ipis, &scene.call, &scene.kidc, STR(TOKEN), &id, &token), IPIS_OK);
    assert_true(str_is(id, "a-1") && str_is(token, OTHER_TOKEN));
    assert_heard(&scene, 0, "POST /v1/authenticators/000000572-4?transactionId=" TRANSACTION " HTTP/1.1\r\n");
    assert_heard(&scene, 0, "\r\nAuthorization: Bearer " TOKEN "\r\n");
    assert_heard(&scene, 0, "\r\n\r\n{\"relyingParty\":\"portal\"}");
    assert_int_equal(ipis_check_authenticator(scene.ipis, &scene.call, &scene.kidc, token, &proof), IPIS_OK);
    assert_true(str_is(proof.kyc_token, TOKEN));
    assert_heard(&scene, 1,
                 "{\"factors\":[{\"type\":\"authenticator\",\"value\":\"" OTHER_TOKEN
                 "\"}],\"purpose\":\"sign-in\",\"relyingParty\":\"portal\"}");
    assert_int_equal(ipis_remove_authenticator(scene.ipis, &scene.call, &scene.kidc, token, id), IPIS_OK);
    assert_heard(&scene, 2,
                 "DELETE /v1/authenticators/000000572-4?transactionId=" TRANSACTION
                 "&authenticatorId=a-1 HTTP/1.1\r\n");
    assert_heard(&scene, 2, "\r\nAuthorization: Bearer " OTHER_TOKEN "\r\n");
    assert_null(strstr(scene.fake->heard[2], "Content-Type"));
    assert_int_equal(scene.fake->connections, 1);
    close_scene(&scene);
}

static void nothing_of_an_authenticator_that_is_broken_is_sent(void **state)
{
    (void)state;
    static const char *const broken[] = {"", "short", TOKEN "\r\nX-Road-Client: A/B/C/D", TOKEN " " TOKEN};
    SCENE({FAKE_ANSWER, 200, "{}", NULL});
    connect_with(&scene, &options);
    str id, token;
    struct ipis_proof proof;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        str bad = str_of(broken[i]);
        assert_int_equal(ipis_add_authenticator(scene.ipis, &scene.call, &scene.kidc, bad, &id, &token), IPIS_WRONG);
        assert_int_equal(ipis_check_authenticator(scene.ipis, &scene.call, &scene.kidc, bad, &proof), IPIS_WRONG);
        assert_int_equal(ipis_remove_authenticator(scene.ipis, &scene.call, &scene.kidc, bad, STR("a-1")), IPIS_WRONG);
    }
    assert_int_equal(ipis_remove_authenticator(scene.ipis, &scene.call, &scene.kidc, STR(TOKEN), STR("a&b=c")),
                     IPIS_WRONG);
    assert_int_equal(fake_requests(scene.fake), 0);
    close_scene(&scene);
}

static void an_authenticator_is_added_once_and_removed_again_after_a_failure(void **state)
{
    (void)state;
    SCENE({FAKE_DROP, 0, NULL, NULL}, {FAKE_DROP, 0, NULL, NULL}, {FAKE_ANSWER, 200, "{\"removed\":true}", NULL});
    connect_with(&scene, &options);
    str id, token;
    assert_int_equal(ipis_add_authenticator(scene.ipis, &scene.call, &scene.kidc, STR(TOKEN), &id, &token),
                     IPIS_UNREACHABLE);
    assert_true(scene.call.may_have_arrived);
    assert_int_equal(fake_requests(scene.fake), 1);
    assert_int_equal(ipis_remove_authenticator(scene.ipis, &scene.call, &scene.kidc, STR(TOKEN), STR("a-1")), IPIS_OK);
    assert_int_equal(fake_requests(scene.fake), 3);
    close_scene(&scene);
}

/* ---- answers that are not the register's ---- */

enum { AWAY, MALFORMED };

static void assert_unreachable(const struct fake_step *step, int as)
{
    struct scene scene = open_scene(step, 1);
    struct ipis_options options = patient(&scene);
    options.timeout_ms = 1000;
    options.breaker_failures = 1;
    connect_with(&scene, &options);
    int64_t started = clock_mono_ms();
    assert_int_equal(send_otp(&scene), IPIS_UNREACHABLE);
    assert_true(clock_mono_ms() - started < 3000);
    assert_int_equal(fake_requests(scene.fake), 1);
    assert_true(scene.call.may_have_arrived);
    struct ipis_health health;
    ipis_health(scene.ipis, &health);
    assert_int_equal(health.failures, as == AWAY);
    assert_int_equal(health.malformed, as == MALFORMED);
    assert_int_equal(health.breaker_open, as == AWAY);
    assert_int_equal(health.last_ok_at, 0);
    close_scene(&scene);
}

static void a_register_that_is_away_opens_the_breaker_and_a_code_is_asked_for_once(void **state)
{
    (void)state;
    static const struct fake_step bad[] = {
        {FAKE_ANSWER, 200, OTP_SENT, "Content-Type: application/json\r\nX-Road-Error: Server.ServerProxy.X\r\n"},
        {FAKE_ANSWER, 500, "{\"code\":\"X\",\"message\":\"x\"}", NULL},
        {FAKE_ANSWER, 503, "<html>busy</html>", "Content-Type: text/html\r\n"},
        {FAKE_ANSWER, 429, "<html>too many</html>", "Content-Type: text/html\r\n"},
        {FAKE_ANSWER, 404, "{\"type\":\"Server.ServerProxy.UnknownService\",\"message\":\"x\",\"detail\":\"y\"}",
         "Content-Type: application/json\r\nX-Road-Error: Server.ServerProxy.UnknownService\r\n"},
        {FAKE_DROP, 0, NULL, NULL},
        {FAKE_HOLD, 0, NULL, NULL},
        {FAKE_DRIP, 0, NULL, NULL},
        {FAKE_RAW, 0, "SSH-2.0-OpenSSH_9.2\r\n", NULL},
        {FAKE_RAW, 0, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"trans", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_unreachable(&bad[i], AWAY);
}

static void an_answer_that_does_not_fit_opens_no_breaker(void **state)
{
    (void)state;
    static const struct fake_step bad[] = {
        {FAKE_ANSWER, 200, "", NULL},
        {FAKE_ANSWER, 200, "{\"transactionId\":", NULL},
        {FAKE_ANSWER, 200, "[]", NULL},
        {FAKE_ANSWER, 200, "{}", NULL},
        {FAKE_ANSWER, 200, OTP_SENT, "Content-Type: text/html\r\n"},
        {FAKE_ANSWER, 200, OTP_SENT, ""},
        {FAKE_ANSWER, 201, OTP_SENT, NULL},
        {FAKE_ANSWER, 302, OTP_SENT, "Location: /v1/otp/elsewhere\r\nContent-Type: application/json\r\n"},
        {FAKE_ANSWER, 400, "{\"code\":\"BAD\",\"message\":\"x\"}", NULL},
        {FAKE_ANSWER, 403, "{\"code\":\"NOT_YOU\",\"message\":\"x\"}", NULL},
        {FAKE_ANSWER, 404, "<html>not found</html>", "Content-Type: text/html\r\n"},
        {FAKE_HUGE, 8 * 1024 * 1024, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_unreachable(&bad[i], MALFORMED);
}

/* Whose record is odd keeps nobody else out, however often they try. */
static void an_odd_record_keeps_nobody_out(void **state)
{
    (void)state;
    SCENE({FAKE_ANSWER, 200, "{\"biographicData\":{},\"sources\":{}}", NULL},
          {FAKE_ANSWER, 200, "{\"biographicData\":{},\"sources\":{}}", NULL},
          {FAKE_ANSWER, 200,
           "{\"biographicData\":{\"familyNameEn\":\"Sok\"},\"contactData\":{\"phone\":7},"
           "\"sources\":{\"familyNameEn\":\"CRVS\",\"phone\":\"IPIS\"}}",
           NULL},
          {FAKE_ANSWER, 200, OTP_SENT, NULL});
    options.breaker_failures = 1;
    connect_with(&scene, &options);
    json_t *attributes, *sources;
    for (int i = 0; i < 2; i++)
        assert_int_equal(read_name(&scene, &attributes, &sources), IPIS_UNREACHABLE);
    assert_int_equal(read_name(&scene, &attributes, &sources), IPIS_OK);
    assert_int_equal(json_object_size(attributes), 1);
    assert_int_equal(send_otp(&scene), IPIS_OK);
    close_scene(&scene);
}

static void says_what_the_register_says(void **state)
{
    (void)state;
    static const struct {
        struct fake_step step;
        enum ipis_result result;
    } cases[] = {
        {{FAKE_ANSWER, 404, "{\"code\":\"UNKNOWN\",\"message\":\"m\"}", NULL}, IPIS_UNKNOWN},
        {{FAKE_ANSWER, 409, "{\"code\":\"NOT_ENROLLED\",\"message\":\"m\"}", NULL}, IPIS_NOT_ENROLLED},
        {{FAKE_ANSWER, 410, "{\"code\":\"EXPIRED\",\"message\":\"m\"}", NULL}, IPIS_EXPIRED},
        {{FAKE_ANSWER, 423, "{\"code\":\"FROZEN\",\"message\":\"m\",\"retryAfter\":60}", NULL}, IPIS_FROZEN},
        {{FAKE_ANSWER, 429, "{\"code\":\"TOO_MANY\",\"message\":\"m\",\"retryAfter\":60}", NULL}, IPIS_THROTTLED},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene scene = open_scene(&cases[i].step, 1);
        struct ipis_options options = patient(&scene);
        connect_with(&scene, &options);
        assert_int_equal(send_otp(&scene), cases[i].result);
        struct ipis_health health;
        ipis_health(scene.ipis, &health);
        assert_int_equal(health.failures + health.malformed, 0); /* a refusal is not a failure */
        close_scene(&scene);
    }
}

/* ---- deadlines, repeats, the breaker ---- */

static void the_deadline_holds_for_the_whole_call(void **state)
{
    (void)state;
    SCENE({FAKE_HOLD, 0, NULL, NULL});
    options.timeout_ms = 300;
    connect_with(&scene, &options);
    json_t *attributes, *sources;
    int64_t started = clock_mono_ms();
    assert_int_equal(read_name(&scene, &attributes, &sources), IPIS_UNREACHABLE);
    int64_t took = clock_mono_ms() - started;
    assert_true(took >= 290 && took < 1500);
    assert_int_equal(fake_requests(scene.fake), 1); /* nothing left of the time for a second try */
    close_scene(&scene);
}

static void reading_is_tried_once_more_when_the_connection_fails(void **state)
{
    (void)state;
    SCENE({FAKE_DROP, 0, NULL, NULL}, {FAKE_ANSWER, 200, NAMES, NULL});
    connect_with(&scene, &options);
    json_t *attributes, *sources;
    assert_int_equal(read_name(&scene, &attributes, &sources), IPIS_OK);
    assert_int_equal(fake_requests(scene.fake), 2);
    close_scene(&scene);
}

static void reading_is_not_tried_for_ever_and_not_after_an_answer(void **state)
{
    (void)state;
    {
        SCENE({FAKE_DROP, 0, NULL, NULL});
        connect_with(&scene, &options);
        json_t *attributes, *sources;
        assert_int_equal(read_name(&scene, &attributes, &sources), IPIS_UNREACHABLE);
        assert_int_equal(fake_requests(scene.fake), 2);
        close_scene(&scene);
    }
    {
        SCENE({FAKE_ANSWER, 503, "{\"code\":\"X\",\"message\":\"x\"}", NULL});
        connect_with(&scene, &options);
        json_t *attributes, *sources;
        assert_int_equal(read_name(&scene, &attributes, &sources), IPIS_UNREACHABLE);
        assert_int_equal(fake_requests(scene.fake), 1);
        close_scene(&scene);
    }
}

static void a_code_is_not_asked_for_again_when_a_kept_connection_dies(void **state)
{
    (void)state;
    SCENE({FAKE_ANSWER, 200, OTP_SENT, NULL}, {FAKE_DROP, 0, NULL, NULL}, {FAKE_ANSWER, 200, OTP_SENT, NULL});
    connect_with(&scene, &options);
    assert_int_equal(send_otp(&scene), IPIS_OK);
    assert_int_equal(send_otp(&scene), IPIS_UNREACHABLE); /* libcurl alone would have sent it a second time */
    assert_int_equal(fake_requests(scene.fake), 2);
    assert_int_equal(send_otp(&scene), IPIS_OK);
    assert_int_equal(fake_requests(scene.fake), 3);
    close_scene(&scene);
}

static void the_breaker_opens_answers_at_once_and_lets_one_call_try(void **state)
{
    (void)state;
    SCENE({FAKE_DROP, 0, NULL, NULL}, {FAKE_DROP, 0, NULL, NULL}, {FAKE_ANSWER, 200, OTP_SENT, NULL});
    options.breaker_failures = 2;
    options.breaker_open_ms = 150;
    connect_with(&scene, &options);
    struct ipis_health health;
    assert_int_equal(send_otp(&scene), IPIS_UNREACHABLE);
    assert_int_equal(send_otp(&scene), IPIS_UNREACHABLE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send_otp(&scene), IPIS_UNREACHABLE);
        assert_false(scene.call.may_have_arrived);
    }
    assert_int_equal(fake_requests(scene.fake), 2);
    ipis_health(scene.ipis, &health);
    assert_true(health.breaker_open);
    assert_int_equal(health.last_ok_at, 0);
    int64_t until = clock_mono_ms() + 5000;
    while (send_otp(&scene) != IPIS_OK && clock_mono_ms() < until)
        poll(NULL, 0, 10);
    assert_int_equal(fake_requests(scene.fake), 3);
    ipis_health(scene.ipis, &health);
    assert_false(health.breaker_open);
    assert_true(health.last_ok_at > 0);
    close_scene(&scene);
}

static void *send_in_thread(void *context)
{
    struct scene *scene = context;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct ipis_call call = {.arena = arena, .transaction_id = STR(TRANSACTION), .relying_party = STR("portal")};
    int64_t expires_in;
    if (ipis_send_otp(scene->ipis, &call, &scene->kidc, &expires_in) != IPIS_UNREACHABLE)
        abort();
    return NULL;
}

static void a_slow_register_starves_nobody(void **state)
{
    (void)state;
    SCENE({FAKE_HOLD, 0, NULL, NULL});
    options.concurrent_max = 2;
    options.timeout_ms = 1500;
    connect_with(&scene, &options);
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_in_thread, &scene), 0);
    while (fake_requests(scene.fake) < COUNT_OF(threads))
        poll(NULL, 0, 5);
    int64_t started = clock_mono_ms();
    assert_int_equal(send_otp(&scene), IPIS_UNREACHABLE);
    assert_true(clock_mono_ms() - started < 500);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(fake_requests(scene.fake), 2);
    close_scene(&scene);
}

static void nobody_listening_is_unreachable(void **state)
{
    (void)state;
    SCENE({FAKE_DROP, 0, NULL, NULL});
    shutdown(scene.fake->listener, SHUT_RDWR);
    connect_with(&scene, &options);
    int64_t started = clock_mono_ms();
    assert_int_equal(send_otp(&scene), IPIS_UNREACHABLE);
    assert_true(clock_mono_ms() - started < 1500);
    assert_false(scene.call.may_have_arrived);
    close_scene(&scene);
}

static void proxies_of_the_environment_are_not_used(void **state)
{
    (void)state;
    SCENE({FAKE_ANSWER, 200, OTP_SENT, NULL});
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    connect_with(&scene, &options);
    assert_int_equal(send_otp(&scene), IPIS_OK);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    close_scene(&scene);
}

static void options_that_make_no_sense_are_refused_with_a_sentence(void **state)
{
    (void)state;
    SCENE({FAKE_DROP, 0, NULL, NULL});
    static const char *const bad_urls[] = {NULL,
                                           "",
                                           "127.0.0.1:8090",
                                           "ftp://127.0.0.1/",
                                           "file:///etc/passwd",
                                           "http://",
                                           "http://user:secret@127.0.0.1/",
                                           "http://127.0.0.1/?a=b",
                                           "http://127.0.0.1/#a"};
    char error[256];
    for (size_t i = 0; i < COUNT_OF(bad_urls); i++) {
        struct ipis_options bad = options;
        bad.base_url = bad_urls[i];
        error[0] = '\0';
        assert_null(ipis_new(&bad, error, sizeof error));
        assert_true(strlen(error) > 10);
    }
    struct ipis_options bad = options;
    bad.xroad_service = "KH/GOV";
    assert_null(ipis_new(&bad, error, sizeof error));
    bad = options;
    bad.xroad_service = "KH/GOV/1001/IPIS/ipis";
    assert_null(ipis_new(&bad, error, sizeof error)); /* without our own identifier */
    bad = options;
    bad.cert_file = "/tmp/cert.pem";
    assert_null(ipis_new(&bad, error, sizeof error));
    bad = options;
    bad.concurrent_max = 0;
    assert_null(ipis_new(&bad, error, sizeof error));
    bad = options;
    bad.timeout_ms = 0;
    assert_null(ipis_new(&bad, error, sizeof error));
    close_scene(&scene);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_a_code_as_the_interface_says),
        cmocka_unit_test(goes_through_xroad_and_keeps_its_id),
        cmocka_unit_test(checks_a_code_and_takes_the_token),
        cmocka_unit_test(reads_attributes_with_the_token_and_keeps_the_connection),
        cmocka_unit_test(never_puts_a_broken_token_into_a_header),
        cmocka_unit_test(adds_checks_and_removes_an_authenticator_as_the_interface_says),
        cmocka_unit_test(nothing_of_an_authenticator_that_is_broken_is_sent),
        cmocka_unit_test(an_authenticator_is_added_once_and_removed_again_after_a_failure),
        cmocka_unit_test(a_register_that_is_away_opens_the_breaker_and_a_code_is_asked_for_once),
        cmocka_unit_test(an_answer_that_does_not_fit_opens_no_breaker),
        cmocka_unit_test(an_odd_record_keeps_nobody_out),
        cmocka_unit_test(says_what_the_register_says),
        cmocka_unit_test(the_deadline_holds_for_the_whole_call),
        cmocka_unit_test(reading_is_tried_once_more_when_the_connection_fails),
        cmocka_unit_test(reading_is_not_tried_for_ever_and_not_after_an_answer),
        cmocka_unit_test(a_code_is_not_asked_for_again_when_a_kept_connection_dies),
        cmocka_unit_test(the_breaker_opens_answers_at_once_and_lets_one_call_try),
        cmocka_unit_test(a_slow_register_starves_nobody),
        cmocka_unit_test(nobody_listening_is_unreachable),
        cmocka_unit_test(proxies_of_the_environment_are_not_used),
        cmocka_unit_test(options_that_make_no_sense_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
