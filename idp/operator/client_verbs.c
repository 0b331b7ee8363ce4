#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "operator/client.h"
#include "records/grant.h"

#define METADATA_MAX ((size_t)256 * 1024)
#define AT_ONCE 256

const struct flag client_rotate_flags[] = {
    {"keep-old", "SECONDS", "how long the old secret goes on; default 0: it ends now"}, {NULL, NULL, NULL}};
const struct flag client_remove_flags[] = {{"yes", NULL, "really"}, {NULL, NULL, NULL}};

/* What the server decides is not for a file to say. */
static bool read_from(struct command *command, const char *path, struct registration *out)
{
    static const char *const ours[] = {"client_secrets", "client_secret", "pairwise_version", "client_id_issued_at",
                                       "updated_at"};
    str text;
    if (!command_read_file(command->arena, path, METADATA_MAX, &text))
        return false;
    out->metadata = json_parse_object(command->arena, text, METADATA_MAX);
    if (!out->metadata)
        return command_fails("%s holds no JSON object", path) == DONE;
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (json_object_get(out->metadata, ours[i]))
            return command_fails("%s: %s is not for you to say", path, ours[i]) == DONE;
    return true;
}

int client_add_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct registration registration = {.changed = buf_new(command->arena, 64)};
    str from = command_value(command, "from");
    if (from.p && !read_from(command, from.p, &registration))
        return FAILED;
    if (!from.p) {
        registration.metadata = json_object();
        arena_defer(command->arena, (void (*)(void *))json_decref, registration.metadata);
    }
    if (!json_object_get(registration.metadata, "client_id")) {
        str id = random_uuid(command->arena);
        json_object_set_new(registration.metadata, "client_id", json_stringn(id.p, id.n));
    }
    if (!registration_apply_flags(command, &registration) || !estate_open(command, true, &estate) ||
        !registration_save(command, &estate, &registration, "client.add"))
        return FAILED;
    registration_print(command, &registration);
    return DONE;
}

int client_set_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct registration registration;
    if (command->given_count == 0)
        return command_misused("nothing to change was named; see --help");
    if (!estate_open(command, false, &estate) ||
        !registration_load(command, &estate, command->operand, &registration) ||
        !registration_apply_flags(command, &registration) ||
        !registration_save(command, &estate, &registration, "client.set"))
        return FAILED;
    registration_print(command, &registration);
    return DONE;
}

int client_rotate_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct registration registration;
    uint64_t keep = 0;
    str given = command_value(command, "keep-old");
    if (given.p && !str_to_u64(given, 366 * 86400, &keep))
        return command_misused("--keep-old must be seconds, at most a year");
    if (!estate_open(command, false, &estate) || !registration_load(command, &estate, command->operand, &registration))
        return FAILED;
    if (!json_object_get(registration.metadata, "client_secrets"))
        return command_fails("this client does not authenticate by a secret");
    registration_new_secret(command, &registration, keep > 0 ? clock_now() + (int64_t)keep : 0);
    buf_add(&registration.changed, arena_printf(command->arena, "the old one ends in %" PRIu64 " s", keep));
    if (!registration_save(command, &estate, &registration, "client.rotate_secret"))
        return FAILED;
    registration_print(command, &registration);
    return DONE;
}

int client_show_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct registration registration;
    if (!estate_open(command, false, &estate) || !registration_load(command, &estate, command->operand, &registration))
        return FAILED;
    registration_print(command, &registration);
    return DONE;
}

struct listing {
    struct command *command;
    json_t *all; /* for JSON */
    size_t count;
};

static bool list_one(const struct record *record, void *context)
{
    struct listing *listing = context;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    json_t *metadata = json_parse_object(arena, record->value, METADATA_MAX);
    struct registration registration = {.metadata = metadata, .version = record->version};
    listing->count++;
    if (metadata && listing->all)
        json_array_append(listing->all, registration_view(listing->command, &registration));
    if (listing->all)
        return true;
    str name = json_str(metadata, "client_name"), method = json_str(metadata, "token_endpoint_auth_method");
    printf("%-36.*s  %-19.*s  %-8s  %.*s\n", STR_FMT(record->key),
           STR_FMT(method.p ? method : STR("client_secret_basic")),
           json_is_true(json_object_get(metadata, "disabled")) ? "disabled" : "enabled",
           STR_FMT(name.p ? name : json_str(metadata, "client_name#km")));
    return true;
}

int client_list_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct listing listing = {.command = command};
    if (!estate_open(command, false, &estate))
        return FAILED;
    if (command->json) {
        listing.all = json_array();
        arena_defer(command->arena, (void (*)(void *))json_decref, listing.all);
    }
    enum store_result result = store_scan(estate.store, RECORD_CLIENT, -1, STR_NONE, STR_NONE, list_one, &listing);
    if (result != STORE_OK)
        return estate_fails(result);
    if (command->json)
        command_print(json_text(command->arena, listing.all));
    else if (listing.count == 0)
        command_print(STR("There are no clients: `konsao client add` registers one."));
    return DONE;
}

/* ---- removing ---- */

struct keys {
    struct arena *arena;
    str items[AT_ONCE];
    size_t count;
};

static bool collect(const struct record *record, void *context)
{
    struct keys *keys = context;
    keys->items[keys->count++] = arena_str(keys->arena, record->key);
    return keys->count < AT_ONCE;
}

static enum store_result remove_consents(struct store *store, str client_id)
{
    for (;;) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct keys keys = {.arena = arena};
        struct store_op ops[AT_ONCE];
        enum store_result result = store_scan(store, RECORD_CONSENT, 1, client_id, STR_NONE, collect, &keys);
        if (result != STORE_OK || keys.count == 0)
            return result;
        for (size_t i = 0; i < keys.count; i++)
            ops[i] = (struct store_op){.what = STORE_DELETE, .kind = RECORD_CONSENT, .key = keys.items[i]};
        result = store_write(store, ops, keys.count);
        if (result != STORE_OK)
            return result;
    }
}

/* Grants are not found by client, so all are looked through: that happens seldom. They must go, so that no token comes
 * to life again when somebody registers the same client_id anew. */
static enum store_result remove_grants(struct store *store, str client_id)
{
    char last[STORE_KEY_MAX];
    str after = STR_NONE;
    for (;;) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct keys keys = {.arena = arena};
        enum store_result result = store_scan(store, RECORD_GRANT, -1, STR_NONE, after, collect, &keys);
        for (size_t i = 0; i < keys.count && result == STORE_OK; i++) {
            struct grant grant;
            result = grant_load(store, arena, keys.items[i], &grant);
            if (result == STORE_OK && str_eq(grant.client_id, client_id))
                result = grant_revoke(store, arena, keys.items[i]);
            else if (result == STORE_NOT_FOUND)
                result = STORE_OK;
        }
        if (result != STORE_OK || keys.count < AT_ONCE)
            return result;
        memcpy(last, keys.items[AT_ONCE - 1].p, keys.items[AT_ONCE - 1].n);
        after = (str){last, keys.items[AT_ONCE - 1].n};
    }
}

int client_remove_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct registration registration;
    str id = command->operand;
    if (!command_has(command, "yes"))
        return command_misused("this ends all sign-ins at this client for good; say --yes (or `konsao client set %.*s "
                               "--disable`, which can be undone)",
                               STR_FMT(id));
    if (!estate_open(command, false, &estate) || !registration_load(command, &estate, id, &registration))
        return FAILED;
    struct store_op ops[] = {{.what = STORE_DELETE,
                              .kind = RECORD_CLIENT,
                              .key = id,
                              .condition = IF_VERSION,
                              .version = registration.version},
                             estate_audit(command, "client.remove", id, STR_NONE)};
    if (!estate_write(&estate, ops, COUNT_OF(ops)))
        return FAILED;
    enum store_result result = remove_grants(estate.store, id);
    if (result == STORE_OK)
        result = remove_consents(estate.store, id);
    if (result != STORE_OK)
        return command_fails("the client is removed, but not all of its grants and consents are: the store failed");
    command_print(arena_printf(command->arena, "Removed %.*s.", STR_FMT(id)));
    return DONE;
}
