#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "records/client/client.h"

#define BUCKETS 1024

/* A parsed client, held by the registry while it is current and by each request that found it. */
struct cached {
    struct cached *next;
    struct client *client;
    struct arena *arena;
    str metadata; /* as it was parsed */
    atomic_uint holders;
};

struct client_registry {
    struct store *store;
    pthread_rwlock_t lock; /* of the buckets */
    struct cached *buckets[BUCKETS];
};

struct client_registry *client_registry_new(struct store *store)
{
    struct client_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        abort();
    registry->store = store;
    pthread_rwlock_init(&registry->lock, NULL);
    return registry;
}

static void let_go(void *object)
{
    struct cached *cached = object;
    if (atomic_fetch_sub(&cached->holders, 1) != 1)
        return;
    client_free(cached->client);
    arena_free(cached->arena);
}

void client_registry_free(struct client_registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (registry->buckets[i]) {
            struct cached *cached = registry->buckets[i];
            registry->buckets[i] = cached->next;
            let_go(cached);
        }
    pthread_rwlock_destroy(&registry->lock);
    free(registry);
}

/* FNV-1a. Operators choose the ids, so nobody can fill one bucket. */
static struct cached **bucket_of(struct client_registry *registry, str id)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < id.n; i++)
        hash = (hash ^ (unsigned char)id.p[i]) * 16777619u;
    return &registry->buckets[hash % BUCKETS];
}

static struct cached **place_of(struct client_registry *registry, str id)
{
    struct cached **place = bucket_of(registry, id);
    while (*place && !str_eq((*place)->client->id, id))
        place = &(*place)->next;
    return place;
}

/* The cached client, held for the caller, if it is what `metadata` says. Compared whole: a client that was removed and
 * added anew starts with version 1 again. */
static struct cached *take_current(struct client_registry *registry, str id, str metadata)
{
    pthread_rwlock_rdlock(&registry->lock);
    struct cached *cached = *place_of(registry, id);
    if (cached && !str_eq(cached->metadata, metadata))
        cached = NULL;
    if (cached)
        atomic_fetch_add(&cached->holders, 1);
    pthread_rwlock_unlock(&registry->lock);
    return cached;
}

static bool is_known(struct client_registry *registry, str id)
{
    pthread_rwlock_rdlock(&registry->lock);
    bool known = *place_of(registry, id) != NULL;
    pthread_rwlock_unlock(&registry->lock);
    return known;
}

/* Puts `fresh` in the place of what was known under `id`; NULL: nothing any more. */
static void replace(struct client_registry *registry, str id, struct cached *fresh)
{
    pthread_rwlock_wrlock(&registry->lock);
    struct cached **place = place_of(registry, id), *old = *place;
    if (fresh)
        fresh->next = old ? old->next : NULL;
    if (fresh)
        *place = fresh;
    else if (old)
        *place = old->next;
    pthread_rwlock_unlock(&registry->lock);
    if (old)
        let_go(old);
}

/* Parses what the store has; held twice, by the registry and the caller. */
static struct cached *parse(struct client_registry *registry, struct arena *arena, str id, str metadata)
{
    str why;
    struct client *client = client_parse(metadata, arena, &why);
    if (!client || !str_eq(client->id, id)) {
        log_error("client.unreadable id=%.*s why=\"%.*s\"", STR_FMT(id), STR_FMT(client ? STR("wrong id") : why));
        client_free(client);
        return NULL;
    }
    struct arena *own = arena_new();
    struct cached *cached = ARENA_NEW(own, struct cached);
    cached->arena = own;
    cached->client = client;
    cached->metadata = arena_str(own, metadata);
    atomic_init(&cached->holders, 2);
    replace(registry, id, cached);
    return cached;
}

const struct client *client_find(struct client_registry *registry, struct arena *arena, str id)
{
    struct record record;
    if (id.n == 0 || id.n > STORE_KEY_MAX)
        return NULL;
    enum store_result result = store_get(registry->store, RECORD_CLIENT, id, arena, &record);
    if (result == STORE_NOT_FOUND && is_known(registry, id))
        replace(registry, id, NULL);
    if (result != STORE_OK)
        return NULL;
    struct cached *cached = take_current(registry, id, record.value);
    if (!cached)
        cached = parse(registry, arena, id, record.value);
    if (!cached)
        return NULL;
    arena_defer(arena, let_go, cached);
    return cached->client->disabled ? NULL : cached->client;
}
