/* Between test_channel.c and test_complete.c: the waiting browser and its channel. The phone is played on the record.
 */
#ifndef KONSAO_TESTS_SIGNIN_WAITING_H
#define KONSAO_TESTS_SIGNIN_WAITING_H

#include "world.h"

#include "crypto/json.h"
#include "records/known_browser.h"
#include "signin/qr/qr.h"

#define PHONE_KIDC "000000572-4"

static char seen[64], channel_id[32];
static int64_t answer_life; /* seconds */
static const json_t *answer;

/* Keeps what the browser was told. */
static inline void read_answer(void)
{
    assert_int_equal(world.got.answers, 1);
    answer = json_parse_object(world.arena, world.got.body, (size_t)1 << 20);
    assert_non_null(answer);
    str now = json_str(answer, "seen"), id, rest;
    if (!now.p)
        return;
    snprintf(seen, sizeof seen, "%.*s", STR_FMT(now));
    assert_true(str_cut(now, '.', &id, &rest));
    snprintf(channel_id, sizeof channel_id, "%.*s", STR_FMT(id));
}

static inline void assert_member(const char *name, const char *expected)
{
    assert_str(json_str(answer, name), expected);
}

static inline void begin_with(const char *csrf, const char *way, const char *anew)
{
    struct request *rq = new_request();
    struct param *items = ARENA_ARRAY(rq->arena, struct param, 3);
    items[0] = (struct param){STR("csrf"), arena_str(rq->arena, str_of(csrf))};
    items[1] = (struct param){STR("way"), str_of(way)};
    items[2] = (struct param){STR("anew"), str_of(anew)};
    rq->method = STR("POST");
    rq->body_type = BODY_FORM;
    rq->form = (struct params){.items = items, .count = 3};
    channel_begin(rq, &world.provider);
    read_answer();
}

static inline void begin(const char *way)
{
    begin_with(world.csrf, way, "no");
}

/* GET with ?seen=V, or without; false when it was parked. */
static inline bool wait_with(const char *known)
{
    struct request *rq = new_request();
    struct param *item = ARENA_NEW(rq->arena, struct param);
    rq->method = STR("GET");
    if (known) {
        *item = (struct param){STR("seen"), arena_str(rq->arena, str_of(known))};
        rq->query = (struct params){.items = item, .count = 1};
    }
    world.parked_ms = world.moves = 0;
    channel_wait(rq, &world.provider);
    if (world.got.answers == 0) {
        assert_true(world.parked_ms > 0 || world.moves > 0);
        return false;
    }
    read_answer();
    return true;
}

static inline void load_channel(struct channel *out)
{
    assert_int_equal(channel_load(world.provider.store, world.arena, str_of(channel_id), out), STORE_OK);
}

/* What the phone's calls do to the record. */
static inline void write_channel(const struct channel *channel)
{
    struct store_op op = channel_save_op(world.arena, channel);
    assert_int_equal(store_write(world.provider.store, &op, 1), STORE_OK);
}

static inline void scan(void)
{
    struct channel channel;
    load_channel(&channel);
    channel.state = CHANNEL_SCANNED;
    channel.number = STR("07");
    channel.numbers = STR("93 07 41");
    write_channel(&channel);
}

static inline str phone_resident(void)
{
    struct kidc kidc;
    assert_true(kidc_parse(STR(PHONE_KIDC), &kidc));
    return resident_of(world.provider.keys, world.arena, &kidc);
}

/* Stores the consent, and puts the answer into the browser's mailbox. The continuation is copied. */
static inline void approve_as(const char *consent_id, char *continuation, size_t size)
{
    struct channel channel;
    load_channel(&channel);
    struct channel_answer given = {.person = {.kyc_token = STR("kyc-token-of-the-phone")},
                                   .resident = phone_resident(),
                                   .acr = STR("urn:konsao:acr:2"),
                                   .amr = STR("hwk user"),
                                   .consent_id = str_of(consent_id),
                                   .authenticator = STR("0123456789abcdef"),
                                   .auth_time = clock_now(),
                                   .expires_at = clock_now() + answer_life};
    assert_true(kidc_parse(STR(PHONE_KIDC), &given.person.kidc));
    struct consent consent = {.client_id = STR("portal"),
                              .resident = given.resident,
                              .consent_id = STR("consent-of-the-phone"),
                              .scope = STR("openid"),
                              .granted = STR("name"),
                              .declined = STR("email"),
                              .given_at = clock_now(),
                              .expires_at = clock_now() + 600};
    struct store_op op = consent_op(world.arena, &consent);
    assert_int_equal(store_write(world.provider.store, &op, 1), STORE_OK);
    str secret;
    channel_approve(world.arena, &channel, &given, &secret);
    if (continuation)
        snprintf(continuation, size, "%.*s", STR_FMT(secret));
    write_channel(&channel);
}

static inline void approve(void)
{
    approve_as("consent-of-the-phone", NULL, 0);
}

static inline void get_page_with(const char *continuation)
{
    struct request *rq = new_request();
    struct param *item = ARENA_NEW(rq->arena, struct param);
    *item = (struct param){STR("continue"), arena_str(rq->arena, str_of(continuation))};
    rq->method = STR("GET");
    rq->query = (struct params){.items = item, .count = 1};
    signin_show(rq, &world.provider);
    keep_form();
}

static inline int setup(void **state)
{
    world_setup(state);
    answer_life = 600;
    world.settings.limit_channels_per_ip = 100;
    world.settings.limit_channels_per_client = 1000;
    ask_sign_in((struct interaction){.claims_userinfo = STR("name email")});
    get_page();
    assert_page("signin/kidc", 200);
    return 0;
}
#define CHANNEL_TEST(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)

static inline void forget_cookies(void)
{
    memset(world.jar, 0, sizeof world.jar);
}

/* Another browser, which has a cookie of its own. */
static inline void be_another_browser(void)
{
    snprintf(world.jar[0].value, sizeof world.jar[0].value, "%043d", 1);
}

#endif
