#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "operator/client.h"

#define METADATA_MAX ((size_t)256 * 1024)

const struct flag client_rotate_flags[] = {
    {"keep-old", "SECONDS", "how long the old secret goes on; default 0: it ends now"}, {NULL, NULL, NULL}};
const struct flag client_remove_flags[] = {{"yes", NULL, "really"}, {NULL, NULL, NULL}};

/* What the server decides is not for a file to say. */
static bool read_from(struct command *command, const char *path, struct registration *out)
{
    str text;
    const char *name;
    json_t *value;
    if (!command_read_file(command->arena, path, METADATA_MAX, &text))
        return false;
    out->metadata = json_parse_object(command->arena, text, METADATA_MAX);
    if (!out->metadata)
        return command_fails("%s holds no JSON object", path) == DONE;
    json_object_foreach(out->metadata, name, value)
    {
        if (client_member_is_internal(name) || strcmp(name, "client_secret") == 0)
            return command_fails("%s: %s is not for you to say", path, name) == DONE;
    }
    const char *unknown = client_unknown_member(out->metadata);
    return !unknown || command_fails("%s: unknown member \"%.60s\"", path,
                                     str_is_printable(str_of(unknown)) ? unknown : "?") == DONE;
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

/* Takes over what the file says, and nothing else; null takes a member away. */
static bool change_from(struct command *command, struct registration *registration)
{
    struct registration change;
    str from = command_value(command, "from");
    const char *name;
    json_t *value;
    if (!from.p)
        return true;
    if (!read_from(command, from.p, &change))
        return false;
    if (json_object_get(change.metadata, "client_id"))
        return command_fails("%s: client_id can't be changed", from.p) == DONE;
    json_object_foreach(change.metadata, name, value)
    {
        buf_printf(&registration->changed, "%s%s", registration->changed.n > 0 ? " " : "", name);
        if (json_is_null(value))
            json_object_del(registration->metadata, name);
        else
            json_object_set(registration->metadata, name, value);
    }
    return true;
}

int client_set_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct registration registration;
    if (command->given_count == 0)
        return command_misused("nothing to change was named; see --help");
    if (!estate_open(command, false, &estate) ||
        !registration_load(command, &estate, command->operand, &registration) || !change_from(command, &registration) ||
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
    bool sealed = json_object_get(registration.metadata, "sealed_client_secret");
    if (!sealed && !json_object_get(registration.metadata, "client_secrets"))
        return command_fails("this client does not authenticate by a secret");
    if (sealed && keep > 0)
        return command_fails("--keep-old is not for client_secret_jwt: the old secret ends now");
    registration_new_secret(command->arena, &registration, keep > 0 ? clock_now() + (int64_t)keep : 0);
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
    bool gone;
    const struct registration_writing writing = {
        .store = estate.store,
        .ring = estate.ring,
        .arena = command->arena,
        .audit = estate_audit_entry(command, "client.remove", id, STR_NONE),
    };
    enum store_result result = registration_remove(&writing, &registration, id, &gone);
    if (result != STORE_OK && gone)
        return command_fails("the client is removed, but not all of its grants and consents are: the store failed");
    if (result != STORE_OK)
        return estate_fails(result);
    command_print(arena_printf(command->arena, "Removed %.*s.", STR_FMT(id)));
    return DONE;
}
