#include "records/client/registration.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "records/client/client_secret.h"

#define METADATA_MAX ((size_t)256 * 1024)

enum store_result registration_read(struct store *store, struct arena *arena, str id, struct registration *out)
{
    struct record record;
    if (id.n == 0 || id.n > STORE_KEY_MAX)
        return STORE_NOT_FOUND;
    enum store_result result = store_get(store, RECORD_CLIENT, id, arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct registration){.version = record.version, .changed = buf_new(arena, 64)};
    out->metadata = json_parse_object(arena, record.value, METADATA_MAX);
    return out->metadata ? STORE_OK : STORE_ERROR;
}

/* ---- secrets ---- */

static json_t *digest_of(struct arena *arena, str secret)
{
    str digest = base64url_encode(arena, sha256_key(arena, secret));
    json_t *object = json_object();
    json_object_set_new(object, "sha256", json_stringn(digest.p, digest.n));
    return object;
}

void registration_new_secret(struct arena *arena, struct registration *registration, int64_t old_until)
{
    json_t *secrets = json_array();
    json_t *old = json_array_get(json_object_get(registration->metadata, "client_secrets"), 0);
    registration->secret = random_token(arena, 32);
    json_array_append_new(secrets, digest_of(arena, registration->secret));
    if (old && old_until > 0) {
        json_object_set_new(old, "expires_at", json_integer(old_until));
        json_array_append(secrets, old);
    }
    json_object_set_new(registration->metadata, "client_secrets", secrets);
}

/* A secret that the server must read again is sealed. A new one ends the one before. */
static void settle_sealed_secret(const struct key_ring *ring, struct arena *arena, struct registration *registration)
{
    if (json_object_get(registration->metadata, "sealed_client_secret") && !registration->secret.p)
        return;
    if (!registration->secret.p)
        registration->secret = random_token(arena, 32);
    str sealed = client_secret_seal(ring, arena, json_str(registration->metadata, "client_id"), registration->secret);
    json_object_set_new(registration->metadata, "sealed_client_secret", json_stringn(sealed.p, sealed.n));
}

/* A client that authenticates by a secret has one; another has none. */
static void settle_secret(const struct key_ring *ring, struct arena *arena, struct registration *registration)
{
    str method = json_str(registration->metadata, "token_endpoint_auth_method");
    bool by_secret = !method.p || str_is(method, "client_secret_basic") || str_is(method, "client_secret_post");
    if (!by_secret)
        json_object_del(registration->metadata, "client_secrets");
    else if (!json_object_get(registration->metadata, "client_secrets"))
        registration_new_secret(arena, registration, 0);
    if (str_is(method, "client_secret_jwt"))
        settle_sealed_secret(ring, arena, registration);
    else
        json_object_del(registration->metadata, "sealed_client_secret");
}

/* ---- the sector ---- */

struct sector_search {
    str sector, id;
    unsigned version; /* 0: nobody else is in the sector */
};

static bool look_at_sector(const struct record *record, void *context)
{
    struct sector_search *search = context;
    /* A sector is a host of the metadata, or stands in it as it is: most clients need not be parsed. */
    if (!memmem(record->value.p, record->value.n, search->sector.p, search->sector.n))
        return true;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str why;
    struct client *client = client_parse(record->value, arena, &why);
    if (client && client->pairwise && !str_eq(client->id, search->id) && str_eq(client->sector, search->sector))
        search->version = client->pairwise_version;
    client_free(client);
    return search->version == 0;
}

/* Clients of one sector must see the same subjects: so a new one takes the others' version of the key, and only the
 * first in a sector the newest. */
static enum store_result settle_pairwise(const struct registration_writing *w, struct registration *registration,
                                         const struct client *client)
{
    struct sector_search search = {.sector = client->sector, .id = client->id};
    if (!client->pairwise)
        return STORE_OK;
    enum store_result result = STORE_OK;
    if (search.sector.n > 0)
        result = store_scan(w->store, RECORD_CLIENT, -1, STR_NONE, STR_NONE, look_at_sector, &search);
    unsigned version = search.version ? search.version : ring_root_version(w->ring, ROOT_PAIRWISE);
    json_object_set_new(registration->metadata, "pairwise_version", json_integer(version));
    return result;
}

static void release_client(struct client **client)
{
    client_free(*client);
}

/* Whether the subjects that the client sees are made in the same way as before. */
static bool sector_stays(const struct registration_writing *w, const struct client *client)
{
    struct record before;
    str why;
    if (store_get(w->store, RECORD_CLIENT, client->id, w->arena, &before) != STORE_OK)
        return false;
    CLEANUP(release_client) struct client *old = client_parse(before.value, w->arena, &why);
    return old && old->pairwise == client->pairwise && str_eq(old->sector, client->sector);
}

/* ---- writing ---- */

static bool check_algs(const struct key_ring *ring, struct arena *arena, const struct client *client, str *why)
{
    const enum jose_alg algs[] = {client->id_token_alg, client->userinfo_alg, client->introspection_alg,
                                  client->authorization_alg};
    for (size_t i = 0; i < COUNT_OF(algs); i++)
        if (algs[i] != ALG_NONE_GIVEN && !ring_signer(ring, algs[i])) {
            *why = arena_printf(arena, "the provider has no key for %s", jose_alg_name(algs[i]));
            return false;
        }
    return true;
}

const struct client *registration_check(const struct key_ring *ring, struct arena *arena,
                                        struct registration *registration, str *why)
{
    *why = STR_NONE;
    settle_secret(ring, arena, registration);
    struct client *client = client_parse(json_text(arena, registration->metadata), arena, why);
    if (!client)
        return NULL;
    arena_defer(arena, (void (*)(void *))client_free, client);
    return check_algs(ring, arena, client, why) ? client : NULL;
}

enum store_result registration_write(const struct registration_writing *w, struct registration *registration, str *why)
{
    json_t *metadata = registration->metadata;
    int64_t now = clock_now();
    if (registration->version == 0)
        json_object_set_new(metadata, "client_id_issued_at", json_integer(now));
    json_object_set_new(metadata, "updated_at", json_integer(now));
    const struct client *client = registration_check(w->ring, w->arena, registration, why);
    if (!client)
        return STORE_ERROR;
    bool settled = registration->version > 0 && sector_stays(w, client);
    enum store_result result = settled ? STORE_OK : settle_pairwise(w, registration, client);
    if (result != STORE_OK)
        return result;
    struct audit_entry entry = w->audit;
    entry.client_id = client->id;
    struct store_op ops[] = {
        {.what = STORE_PUT,
         .kind = RECORD_CLIENT,
         .key = client->id,
         .value = json_text(w->arena, metadata),
         .condition = registration->version > 0 ? IF_VERSION : IF_ABSENT,
         .version = registration->version},
        audit_op(w->arena, &entry),
        w->also,
    };
    return store_write(w->store, ops, w->with_also ? 3 : 2);
}
