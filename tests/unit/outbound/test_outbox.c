/* The outbox: what is sent when, how often, in which order, and what stays in the store. */
#include "unit/outbound/post_office.h"

#include "outbound/outbox_queue.h"
#include "outbound/outbox_try.h"

static void a_notice_is_sent_at_once_and_then_gone(void **state)
{
    struct office *office = *state;
    office->outbox = outbox_start(&office->options);
    tls_script(office->live, (struct tls_step){TLS_ANSWER, 204, NULL, NULL});
    office_post(office, office->live, "a");
    office_await_ends(office, 1);
    assert_int_equal(office->ends[0].end, OUTBOX_SENT);
    assert_int_equal(office->ends[0].status, 204);
    assert_int_equal(office->ends[0].attempts, 0);
    assert_non_null(strstr(office->live->heard, "POST /notice HTTP/1.1\r\n"));
    assert_non_null(strstr(office->live->heard, "\r\n\r\nrecipe=a"));
    assert_int_equal(office_left(office), 0);
    office_close(office);
    assert_int_equal(office->live->requests, 1);
    assert_int_equal(office->renders, 1);
}

static void the_record_holds_the_recipe_and_never_what_is_sent(void **state)
{
    struct office *office = *state;
    struct record record;
    str key = office_add(office, (struct outbox_notice){.url = office_url(office, office->live), .recipe = STR("r")});
    assert_int_equal(store_get(office->store->store, RECORD_OUTBOX, key, office->store->arena, &record), STORE_OK);
    assert_null(memmem(record.value.p, record.value.n, "recipe=", 7));
    assert_int_equal(record.expires_at, 0); /* nothing takes it away unsent */
}

static void what_an_earlier_process_left_is_sent(void **state)
{
    struct office *office = *state;
    office_post(office, office->live, "left");
    office->outbox = outbox_start(&office->options);
    office_await_ends(office, 1);
    assert_string_equal(office->ends[0].recipe, "left");
}

static void what_another_process_adds_is_found_without_a_word(void **state)
{
    struct office *office = *state;
    office->outbox = outbox_start(&office->options);
    office_post(office, office->live, "first");
    office_await_ends(office, 1);
    office_add(office, (struct outbox_notice){.url = office_url(office, office->live), .recipe = STR("quiet")});
    office_await_ends(office, 2);
    assert_string_equal(office->ends[1].recipe, "quiet");
}

/* ---- order ---- */

static void one_destination_gets_one_at_a_time_and_the_oldest_first(void **state)
{
    struct office *office = *state;
    office->live->answer_delay_ms = 5;
    for (int i = 0; i < 20; i++) {
        str name = arena_printf(office->store->arena, "%02d", i);
        office_add(office, (struct outbox_notice){.url = office_url(office, office->live),
                                                  .recipe = name,
                                                  .created_at = clock_now_ms() - 1000 + i});
    }
    office->outbox = outbox_start(&office->options);
    office_await_ends(office, 20);
    for (int i = 0; i < 20; i++)
        assert_int_equal(atoi(office->ends[i].recipe), i);
    assert_int_equal(office->live->most_at_once, 1);
    assert_int_equal(office->live->connections, 1);
}

static void a_notice_that_is_not_due_waits(void **state)
{
    struct office *office = *state;
    office_add(office, (struct outbox_notice){.url = office_url(office, office->live),
                                              .recipe = STR("later"),
                                              .next_try_at = clock_now_ms() + 3600 * 1000});
    office_add(office, (struct outbox_notice){.url = office_url(office, office->live), .recipe = STR("now")});
    office->outbox = outbox_start(&office->options);
    office_await_ends(office, 1);
    assert_string_equal(office->ends[0].recipe, "now");
    assert_int_equal(office_left(office), 1);
}

/* Five destinations that say nothing, each with more than one notice: more than there are threads. */
static void dead_destinations_do_not_hold_up_a_live_one(void **state)
{
    struct office *office = *state;
    struct tls_server *dead[5];
    char error[256];
    const struct outbound_options impatient = {
        .allow = "127.0.0.1", .ca_file = office->live->certificate, .timeout_ms = 1000};
    outbound_free(office->outbound);
    office->options.outbound = office->outbound = outbound_new(&impatient, error, sizeof error);
    office->options.wait_ms = 1; /* they would be tried again all the time */
    office->options.wait_max_ms = 1;
    for (size_t i = 0; i < COUNT_OF(dead); i++) {
        dead[i] = tls_start("IP:127.0.0.1", 3600);
        for (int j = 0; j < 3; j++)
            office_post(office, dead[i], "dead"); /* its certificate is not trusted: fails fast, and for ever */
    }
    tls_script(office->other, (struct tls_step){.how = TLS_HOLD});
    office_post(office, office->other, "slow");
    office->outbox = outbox_start(&office->options);
    office_await_renders(office, 20); /* all of them failed before */
    for (size_t i = 1; i <= 10; i++) {
        int64_t begun = clock_mono_ms();
        office_post(office, office->live, "live");
        office_await_ends(office, i);
        assert_string_equal(office->ends[i - 1].recipe, "live");
        assert_in_range(clock_mono_ms() - begun, 0, 900);
    }
    office_close(office);
    assert_int_equal(office_left(office), 16);
    for (size_t i = 0; i < COUNT_OF(dead); i++)
        tls_stop(dead[i]);
}

/* ---- answers ---- */

static void assert_end(struct office *office, struct tls_step answer, enum outbox_end end)
{
    size_t before = office->end_count;
    unsigned requests = atomic_load(&office->live->requests);
    tls_script(office->live, answer);
    office_post(office, office->live, "x");
    office_await_ends(office, before + 1);
    if (office->ends[before].end != end)
        fail_msg("status %d: %s", answer.status, outbox_end_name(office->ends[before].end));
    assert_int_equal(office->ends[before].status, answer.status);
    assert_int_equal(atomic_load(&office->live->requests), requests + 1);
    assert_int_equal(office_left(office), 0);
}

static void answers_that_are_final_end_it_at_once(void **state)
{
    static const int sent[] = {200, 201, 202, 204}, refused[] = {301, 302, 307, 400, 401, 403, 404, 410, 422};
    struct office *office = *state;
    office->outbox = outbox_start(&office->options);
    for (size_t i = 0; i < COUNT_OF(sent); i++)
        assert_end(office, (struct tls_step){TLS_ANSWER, sent[i], NULL, NULL}, OUTBOX_SENT);
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_end(office, (struct tls_step){TLS_ANSWER, refused[i], "Location: /elsewhere\r\n", NULL}, OUTBOX_REFUSED);
    assert_end(office, (struct tls_step){.how = TLS_ENDLESS, .status = 200}, OUTBOX_SENT); /* at great length */
}

static void other_answers_are_tried_again_until_it_works(void **state)
{
    static const struct tls_step troubles[] = {
        {TLS_ANSWER, 500, NULL, NULL},
        {TLS_ANSWER, 503, NULL, NULL},
        {TLS_ANSWER, 429, NULL, NULL},
        {TLS_ANSWER, 408, NULL, NULL},
        {.how = TLS_DROP},
    };
    struct office *office = *state;
    office->outbox = outbox_start(&office->options);
    for (size_t i = 0; i < COUNT_OF(troubles); i++) {
        unsigned before = atomic_load(&office->live->requests);
        tls_script(office->live, troubles[i]);
        office_post(office, office->live, "x");
        tls_await(office->live, before + 3);
        tls_script(office->live, (struct tls_step){TLS_ANSWER, 200, NULL, NULL});
        office_await_ends(office, i + 1);
        assert_int_equal(office->ends[i].end, OUTBOX_SENT);
        assert_in_range(office->ends[i].attempts, 2, 10);
    }
}

static void addresses_that_are_never_called_are_refused(void **state)
{
    struct office *office = *state;
    office->outbox = outbox_start(&office->options);
    office_add(office, (struct outbox_notice){.url = STR("http://127.0.0.1/x"), .recipe = STR("a")});
    outbox_wake(office->outbox);
    office_await_ends(office, 1);
    assert_int_equal(office->ends[0].end, OUTBOX_REFUSED);
    assert_int_equal(office->ends[0].status, 0);
}

static void a_destination_that_never_answers_is_given_up(void **state)
{
    struct office *office = *state;
    struct outbox_counts counts;
    office->options.give_up_ms = 300;
    tls_script(office->live, (struct tls_step){TLS_ANSWER, 500, NULL, NULL});
    office->outbox = outbox_start(&office->options);
    office_post(office, office->live, "x");
    office_await_ends(office, 1);
    assert_int_equal(office->ends[0].end, OUTBOX_GIVEN_UP);
    assert_in_range(office->ends[0].attempts, 2, 10);
    assert_int_equal(office_left(office), 0);
    for (int i = 0; i < 50; i++) /* a destination that fails is not asked for each of them */
        office_add(office, (struct outbox_notice){.url = office_url(office, office->live),
                                                  .recipe = STR("old"),
                                                  .created_at = clock_now_ms() - 1000});
    unsigned before = atomic_load(&office->live->requests);
    outbox_wake(office->outbox);
    office_await_ends(office, 51);
    assert_in_range(atomic_load(&office->live->requests), before, before + 3);
    counts = office_await_empty(office);
    assert_int_equal(counts.sent, 0);
    assert_int_equal(counts.given_up, 51);
    assert_in_range(counts.failed, 2, 20);
}

/* ---- what the kind says ---- */

static void what_nobody_wants_any_more_is_dropped(void **state)
{
    struct office *office = *state;
    office->outbox = outbox_start(&office->options);
    office->render_says = OUTBOX_DROP;
    office_post(office, office->live, "x");
    office_await_ends(office, 1);
    assert_int_equal(office->ends[0].end, OUTBOX_DROPPED);
    office_add(office, (struct outbox_notice){
                           .url = office_url(office, office->live), .kind = STR("unknown"), .recipe = STR("y")});
    outbox_wake(office->outbox);
    office_await_ends(office, 2);
    assert_int_equal(office->ends[1].end, OUTBOX_DROPPED);
    assert_int_equal(office->live->requests, 0);
    assert_int_equal(office_left(office), 0);
}

static void what_can_not_be_made_now_is_made_later(void **state)
{
    struct office *office = *state;
    office->render_says = OUTBOX_LATER;
    office->outbox = outbox_start(&office->options);
    office_post(office, office->live, "x");
    office_await_renders(office, 3);
    pthread_mutex_lock(&office->lock);
    office->render_says = OUTBOX_SEND;
    pthread_mutex_unlock(&office->lock);
    office_await_ends(office, 1);
    assert_int_equal(office->ends[0].end, OUTBOX_SENT);
}

static void a_notice_that_was_taken_away_is_not_sent(void **state)
{
    struct office *office = *state;
    str key = office_add(office, (struct outbox_notice){.url = office_url(office, office->live),
                                                        .recipe = STR("away"),
                                                        .next_try_at = clock_now_ms() + 700});
    office->outbox = outbox_start(&office->options);
    office_post(office, office->live, "known"); /* both are known when this one is sent */
    office_await_ends(office, 1);
    const struct store_op op = {.what = STORE_DELETE, .kind = RECORD_OUTBOX, .key = key};
    assert_int_equal(store_write(office->store->store, &op, 1), STORE_OK);
    office_await_empty(office);
    assert_int_equal(office->live->requests, 1);
    assert_int_equal(office->end_count, 1);
}

static void a_damaged_record_goes_and_holds_up_nothing(void **state)
{
    struct office *office = *state;
    const struct store_op op = {
        .what = STORE_PUT, .kind = RECORD_OUTBOX, .key = store_new_key(office->store->arena), .value = STR("rubbish")};
    assert_int_equal(store_write(office->store->store, &op, 1), STORE_OK);
    office->outbox = outbox_start(&office->options);
    office_post(office, office->live, "x");
    office_await_ends(office, 1);
    assert_string_equal(office->ends[0].recipe, "x");
    office_close(office);
    assert_int_equal(office_left(office), 0);
}

/* ---- stopping ---- */

static void stopping_breaks_off_and_counts_no_failure(void **state)
{
    struct office *office = *state;
    struct record record;
    tls_script(office->live, (struct tls_step){.how = TLS_HOLD});
    str key = office_add(office, (struct outbox_notice){.url = office_url(office, office->live), .recipe = STR("x")});
    office->outbox = outbox_start(&office->options);
    tls_await(office->live, 1);
    int64_t begun = clock_mono_ms();
    office_close(office);
    assert_in_range(clock_mono_ms() - begun, 0, 5000);
    assert_int_equal(office->end_count, 0);
    assert_int_equal(store_get(office->store->store, RECORD_OUTBOX, key, office->store->arena, &record), STORE_OK);
    assert_int_equal(record.version, 1); /* as it was */
}

/* ---- waits, without threads ---- */

static void waits_double_up_to_a_limit_and_vary(void **state)
{
    const struct outbox_options options = {.wait_ms = 10000, .wait_max_ms = 3600000};
    int64_t least = INT64_MAX, most = 0, middle = 10000;
    (void)state;
    for (int64_t failures = 1; failures <= 70; failures++) {
        for (int i = 0; i < 50; i++)
            assert_in_range(outbox_wait(&options, failures), middle * 3 / 4, middle * 5 / 4);
        middle = middle * 2 < 3600000 ? middle * 2 : 3600000;
    }
    for (int i = 0; i < 500; i++) {
        int64_t wait = outbox_wait(&options, 1);
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    assert_true(most - least > 3000);
}

static str queue_key(struct arena *arena, int n)
{
    return arena_printf(arena, "%016d", n);
}

static void a_destination_that_fails_comes_after_healthy_ones_and_is_left_alone(void **state)
{
    TEST_ARENA;
    struct outbox_queue *queue = outbox_queue_new();
    (void)state;
    outbox_queue_add(queue, queue_key(arena, 1), STR("dead"), 10, 10000);
    outbox_queue_add(queue, queue_key(arena, 1), STR("dead"), 10, 10000); /* known */
    outbox_queue_add(queue, queue_key(arena, 2), STR("dead"), 20, 10000);
    assert_int_equal(outbox_queue_count(queue), 2);
    assert_int_equal(outbox_queue_next(queue, false), 10);
    assert_null(outbox_queue_take(queue, 9, false));
    struct outbox_waiting *waiting = outbox_queue_take(queue, 10, false);
    assert_memory_equal(waiting->key, "0000000000000001", 16);
    assert_null(outbox_queue_take(queue, 1000, false)); /* its destination is busy */
    assert_int_equal(outbox_queue_next(queue, false), OUTBOX_NEVER);
    outbox_queue_failed(waiting, 500);
    outbox_queue_again(queue, waiting, 300);
    assert_int_equal(outbox_queue_next(queue, false), 500);
    assert_int_equal(outbox_queue_next(queue, true), OUTBOX_NEVER);
    assert_null(outbox_queue_take(queue, 499, false));
    outbox_queue_add(queue, queue_key(arena, 3), STR("live"), 400, 10000);
    waiting = outbox_queue_take(queue, 500, false);
    assert_memory_equal(waiting->key, "0000000000000003", 16); /* due later, but healthy */
    assert_int_equal(outbox_queue_busy_failing(queue), 0);
    assert_null(outbox_queue_take(queue, 500, true));
    struct outbox_waiting *second = outbox_queue_take(queue, 500, false);
    assert_memory_equal(second->key, "0000000000000002", 16); /* due first at its destination */
    assert_int_equal(outbox_queue_busy_failing(queue), 1);
    assert_int_equal(outbox_queue_failures(second), 1);
    outbox_queue_alive(second);
    outbox_queue_remove(queue, second);
    outbox_queue_remove(queue, waiting);
    assert_int_equal(outbox_queue_busy_failing(queue), 0);
    assert_non_null(outbox_queue_take(queue, 500, true));
    assert_int_equal(outbox_queue_count(queue), 1);
    outbox_queue_free(queue);
}

static void hopeless_notices_do_not_wait_for_their_destination(void **state)
{
    TEST_ARENA;
    struct outbox_queue *queue = outbox_queue_new();
    (void)state;
    outbox_queue_add(queue, queue_key(arena, 1), STR("dead"), 10, 1000);
    outbox_queue_add(queue, queue_key(arena, 2), STR("dead"), 20, 700);
    struct outbox_waiting *waiting = outbox_queue_take(queue, 100, false);
    outbox_queue_failed(waiting, 5000);
    outbox_queue_remove(queue, waiting);
    assert_null(outbox_queue_take(queue, 699, false));
    assert_non_null(outbox_queue_take(queue, 700, false));
    outbox_queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(a_notice_is_sent_at_once_and_then_gone),
        OFFICE_TEST(the_record_holds_the_recipe_and_never_what_is_sent),
        OFFICE_TEST(what_an_earlier_process_left_is_sent),
        OFFICE_TEST(what_another_process_adds_is_found_without_a_word),
        OFFICE_TEST(one_destination_gets_one_at_a_time_and_the_oldest_first),
        OFFICE_TEST(a_notice_that_is_not_due_waits),
        OFFICE_TEST(dead_destinations_do_not_hold_up_a_live_one),
        OFFICE_TEST(answers_that_are_final_end_it_at_once),
        OFFICE_TEST(other_answers_are_tried_again_until_it_works),
        OFFICE_TEST(addresses_that_are_never_called_are_refused),
        OFFICE_TEST(a_destination_that_never_answers_is_given_up),
        OFFICE_TEST(what_nobody_wants_any_more_is_dropped),
        OFFICE_TEST(what_can_not_be_made_now_is_made_later),
        OFFICE_TEST(a_notice_that_was_taken_away_is_not_sent),
        OFFICE_TEST(a_damaged_record_goes_and_holds_up_nothing),
        OFFICE_TEST(stopping_breaks_off_and_counts_no_failure),
        cmocka_unit_test(waits_double_up_to_a_limit_and_vary),
        cmocka_unit_test(a_destination_that_fails_comes_after_healthy_ones_and_is_left_alone),
        cmocka_unit_test(hopeless_notices_do_not_wait_for_their_destination),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
