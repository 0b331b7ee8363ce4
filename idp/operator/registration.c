/* Initial access tokens: `konsao registration token`, `list` and `revoke`. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "operator/estate.h"
#include "operator/verbs.h"
#include "records/client/client.h"
#include "records/client/registration_token.h"

#define DAY 86400
#define LIST_BYTES_MAX 4096

const struct flag registration_token_flags[] = {
    {"note", "TEXT", "whom it is for"},
    {"uses", "NUMBER", "how many clients may be registered by it; default 1"},
    {"expires", "TIME", "how long it is good, such as 12h or 30d (default)"},
    {"profile", "NAME", "security profile that they may have; default open (may repeat)"},
    {"grant", "NAME", "grant that they may have; default authorization_code, refresh_token, implicit (may repeat)"},
    {"scope", "WORDS", "what they may ask for; default openid"},
    {"claim", "NAME", "a claim beyond its scopes' (may repeat)"},
    {"member", "NAME", "what else they may say: audience, resources, allowed_resources … (may repeat)"},
    {"organization", "NAME", "the CamDX member that they belong to, such as KH/GOV/MOI"},
    {NULL, NULL, NULL}};

/* All that was given for a flag, as one list. */
static bool list_of(struct command *command, const char *flag, const char *initial, str *out)
{
    struct buf list = buf_new(command->arena, 64);
    for (size_t i = 0; i < command->given_count; i++) {
        str words = command->given[i].value, word;
        if (!str_is(str_of(command->given[i].name), flag))
            continue;
        if (!str_is_printable(words))
            return command_misused("--%s must be words of printable ASCII", flag) == DONE;
        while (str_word(&words, ' ', &word))
            if (!str_list_has(buf_str(&list), ' ', word))
                buf_add_word(&list, word);
    }
    *out = list.n > 0 ? buf_str(&list) : str_of(initial);
    return out->n <= LIST_BYTES_MAX || command_misused("--%s is too long", flag) == DONE;
}

static bool check_profiles(str list)
{
    enum security_profile profile;
    str word;
    while (str_word(&list, ' ', &word))
        if (!profile_of(word, &profile))
            return command_misused("--profile must be open, fapi2, fapi2_signed or camdx") == DONE;
    return true;
}

static void set_words(json_t *object, const char *name, str list)
{
    json_t *array = json_array();
    str word;
    while (str_word(&list, ' ', &word))
        json_array_append_new(array, json_stringn(word.p, word.n));
    json_object_set_new(object, name, array);
}

/* A client with all that the token allows must be one that could be registered: a typing error shows here, not to who
 * gets the token. */
static bool check_specimen(struct command *command, const struct registration_limits *limits)
{
    static const char base[] = "{\"client_id\":\"x\",\"client_name\":\"x\",\"token_endpoint_auth_method\":\"none\","
                               "\"redirect_uris\":[\"https://specimen.example/\"]}";
    json_t *specimen = json_parse_object(command->arena, STR(base), sizeof base);
    str why;
    json_object_set_new(specimen, "scope", json_stringn(limits->scope.p, limits->scope.n));
    set_words(specimen, "claims", limits->claims);
    if (limits->organization.p)
        json_object_set_new(specimen, "organization", json_stringn(limits->organization.p, limits->organization.n));
    struct client *client = client_parse(json_text(command->arena, specimen), command->arena, &why);
    if (!client)
        return command_misused("%.*s", STR_FMT(why)) == DONE;
    client_free(client);
    set_words(specimen, "grant_types", limits->grants); /* whether they fit together depends on the client */
    client = client_parse(json_text(command->arena, specimen), command->arena, &why);
    bool known = client || !str_starts(why, STR("grant_types"));
    client_free(client);
    return known || command_misused("--grant: %.*s", STR_FMT(why)) == DONE;
}

static bool read_flags(struct command *command, struct registration_token *token)
{
    struct registration_limits *limits = &token->limits;
    str uses = command_value(command, "uses"), expires = command_value(command, "expires");
    uint64_t number = 1;
    int64_t life = 30 * (int64_t)DAY;
    if (uses.p && (!str_to_u64(uses, REGISTRATION_USES_MAX, &number) || number == 0))
        return command_misused("--uses must be a number from 1 to %d", REGISTRATION_USES_MAX) == DONE;
    if (expires.p && !command_life(expires, 1, 366 * DAY, &life))
        return command_misused("--expires must be a time such as 12h or 30d, at most 366d") == DONE;
    token->note = command_value(command, "note");
    if (token->note.p && (token->note.n > 200 || !str_is_utf8(token->note)))
        return command_misused("--note must be a text of at most 200 bytes") == DONE;
    token->limits.organization = command_value(command, "organization");
    token->uses_left = (int64_t)number;
    token->created_at = clock_now();
    token->expires_at = token->created_at + life;
    return list_of(command, "profile", "open", &limits->profiles) && check_profiles(limits->profiles) &&
           list_of(command, "grant", "authorization_code refresh_token implicit", &limits->grants) &&
           list_of(command, "scope", "openid", &limits->scope) && list_of(command, "claim", "", &limits->claims) &&
           list_of(command, "member", "", &limits->members) && check_specimen(command, limits);
}

static json_t *view(struct command *command, const struct registration_token *token)
{
    json_t *json = registration_limits_json(&token->limits);
    str name = registration_token_name(command->arena, token->key);
    json_object_set_new(json, "id", json_stringn(name.p, name.n));
    if (token->note.n > 0)
        json_object_set_new(json, "note", json_stringn(token->note.p, token->note.n));
    json_object_set_new(json, "uses_left", json_integer(token->uses_left));
    json_object_set_new(json, "created_at", json_integer(token->created_at));
    json_object_set_new(json, "expires_at", json_integer(token->expires_at));
    return json;
}

int registration_token_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct registration_token token = {0};
    if (!read_flags(command, &token))
        return MISUSED;
    if (!estate_open(command, true, &estate))
        return FAILED;
    str secret = random_token(command->arena, 32);
    token.key = sha256_key(command->arena, secret);
    str name = registration_token_name(command->arena, token.key);
    const struct store_op ops[] = {registration_token_op(command->arena, &token),
                                   estate_audit(command, "registration.token", STR_NONE, name)};
    if (!estate_write(&estate, ops, COUNT_OF(ops)))
        return FAILED;
    if (!command->json) {
        printf("%.*s\n\nThis initial access token is shown this once. It is good for %" PRId64
               " client(s) until %.*s; `konsao registration revoke %.*s` ends it.\n",
               STR_FMT(secret), token.uses_left, STR_FMT(command_time(command->arena, token.expires_at)),
               STR_FMT(name));
        return DONE;
    }
    json_t *json = view(command, &token);
    arena_defer(command->arena, (void (*)(void *))json_decref, json);
    json_object_set_new(json, "initial_access_token", json_stringn(secret.p, secret.n));
    command_print(json_text(command->arena, json));
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
    struct registration_token token;
    if (!registration_token_read(record, &token))
        return true;
    listing->count++;
    if (listing->all) {
        json_array_append_new(listing->all, view(listing->command, &token));
        return true;
    }
    printf("%.*s  %7" PRId64 " left  until %.*s  %.*s  %.*s\n",
           STR_FMT(registration_token_name(listing->command->arena, token.key)), token.uses_left,
           STR_FMT(command_time(listing->command->arena, token.expires_at)), STR_FMT(token.limits.profiles),
           STR_FMT(token.note));
    return true;
}

int registration_list_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct listing listing = {.command = command};
    if (!estate_open(command, false, &estate))
        return FAILED;
    if (command->json) {
        listing.all = json_array();
        arena_defer(command->arena, (void (*)(void *))json_decref, listing.all);
    }
    enum store_result result =
        store_scan(estate.store, RECORD_REGISTRATION_TOKEN, -1, STR_NONE, STR_NONE, list_one, &listing);
    if (result != STORE_OK)
        return estate_fails(result);
    if (command->json)
        command_print(json_text(command->arena, listing.all));
    else if (listing.count == 0)
        command_print(STR("There are no initial access tokens: `konsao registration token` makes one."));
    return DONE;
}

struct search {
    struct arena *arena;
    str name, key;
};

static bool look_for(const struct record *record, void *context)
{
    struct search *search = context;
    if (str_eq(registration_token_name(search->arena, record->key), search->name))
        search->key = arena_str(search->arena, record->key);
    return !search->key.p;
}

int registration_revoke_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct search search = {.arena = command->arena, .name = command->operand};
    if (!estate_open(command, false, &estate))
        return FAILED;
    enum store_result result =
        store_scan(estate.store, RECORD_REGISTRATION_TOKEN, -1, STR_NONE, STR_NONE, look_for, &search);
    if (result != STORE_OK)
        return estate_fails(result);
    if (!search.key.p)
        return command_fails("there is no such initial access token; see `konsao registration list`");
    const struct store_op ops[] = {{.what = STORE_DELETE, .kind = RECORD_REGISTRATION_TOKEN, .key = search.key},
                                   estate_audit(command, "registration.revoke", STR_NONE, search.name)};
    if (!estate_write(&estate, ops, COUNT_OF(ops)))
        return FAILED;
    command_print(arena_printf(command->arena, "Revoked %.*s. Clients that were registered by it go on.",
                               STR_FMT(command->operand)));
    return DONE;
}
