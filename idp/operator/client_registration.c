#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "operator/client.h"

#define METADATA_MAX ((size_t)256 * 1024)

bool registration_load(struct command *command, const struct estate *estate, str id, struct registration *out)
{
    struct record record;
    if (id.n == 0 || id.n > STORE_KEY_MAX)
        return estate_fails(STORE_NOT_FOUND) == DONE;
    enum store_result result = store_get(estate->store, RECORD_CLIENT, id, command->arena, &record);
    if (result != STORE_OK)
        return estate_fails(result) == DONE;
    *out = (struct registration){.version = record.version, .changed = buf_new(command->arena, 64)};
    out->metadata = json_parse_object(command->arena, record.value, METADATA_MAX);
    return out->metadata || command_fails("what is stored of this client can't be read") == DONE;
}

static json_t *digest_of(struct arena *arena, str secret)
{
    str digest = base64url_encode(arena, sha256_key(arena, secret));
    json_t *object = json_object();
    json_object_set_new(object, "sha256", json_stringn(digest.p, digest.n));
    return object;
}

void registration_new_secret(struct command *command, struct registration *registration, int64_t old_until)
{
    json_t *secrets = json_array();
    json_t *old = json_array_get(json_object_get(registration->metadata, "client_secrets"), 0);
    registration->secret = random_token(command->arena, 32);
    json_array_append_new(secrets, digest_of(command->arena, registration->secret));
    if (old && old_until > 0) {
        json_object_set_new(old, "expires_at", json_integer(old_until));
        json_array_append(secrets, old);
    }
    json_object_set_new(registration->metadata, "client_secrets", secrets);
}

/* A client that authenticates by a secret has one; another has none. */
static void settle_secret(struct command *command, struct registration *registration)
{
    str method = json_str(registration->metadata, "token_endpoint_auth_method");
    bool by_secret = !method.p || str_is(method, "client_secret_basic") || str_is(method, "client_secret_post");
    if (!by_secret)
        json_object_del(registration->metadata, "client_secrets");
    else if (!json_object_get(registration->metadata, "client_secrets"))
        registration_new_secret(command, registration, 0);
}

struct sector_search {
    str sector, id;
    unsigned version; /* 0: nobody else is in the sector */
};

static bool look_at_sector(const struct record *record, void *context)
{
    struct sector_search *search = context;
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
static bool settle_pairwise(const struct estate *estate, struct registration *registration, const struct client *client)
{
    if (!client->pairwise)
        return true;
    struct sector_search search = {.sector = client->sector, .id = client->id};
    enum store_result result =
        store_scan(estate->store, RECORD_CLIENT, -1, STR_NONE, STR_NONE, look_at_sector, &search);
    if (result != STORE_OK)
        return estate_fails(result) == DONE;
    unsigned version = search.version ? search.version : ring_root_version(estate->ring, ROOT_PAIRWISE);
    json_object_set_new(registration->metadata, "pairwise_version", json_integer(version));
    return true;
}

static struct client *parse(struct command *command, const struct registration *registration)
{
    str why;
    struct client *client = client_parse(json_text(command->arena, registration->metadata), command->arena, &why);
    if (!client)
        command_fails("%.*s", STR_FMT(why));
    return client;
}

static bool check_algs(const struct estate *estate, const struct client *client)
{
    const enum jose_alg algs[] = {client->id_token_alg, client->userinfo_alg};
    for (size_t i = 0; i < COUNT_OF(algs); i++)
        if (algs[i] != ALG_NONE_GIVEN && !ring_signer(estate->ring, algs[i]))
            return command_fails("the provider has no key for %s", jose_alg_name(algs[i])) == DONE;
    return true;
}

static void release_client(struct client **client)
{
    client_free(*client);
}

/* Whether the subjects that the client sees are made in the same way as before. */
static bool sector_stays(struct command *command, const struct estate *estate, const struct client *client)
{
    struct record before;
    str why;
    if (store_get(estate->store, RECORD_CLIENT, client->id, command->arena, &before) != STORE_OK)
        return false;
    CLEANUP(release_client) struct client *old = client_parse(before.value, command->arena, &why);
    return old && old->pairwise == client->pairwise && str_eq(old->sector, client->sector);
}

bool registration_save(struct command *command, const struct estate *estate, struct registration *registration,
                       const char *action)
{
    json_t *now = json_integer(clock_now());
    if (registration->version == 0)
        json_object_set(registration->metadata, "client_id_issued_at", now);
    json_object_set_new(registration->metadata, "updated_at", now);
    settle_secret(command, registration);
    CLEANUP(release_client) struct client *client = parse(command, registration);
    if (!client || !check_algs(estate, client))
        return false;
    bool settled = registration->version > 0 && sector_stays(command, estate, client);
    if (!settled && !settle_pairwise(estate, registration, client))
        return false;
    struct store_op ops[] = {
        {.what = STORE_PUT,
         .kind = RECORD_CLIENT,
         .key = client->id,
         .value = json_text(command->arena, registration->metadata),
         .condition = registration->version > 0 ? IF_VERSION : IF_ABSENT,
         .version = registration->version},
        estate_audit(command, action, client->id, buf_str(&registration->changed)),
    };
    enum store_result result = store_write(estate->store, ops, COUNT_OF(ops));
    if (result == STORE_CONFLICT && registration->version == 0)
        return command_fails("there is a client called %.*s already", STR_FMT(client->id)) == DONE;
    return estate_fails(result) == DONE;
}

json_t *registration_view(struct command *command, const struct registration *registration)
{
    json_t *view = json_copy(registration->metadata);
    arena_defer(command->arena, (void (*)(void *))json_decref, view);
    json_object_del(view, "client_secrets");
    if (registration->secret.p) {
        json_object_set_new(view, "client_secret", json_stringn(registration->secret.p, registration->secret.n));
        json_object_set_new(view, "client_secret_expires_at", json_integer(0)); /* RFC 7591 section 3.2.1: never */
    }
    return view;
}

static str value_text(struct arena *arena, const char *name, json_t *value)
{
    if (str_ends(str_of(name), STR("_at")))
        return command_time(arena, json_integer_value(value));
    if (json_is_string(value) && str_is(str_of(name), "logo_uri"))
        return arena_printf(arena, "an image, %zu bytes in base64", json_string_length(value));
    if (json_is_string(value))
        return (str){json_string_value(value), json_string_length(value)};
    struct buf words = buf_new(arena, 128);
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        if (i > 0)
            buf_add(&words, STR("\n                                "));
        buf_add(&words, str_of(json_string_value(item)));
    }
    return json_is_array(value) ? buf_str(&words) : json_text(arena, value);
}

void registration_print(struct command *command, const struct registration *registration)
{
    json_t *view = registration_view(command, registration), *value;
    const char *name;
    if (command->json) {
        command_print(json_text(command->arena, view));
        return;
    }
    json_object_foreach(view, name, value)
    {
        if (json_is_integer(value) && json_integer_value(value) == 0)
            continue;
        command_print(
            arena_printf(command->arena, "%-32s%.*s", name, STR_FMT(value_text(command->arena, name, value))));
    }
    if (registration->secret.p)
        command_print(STR("\nThe client_secret is shown this once: keep it now."));
}
