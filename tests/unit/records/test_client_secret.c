/* Sealed client secrets: read again by the same ring for the same client, and by nothing else. */
#include "records/client/client_secret.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/primitives.h"
#include "unit/unit.h"

#define SECRET "a secret of 43 characters, as it is made up"

static char folder[64];
static struct key_ring *ring, *other;

static struct key_ring *new_ring(const char *name)
{
    char path[128], master[128], error[256];
    snprintf(path, sizeof path, "%s/%s.ring", folder, name);
    snprintf(master, sizeof master, "%s/%s.key", folder, name);
    return ring_create(path, master, error, sizeof error) ? ring_open(path, master, error, sizeof error) : NULL;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/konsao-secret-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    ring = new_ring("one");
    other = new_ring("other");
    return ring && other ? 0 : -1;
}

static int remove_entry(const char *entry, const struct stat *info, int type, struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(entry);
}

static int tear_down(void **state)
{
    (void)state;
    ring_close(ring);
    ring_close(other);
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

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
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
