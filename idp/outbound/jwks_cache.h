/* Keys that clients publish at a jwks_uri, fetched when first needed and kept. Thread-safe; one fetch for a URL at a
 * time, which others wait for.
 *
 * Keys are fetched again when they are older than a quarter of an hour, and when a client uses a kid that we don't know
 * (a client may change its keys at any time): that as often as a small bucket gives, so that made-up kids don't become
 * a storm of requests on somebody's server. When a fetch fails, which the log says, keys that we had serve until they
 * are two hours old; without any, the failure is kept for ten seconds. */
#ifndef KONSAO_OUTBOUND_JWKS_CACHE_H
#define KONSAO_OUTBOUND_JWKS_CACHE_H

#include "crypto/jose.h"
#include "outbound/outbound.h"

#define JWKS_FRESH_MS (15 * 60 * 1000)     /* kept keys are fetched again after this */
#define JWKS_STALE_MS (2 * 60 * 60 * 1000) /* keys that can't be fetched again serve until this age */
#define JWKS_RETRY_MS (10 * 1000)          /* after a fetch that failed, none is tried before this */
#define JWKS_REFRESH_BURST 5               /* fetches for unknown kids at once … */
#define JWKS_REFRESH_EVERY_MS (10 * 1000)  /* … of which one comes back after this time */
#define JWKS_BYTES_MAX ((size_t)64 * 1024)

struct jwks_cache;

struct jwks_cache_options {
    struct outbound *outbound;
    unsigned entries_max;      /* the one that was not used for the longest time goes first */
    unsigned waiters_max;      /* threads that may wait for others' fetches at a time; further ones get what there is */
    int64_t (*clock_ms)(void); /* a monotonic clock; NULL: clock_mono_ms */
};

struct jwks_cache *jwks_cache_new(const struct jwks_cache_options *options);
/** When no other thread uses it any more; key sets that arenas still hold live on. NULL is fine. */
void jwks_cache_free(struct jwks_cache *cache);

/* Of all three: the key set lives until `arena` goes. */

/** What is kept and fresh, else NULL; never waits. For an event loop or a writer, which hands over to a worker when
 * there is nothing. */
const struct jose_keyset *jwks_cache_peek(struct jwks_cache *cache, struct arena *arena, str url);
/** The keys, fetched if need be. NULL when there are none to be had: fails closed, and the log says why. Waits. */
const struct jose_keyset *jwks_cache_get(struct jwks_cache *cache, struct arena *arena, str url);
/** After an unknown kid: keys that are newer than `had` (from get or peek), fetched if need be. NULL when there are no
 * newer ones, or a fetch is not due yet. Waits. */
const struct jose_keyset *jwks_cache_refresh(struct jwks_cache *cache, struct arena *arena, str url,
                                             const struct jose_keyset *had);
/** Forgets what is kept for `url`: its client was changed. */
void jwks_cache_forget(struct jwks_cache *cache, str url);

struct jwks_cache_counts {
    uint64_t fetches, failures; /* since the start */
    unsigned entries;
};
void jwks_cache_counts(struct jwks_cache *cache, struct jwks_cache_counts *out);

#endif
