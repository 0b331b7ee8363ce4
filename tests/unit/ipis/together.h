/* The connector and the reference register, together, over real HTTP: what the tests of both have in common. */
#ifndef KONSAO_TESTS_IPIS_TOGETHER_H
#define KONSAO_TESTS_IPIS_TOGETHER_H

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

static inline struct ipis *connect_as(const char *client)
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

static inline int start_all(void **state)
{
    (void)state;
    static const char *const more[3] = {"--xroad", "--otp-attempts=3", "--freeze=60"};
    real = real_start(more);
    direct = connect_as(NULL);
    over_xroad = connect_as("KH/GOV/1002/KONSAO");
    over_xroad_as_another = connect_as("KH/COM/2001/OTHER");
    return 0;
}

static inline int stop_all(void **state)
{
    (void)state;
    ipis_free(direct);
    ipis_free(over_xroad);
    ipis_free(over_xroad_as_another);
    return real_stop(&real) ? 0 : -1;
}

static inline int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    call = (struct ipis_call){.arena = arena, .transaction_id = STR("t-1"), .relying_party = STR("portal")};
    return ask(&real, "/reset", "{}", NULL)->status == 200 ? 0 : -1;
}

static inline int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static inline struct kidc number(const char *text)
{
    struct kidc kidc;
    assert_true(kidc_parse(str_of(text), &kidc));
    return kidc;
}

static inline enum ipis_result send_to(struct ipis *ipis, const char *who)
{
    struct kidc kidc = number(who);
    int64_t expires_in;
    return ipis_send_otp(ipis, &call, &kidc, &expires_in);
}

/* The newest code in the outbox. */
static inline str newest_code(void)
{
    json_t *list = json_loads(ask_json(&real, "/outbox")->body, 0, NULL);
    const char *code = json_string_value(json_object_get(json_array_get(list, 0), "code"));
    assert_non_null(code);
    str copy = arena_str(arena, str_of(code));
    json_decref(list);
    return copy;
}

static inline enum ipis_result check(struct ipis *ipis, const char *who, str code, struct ipis_proof *proof)
{
    struct kidc kidc = number(who);
    return ipis_check_otp(ipis, &call, &kidc, code, proof);
}

static inline enum ipis_result sign_in(struct ipis *ipis, const char *who, struct ipis_proof *proof)
{
    assert_int_equal(send_to(ipis, who), IPIS_OK);
    return check(ipis, who, newest_code(), proof);
}

/* A code that is not the right one. */
static inline str another(str code)
{
    str copy = arena_str(arena, code);
    ((char *)(uintptr_t)copy.p)[0] = code.p[0] == '9' ? '0' : (char)(code.p[0] + 1);
    return copy;
}

static inline enum ipis_result read_with(struct ipis *ipis, const char *who, str token, json_t **attributes)
{
    static const char *const names[] = {"familyNameKh", "address", "email", NULL};
    struct kidc kidc = number(who);
    json_t *sources;
    return ipis_read_attributes(ipis, &call, &kidc, token, STR("consent-9"), names, attributes, &sources);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
