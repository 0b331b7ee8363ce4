/* The waiting browser: its channel, what it is told, and whom it is refused to. */
#include "waiting.h"

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
    assert_true(network_read(STR("192.0.2.0/28"), &near));
    assert_true(network_read(STR("198.51.100.0/24"), &far));
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
