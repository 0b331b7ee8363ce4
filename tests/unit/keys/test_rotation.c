/* A ring over time: rotation, other processes, earlier versions, readers meanwhile. */
#include "unit/keys/fixture.h"

static void a_rotation_uses_the_key_that_was_published_and_keeps_the_old_one(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    const struct jose_key *first = ring_signer(ring, ALG_ES256), *other = ring_signer(ring, ALG_RS256);
    str next = next_of(ring, ALG_ES256), old = jose_key_id(first), kept = jose_key_id(other);
    rotate(ring, ALG_ES256, KEEP);
    assert_true(str_eq(jose_key_id(ring_signer(ring, ALG_ES256)), next));
    assert_true(str_eq(jose_key_id(ring_signer(ring, ALG_RS256)), kept));
    assert_true(is_published(ring, old));
    assert_non_null(ring_find(ring, old));
    assert_false(str_eq(next_of(ring, ALG_ES256), next));
    assert_int_equal(published(ring), PUBLISHED + 1);
    struct jws_parts parts; /* the key in hand still signs, the ring still verifies */
    assert_true(jws_parse(arena, jws_sign(arena, first, NULL, STR("{}")), 4096, &parts));
    assert_true(jws_verify(&parts, ring_find(ring, parts.kid)));
}

/* The published key for encryption under `alg`, as a client finds it. */
static struct jose_keyset *published_set(const struct key_ring *ring)
{
    const char *why;
    struct jose_keyset *set = jose_keyset_from_jwks(json_parse_object(arena, ring_jwks(ring), 1 << 20), &why);
    assert_non_null(set);
    return set;
}

static str encrypted_to(const struct jose_keyset *set, enum jose_alg alg, str plain)
{
    const struct jose_key *key = jose_keyset_find(set, STR_NONE, alg);
    assert_non_null(key);
    return jwe_encrypt(arena, key, ENC_A256GCM, "JWT", plain);
}

static bool opens(const struct key_ring *ring, str jwe)
{
    struct jwe_parts parts;
    str plain;
    return ring_decrypt(ring, arena, jwe, 4096, &parts, &plain) && str_is(plain, "hello") && parts.enc == ENC_A256GCM &&
           str_is(parts.cty, "JWT");
}

static void what_is_encrypted_to_a_published_key_opens_after_rotation_until_the_key_goes(void **state)
{
    (void)state;
    static const enum jose_alg algs[] = {ALG_ECDH_ES, ALG_RSA_OAEP_256};
    RING ring = fresh_ring();
    struct jose_keyset *set = published_set(ring);
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        str jwe = encrypted_to(set, algs[i], STR("hello"));
        str kid = arena_str(arena, jose_key_id(jose_keyset_find(set, STR_NONE, algs[i])));
        assert_true(opens(ring, jwe));
        rotate(ring, algs[i], KEEP);
        assert_false(is_published(ring, kid)); /* nobody is to begin with it now */
        assert_int_equal(published(ring), PUBLISHED);
        assert_true(opens(ring, jwe));
        rotate(ring, algs[i], 0);
        assert_true(opens(ring, jwe)); /* the key between the two is gone, the first still has its hour */
    }
    jose_keyset_free(set);
    set = published_set(ring);
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        str jwe = encrypted_to(set, algs[i], STR("hello"));
        assert_true(opens(ring, jwe));
        rotate(ring, algs[i], 0);
        assert_false(opens(ring, jwe));
    }
    jose_keyset_free(set);
}

static void what_is_encrypted_without_a_kid_opens_and_with_a_foreign_one_does_not(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    struct jose_keyset *set = published_set(ring);
    const struct jose_key *key = jose_keyset_find(set, STR_NONE, ALG_ECDH_ES);
    json_t *jwk = json_parse_object(arena, jose_key_public_jwk(key, arena), 4096);
    for (int pass = 0; pass < 2; pass++) {
        const char *why;
        if (pass == 0)
            json_object_del(jwk, "kid");
        else
            json_object_set_new(jwk, "kid", json_string("another"));
        struct jose_key *renamed = jose_key_from_jwk(jwk, ALG_ECDH_ES, &why);
        assert_non_null(renamed);
        assert_int_equal(opens(ring, jwe_encrypt(arena, renamed, ENC_A256GCM, "JWT", STR("hello"))), pass == 0);
        jose_key_free(renamed);
    }
    jose_keyset_free(set);
}

static void every_published_key_has_one_alg_and_its_own_kid(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    const json_t *keys = json_object_get(json_parse_object(arena, ring_jwks(ring), 1 << 20), "keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *key = json_array_get(keys, i);
        bool encrypts = jose_encryption_alg_of(json_str(key, "alg")) != ALG_NONE_GIVEN;
        assert_true(encrypts || jose_alg_of(json_str(key, "alg")) != ALG_NONE_GIVEN);
        assert_true(str_is(json_str(key, "use"), encrypts ? "enc" : "sig"));
        for (size_t k = 0; k < i; k++)
            assert_false(str_eq(json_str(key, "kid"), json_str(json_array_get(keys, k), "kid")));
    }
}

/* A ring of version 0.1.0, which had ES256 and RS256 and five roots: rotated once, its pairwise root twice. */
static void a_ring_of_an_earlier_version_opens_and_gains_what_it_lacks_for_good(void **state)
{
    (void)state;
    static const unsigned char pairwise[4] = {0x03, 0x35, 0xfd, 0xdb}; /* as version 0.1.0 computed them, for "x" */
    static const unsigned char sid[4] = {0xd7, 0x89, 0xb7, 0x02};
    put(path, content_of(SOURCE_DIR "/tests/unit/keys/data/version-0.1.0.ring"), 0600);
    put(master, content_of(SOURCE_DIR "/tests/unit/keys/data/version-0.1.0.master"), 0400);
    RING ring = open_ring();
    unsigned char mac[32], again[32];
    ring_mac(ring, ROOT_PAIRWISE, 1, STR("x"), mac);
    assert_memory_equal(mac, pairwise, sizeof pairwise);
    ring_mac(ring, ROOT_SID, 1, STR("x"), mac);
    assert_memory_equal(mac, sid, sizeof sid);
    assert_int_equal(ring_root_version(ring, ROOT_PAIRWISE), 2);
    assert_true(str_is(next_of(ring, ALG_ES256), "xiBqKE9DP-pDD-SPBrFtEZRvlQt6eRHqQ_WI8bLrvzI"));
    assert_true(str_is(jose_key_id(ring_signer(ring, ALG_ES256)), "P7M-OHXbLkc-9EjqcY1zK3fLBHyG5pPmu6hLqwtz9qs"));
    assert_true(is_published(ring, STR("CfPhgYWkDTRSQiGBoSFRu_piXAqNiEXSIr3rOAnlDvA"))); /* retired */
    assert_int_equal(published(ring), PUBLISHED + 1);
    RING second = open_ring();
    for (unsigned root = ROOT_DPOP_NONCE; root < RING_ROOTS; root++) {
        ring_mac(ring, (enum ring_root)root, 1, STR("x"), mac);
        ring_mac(second, (enum ring_root)root, 1, STR("x"), again);
        assert_memory_equal(mac, again, sizeof mac);
    }
    assert_true(str_eq(ring_jwks(ring), ring_jwks(second)));
    assert_true(str_eq(next_of(ring, ALG_PS256), next_of(second, ALG_PS256)));
}

static void an_earlier_ring_put_back_while_the_server_runs_gains_its_keys_too(void **state)
{
    (void)state;
    put(path, content_of(SOURCE_DIR "/tests/unit/keys/data/version-0.1.0.ring"), 0600);
    put(master, content_of(SOURCE_DIR "/tests/unit/keys/data/version-0.1.0.master"), 0400);
    RING ring = open_ring();
    put(path, content_of(SOURCE_DIR "/tests/unit/keys/data/version-0.1.0.ring"), 0600);
    assert_true(ring_refresh(ring));
    assert_non_null(ring_signer(ring, ALG_EDDSA));
    put(path, content_of(SOURCE_DIR "/tests/unit/keys/data/version-0.1.0.ring"), 0600);
    rotate(ring, ALG_ES256, KEEP); /* before a refresh has seen it */
    assert_non_null(ring_signer(ring, ALG_EDDSA));
    assert_int_equal(published(ring), PUBLISHED + 2);
}

static void rotating_all_twice_keeps_every_retired_key(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    str first = jose_key_id(ring_signer(ring, ALG_RS256));
    rotate(ring, ALG_NONE_GIVEN, KEEP);
    rotate(ring, ALG_NONE_GIVEN, KEEP);
    assert_int_equal(published(ring), PUBLISHED + 4 * 2);
    assert_true(is_published(ring, first));
    struct ring_key_info *keys;
    size_t count = ring_list(ring, arena, &keys), retired = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || keys[i - 1].created_at >= keys[i].created_at);
        assert_int_equal(keys[i].state == KEY_NEXT, keys[i].activated_at == 0);
        if (keys[i].state == KEY_RETIRED) {
            retired++;
            assert_true(keys[i].drop_at - keys[i].retired_at == KEEP);
        }
    }
    assert_int_equal(count, PUBLISHED + 6 * 2);
    assert_int_equal(retired, 6 * 2);
}

static void a_next_key_that_is_too_young_is_not_used(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    str before = content_of(path);
    assert_false(ring_rotate(ring, ALG_NONE_GIVEN, KEEP, 600, ERROR));
    assert_non_null(strstr(error, "only"));
    assert_false(ring_rotate(ring, ALG_ES256, KEEP, 600, ERROR));
    assert_true(str_eq(before, content_of(path)));
}

static void an_algorithm_that_the_ring_lacks_is_not_rotated(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    assert_false(ring_rotate(ring, ALG_HS256, KEEP, 0, ERROR));
    assert_non_null(strstr(error, "no HS256 key"));
    assert_false(ring_rotate(ring, ALG_ES256, -1, 0, ERROR));
    assert_false(ring_rotate(ring, ALG_ES256, INT64_MAX, 0, ERROR));
}

static void a_retired_key_goes_when_its_time_has_come_without_a_new_file(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    str old = arena_str(arena, jose_key_id(ring_signer(ring, ALG_ES256)));
    rotate(ring, ALG_ES256, 1);
    assert_true(is_published(ring, old));
    int64_t deadline = clock_mono_ms() + 10000;
    while (!ring_refresh(ring) && clock_mono_ms() < deadline)
        usleep(20000); /* the ring's clock is the wall clock: it has to pass */
    assert_false(is_published(ring, old));
    assert_null(ring_find(ring, old));
    assert_int_equal(published(ring), PUBLISHED);
    assert_false(ring_refresh(ring));
}

static void a_key_retired_for_no_time_is_gone_at_once(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    str old = jose_key_id(ring_signer(ring, ALG_ES256));
    rotate(ring, ALG_ES256, 0);
    assert_false(is_published(ring, old));
    assert_int_equal(published(ring), PUBLISHED);
}

static void a_rotation_by_another_process_is_seen_and_old_views_stay(void **state)
{
    (void)state;
    RING server = fresh_ring();
    const struct jose_key *key = ring_signer(server, ALG_ES256);
    str jwks = ring_jwks(server), copy = arena_str(arena, jwks);
    assert_false(ring_refresh(server));
    pid_t command = fork();
    if (command == 0) {
        struct key_ring *ring = ring_open(path, master, ERROR);
        bool done = ring && ring_rotate(ring, ALG_ES256, KEEP, 0, ERROR);
        ring_close(ring);
        _exit(done ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(command, &status, 0), command);
    assert_int_equal(status, 0);
    assert_ptr_equal(ring_signer(server, ALG_ES256), key);
    assert_true(ring_refresh(server));
    assert_false(ring_refresh(server));
    assert_ptr_not_equal(ring_signer(server, ALG_ES256), key);
    assert_true(str_eq(jwks, copy)); /* and is still memory of ours: the sanitizer would say */
    assert_int_equal(jws_sign(arena, key, NULL, STR("{}")).n > 0, 1);
}

static void rotations_of_two_processes_do_not_overwrite_each_other(void **state)
{
    (void)state;
    RING server = fresh_ring();
    RING command = open_ring();
    rotate(command, ALG_ES256, KEEP);
    rotate(server, ALG_ES256, KEEP); /* without a refresh in between */
    assert_int_equal(published(server), PUBLISHED + 2);
    pid_t children[3];
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct key_ring *ring = ring_open(path, master, ERROR);
            _exit(ring && ring_rotate(ring, ALG_ES256, KEEP, 0, ERROR) ? 0 : 1);
        }
    }
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        int status;
        waitpid(children[i], &status, 0);
        assert_int_equal(status, 0);
    }
    assert_true(ring_refresh(server));
    assert_int_equal(published(server), PUBLISHED + 5);
}

static void a_writer_killed_in_mid_write_leaves_the_old_ring(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    str good = content_of(path), kid = jose_key_id(ring_signer(ring, ALG_ES256));
    const char *half = arena_printf(arena, "%s.new", path).p;
    put(half, (str){good.p, good.n / 2}, 0600);
    assert_false(ring_refresh(ring));
    RING again = open_ring();
    assert_true(str_eq(jose_key_id(ring_signer(again, ALG_ES256)), kid));
    rotate(again, ALG_ES256, KEEP);
    assert_int_not_equal(access(half, F_OK), 0);
    assert_true(ring_refresh(ring));
}

static void a_symbolic_link_in_the_way_is_not_followed(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    const char *victim = arena_printf(arena, "%s/victim", folder).p;
    put(victim, STR("precious"), 0600);
    assert_int_equal(symlink(victim, arena_printf(arena, "%s.new", path).p), 0);
    rotate(ring, ALG_ES256, KEEP);
    assert_true(str_eq(content_of(victim), STR("precious")));
}

static void a_file_that_cannot_be_read_leaves_the_old_ring_in_force(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    const struct jose_key *key = ring_signer(ring, ALG_ES256);
    str good = content_of(path);
    put(path, STR("konsao key ring 1\ndamaged"), 0600);
    assert_false(ring_refresh(ring));
    assert_false(ring_refresh(ring));
    unlink(path);
    assert_false(ring_refresh(ring));
    assert_ptr_equal(ring_signer(ring, ALG_ES256), key);
    assert_false(ring_rotate(ring, ALG_ES256, KEEP, 0, ERROR));
    put(path, good, 0600);
    assert_true(ring_refresh(ring));
    assert_int_equal(published(ring), PUBLISHED);
}

static void macs_differ_by_root_version_and_data_and_survive_reopening(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    unsigned char pairwise[32], again[32], form[32], other[32], second[32];
    ring_mac(ring, ROOT_PAIRWISE, 1, STR("data"), pairwise);
    ring_mac(ring, ROOT_PAIRWISE, 0, STR("data"), again);
    ring_mac(ring, ROOT_FORM, 1, STR("data"), form);
    ring_mac(ring, ROOT_PAIRWISE, 1, STR("date"), other);
    assert_memory_equal(pairwise, again, 32);
    assert_memory_not_equal(pairwise, form, 32);
    assert_memory_not_equal(pairwise, other, 32);
    assert_true(ring_add_root(ring, ROOT_PAIRWISE, ERROR));
    rotate(ring, ALG_ES256, KEEP);
    RING reopened = open_ring();
    assert_int_equal(ring_root_version(reopened, ROOT_PAIRWISE), 2);
    assert_int_equal(ring_root_version(reopened, ROOT_FORM), 1);
    ring_mac(reopened, ROOT_PAIRWISE, 1, STR("data"), again);
    ring_mac(reopened, ROOT_PAIRWISE, 0, STR("data"), second);
    assert_memory_equal(pairwise, again, 32);
    assert_memory_not_equal(pairwise, second, 32);
}

static atomic_bool stop;

static void *read_on(void *argument)
{
    const struct key_ring *ring = argument;
    uintptr_t rounds = 0;
    while (!atomic_load(&stop)) {
        struct arena *own = arena_new();
        unsigned char mac[32];
        struct ring_key_info *keys;
        struct jws_parts parts;
        str token = jws_sign(own, ring_signer(ring, ALG_ES256), NULL, STR("{}"));
        if (!jws_parse(own, token, 4096, &parts) || !ring_find(ring, parts.kid) ||
            !jws_verify(&parts, ring_find(ring, parts.kid)) || ring_list(ring, own, &keys) < 4 ||
            !str_ends(ring_jwks(ring), STR("]}")))
            abort();
        ring_mac(ring, ROOT_FORM, 0, token, mac);
        arena_free(own);
        rounds++;
    }
    return (void *)rounds;
}

static void readers_go_on_while_the_ring_is_replaced(void **state)
{
    (void)state;
    RING ring = fresh_ring();
    RING command = open_ring();
    pthread_t readers[3];
    atomic_store(&stop, false);
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, ring), 0);
    for (int i = 0; i < 12; i++) {
        rotate(i % 3 == 0 ? ring : command, ALG_ES256, KEEP);
        assert_int_equal(ring_refresh(ring), i % 3 != 0);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < COUNT_OF(readers); i++) {
        void *rounds;
        pthread_join(readers[i], &rounds);
        assert_true((uintptr_t)rounds > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rotation_uses_the_key_that_was_published_and_keeps_the_old_one),
        TEST(rotating_all_twice_keeps_every_retired_key),
        TEST(what_is_encrypted_to_a_published_key_opens_after_rotation_until_the_key_goes),
        TEST(what_is_encrypted_without_a_kid_opens_and_with_a_foreign_one_does_not),
        TEST(every_published_key_has_one_alg_and_its_own_kid),
        TEST(a_ring_of_an_earlier_version_opens_and_gains_what_it_lacks_for_good),
        TEST(an_earlier_ring_put_back_while_the_server_runs_gains_its_keys_too),
        TEST(a_next_key_that_is_too_young_is_not_used),
        TEST(an_algorithm_that_the_ring_lacks_is_not_rotated),
        TEST(a_retired_key_goes_when_its_time_has_come_without_a_new_file),
        TEST(a_key_retired_for_no_time_is_gone_at_once),
        TEST(a_rotation_by_another_process_is_seen_and_old_views_stay),
        TEST(rotations_of_two_processes_do_not_overwrite_each_other),
        TEST(a_writer_killed_in_mid_write_leaves_the_old_ring),
        TEST(a_symbolic_link_in_the_way_is_not_followed),
        TEST(a_file_that_cannot_be_read_leaves_the_old_ring_in_force),
        TEST(macs_differ_by_root_version_and_data_and_survive_reopening),
        TEST(readers_go_on_while_the_ring_is_replaced),
    };
    return cmocka_run_group_tests(tests, make_once, forget);
}
