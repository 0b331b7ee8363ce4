/* The waiting browser: its channel, what it is told, whom it is refused to, and what an approval becomes. The phone is
 * played on the record. */
#include "world.h"

#include "crypto/json.h"
#include "records/known_browser.h"
#include "signin/qr/qr.h"

#define PHONE_KIDC "000000572-4"

static char seen[64], channel_id[32];
static int64_t answer_life; /* seconds */
static const json_t *answer;

/* Keeps what the browser was told. */
static void read_answer(void)
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

static void assert_member(const char *name, const char *expected)
{
    assert_str(json_str(answer, name), expected);
}

static void begin_with(const char *csrf, const char *way, const char *anew)
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

static void begin(const char *way)
{
    begin_with(world.csrf, way, "no");
}

/* GET with ?seen=V, or without; false when it was parked. */
static bool wait_with(const char *known)
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

static void load_channel(struct channel *out)
{
    assert_int_equal(channel_load(world.provider.store, world.arena, str_of(channel_id), out), STORE_OK);
}

/* What the phone's calls do to the record. */
static void write_channel(const struct channel *channel)
{
    struct store_op op = channel_save_op(world.arena, channel);
    assert_int_equal(store_write(world.provider.store, &op, 1), STORE_OK);
}

static void scan(void)
{
    struct channel channel;
    load_channel(&channel);
    channel.state = CHANNEL_SCANNED;
    channel.number = STR("07");
    channel.numbers = STR("93 07 41");
    write_channel(&channel);
}

static str phone_resident(void)
{
    struct kidc kidc;
    assert_true(kidc_parse(STR(PHONE_KIDC), &kidc));
    return resident_of(world.provider.keys, world.arena, &kidc);
}

/* Stores the consent, and puts the answer into the browser's mailbox. The continuation is copied. */
static void approve_as(const char *consent_id, char *continuation, size_t size)
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

static void approve(void)
{
    approve_as("consent-of-the-phone", NULL, 0);
}

static void get_page_with(const char *continuation)
{
    struct request *rq = new_request();
    struct param *item = ARENA_NEW(rq->arena, struct param);
    *item = (struct param){STR("continue"), arena_str(rq->arena, str_of(continuation))};
    rq->method = STR("GET");
    rq->query = (struct params){.items = item, .count = 1};
    signin_show(rq, &world.provider);
    keep_form();
}

static int setup(void **state)
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

static void forget_cookies(void)
{
    memset(world.jar, 0, sizeof world.jar);
}

/* Another browser, which has a cookie of its own. */
static void be_another_browser(void)
{
    snprintf(world.jar[0].value, sizeof world.jar[0].value, "%043d", 1);
}

/* ---- begin ---- */

static void the_page_offers_the_phone_and_where_to_ask(void **state)
{
    (void)state;
    char path[64];
    assert_true(flagged("ways_phone"));
    assert_false(flagged("ways_mobile"));
    snprintf(path, sizeof path, "/channel/%s", world.id);
    assert_str(shown("channel_path"), path);
}

static void a_channel_begins_with_codes_for_longer_than_the_browser_waits(void **state)
{
    (void)state;
    begin("qr");
    assert_int_equal(world.got.status, 200);
    assert_member("state", "waiting");
    int64_t number;
    assert_true(json_int(answer, "step_ms", 3000, 3000, &number));
    assert_true(json_int(answer, "next_in_ms", 1, 3000, &number));
    assert_true(json_int(answer, "first", 0, 1, &number));
    assert_true(json_int(answer, "expires_in", 175, 180, &number));
    assert_true(json_array_size(json_object_get(answer, "codes")) * 3000 > 25000 + 3000);
    assert_false(json_str(answer, "link").p);
    assert_false(json_str(answer, "number").p);
}

static void the_last_codes_are_those_of_the_channels_time(void **state)
{
    (void)state;
    struct channel channel;
    int64_t first;
    begin("qr");
    load_channel(&channel);
    channel.started_ms = clock_now_ms() - 170 * 1000;
    write_channel(&channel);
    assert_true(wait_with(NULL));
    assert_true(json_int(answer, "first", 56, 57, &first));
    assert_int_equal(json_array_size(json_object_get(answer, "codes")), 60 - first);
}

static void the_same_browser_gets_the_channel_that_it_has(void **state)
{
    (void)state;
    char first[64];
    begin("qr");
    snprintf(first, sizeof first, "%s", seen);
    begin("qr");
    assert_string_equal(seen, first);
    scan();
    begin("qr");
    assert_member("state", "scanned");
    assert_member("number", "07");
}

static void a_new_one_ends_the_old_one(void **state)
{
    (void)state;
    char first[32];
    struct channel old;
    begin("qr");
    snprintf(first, sizeof first, "%s", channel_id);
    world.wakes = 0;
    begin_with(world.csrf, "qr", "yes");
    assert_string_not_equal(channel_id, first);
    assert_int_equal(world.wakes, 1);
    assert_int_equal(channel_load(world.provider.store, world.arena, str_of(first), &old), STORE_OK);
    assert_int_equal(old.state, CHANNEL_ENDED);
    assert_int_equal(old.end, END_REPLACED);
    snprintf(first, sizeof first, "%s", channel_id);
    begin("same_device");
    assert_string_not_equal(channel_id, first);
}

static void the_same_device_gets_a_link_and_no_picture(void **state)
{
    (void)state;
    begin("same_device");
    assert_member("way", "same_device");
    assert_true(str_starts(json_str(answer, "link"), STR(ISSUER "/q/")));
    assert_null(json_object_get(answer, "codes"));
}

static void forms_of_elsewhere_begin_nothing(void **state)
{
    (void)state;
    static const char *const tokens[] = {"", "made-up", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        begin_with(tokens[i], "qr", "no");
        assert_int_equal(world.got.status, 403);
    }
    world.fetch_site = STR("cross-site");
    begin("qr");
    assert_int_equal(world.got.status, 403);
    world.fetch_site = STR_NONE;
    world.origin = STR("https://evil.example");
    begin("qr");
    assert_int_equal(world.got.status, 403);
    world.origin = STR_NONE;
    begin("postcard");
    assert_int_equal(world.got.status, 400);
    assert_int_equal(store_size(world.provider.store, RECORD_CHANNEL), 0);
}

static void another_browser_begins_nothing(void **state)
{
    (void)state;
    be_another_browser();
    begin("qr");
    assert_int_equal(world.got.status, 403);
    assert_member("error", "elsewhere");
    forget_cookies();
    begin("qr");
    assert_int_equal(world.got.status, 403);
    snprintf(world.id, sizeof world.id, "made-up");
    begin("qr");
    assert_int_equal(world.got.status, 404);
    assert_int_equal(store_size(world.provider.store, RECORD_CHANNEL), 0);
}

static void a_page_that_is_over_is_told_to_look_again(void **state)
{
    (void)state;
    char old[64];
    snprintf(old, sizeof old, "%s", world.csrf);
    post("action", "continue", "kidc", KIDC);
    begin_with(old, "qr", "no");
    assert_member("state", "moved");
    begin_with(world.csrf, "qr", "no");
    assert_member("state", "moved");
    assert_int_equal(store_size(world.provider.store, RECORD_CHANNEL), 0);
}

static void too_many_channels_are_refused(void **state)
{
    (void)state;
    int64_t wait;
    world.settings.limit_channels_per_ip = 2;
    begin("qr");
    begin_with(world.csrf, "qr", "yes");
    begin_with(world.csrf, "qr", "yes");
    assert_int_equal(world.got.status, 429);
    assert_true(json_int(answer, "retry_after", 1, 60, &wait));
    begin("qr"); /* the one that there is */
    assert_int_equal(world.got.status, 200);
}

static void one_request_gets_no_endless_row_of_channels(void **state)
{
    (void)state;
    int made = 0;
    do {
        begin_with(world.csrf, "qr", "yes");
        made += world.got.status == 200;
    } while (world.got.status == 200 && made < 100);
    assert_int_equal(world.got.status, 429);
    assert_int_equal(made, 30);
}

static void one_client_gets_no_more_than_its_share(void **state)
{
    (void)state;
    world.settings.limit_channels_per_client = 1;
    begin("qr");
    assert_int_equal(world.got.status, 200);
    ask_sign_in((struct interaction){0});
    get_page();
    begin("qr");
    assert_int_equal(world.got.status, 429);
}

static void a_client_may_want_the_code_scanned_in_its_own_networks_alone(void **state)
{
    (void)state;
    struct network near, far;
    assert_true(network_read(STR("192.0.2.0/28"), &near) && network_read(STR("198.51.100.0/24"), &far));
    struct network both[] = {far, near};
    world.client.qr_networks = both;
    world.client.qr_network_count = 1;
    get_page();
    assert_false(flagged("ways_phone"));
    begin("qr");
    assert_int_equal(world.got.status, 403);
    assert_member("error", "not_offered");
    begin("same_device");
    assert_int_equal(world.got.status, 403);
    world.client.qr_network_count = 2;
    get_page();
    assert_true(flagged("ways_phone"));
    begin("qr");
    assert_int_equal(world.got.status, 200);
}

/* ---- wait ---- */

static void nothing_new_parks_until_the_channel_is_over(void **state)
{
    (void)state;
    struct channel channel;
    begin("qr");
    world.watches = 0;
    assert_false(wait_with(seen));
    assert_int_equal(world.watches, 1);
    assert_int_equal(world.parked_ms, 25000);
    load_channel(&channel);
    channel.expires_at = clock_now() + 5;
    write_channel(&channel);
    assert_true(wait_with(seen));
    assert_false(wait_with(seen));
    assert_in_range(world.parked_ms, 1, 5000);
}

static void whoever_waited_long_enough_gets_the_next_codes(void **state)
{
    (void)state;
    begin("qr");
    world.waited_out = true;
    assert_true(wait_with(seen));
    assert_member("state", "waiting");
    assert_true(json_array_size(json_object_get(answer, "codes")) > 8);
}

static void when_too_many_wait_the_answer_comes_at_once(void **state)
{
    (void)state;
    begin("qr");
    world.full = true;
    assert_true(wait_with(seen));
    assert_member("state", "waiting");
}

static void what_changed_is_told_at_once(void **state)
{
    (void)state;
    begin("qr");
    scan();
    assert_true(wait_with(seen));
    assert_member("state", "scanned");
    assert_member("number", "07");
    assert_null(json_object_get(answer, "codes"));
    assert_false(wait_with(seen));
    approve();
    assert_true(wait_with(seen));
    assert_member("state", "approved");
    assert_false(json_str(answer, "number").p);
}

static void an_end_is_told_with_its_reason_each_time(void **state)
{
    (void)state;
    struct channel channel;
    for (enum channel_end end = END_DECLINED; end < END_EXPIRED; end++) {
        begin_with(world.csrf, "qr", "yes");
        load_channel(&channel);
        channel_finish(&channel, end);
        write_channel(&channel);
        assert_true(wait_with(seen));
        assert_member("state", "ended");
        assert_member("reason", channel_end_name(end));
        assert_true(wait_with(seen)); /* nothing more will come: no wait */
    }
}

static void a_channel_that_is_gone_has_expired(void **state)
{
    (void)state;
    struct channel channel;
    begin("qr");
    load_channel(&channel);
    channel.expires_at = clock_now() - 1;
    write_channel(&channel);
    assert_true(wait_with(seen));
    assert_member("state", "expired");
    begin("qr");
    assert_member("state", "waiting");
}

static void another_requests_channel_is_not_told(void **state)
{
    (void)state;
    char other[64];
    begin("qr");
    snprintf(other, sizeof other, "%s", seen);
    ask_sign_in((struct interaction){0});
    get_page();
    assert_true(wait_with(other));
    assert_member("state", "expired");
    assert_true(wait_with("nonsense"));
    assert_member("state", "expired");
}

/* ---- another browser ---- */

static void who_knows_the_address_alone_ends_nothing(void **state)
{
    (void)state;
    struct channel channel;
    begin("qr");
    be_another_browser();
    assert_true(wait_with(NULL));
    assert_int_equal(world.got.status, 403);
    assert_member("error", "elsewhere");
    assert_true(wait_with("AAAAAAAAAAAAAAAAAAAAAA.1"));
    assert_int_equal(world.got.status, 403);
    forget_cookies();
    assert_true(wait_with(NULL));
    assert_int_equal(world.got.status, 403);
    load_channel(&channel);
    assert_int_equal(channel.state, CHANNEL_WAITING);
}

static void who_knows_the_channel_too_ends_it(void **state)
{
    (void)state;
    struct channel channel;
    char known[64];
    begin("qr");
    snprintf(known, sizeof known, "%s", seen);
    be_another_browser();
    world.on_loop = true;
    assert_false(wait_with(known));
    assert_int_equal(world.moves, 1);
    world.on_loop = false;
    world.wakes = 0;
    assert_true(wait_with(known));
    assert_int_equal(world.got.status, 403);
    load_channel(&channel);
    assert_int_equal(channel.state, CHANNEL_ENDED);
    assert_int_equal(channel.end, END_FOREIGN_COOKIE);
    assert_int_equal(world.wakes, 1);
}

/* ---- the answer ---- */

static void what_the_phone_approved_signs_this_browser_in(void **state)
{
    (void)state;
    struct interaction interaction;
    begin("qr");
    scan();
    approve();
    get_page();
    assert_true(was_sent_to("/authorize/"));
    load_interaction(&interaction);
    assert_int_equal(interaction.stage, STAGE_DONE);
    assert_str(interaction.granted_claims, "name");
    assert_str(interaction.consent_id, "consent-of-the-phone");
    assert_str(interaction.amr, "hwk user");
    assert_str(interaction.authenticator, "0123456789abcdef");
    assert_true(str_eq(interaction.resident, phone_resident()));
    struct session session;
    struct request *rq = new_request();
    struct person person;
    assert_int_equal(session_load(world.provider.store, rq, &session), STORE_OK);
    assert_true(session_person(rq, &session, &person));
    assert_str(person.kyc_token, "kyc-token-of-the-phone");
    bool known;
    assert_int_equal(
        known_browser_is(world.provider.store, world.arena, known_browser_mark(rq), phone_resident(), &known),
        STORE_OK);
    assert_true(known);
}

static void an_answer_works_once(void **state)
{
    (void)state;
    struct channel channel;
    begin("qr");
    approve();
    get_page();
    assert_true(was_sent_to("/authorize/"));
    assert_int_equal(channel_load(world.provider.store, world.arena, str_of(channel_id), &channel), STORE_NOT_FOUND);
    assert_true(wait_with(seen));
    assert_member("state", "moved");
}

static void the_session_is_new_also_where_there_was_one(void **state)
{
    (void)state;
    char before[64] = "";
    struct session session;
    ask_sign_in((struct interaction){0});
    sign_in();
    assert_int_equal(session_load(world.provider.store, new_request(), &session), STORE_OK);
    for (size_t i = 0; i < COUNT_OF(world.jar); i++)
        if (strcmp(world.jar[i].name, "konsao_session") == 0)
            snprintf(before, sizeof before, "%s", world.jar[i].value);
    assert_int_equal(strlen(before), 43);
    ask_sign_in((struct interaction){.prompt = STR("login"), .claims_userinfo = STR("name")});
    get_page();
    assert_page("signin/kidc", 200);
    begin("qr");
    approve();
    get_page();
    assert_true(was_sent_to("/authorize/"));
    for (size_t i = 0; i < COUNT_OF(world.jar); i++)
        assert_string_not_equal(world.jar[i].value, before);
    assert_int_equal(session_load(world.provider.store, new_request(), &session), STORE_OK);
    assert_str(session.amr, "hwk user");
}

static void an_answer_whose_time_is_over_is_taken_away(void **state)
{
    (void)state;
    begin("qr");
    answer_life = 0;
    approve();
    get_page();
    assert_page("signin/kidc", 200);
    begin("qr");
    assert_member("state", "waiting");
}

static void a_scan_alone_signs_nobody_in(void **state)
{
    (void)state;
    begin("qr");
    get_page();
    assert_page("signin/kidc", 200);
    scan();
    get_page();
    assert_page("signin/kidc", 200);
}

static void another_browser_does_not_get_the_answer(void **state)
{
    (void)state;
    begin("qr");
    approve();
    be_another_browser();
    get_page();
    assert_page("signin/expired", 404);
    struct channel channel;
    load_channel(&channel);
    assert_int_equal(channel.state, CHANNEL_APPROVED);
}

static void another_consent_than_the_phones_is_asked_for(void **state)
{
    (void)state;
    struct interaction interaction;
    ask_sign_in((struct interaction){.claims_userinfo = STR("name email birthdate")});
    get_page();
    begin("qr");
    approve_as("an-older-one", NULL, 0);
    get_page();
    assert_true(was_sent_to("/signin/"));
    load_interaction(&interaction);
    assert_int_equal(interaction.stage, STAGE_CONSENT);
}

static void who_it_is_not_for_gets_no_further(void **state)
{
    (void)state;
    struct interaction interaction;
    ask_sign_in((struct interaction){.for_resident = STR("another resident"), .claims_userinfo = STR("name")});
    get_page();
    begin("qr");
    approve();
    get_page();
    assert_true(was_sent_to("/authorize/"));
    load_interaction(&interaction);
    assert_int_equal(interaction.stage, STAGE_DONE);
    assert_null(interaction.consent_id.p);
    assert_null(interaction.granted_claims.p);
}

static void the_same_device_needs_what_the_phone_alone_was_told(void **state)
{
    (void)state;
    char continuation[64];
    begin("same_device");
    approve_as("consent-of-the-phone", continuation, sizeof continuation);
    get_page();
    assert_page("signin/kidc", 200);
    get_page_with("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_page("signin/kidc", 200);
    get_page_with(continuation);
    assert_true(was_sent_to("/authorize/"));
}

static void a_continuation_in_another_browser_ends_the_channel(void **state)
{
    (void)state;
    char continuation[64];
    struct channel channel;
    begin("same_device");
    approve_as("consent-of-the-phone", continuation, sizeof continuation);
    be_another_browser();
    get_page_with("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_page("signin/expired", 404);
    load_channel(&channel);
    assert_int_equal(channel.state, CHANNEL_APPROVED);
    get_page_with(continuation);
    assert_page("signin/elsewhere", 403);
    assert_true(flagged("ended"));
    load_channel(&channel);
    assert_int_equal(channel.end, END_FOREIGN_COOKIE);
}

static void a_continuation_without_any_cookie_ends_the_channel_too(void **state)
{
    (void)state;
    char continuation[64];
    struct channel channel;
    begin("same_device");
    approve_as("consent-of-the-phone", continuation, sizeof continuation);
    forget_cookies();
    get_page_with(continuation);
    assert_page("signin/elsewhere", 403);
    load_channel(&channel);
    assert_int_equal(channel.end, END_FOREIGN_COOKIE);
}

static void a_code_leads_to_the_authenticator(void **state)
{
    (void)state;
    struct request *rq = new_request();
    rq->tail = STR("AAAAAAAAAAAAAAAAAAAAAA.3.BBBBBBBBBBBBBBBBBBBBBB");
    channel_link(rq, &world.provider);
    assert_str(world.got.location, ISSUER "/app#q=AAAAAAAAAAAAAAAAAAAAAA.3.BBBBBBBBBBBBBBBBBBBBBB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHANNEL_TEST(the_page_offers_the_phone_and_where_to_ask),
        CHANNEL_TEST(a_channel_begins_with_codes_for_longer_than_the_browser_waits),
        CHANNEL_TEST(the_last_codes_are_those_of_the_channels_time),
        CHANNEL_TEST(the_same_browser_gets_the_channel_that_it_has),
        CHANNEL_TEST(a_new_one_ends_the_old_one),
        CHANNEL_TEST(the_same_device_gets_a_link_and_no_picture),
        CHANNEL_TEST(forms_of_elsewhere_begin_nothing),
        CHANNEL_TEST(another_browser_begins_nothing),
        CHANNEL_TEST(a_page_that_is_over_is_told_to_look_again),
        CHANNEL_TEST(too_many_channels_are_refused),
        CHANNEL_TEST(one_request_gets_no_endless_row_of_channels),
        CHANNEL_TEST(one_client_gets_no_more_than_its_share),
        CHANNEL_TEST(a_client_may_want_the_code_scanned_in_its_own_networks_alone),
        CHANNEL_TEST(nothing_new_parks_until_the_channel_is_over),
        CHANNEL_TEST(whoever_waited_long_enough_gets_the_next_codes),
        CHANNEL_TEST(when_too_many_wait_the_answer_comes_at_once),
        CHANNEL_TEST(what_changed_is_told_at_once),
        CHANNEL_TEST(an_end_is_told_with_its_reason_each_time),
        CHANNEL_TEST(a_channel_that_is_gone_has_expired),
        CHANNEL_TEST(another_requests_channel_is_not_told),
        CHANNEL_TEST(who_knows_the_address_alone_ends_nothing),
        CHANNEL_TEST(who_knows_the_channel_too_ends_it),
        CHANNEL_TEST(what_the_phone_approved_signs_this_browser_in),
        CHANNEL_TEST(an_answer_works_once),
        CHANNEL_TEST(the_session_is_new_also_where_there_was_one),
        CHANNEL_TEST(an_answer_whose_time_is_over_is_taken_away),
        CHANNEL_TEST(a_scan_alone_signs_nobody_in),
        CHANNEL_TEST(another_browser_does_not_get_the_answer),
        CHANNEL_TEST(another_consent_than_the_phones_is_asked_for),
        CHANNEL_TEST(who_it_is_not_for_gets_no_further),
        CHANNEL_TEST(the_same_device_needs_what_the_phone_alone_was_told),
        CHANNEL_TEST(a_continuation_in_another_browser_ends_the_channel),
        CHANNEL_TEST(a_continuation_without_any_cookie_ends_the_channel_too),
        CHANNEL_TEST(a_code_leads_to_the_authenticator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
