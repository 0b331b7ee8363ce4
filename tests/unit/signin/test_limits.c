#include "world.h"

#include <pthread.h>

#include "signin/limits.h"

#define RESIDENT STR("cmVzaWRlbnQ")

static enum store_result tried(struct limit *limit)
{
    TEST_ARENA;
    return limit_tried(world.provider.store, arena, &world.settings, RESIDENT, limit);
}

static bool is_frozen(void)
{
    TEST_ARENA;
    struct limit limit;
    assert_int_equal(limit_frozen(world.provider.store, arena, &world.settings, RESIDENT, &limit), STORE_OK);
    return limit.reached;
}

static void the_last_try_is_allowed_the_next_is_not(void **state)
{
    (void)state;
    struct limit limit;
    for (int64_t left = world.settings.otp_attempts - 1; left >= 0; left--) {
        assert_false(is_frozen());
        assert_int_equal(tried(&limit), STORE_OK);
        assert_false(limit.reached);
        assert_int_equal(limit.left, left);
    }
    assert_true(is_frozen());
    assert_int_equal(tried(&limit), STORE_OK);
    assert_true(limit.reached);
    assert_in_range(limit.until, clock_now() + world.settings.otp_freeze - 5, clock_now() + world.settings.otp_freeze);
}

static void looking_counts_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        assert_false(is_frozen());
}

static void a_try_that_was_not_judged_is_given_back_once(void **state)
{
    (void)state;
    TEST_ARENA;
    struct limit limit;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(tried(&limit), STORE_OK);
        assert_false(limit.reached);
        assert_int_equal(limit_untried(world.provider.store, arena, RESIDENT, &limit), STORE_OK);
    }
    for (int i = 0; i < world.settings.otp_attempts; i++) {
        assert_int_equal(tried(&limit), STORE_OK);
        assert_false(limit.reached);
    }
    assert_int_equal(tried(&limit), STORE_OK);
    assert_true(limit.reached);
}

static void proving_it_forgets_this_residents_tries_only(void **state)
{
    (void)state;
    TEST_ARENA;
    struct limit limit;
    str other = STR("b3RoZXI");
    for (int i = 0; i < world.settings.otp_attempts; i++) {
        assert_int_equal(tried(&limit), STORE_OK);
        assert_int_equal(limit_tried(world.provider.store, arena, &world.settings, other, &limit), STORE_OK);
    }
    assert_int_equal(limit_proved(world.provider.store, arena, RESIDENT), STORE_OK);
    assert_false(is_frozen());
    assert_int_equal(limit_frozen(world.provider.store, arena, &world.settings, other, &limit), STORE_OK);
    assert_true(limit.reached);
}

static int allowed;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *guess(void *context)
{
    (void)context;
    for (int i = 0; i < 10; i++) {
        struct limit limit;
        if (tried(&limit) != STORE_OK || limit.reached)
            continue;
        pthread_mutex_lock(&lock);
        allowed++;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void guesses_at_the_same_time_get_no_more_tries(void **state)
{
    (void)state;
    pthread_t threads[8];
    allowed = 0;
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, guess, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(allowed, world.settings.otp_attempts);
}

static void the_registers_last_word_on_a_codes_life_is_kept(void **state)
{
    (void)state;
    TEST_ARENA;
    int64_t life = 0;
    assert_int_equal(limit_code_life(world.provider.store, arena, false, &life), STORE_OK);
    assert_int_equal(life, 180);
    life = 240;
    assert_int_equal(limit_code_life(world.provider.store, arena, true, &life), STORE_OK);
    life = 0;
    assert_int_equal(limit_code_life(world.provider.store, arena, false, &life), STORE_OK);
    assert_int_equal(life, 240);
}

static bool is_asked_too_often(str resident, bool counts)
{
    TEST_ARENA;
    struct limit limit;
    assert_int_equal(limit_asked(world.provider.store, arena, &world.settings, resident, counts, &limit), STORE_OK);
    return limit.reached;
}

static void who_was_asked_in_vain_too_often_is_left_alone(void **state)
{
    (void)state;
    world.settings.limit_asked_per_resident = 3;
    for (int i = 0; i < 20; i++)
        assert_false(is_asked_too_often(RESIDENT, false));
    assert_false(is_asked_too_often(RESIDENT, true));
    assert_false(is_asked_too_often(RESIDENT, true));
    assert_false(is_asked_too_often(RESIDENT, false));
    assert_true(is_asked_too_often(RESIDENT, true));
    assert_true(is_asked_too_often(RESIDENT, false));
    assert_false(is_asked_too_often(STR("somebody-else"), false));
}

static bool asks_again_too_soon(str jkt, str resident)
{
    TEST_ARENA;
    struct limit limit;
    assert_int_equal(limit_resent(world.provider.store, arena, &world.settings, jkt, resident, &limit), STORE_OK);
    return limit.reached;
}

static void a_device_waits_between_two_codes_for_a_number(void **state)
{
    (void)state;
    world.settings.otp_resend_wait = 30;
    assert_false(asks_again_too_soon(STR("key"), RESIDENT));
    assert_true(asks_again_too_soon(STR("key"), RESIDENT));
    assert_false(asks_again_too_soon(STR("another-key"), RESIDENT));
    assert_false(asks_again_too_soon(STR("key"), STR("somebody-else")));
    world.settings.otp_resend_wait = 0;
    assert_false(asks_again_too_soon(STR("third-key"), RESIDENT));
    assert_false(asks_again_too_soon(STR("third-key"), RESIDENT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_last_try_is_allowed_the_next_is_not),
        WORLD_TEST(looking_counts_nothing),
        WORLD_TEST(a_try_that_was_not_judged_is_given_back_once),
        WORLD_TEST(proving_it_forgets_this_residents_tries_only),
        WORLD_TEST(guesses_at_the_same_time_get_no_more_tries),
        WORLD_TEST(the_registers_last_word_on_a_codes_life_is_kept),
        WORLD_TEST(who_was_asked_in_vain_too_often_is_left_alone),
        WORLD_TEST(a_device_waits_between_two_codes_for_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
