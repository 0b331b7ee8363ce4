/* Keys at a jwks_uri: how often they are asked for, and what serves when they can't be had. */
#include <pthread.h>
#include <stdatomic.h>

#include "outbound/jwks_cache.h"
#include "unit/outbound/tls_server.h"

#define STORM 50

static atomic_llong now_ms; /* the cache's clock */

static int64_t clock_ms(void)
{
    return atomic_load(&now_ms);
}

static void pass(int64_t ms)
{
    atomic_fetch_add(&now_ms, ms);
}

struct world {
    struct tls_server *server;
    struct outbound *outbound;
    struct jwks_cache *cache;
    struct arena *arena;
    str url;
    char document[2048]; /* what is served now */
};

static struct jwks_cache *open_cache(struct world *w, unsigned entries, unsigned waiters)
{
    const struct jwks_cache_options options = {
        .outbound = w->outbound, .entries_max = entries, .waiters_max = waiters, .clock_ms = clock_ms};
    return jwks_cache_new(&options);
}

static void serve(struct world *w, int status, const char *document)
{
    tls_script(w->server, (struct tls_step){TLS_ANSWER, status, NULL, document});
}

/* The client has a new key with this kid, and no other. */
static void serve_key(struct world *w, const char *kid)
{
    struct jose_key *key = jose_key_generate(ALG_ES256);
    str jwk = jose_key_public_jwk(key, w->arena), thumb = jose_key_id(key);
    const char *at = memmem(jwk.p, jwk.n, thumb.p, thumb.n);
    assert_non_null(at);
    size_t before = (size_t)(at - jwk.p);
    /* not while a connection reads it: tests change it between requests */
    snprintf(w->document, sizeof w->document, "{\"keys\":[%.*s%s%.*s]}", (int)before, jwk.p, kid,
             (int)(jwk.n - before - thumb.n), at + thumb.n);
    jose_key_free(key);
    serve(w, 200, w->document);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char error[256] = "";
    assert_non_null(w);
    atomic_store(&now_ms, 1000000);
    w->arena = arena_new();
    w->server = tls_start("IP:127.0.0.1", 3600);
    const struct outbound_options options = {
        .allow = "127.0.0.1", .ca_file = w->server->certificate, .timeout_ms = 20000};
    w->outbound = outbound_new(&options, error, sizeof error);
    assert_non_null(w->outbound);
    w->cache = open_cache(w, 100, 64);
    w->url = arena_printf(w->arena, "https://127.0.0.1:%u/jwks", w->server->port);
    serve_key(w, "first");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    arena_free(w->arena);
    jwks_cache_free(w->cache);
    outbound_free(w->outbound);
    tls_stop(w->server);
    free(w);
    return 0;
}

static const struct jose_keyset *get(struct world *w)
{
    return jwks_cache_get(w->cache, w->arena, w->url);
}

static bool has(const struct jose_keyset *set, const char *kid)
{
    return set && jose_keyset_find(set, str_of(kid), ALG_ES256);
}

static unsigned fetches(struct world *w)
{
    return atomic_load(&w->server->requests);
}

static void keys_are_fetched_once_and_kept(void **state)
{
    struct world *w = *state;
    assert_null(jwks_cache_peek(w->cache, w->arena, w->url));
    assert_int_equal(fetches(w), 0);
    const struct jose_keyset *set = get(w);
    assert_true(has(set, "first"));
    for (int i = 0; i < 20; i++)
        assert_ptr_equal(get(w), set);
    assert_ptr_equal(jwks_cache_peek(w->cache, w->arena, w->url), set);
    assert_int_equal(fetches(w), 1);
    assert_non_null(strstr(w->server->heard, "GET /jwks"));
    assert_non_null(strstr(w->server->heard, "Accept: application/jwk-set+json, application/json"));
}

static void old_keys_are_fetched_again(void **state)
{
    struct world *w = *state;
    assert_true(has(get(w), "first"));
    serve_key(w, "second");
    pass(JWKS_FRESH_MS - 1);
    assert_true(has(get(w), "first"));
    pass(1);
    assert_null(jwks_cache_peek(w->cache, w->arena, w->url));
    assert_true(has(get(w), "second"));
    assert_int_equal(fetches(w), 2);
}

static void a_client_that_changes_its_keys_is_known_by_them_at_once(void **state)
{
    struct world *w = *state;
    const struct jose_keyset *set = get(w);
    static const char *const kids[] = {"second", "third", "fourth", "fifth"};
    for (size_t i = 0; i < COUNT_OF(kids); i++) {
        serve_key(w, kids[i]);
        set = jwks_cache_refresh(w->cache, w->arena, w->url, set);
        assert_true(has(set, kids[i]));
    }
    assert_true(has(get(w), "fifth"));
}

/* [35] */
static void made_up_kids_do_not_become_a_storm_of_fetches(void **state)
{
    struct world *w = *state;
    const struct jose_keyset *set = get(w);
    for (int i = 0; i < 1000; i++)
        jwks_cache_refresh(w->cache, w->arena, w->url, get(w));
    assert_int_equal(fetches(w), 1 + JWKS_REFRESH_BURST);
    pass(JWKS_REFRESH_EVERY_MS);
    for (int i = 0; i < 1000; i++)
        set = jwks_cache_refresh(w->cache, w->arena, w->url, get(w));
    assert_null(set);
    assert_int_equal(fetches(w), 1 + JWKS_REFRESH_BURST + 1);
    assert_true(has(get(w), "first")); /* real ones go on */
}

static void whoever_has_old_keys_gets_those_that_another_fetched(void **state)
{
    struct world *w = *state;
    const struct jose_keyset *old = get(w);
    serve_key(w, "second");
    assert_true(has(jwks_cache_refresh(w->cache, w->arena, w->url, old), "second"));
    assert_true(has(jwks_cache_refresh(w->cache, w->arena, w->url, old), "second"));
    assert_int_equal(fetches(w), 2);
}

static void a_failure_is_kept_for_a_while(void **state)
{
    struct world *w = *state;
    serve(w, 500, NULL);
    for (int i = 0; i < 20; i++)
        assert_null(get(w));
    assert_null(jwks_cache_refresh(w->cache, w->arena, w->url, NULL));
    assert_int_equal(fetches(w), 1);
    serve_key(w, "first");
    pass(JWKS_RETRY_MS);
    assert_true(has(get(w), "first"));
}

static void old_keys_serve_while_new_ones_can_not_be_had_and_then_no_more(void **state)
{
    struct world *w = *state;
    assert_non_null(get(w));
    serve(w, 503, NULL);
    pass(JWKS_FRESH_MS);
    for (int i = 0; i < 20; i++)
        assert_true(has(get(w), "first"));
    assert_int_equal(fetches(w), 2);
    pass(JWKS_STALE_MS - JWKS_FRESH_MS);
    assert_null(get(w));
    assert_null(jwks_cache_refresh(w->cache, w->arena, w->url, NULL));
}

static void what_is_no_key_set_gives_no_keys(void **state)
{
    static const char *const documents[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[",
        "<html>",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
    };
    struct world *w = *state;
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        serve(w, 200, documents[i]);
        assert_null(get(w));
        pass(JWKS_RETRY_MS);
    }
    tls_script(w->server, (struct tls_step){.how = TLS_ENDLESS});
    assert_null(get(w));
    pass(JWKS_RETRY_MS);
    tls_script(w->server, (struct tls_step){TLS_ANSWER, 302, "Location: /jwks2\r\n", w->document});
    assert_null(get(w));
    assert_null(jwks_cache_get(w->cache, w->arena, STR("http://127.0.0.1/jwks")));
    assert_null(jwks_cache_get(w->cache, w->arena, STR("https://10.0.0.1/jwks")));
}

static void a_changed_client_starts_anew(void **state)
{
    struct world *w = *state;
    assert_non_null(get(w));
    serve_key(w, "second");
    jwks_cache_forget(w->cache, w->url);
    jwks_cache_forget(w->cache, STR("https://unknown.example/"));
    assert_true(has(get(w), "second"));
}

static void keys_that_a_request_holds_outlive_all(void **state)
{
    struct world *w = *state;
    struct arena *request = arena_new();
    const struct jose_keyset *set = jwks_cache_get(w->cache, request, w->url);
    serve_key(w, "second");
    pass(JWKS_FRESH_MS);
    assert_true(has(get(w), "second"));
    jwks_cache_forget(w->cache, w->url);
    assert_true(has(set, "first"));
    arena_free(request);
}

static void the_one_that_was_not_used_for_the_longest_time_goes(void **state)
{
    struct world *w = *state;
    str urls[4];
    jwks_cache_free(w->cache);
    w->cache = open_cache(w, 3, 8);
    for (unsigned i = 0; i < 3; i++) {
        urls[i] = arena_printf(w->arena, "%.*s/%u", STR_FMT(w->url), i);
        assert_non_null(jwks_cache_get(w->cache, w->arena, urls[i]));
    }
    assert_non_null(jwks_cache_peek(w->cache, w->arena, urls[0])); /* now 1 is the oldest */
    urls[3] = arena_printf(w->arena, "%.*s/3", STR_FMT(w->url));
    assert_non_null(jwks_cache_get(w->cache, w->arena, urls[3]));
    assert_non_null(jwks_cache_peek(w->cache, w->arena, urls[0]));
    assert_null(jwks_cache_peek(w->cache, w->arena, urls[1]));
    assert_non_null(jwks_cache_peek(w->cache, w->arena, urls[2]));
    struct jwks_cache_counts counts;
    jwks_cache_counts(w->cache, &counts);
    assert_int_equal(counts.entries, 3);
    assert_int_equal(counts.fetches, 4);
}

/* ---- many at a time ---- */

struct caller {
    struct world *world;
    pthread_t thread;
    const struct jose_keyset *had;
    bool refresh, got;
};

static void *call(void *context)
{
    struct caller *caller = context;
    struct world *w = caller->world;
    TEST_ARENA;
    const struct jose_keyset *set = caller->refresh ? jwks_cache_refresh(w->cache, arena, w->url, caller->had)
                                                    : jwks_cache_get(w->cache, arena, w->url);
    caller->got = has(set, "first");
    return NULL;
}

static unsigned storm(struct world *w, struct caller like)
{
    struct caller callers[STORM];
    unsigned got = 0;
    like.world = w;
    for (size_t i = 0; i < STORM; i++) {
        callers[i] = like;
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    for (size_t i = 0; i < STORM; i++) {
        pthread_join(callers[i].thread, NULL);
        got += callers[i].got;
    }
    return got;
}

static void a_storm_of_threads_makes_one_fetch(void **state)
{
    struct world *w = *state;
    w->server->answer_delay_ms = 300;
    assert_int_equal(storm(w, (struct caller){0}), STORM);
    assert_int_equal(fetches(w), 1);
    assert_int_equal(storm(w, (struct caller){.refresh = true, .had = get(w)}), STORM);
    assert_int_equal(fetches(w), 2);
}

static void a_slow_server_does_not_hold_up_more_threads_than_may_wait(void **state)
{
    struct world *w = *state;
    jwks_cache_free(w->cache);
    w->cache = open_cache(w, 100, 3);
    w->server->answer_delay_ms = 500;
    assert_in_range(storm(w, (struct caller){0}), 1, STORM); /* those that came after it was there got it, too */
    assert_int_equal(fetches(w), 1);
    pass(JWKS_FRESH_MS);
    assert_int_equal(storm(w, (struct caller){0}), STORM); /* what there is serves meanwhile */
    assert_int_equal(fetches(w), 2);
}

static void *break_off(void *context)
{
    struct world *w = context;
    tls_await(w->server, 1);
    outbound_shut(w->outbound);
    return NULL;
}

static void those_who_wait_for_a_fetch_that_fails_get_nothing(void **state)
{
    struct world *w = *state;
    pthread_t thread;
    tls_script(w->server, (struct tls_step){.how = TLS_HOLD});
    assert_int_equal(pthread_create(&thread, NULL, break_off, w), 0);
    assert_int_equal(storm(w, (struct caller){0}), 0);
    pthread_join(thread, NULL);
    assert_int_equal(fetches(w), 1);
}

#define JWKS_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JWKS_TEST(keys_are_fetched_once_and_kept),
        JWKS_TEST(old_keys_are_fetched_again),
        JWKS_TEST(a_client_that_changes_its_keys_is_known_by_them_at_once),
        JWKS_TEST(made_up_kids_do_not_become_a_storm_of_fetches),
        JWKS_TEST(whoever_has_old_keys_gets_those_that_another_fetched),
        JWKS_TEST(a_failure_is_kept_for_a_while),
        JWKS_TEST(old_keys_serve_while_new_ones_can_not_be_had_and_then_no_more),
        JWKS_TEST(what_is_no_key_set_gives_no_keys),
        JWKS_TEST(a_changed_client_starts_anew),
        JWKS_TEST(keys_that_a_request_holds_outlive_all),
        JWKS_TEST(the_one_that_was_not_used_for_the_longest_time_goes),
        JWKS_TEST(a_storm_of_threads_makes_one_fetch),
        JWKS_TEST(a_slow_server_does_not_hold_up_more_threads_than_may_wait),
        JWKS_TEST(those_who_wait_for_a_fetch_that_fails_get_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
