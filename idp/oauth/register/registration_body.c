/* From a registrant's words to what it may have. */
#include <string.h>

#include "crypto/json.h"
#include "oauth/register/registration.h"
#include "records/client/client_uri.h"

#define INVALID_METADATA(text) OAUTH_ERROR("invalid_client_metadata", (text))

static str shown(str word)
{
    return str_is_printable(word) && word.n <= 100 ? word : STR("what is there");
}

struct oauth_error registration_body(struct request *rq, json_t **out)
{
    json_t *given = rq->body_type == BODY_JSON ? json_parse_object(rq->arena, rq->body, REGISTRATION_BYTES_MAX) : NULL;
    if (!given)
        return INVALID_METADATA("the body must be a JSON object (application/json) of at most 64 KB, no member twice");
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(given, next, name, value)
    {
        if (json_is_null(value))
            json_object_del(given, name);
    }
    *out = given;
    return OAUTH_OK;
}

/* ---- what is not for a registrant to say ---- */

/* The operator's, unless the limits name them: they say whose subjects a client sees, and whom its tokens are for. */
static const char *const operators[] = {"sector_identifier", "audience", "resources", "allowed_resources",
                                        "authorization_details_types", "officers_only", "minimum_acr"};
/* One subject for all portals is the operator's to give; RFC 7591 section 2.1: who asks for it gets the other kind. */
static void check_subject_type(json_t *said, const struct registration_limits *limits, const json_t *current)
{
    bool had = str_is(json_str(current, "subject_type"), "public");
    if (str_is(json_str(said, "subject_type"), "public") && !had &&
        !str_list_has(limits->members, ' ', STR("subject_type")))
        json_object_del(said, "subject_type");
}

/* Who may sign in there, and how strongly: once it is settled, a client can't change it, whatever its limits say. */
static struct oauth_error check_settled(json_t *said, const json_t *current)
{
    static const char *const settled[] = {"officers_only", "minimum_acr"};
    for (size_t i = 0; i < COUNT_OF(settled); i++) {
        json_t *given = json_object_get(said, settled[i]), *had = json_object_get(current, settled[i]);
        if (had && given && !json_equal(given, had))
            return INVALID_METADATA(settled[i][0] == 'o' ? "officers_only is settled, a client cannot change it"
                                                         : "minimum_acr is settled, a client cannot change it");
        if (had)
            json_object_set(said, settled[i], had);
    }
    return OAUTH_OK;
}

/* Ours; they may come back as we sent them. */
static const char *const answers[] = {"client_id",           "client_secret",           "client_secret_expires_at",
                                      "client_id_issued_at", "registration_client_uri", "registration_access_token"};

static struct oauth_error check_members(struct arena *arena, json_t *said, const struct registration_limits *limits,
                                        const json_t *current)
{
    const char *name;
    json_t *value;
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        json_object_del(said, answers[i]);
    if (json_object_get(said, "software_statement"))
        return OAUTH_ERROR("unapproved_software_statement",
                           "this server trusts nobody's software statements: register without one");
    json_object_foreach(said, name, value)
    {
        if (client_member_is_internal(name))
            return INVALID_METADATA(arena_printf(arena, "%s is not for a client to say", name).p);
    }
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        json_t *given = json_object_get(said, operators[i]), *had = json_object_get(current, operators[i]);
        if (str_list_has(limits->members, ' ', str_of(operators[i])))
            continue;
        if (given && !json_equal(given, had))
            return INVALID_METADATA(
                arena_printf(arena, "%s is for the operator to say, not for a client", operators[i]).p);
        if (had)
            json_object_set(said, operators[i], had);
    }
    check_subject_type(said, limits, current);
    return check_settled(said, current);
}

/* ---- limits ---- */

static bool check_word(struct arena *arena, const char *member, str word, str allowed, struct oauth_error *error)
{
    if (str_list_has(allowed, ' ', word))
        return true;
    *error = INVALID_METADATA(
        arena_printf(arena, "%s: %.*s is not among what you may register", member, STR_FMT(shown(word))).p);
    return false;
}

/* `member`, a list of words or an array of strings, holds nothing but what is allowed. */
static struct oauth_error check_words(struct arena *arena, const json_t *said, const char *member, str allowed)
{
    const json_t *value = json_object_get(said, member), *item;
    str text = json_str(said, member), word;
    struct oauth_error error = OAUTH_OK;
    size_t i;
    while (str_word(&text, ' ', &word))
        if (!check_word(arena, member, word, allowed, &error))
            return error;
    json_array_foreach(value, i, item)
    {
        word = (str){json_string_value(item), json_string_length(item)};
        if (json_is_string(item) && !check_word(arena, member, word, allowed, &error))
            return error;
    }
    return error;
}

static void set_text(json_t *object, const char *name, str value)
{
    if (value.n > 0)
        json_object_set_new(object, name, json_stringn(value.p, value.n));
}

static void append_words(json_t *array, str list)
{
    str word;
    while (str_word(&list, ' ', &word))
        json_array_append_new(array, json_stringn(word.p, word.n));
}

static struct oauth_error check_limits(struct arena *arena, const json_t *said,
                                       const struct registration_limits *limits)
{
    str organization = json_str(said, "organization");
    struct oauth_error error = check_words(arena, said, "security_profile", limits->profiles);
    if (!error.code)
        error = check_words(arena, said, "grant_types", limits->grants);
    if (!error.code)
        error = check_words(arena, said, "scope", limits->scope);
    if (!error.code)
        error = check_words(arena, said, "claims", limits->claims);
    if (!error.code && organization.p && !str_eq(organization, limits->organization))
        error = INVALID_METADATA("organization is not yours to choose");
    return error;
}

/* ---- what was left out ---- */

static bool has_response_type(const json_t *said, const char *type)
{
    const json_t *item;
    size_t i;
    json_array_foreach(json_object_get(said, "response_types"), i, item)
    {
        str name = {json_string_value(item), json_string_length(item)};
        if (json_is_string(item) && str_list_has(name, ' ', str_of(type)))
            return true;
    }
    return false;
}

/* Whether the browser is to bring a token of some kind: that is grant implicit's (OpenID Connect Dynamic Client
 * Registration section 2). */
static bool by_front_channel(const json_t *said)
{
    return has_response_type(said, "id_token") || has_response_type(said, "token");
}

/* The grants that the response types need, else those that the registrant may have if it can't have the default. */
static json_t *missing_grants(const json_t *said, const struct registration_limits *limits)
{
    json_t *grants = json_array();
    if (has_response_type(said, "code"))
        json_array_append_new(grants, json_string("authorization_code"));
    if (by_front_channel(said))
        json_array_append_new(grants, json_string("implicit"));
    if (json_array_size(grants) == 0 && !str_list_has(limits->grants, ' ', STR("authorization_code")))
        append_words(grants, limits->grants);
    return grants;
}

/* Grant implicit comes and goes with the response types that need it: many libraries name it always, or never
 * (RFC 7591 section 2.1: the server may correct it). */
static void fill_grants(json_t *said, const struct registration_limits *limits)
{
    json_t *grants = json_object_get(said, "grant_types"), *item;
    size_t i;
    if (!grants || (json_is_array(grants) && json_array_size(grants) == 0)) /* both stand for the default */
        json_object_set_new(said, "grant_types", missing_grants(said, limits));
    if (by_front_channel(said))
        return;
    grants = json_object_get(said, "grant_types");
    json_array_foreach(grants, i, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), "implicit") == 0 && json_array_size(grants) > 1)
            json_array_remove(grants, i--);
    }
}

/* RFC 7591 lets a client have no name; people must see who asks, and a host is what a stranger can't make up. */
static void fill_name(struct arena *arena, json_t *said, str id)
{
    str uri = STR_NONE, host;
    const char *why;
    const json_t *first = json_array_get(json_object_get(said, "redirect_uris"), 0);
    if (json_object_get(said, "client_name") || json_object_get(said, "client_name#km"))
        return;
    uri = json_is_string(first) ? (str){json_string_value(first), json_string_length(first)}
                                : json_str(said, "client_uri");
    set_text(said, "client_name", uri.p && client_uri_check(arena, uri, URI_NATIVE, &host, &why) ? host : id);
}

static void fill_pkce(const struct provider *provider, json_t *said)
{
    bool open = str_is(json_str(said, "security_profile"), "open");
    bool public = str_is(json_str(said, "token_endpoint_auth_method"), "none");
    if (!json_object_get(said, "require_pkce") && open && !public)
        json_object_set_new(said, "require_pkce", json_boolean(str_is(provider->settings->registration_pkce, "yes")));
}

struct oauth_error registration_fill(struct provider *provider, struct arena *arena, json_t *said,
                                     const struct registration_limits *limits, const json_t *current,
                                     struct registration *registration)
{
    str profiles = limits->profiles, first = STR("open");
    struct oauth_error error = check_members(arena, said, limits, current);
    str minimum = json_str(said, "minimum_acr");
    if (!error.code && minimum.p && !json_object_get(current, "minimum_acr") &&
        !str_list_has(assurance_names(arena, &provider->assurance), ' ', minimum))
        error = INVALID_METADATA("minimum_acr must be one of acr_values_supported");
    if (error.code)
        return error;
    (void)str_word(&profiles, ' ', &first);
    if (!json_object_get(said, "security_profile"))
        set_text(said, "security_profile", first);
    fill_grants(said, limits);
    if (!json_object_get(said, "scope"))
        set_text(said, "scope", limits->scope);
    if (!json_object_get(said, "claims") && limits->claims.n > 0) {
        json_object_set_new(said, "claims", json_array());
        append_words(json_object_get(said, "claims"), limits->claims);
    }
    error = check_limits(arena, said, limits);
    if (error.code)
        return error;
    set_text(said, "organization", limits->organization);
    fill_name(arena, said, json_str(registration->metadata, "client_id"));
    fill_pkce(provider, said);
    if (str_is(provider->settings->registration_pkce, "yes") && json_is_false(json_object_get(said, "require_pkce")))
        return INVALID_METADATA("require_pkce cannot be false here");
    json_object_update(registration->metadata, said);
    return OAUTH_OK;
}
