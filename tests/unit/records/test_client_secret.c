/* Sealed client secrets: read again by the same ring for the same client, and by nothing else. */
#include "records/client/client_secret.h"

#include "crypto/primitives.h"
#include "unit/keys/two_rings.h"
#include "unit/unit.h"

#define SECRET "a secret of 43 characters, as it is made up"

static void a_sealed_secret_comes_back_also_after_a_new_root(void **state)
{
    (void)state;
    TEST_ARENA;
    char error[256];
    str secret, before = client_secret_seal(ring, arena, STR("portal"), STR(SECRET));
    assert_true(ring_add_root(ring, ROOT_CLIENT_SECRET, error, sizeof error));
    str after = client_secret_seal(ring, arena, STR("portal"), STR(SECRET));
    assert_true(client_secret_open(ring, arena, STR("portal"), before, &secret));
    assert_str(secret, SECRET);
    assert_true(client_secret_open(ring, arena, STR("portal"), after, &secret));
    assert_str(secret, SECRET);
}

static void neither_another_client_nor_another_ring_opens_it(void **state)
{
    (void)state;
    TEST_ARENA;
    str secret, sealed = client_secret_seal(ring, arena, STR("portal"), STR(SECRET));
    assert_false(client_secret_open(ring, arena, STR("porta1"), sealed, &secret));
    assert_false(client_secret_open(other, arena, STR("portal"), sealed, &secret));
}

static void what_is_changed_cut_or_of_an_unknown_root_does_not_open(void **state)
{
    (void)state;
    TEST_ARENA;
    str secret, bytes, sealed = client_secret_seal(ring, arena, STR("portal"), STR(SECRET));
    assert_true(base64url_decode(arena, sealed, &bytes));
    for (size_t i = 0; i < bytes.n; i++) {
        str changed = arena_str(arena, bytes);
        ((char *)(uintptr_t)changed.p)[i] ^= 0x40;
        assert_false(client_secret_open(ring, arena, STR("portal"), base64url_encode(arena, changed), &secret));
        str cut = {bytes.p, i};
        assert_false(client_secret_open(ring, arena, STR("portal"), base64url_encode(arena, cut), &secret));
    }
    assert_false(client_secret_open(ring, arena, STR("portal"), STR("not base64url!"), &secret));
    assert_false(client_secret_open(ring, arena, STR("portal"), STR_NONE, &secret));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_secret_comes_back_also_after_a_new_root),
        cmocka_unit_test(neither_another_client_nor_another_ring_opens_it),
        cmocka_unit_test(what_is_changed_cut_or_of_an_unknown_root_does_not_open),
    };
    return cmocka_run_group_tests(tests, rings_set_up, rings_tear_down);
}
