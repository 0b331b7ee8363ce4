#include "crypto/json.h"
#include "operator/client.h"
#include "records/assurance.h"

bool registration_load(struct command *command, const struct estate *estate, str id, struct registration *out)
{
    enum store_result result = registration_read(estate->store, command->arena, id, out);
    if (result == STORE_ERROR)
        return command_fails("what is stored of this client can't be read") == DONE;
    return estate_fails(result) == DONE;
}

/* A minimum that no sign-in reaches would keep everybody out: most likely it is a slip. */
static bool check_minimum(struct command *command, const struct registration *registration)
{
    str minimum = json_str(registration->metadata, "minimum_acr"), why;
    struct assurance table;
    bool named = registration->version == 0 || str_list_has(buf_str(&registration->changed), ' ', STR("minimum_acr"));
    if (!minimum.p || !named)
        return true;
    if (!assurance_read(command->arena, command->settings.assurance_levels, &table, &why))
        return command_fails("assurance.levels %.*s", STR_FMT(why)) == DONE;
    str names = assurance_names(command->arena, &table);
    return str_list_has(names, ' ', minimum) ||
           command_fails("minimum_acr must be one of the levels in assurance.levels: %.*s", STR_FMT(names)) == DONE;
}

bool registration_save(struct command *command, const struct estate *estate, struct registration *registration,
                       const char *action)
{
    str why;
    if (!check_minimum(command, registration))
        return false;
    const struct registration_writing writing = {
        .store = estate->store,
        .ring = estate->ring,
        .arena = command->arena,
        .audit = estate_audit_entry(command, action, STR_NONE, buf_str(&registration->changed)),
    };
    enum store_result result = registration_write(&writing, registration, &why);
    if (why.p)
        return command_fails("%.*s", STR_FMT(why)) == DONE;
    if (result == STORE_CONFLICT && registration->version == 0)
        return command_fails("there is a client called %.*s already",
                             STR_FMT(json_str(registration->metadata, "client_id"))) == DONE;
    return estate_fails(result) == DONE;
}

json_t *registration_view(struct command *command, const struct registration *registration)
{
    json_t *view = json_copy(registration->metadata);
    arena_defer(command->arena, (void (*)(void *))json_decref, view);
    json_object_del(view, "client_secrets");
    json_object_del(view, "sealed_client_secret");
    json_object_del(view, "registration_token_sha256");
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
