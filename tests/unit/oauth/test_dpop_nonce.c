/* Nonces without memory: what is good follows from the clock and the key ring. */
#include "oauth/client/dpop_nonce.h"

#include "unit/keys/two_rings.h"
#include "unit/unit.h"

#define NOW (1700000000 / DPOP_NONCE_WINDOW * DPOP_NONCE_WINDOW)

static bool is_good(struct arena *arena, str nonce, int64_t now)
{
    str good[DPOP_NONCES];
    dpop_nonces(ring, arena, now, good);
    return str_eq(nonce, good[0]) || str_eq(nonce, good[1]);
}

static void a_nonce_is_good_in_its_window_and_the_next(void **state)
{
    (void)state;
    TEST_ARENA;
    str nonce = dpop_nonce(ring, arena, NOW);
    assert_true(is_good(arena, nonce, NOW));
    assert_true(is_good(arena, nonce, NOW + 2 * DPOP_NONCE_WINDOW - 1));
    assert_false(is_good(arena, nonce, NOW + 2 * DPOP_NONCE_WINDOW));
    assert_false(is_good(arena, nonce, NOW - 1));
}

static void the_newest_is_handed_out(void **state)
{
    (void)state;
    TEST_ARENA;
    str good[DPOP_NONCES];
    dpop_nonces(ring, arena, NOW, good);
    assert_true(str_eq(dpop_nonce(ring, arena, NOW + DPOP_NONCE_WINDOW - 1), good[0]));
    assert_false(str_eq(good[0], good[1]));
    assert_int_equal(good[0].n, 22); /* 128 bits */
}

static void another_ring_has_others(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_false(is_good(arena, dpop_nonce(other, arena, NOW), NOW));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_good_in_its_window_and_the_next),
        cmocka_unit_test(the_newest_is_handed_out),
        cmocka_unit_test(another_ring_has_others),
    };
    return cmocka_run_group_tests(tests, rings_set_up, rings_tear_down);
}
