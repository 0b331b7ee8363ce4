#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ipis/breaker.h"

static struct breaker three_failures(void)
{
    return (struct breaker){.failures_max = 3, .open_ms = 1000};
}

static void fail_times(struct breaker *breaker, unsigned times, int64_t now)
{
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(breaker_ask(breaker, now), BREAKER_CLOSED);
        breaker_report(breaker, BREAKER_CLOSED, false, now);
    }
}

static void opens_after_failures_in_a_row_and_not_before(void **state)
{
    (void)state;
    struct breaker breaker = three_failures();
    fail_times(&breaker, 2, 0);
    assert_int_equal(breaker_ask(&breaker, 0), BREAKER_CLOSED);
    breaker_report(&breaker, BREAKER_CLOSED, false, 0);
    assert_int_equal(breaker_ask(&breaker, 0), BREAKER_REFUSED);
    assert_int_equal(breaker_ask(&breaker, 999), BREAKER_REFUSED);
}

static void success_starts_the_count_again(void **state)
{
    (void)state;
    struct breaker breaker = three_failures();
    for (int i = 0; i < 5; i++) {
        fail_times(&breaker, 2, 0);
        breaker_report(&breaker, BREAKER_CLOSED, true, 0);
    }
    assert_false(breaker.open);
}

static void lets_one_call_try_and_closes_on_success(void **state)
{
    (void)state;
    struct breaker breaker = three_failures();
    fail_times(&breaker, 3, 100);
    assert_int_equal(breaker_ask(&breaker, 1099), BREAKER_REFUSED);
    assert_int_equal(breaker_ask(&breaker, 1100), BREAKER_TRIAL);
    assert_int_equal(breaker_ask(&breaker, 1100), BREAKER_REFUSED);
    assert_int_equal(breaker_ask(&breaker, 99999), BREAKER_REFUSED);
    breaker_report(&breaker, BREAKER_TRIAL, true, 1200);
    assert_int_equal(breaker_ask(&breaker, 1200), BREAKER_CLOSED);
    fail_times(&breaker, 2, 1200);
    assert_false(breaker.open);
}

static void failed_trial_opens_it_for_the_whole_time_again(void **state)
{
    (void)state;
    struct breaker breaker = three_failures();
    fail_times(&breaker, 3, 0);
    assert_int_equal(breaker_ask(&breaker, 1000), BREAKER_TRIAL);
    breaker_report(&breaker, BREAKER_TRIAL, false, 1500);
    assert_int_equal(breaker_ask(&breaker, 2499), BREAKER_REFUSED);
    assert_int_equal(breaker_ask(&breaker, 2500), BREAKER_TRIAL);
}

static void stragglers_neither_close_it_nor_keep_it_open(void **state)
{
    (void)state;
    struct breaker breaker = three_failures();
    fail_times(&breaker, 3, 0);
    breaker_report(&breaker, BREAKER_CLOSED, true, 10);
    assert_int_equal(breaker_ask(&breaker, 10), BREAKER_REFUSED);
    breaker_report(&breaker, BREAKER_CLOSED, false, 999);
    assert_int_equal(breaker_ask(&breaker, 1000), BREAKER_TRIAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_after_failures_in_a_row_and_not_before),
        cmocka_unit_test(success_starts_the_count_again),
        cmocka_unit_test(lets_one_call_try_and_closes_on_success),
        cmocka_unit_test(failed_trial_opens_it_for_the_whole_time_again),
        cmocka_unit_test(stragglers_neither_close_it_nor_keep_it_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
