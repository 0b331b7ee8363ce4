#include "outbound/jwks_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/json.h"

#define BUCKETS 512

/* A parsed key set, held by its entry while it is current and by each arena that got it. */
struct keys {
    struct jose_keyset *set;
    atomic_uint holders;
};

struct entry {
    struct entry *next;
    struct keys *keys;             /* NULL: none yet */
    int64_t fetched_at, failed_at; /* by the cache's clock; failed_at only counts while `failed` */
    int64_t refreshes_since;       /* since when the bucket fills */
    uint64_t used;                 /* when last, by lookups */
    unsigned refreshes;            /* taken out of the bucket */
    unsigned users;                /* threads that fetch or wait: stays meanwhile */
    bool fetching, failed;
    str url;
    char text[];
};

struct jwks_cache {
    struct jwks_cache_options options;
    pthread_mutex_t lock;
    pthread_cond_t fetched;
    struct entry *buckets[BUCKETS];
    unsigned waiting;
    uint64_t lookups;
    struct jwks_cache_counts counts;
};

struct jwks_cache *jwks_cache_new(const struct jwks_cache_options *options)
{
    struct jwks_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        abort();
    cache->options = *options;
    if (!cache->options.clock_ms)
        cache->options.clock_ms = clock_mono_ms;
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->fetched, NULL);
    return cache;
}

/* ---- key sets and entries ---- */

static void let_go(void *object)
{
    struct keys *keys = object;
    if (!keys || atomic_fetch_sub(&keys->holders, 1) != 1)
        return;
    jose_keyset_free(keys->set);
    free(keys);
}

static const struct jose_keyset *hold(struct keys *keys, struct arena *arena)
{
    atomic_fetch_add(&keys->holders, 1);
    arena_defer(arena, let_go, keys);
    return keys->set;
}

static void free_entry(struct entry *entry)
{
    let_go(entry->keys);
    free(entry);
}

void jwks_cache_free(struct jwks_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (cache->buckets[i]) {
            struct entry *entry = cache->buckets[i];
            cache->buckets[i] = entry->next;
            free_entry(entry);
        }
    pthread_cond_destroy(&cache->fetched);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* FNV-1a. Whoever fills one bucket slows a walk over at most entries_max entries. */
static struct entry **place_of(struct jwks_cache *cache, str url)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < url.n; i++)
        hash = (hash ^ (unsigned char)url.p[i]) * 16777619u;
    struct entry **place = &cache->buckets[hash % BUCKETS];
    while (*place && !str_eq((*place)->url, url))
        place = &(*place)->next;
    return place;
}

/* Makes room for one more. */
static void evict(struct jwks_cache *cache)
{
    struct entry **oldest = NULL;
    if (cache->counts.entries < cache->options.entries_max)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry **place = &cache->buckets[i]; *place; place = &(*place)->next)
            if ((*place)->users == 0 && (!oldest || (*place)->used < (*oldest)->used))
                oldest = place;
    if (!oldest)
        return; /* all in use: as many as there are workers */
    struct entry *entry = *oldest;
    *oldest = entry->next;
    free_entry(entry);
    cache->counts.entries--;
}

static struct entry *entry_of(struct jwks_cache *cache, str url)
{
    struct entry *entry = *place_of(cache, url);
    if (!entry) {
        evict(cache);
        entry = calloc(1, sizeof *entry + url.n);
        if (!entry)
            abort();
        memcpy(entry->text, url.p, url.n);
        entry->url = (str){entry->text, url.n};
        *place_of(cache, url) = entry;
        cache->counts.entries++;
    }
    entry->used = ++cache->lookups;
    return entry;
}

static bool younger(const struct jwks_cache *cache, const struct entry *entry, int64_t age_ms)
{
    return entry->keys && cache->options.clock_ms() - entry->fetched_at < age_ms;
}

static bool failed_lately(const struct jwks_cache *cache, const struct entry *entry)
{
    return entry->failed && cache->options.clock_ms() - entry->failed_at < JWKS_RETRY_MS;
}

/* ---- fetching ---- */

static struct keys *parse(struct arena *arena, str body, str *why)
{
    const char *reason = "no JSON object";
    json_t *json = json_parse_object(arena, body, JWKS_BYTES_MAX);
    struct jose_keyset *set = json ? jose_keyset_from_jwks(json, &reason) : NULL;
    if (!set) {
        *why = arena_printf(arena, "no key set: %s", reason);
        return NULL;
    }
    struct keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        abort();
    keys->set = set;
    atomic_init(&keys->holders, 1);
    return keys;
}

/* Without the lock. NULL after the log has been told; `*tried` says whether the other side was asked at all. */
static struct keys *fetch(struct jwks_cache *cache, str url, bool *tried)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    const struct outbound_request request = {
        .url = url, .accept = STR("application/jwk-set+json, application/json"), .answer_max = JWKS_BYTES_MAX};
    struct outbound_answer answer;
    struct keys *keys = NULL;
    str why;
    enum outbound_result result = outbound_fetch(cache->options.outbound, arena, &request, &answer, &why);
    *tried = result != OUTBOUND_BUSY;
    if (result == OUTBOUND_ANSWERED && answer.status != 200)
        why = arena_printf(arena, "status %d", answer.status);
    else if (result == OUTBOUND_ANSWERED)
        keys = parse(arena, answer.body, &why);
    if (!keys)
        log_warn("jwks.unfetched host=%.*s why=\"%.*s\"", STR_FMT(outbound_destination(arena, url)), STR_FMT(why));
    return keys;
}

/* With the lock held, which is released meanwhile: fetches, as the only one for this entry. */
static bool fetch_into(struct jwks_cache *cache, struct entry *entry)
{
    bool tried;
    entry->fetching = true;
    entry->users++;
    pthread_mutex_unlock(&cache->lock);
    struct keys *keys = fetch(cache, entry->url, &tried);
    pthread_mutex_lock(&cache->lock);
    entry->fetching = false;
    entry->users--;
    cache->counts.fetches += tried;
    cache->counts.failures += !keys;
    if (keys) {
        let_go(entry->keys);
        entry->keys = keys;
        entry->fetched_at = cache->options.clock_ms();
        entry->failed = false;
    } else if (tried) {
        entry->failed = true;
        entry->failed_at = cache->options.clock_ms();
    }
    pthread_cond_broadcast(&cache->fetched);
    return keys != NULL;
}

/* With the lock held: until somebody's fetch is over. False when too many wait already. */
static bool wait_for_fetch(struct jwks_cache *cache, struct entry *entry)
{
    if (cache->waiting >= cache->options.waiters_max)
        return false;
    cache->waiting++;
    entry->users++;
    while (entry->fetching)
        pthread_cond_wait(&cache->fetched, &cache->lock);
    entry->users--;
    cache->waiting--;
    return true;
}

/* Takes one fetch out of the entry's bucket. */
static bool may_refresh(const struct jwks_cache *cache, struct entry *entry)
{
    int64_t now = cache->options.clock_ms();
    if (entry->refreshes == 0)
        entry->refreshes_since = now;
    int64_t back = (now - entry->refreshes_since) / JWKS_REFRESH_EVERY_MS;
    if (back >= entry->refreshes) {
        entry->refreshes = 0;
        entry->refreshes_since = now;
    } else {
        entry->refreshes -= (unsigned)back;
        entry->refreshes_since += back * JWKS_REFRESH_EVERY_MS;
    }
    if (entry->refreshes >= JWKS_REFRESH_BURST)
        return false;
    entry->refreshes++;
    return true;
}

/* ---- what callers get; each with the lock held ---- */

static struct keys *get(struct jwks_cache *cache, struct entry *entry)
{
    while (!younger(cache, entry, JWKS_FRESH_MS) && !failed_lately(cache, entry)) {
        if (!entry->fetching) {
            if (!fetch_into(cache, entry))
                break;
        } else if (younger(cache, entry, JWKS_STALE_MS) || !wait_for_fetch(cache, entry)) {
            break;
        }
    }
    return younger(cache, entry, JWKS_STALE_MS) ? entry->keys : NULL;
}

static struct keys *newer(struct jwks_cache *cache, struct entry *entry, const struct jose_keyset *had)
{
    while (!entry->keys || entry->keys->set == had) {
        if (entry->fetching) {
            if (!wait_for_fetch(cache, entry))
                return NULL;
        } else if (failed_lately(cache, entry) || !may_refresh(cache, entry) || !fetch_into(cache, entry)) {
            return NULL;
        }
    }
    return younger(cache, entry, JWKS_STALE_MS) ? entry->keys : NULL;
}

const struct jose_keyset *jwks_cache_peek(struct jwks_cache *cache, struct arena *arena, str url)
{
    pthread_mutex_lock(&cache->lock);
    struct entry *entry = *place_of(cache, url);
    const struct jose_keyset *set = entry && younger(cache, entry, JWKS_FRESH_MS) ? hold(entry->keys, arena) : NULL;
    if (entry)
        entry->used = ++cache->lookups;
    pthread_mutex_unlock(&cache->lock);
    return set;
}

const struct jose_keyset *jwks_cache_get(struct jwks_cache *cache, struct arena *arena, str url)
{
    pthread_mutex_lock(&cache->lock);
    struct keys *keys = get(cache, entry_of(cache, url));
    const struct jose_keyset *set = keys ? hold(keys, arena) : NULL;
    pthread_mutex_unlock(&cache->lock);
    return set;
}

const struct jose_keyset *jwks_cache_refresh(struct jwks_cache *cache, struct arena *arena, str url,
                                             const struct jose_keyset *had)
{
    pthread_mutex_lock(&cache->lock);
    struct keys *keys = newer(cache, entry_of(cache, url), had);
    const struct jose_keyset *set = keys ? hold(keys, arena) : NULL;
    pthread_mutex_unlock(&cache->lock);
    return set;
}

void jwks_cache_forget(struct jwks_cache *cache, str url)
{
    pthread_mutex_lock(&cache->lock);
    struct entry *entry = *place_of(cache, url);
    if (entry) {
        let_go(entry->keys);
        entry->keys = NULL;
        entry->failed = false;
    }
    pthread_mutex_unlock(&cache->lock);
}

void jwks_cache_counts(struct jwks_cache *cache, struct jwks_cache_counts *out)
{
    pthread_mutex_lock(&cache->lock);
    *out = cache->counts;
    pthread_mutex_unlock(&cache->lock);
}
