/* A ring: made, opened, refused, and what it publishes. Its rotation: test_rotation.c. */
#include "unit/keys/fixture.h"

static void a_new_ring_signs_with_four_algorithms_and_publishes_the_next_keys(void **state)
{
    (void)state;
    RING ring = created_ring();
    for (unsigned alg = ALG_ES256; alg <= ALG_EDDSA; alg++) {
        const struct jose_key *key = ring_signer(ring, (enum jose_alg)alg);
        assert_int_equal(jose_key_alg(key), alg);
        assert_true(is_published(ring, jose_key_id(key)));
        assert_true(is_published(ring, next_of(ring, (enum jose_alg)alg)));
    }
    assert_null(ring_signer(ring, ALG_NONE_GIVEN));
    assert_null(ring_signer(ring, ALG_HS256));
    assert_null(ring_signer(ring, ALG_ECDH_ES));
    assert_int_equal(published(ring), PUBLISHED);
    assert_null(ring_find(ring, STR("unknown")));
    assert_null(ring_find(ring, STR_NONE));
    for (unsigned root = 0; root < RING_ROOTS; root++)
        assert_int_equal(ring_root_version(ring, (enum ring_root)root), 1);
}

static void the_jwks_shows_nothing_private(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    const char *why;
    json_t *set = json_parse_object(arena, ring_jwks(ring), 1 << 20);
    struct jose_keyset *keys = jose_keyset_from_jwks(set, &why); /* refuses private members */
    assert_non_null(keys);
    struct jws_parts parts;
    assert_true(jws_parse(arena, jws_sign(arena, ring_signer(ring, ALG_ES256), NULL, STR("{}")), 4096, &parts));
    assert_true(jose_keyset_verify(keys, &parts, JOSE_ALGS_ALL));
    jose_keyset_free(keys);
}

static void files_are_for_their_owner_alone_and_nothing_is_in_the_clear(void **state)
{
    (void)state;
    RING ring = created_ring();
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(mode_of(master), 0400);
    assert_int_equal(content_of(master).n, 32);
    str file = content_of(path), kid = jose_key_id(ring_signer(ring, ALG_ES256));
    assert_null(memmem(file.p, file.n, kid.p, kid.n));
    assert_null(memmem(file.p, file.n, "pkcs8", 5));
    assert_null(memmem(file.p, file.n, "ES256", 5));
}

static void a_ring_that_exists_is_not_made_again(void **state)
{
    (void)state;
    ring_close(created_ring());
    str before = content_of(path);
    assert_false(ring_create(path, master, ERROR));
    assert_non_null(strstr(error, "exists"));
    assert_true(str_eq(before, content_of(path)));
}

static void a_master_key_that_exists_is_used(void **state)
{
    (void)state;
    str bytes = STR("0123456789abcdef0123456789abcdef");
    put(master, bytes, 0400);
    ring_close(created_ring());
    assert_true(str_eq(content_of(master), bytes));
}

static void a_wrong_master_key_opens_nothing(void **state)
{
    (void)state;
    ring_close(fresh_ring());
    put(master, STR("0123456789abcdef0123456789abcdef"), 0400);
    refuses_to_open("wrong master key");
    put(master, STR("0123456789abcdef0123456789abcde"), 0400);
    refuses_to_open("not a master key");
    put(master, STR("0123456789abcdef0123456789abcdef!"), 0400);
    refuses_to_open("size is wrong");
    unlink(master);
    refuses_to_open("cannot open");
}

static void files_that_others_may_read_are_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0644, 0640, 0604, 0620, 0601};
    ring_close(fresh_ring());
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        refuses_to_open("others than its owner");
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(chmod(master, modes[i]), 0);
        refuses_to_open("others than its owner");
        assert_int_equal(chmod(master, 0400), 0);
    }
    ring_close(open_ring());
}

static void a_damaged_or_foreign_file_is_refused(void **state)
{
    (void)state;
    ring_close(fresh_ring());
    str good = content_of(path);
    for (size_t at = 0; at < good.n; at += 97) {
        char *changed = arena_cstr(arena, good);
        changed[at] = (char)(changed[at] ^ 1);
        put(path, (str){changed, good.n}, 0600);
        assert_null(ring_open(path, master, ERROR));
    }
    put(path, (str){good.p, good.n - 1}, 0600);
    refuses_to_open("damaged");
    put(path, STR(""), 0600);
    refuses_to_open("not a key ring");
    put(path, STR("konsao key ring 1\n"), 0600);
    refuses_to_open("damaged");
    put(path, STR("konsao key ring 2\nwhatever"), 0600);
    refuses_to_open("not a key ring of this version");
    unlink(path);
    refuses_to_open("cannot open");
    assert_int_equal(mkdir(path, 0700), 0);
    refuses_to_open("not a regular file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_ring_signs_with_four_algorithms_and_publishes_the_next_keys),
        TEST(the_jwks_shows_nothing_private),
        TEST(files_are_for_their_owner_alone_and_nothing_is_in_the_clear),
        TEST(a_ring_that_exists_is_not_made_again),
        TEST(a_master_key_that_exists_is_used),
        TEST(a_wrong_master_key_opens_nothing),
        TEST(files_that_others_may_read_are_refused),
        TEST(a_damaged_or_foreign_file_is_refused),
    };
    return cmocka_run_group_tests(tests, make_once, forget);
}
