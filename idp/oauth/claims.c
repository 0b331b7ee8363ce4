#include "oauth/claims.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/json.h"

#define SOURCES_MAX 2

/* Writes a claim's value as JSON from the attributes it is made of; false when the register has none. */
typedef bool claim_maker(struct buf *out, const json_t *const sources[SOURCES_MAX]);

struct claim {
    const char *name;
    const char *scopes;               /* that ask for it */
    const char *sources[SOURCES_MAX]; /* attributes of the register (ipis-interface) */
    claim_maker *make;
    const char *rides_with; /* the claim that brings it along: it is not asked for or consented to by itself */
};

static claim_maker make_text, make_full_name, make_gender, make_verified, make_photo, make_address_en, make_address_km;

/* OpenID Connect Core section 5.1 and 5.4; #km: the same in Khmer script (section 5.2). */
static const struct claim table[] = {
    {"name", "profile identity", {"familyNameEn", "givenNameEn"}, make_full_name, NULL},
    {"family_name", "profile identity", {"familyNameEn"}, make_text, NULL},
    {"given_name", "profile identity", {"givenNameEn"}, make_text, NULL},
    {"name#km", "profile identity", {"familyNameKh", "givenNameKh"}, make_full_name, NULL},
    {"family_name#km", "profile identity", {"familyNameKh"}, make_text, NULL},
    {"given_name#km", "profile identity", {"givenNameKh"}, make_text, NULL},
    {"birthdate", "profile identity", {"dateOfBirth"}, make_text, NULL},
    {"gender", "profile identity", {"gender"}, make_gender, NULL},
    {"nationality", "identity", {"nationality"}, make_text, NULL},
    {"email", "email", {"email"}, make_text, NULL},
    {"email_verified", "", {"email"}, make_verified, "email"},
    {"phone_number", "phone", {"phone"}, make_text, NULL},
    {"phone_number_verified", "", {"phone"}, make_verified, "phone_number"},
    {"address", "address", {"address"}, make_address_en, NULL},
    {"address#km", "", {"address"}, make_address_km, "address"},
    {"kidc", "kidc", {"kidc"}, make_text, NULL},
    /* Only by the claims parameter, for clients registered for it: a photograph is large, and seldom needed. */
    {"picture", "", {"photo"}, make_photo, NULL},
};

static const char *const scopes[] = {"openid",  "profile",  "email", "phone",
                                     "address", "identity", "kidc",  "offline_access"};

bool scope_is_known(str scope)
{
    for (size_t i = 0; i < COUNT_OF(scopes); i++)
        if (str_is(scope, scopes[i]))
            return true;
    return false;
}

str scopes_supported(struct arena *arena)
{
    struct buf list = buf_new(arena, 96);
    for (size_t i = 0; i < COUNT_OF(scopes); i++)
        buf_add_word(&list, str_of(scopes[i]));
    return buf_str(&list);
}

str claims_supported(struct arena *arena)
{
    struct buf list = buf_new(arena, 256);
    for (size_t i = 0; i < COUNT_OF(table); i++)
        buf_add_word(&list, str_of(table[i].name));
    return buf_str(&list);
}

static bool scopes_ask_for(const struct claim *claim, str asked)
{
    str list = str_of(claim->scopes), word;
    while (str_word(&list, ' ', &word))
        if (str_list_has(asked, ' ', word))
            return true;
    return false;
}

str claims_of_scopes(struct arena *arena, str asked)
{
    struct buf list = buf_new(arena, 256);
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (scopes_ask_for(&table[i], asked))
            buf_add_word(&list, str_of(table[i].name));
    return buf_str(&list);
}

static const struct claim *find(str name)
{
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (str_is(name, table[i].name))
            return &table[i];
    return NULL;
}

static bool list_has(const struct str_list *list, str word)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i], word))
            return true;
    return false;
}

bool claim_is_allowed(const struct client *client, str name)
{
    const struct claim *claim = find(name);
    if (!claim || claim->rides_with)
        return false;
    if (list_has(&client->claims, name))
        return true;
    for (size_t i = 0; i < client->scopes.count; i++)
        if (str_list_has(str_of(claim->scopes), ' ', client->scopes.items[i]))
            return true;
    return false;
}

static bool is_granted(const struct claim *claim, str granted)
{
    return str_list_has(granted, ' ', str_of(claim->rides_with ? claim->rides_with : claim->name));
}

const char *const *claims_attributes(struct arena *arena, str claims)
{
    const char **names = ARENA_ARRAY(arena, const char *, COUNT_OF(table) * SOURCES_MAX + 1);
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        for (size_t s = 0; s < SOURCES_MAX && table[i].sources[s] && is_granted(&table[i], claims); s++) {
            size_t at = 0;
            while (at < count && strcmp(names[at], table[i].sources[s]) != 0)
                at++;
            names[at] = table[i].sources[s];
            count += at == count;
        }
    }
    return names;
}

/* Whether the claim's value, as JSON, is one of those that will do. */
static bool value_will_do(const struct claim *claim, str made, const json_t *values)
{
    const json_t *wanted = values ? json_object_get(values, claim->name) : NULL;
    if (!wanted)
        return true;
    json_t *value = json_loadb(made.p, made.n, JSON_DECODE_ANY, NULL);
    bool found = false;
    for (size_t i = 0; value && i < json_array_size(wanted) && !found; i++)
        found = json_equal(json_array_get(wanted, i), value);
    json_decref(value);
    return found;
}

str claims_members(struct arena *arena, str claims, const json_t *attributes, const json_t *values)
{
    struct buf members = buf_new(arena, 512);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct claim *claim = &table[i];
        const json_t *sources[SOURCES_MAX] = {NULL};
        for (size_t s = 0; s < SOURCES_MAX && claim->sources[s]; s++)
            sources[s] = json_object_get(attributes, claim->sources[s]);
        struct buf value = buf_new(arena, 64);
        if (!is_granted(claim, claims) || !claim->make(&value, sources) ||
            !value_will_do(claim, buf_str(&value), values))
            continue;
        if (members.n > 0)
            buf_char(&members, ',');
        buf_printf(&members, "\"%s\":", claim->name);
        buf_add(&members, buf_str(&value));
    }
    return buf_str(&members);
}

/* Whether `name` is asked for by `from` but not by `to`. What no scope asks for came by the claims parameter, and
 * stays. */
static bool is_left_out(str name, str from, str to)
{
    const struct claim *claim = find(name);
    if (claim && claim->rides_with)
        claim = find(str_of(claim->rides_with));
    return claim && scopes_ask_for(claim, from) && !scopes_ask_for(claim, to);
}

str claims_narrow(struct arena *arena, str members, str from, str to)
{
    str text = arena_printf(arena, "{%.*s}", STR_FMT(members));
    json_t *object = json_parse_object(arena, text, text.n), *value;
    const char *name;
    void *next;
    json_object_foreach_safe(object, next, name, value)
    {
        if (is_left_out(str_of(name), from, to))
            json_object_del(object, name);
    }
    str rest = json_text(arena, object);
    return (str){rest.p + 1, rest.n - 2}; /* without the braces */
}

/* ---- the makers ---- */

static str text_of(const json_t *value)
{
    return json_is_string(value) ? (str){json_string_value(value), json_string_length(value)} : STR_NONE;
}

static bool make_text(struct buf *out, const json_t *const sources[SOURCES_MAX])
{
    str text = text_of(sources[0]);
    if (text.n == 0)
        return false;
    buf_add_json(out, text);
    return true;
}

/* Family name first, as in Cambodia; many people have only one of the two. */
static bool make_full_name(struct buf *out, const json_t *const sources[SOURCES_MAX])
{
    str family = text_of(sources[0]), given = text_of(sources[1]);
    struct buf name = buf_new(out->arena, 64);
    buf_add(&name, family);
    if (family.n > 0 && given.n > 0)
        buf_char(&name, ' ');
    buf_add(&name, given);
    if (name.n == 0)
        return false;
    buf_add_json(out, buf_str(&name));
    return true;
}

static bool make_gender(struct buf *out, const json_t *const sources[SOURCES_MAX])
{
    str code = text_of(sources[0]);
    if (!str_eq(code, STR("M")) && !str_eq(code, STR("F")))
        return false;
    buf_add(out, str_eq(code, STR("M")) ? STR("\"male\"") : STR("\"female\""));
    return true;
}

/* The register holds only contacts that it has verified: it sends its codes there. */
static bool make_verified(struct buf *out, const json_t *const sources[SOURCES_MAX])
{
    buf_add(out, STR("true"));
    return text_of(sources[0]).n > 0;
}

static bool make_photo(struct buf *out, const json_t *const sources[SOURCES_MAX])
{
    str photo = text_of(sources[0]);
    if (photo.n == 0)
        return false;
    buf_add_json(out, str_starts(photo, STR("data:"))
                          ? photo
                          : arena_printf(out->arena, "data:image/jpeg;base64,%.*s", STR_FMT(photo)));
    return true;
}

/* One level of an address ("province": {code, kh, en}) in a language. */
static str place(const json_t *address, const char *level, const char *language)
{
    return text_of(json_object_get(json_object_get(address, level), language));
}

/* OpenID Connect Core section 5.1.1, from village to province. */
static bool make_address(struct buf *out, const json_t *address, const char *language, str country)
{
    static const char *const levels[] = {"village", "commune", "district", "province"};
    struct buf formatted = buf_new(out->arena, 128), street = buf_new(out->arena, 64);
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        str name = place(address, levels[i], language);
        if (name.n == 0)
            continue;
        buf_add(&formatted, formatted.n > 0 ? STR(", ") : STR(""));
        buf_add(&formatted, name);
        if (i < 2) {
            buf_add(&street, street.n > 0 ? STR(", ") : STR(""));
            buf_add(&street, name);
        }
    }
    if (formatted.n == 0)
        return false;
    buf_add(&formatted, STR(", "));
    buf_add(&formatted, country);
    buf_char(out, '{');
    buf_json_str(out, "formatted", buf_str(&formatted));
    if (street.n > 0)
        buf_json_str(out, "street_address", buf_str(&street));
    buf_json_str(out, "locality", place(address, "district", language));
    buf_json_str(out, "region", place(address, "province", language));
    buf_json_str(out, "country", country);
    buf_char(out, '}');
    return true;
}

static bool make_address_en(struct buf *out, const json_t *const sources[SOURCES_MAX])
{
    return make_address(out, sources[0], "en", STR("Cambodia"));
}

static bool make_address_km(struct buf *out, const json_t *const sources[SOURCES_MAX])
{
    return make_address(out, sources[0], "kh", STR("កម្ពុជា"));
}
