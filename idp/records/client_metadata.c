#include "records/client_metadata.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/json.h"

#define TEXT_MAX 400 /* bytes: about 130 Khmer letters */
#define LIST_MAX 32

bool metadata_refuse(struct parsing *p, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    p->why = arena_str(p->arena, (str){text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1});
    return false;
}

str metadata_copy(const struct parsing *p, const char *member)
{
    return arena_str(p->own, json_str(p->metadata, member));
}

/* Characters that turn the direction of writing around could make one name look like another (Unicode TR 36). */
static bool turns_direction(str s, size_t i)
{
    if (i + 2 >= s.n || (unsigned char)s.p[i] != 0xe2)
        return false;
    unsigned char second = (unsigned char)s.p[i + 1], third = (unsigned char)s.p[i + 2];
    return (second == 0x80 && third >= 0xaa && third <= 0xae) || (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

bool metadata_text(struct parsing *p, const char *member, str *out)
{
    str text = metadata_copy(p, member);
    if (!text.p)
        return true;
    if (str_trim(text).n == 0 || str_trim(text).n != text.n || text.n > TEXT_MAX || !str_is_utf8(text))
        return metadata_refuse(p, "%s must be a text of at most %d bytes, without spaces around it", member, TEXT_MAX);
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f || turns_direction(text, i))
            return metadata_refuse(p, "%s must not contain control characters", member);
    *out = text;
    return true;
}

bool str_list_holds(const struct str_list *list, str item)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i], item))
            return true;
    return false;
}

bool metadata_add(struct parsing *p, const char *member, struct str_list *list, str item, item_check *check)
{
    if (list->count == LIST_MAX)
        return metadata_refuse(p, "%s has more than %d entries", member, LIST_MAX);
    if (str_list_holds(list, item))
        return metadata_refuse(p, "%s has \"%.*s\" twice", member, STR_FMT(item));
    if (!check(p, member, item))
        return false;
    if (!list->items)
        list->items = ARENA_ARRAY(p->own, str, LIST_MAX);
    list->items[list->count++] = arena_str(p->own, item);
    return true;
}

bool metadata_list(struct parsing *p, const char *member, struct str_list *list, item_check *check)
{
    const json_t *array = json_object_get(p->metadata, member), *item;
    size_t i;
    json_array_foreach(array, i, item)
    {
        if (!json_is_string(item))
            return metadata_refuse(p, "%s must be an array of strings", member);
        if (!metadata_add(p, member, list, (str){json_string_value(item), json_string_length(item)}, check))
            return false;
    }
    return true;
}

bool metadata_is_word(struct parsing *p, const char *member, str item)
{
    bool fine = item.n > 0 && item.n <= WORD_MAX && str_is_printable(item) && !str_has(item, ' ');
    return (fine && !str_has(item, '"') && !str_has(item, '\\')) ||
           metadata_refuse(p, "%s may only hold words of printable ASCII without quotes and backslashes", member);
}

static const struct member {
    const char *name;
    json_type type; /* JSON_TRUE: true or false */
} members[] = {
    {"client_id", JSON_STRING},
    {"client_name", JSON_STRING},
    {"client_name#km", JSON_STRING},
    {"purpose", JSON_STRING},
    {"purpose#km", JSON_STRING},
    {"client_uri", JSON_STRING},
    {"logo_uri", JSON_STRING},
    {"redirect_uris", JSON_ARRAY},
    {"post_logout_redirect_uris", JSON_ARRAY},
    {"grant_types", JSON_ARRAY},
    {"response_types", JSON_ARRAY},
    {"token_endpoint_auth_method", JSON_STRING},
    {"client_secrets", JSON_ARRAY},
    {"jwks", JSON_OBJECT},
    {"id_token_signed_response_alg", JSON_STRING},
    {"userinfo_signed_response_alg", JSON_STRING},
    {"subject_type", JSON_STRING},
    {"sector_identifier", JSON_STRING},
    {"pairwise_version", JSON_INTEGER},
    {"scope", JSON_STRING},
    {"claims", JSON_ARRAY},
    {"access_token_format", JSON_STRING},
    {"require_pkce", JSON_TRUE},
    {"audience", JSON_ARRAY},
    {"resources", JSON_ARRAY},
    {"organization", JSON_STRING},
    {"disabled", JSON_TRUE},
    {"client_id_issued_at", JSON_INTEGER},
    {"updated_at", JSON_INTEGER},
};

static const char *type_name(json_type type)
{
    return type == JSON_STRING    ? "a string"
           : type == JSON_ARRAY   ? "an array"
           : type == JSON_OBJECT  ? "an object"
           : type == JSON_INTEGER ? "a whole number"
                                  : "true or false";
}

bool metadata_check_members(struct parsing *p)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)p->metadata, name, value)
    {
        size_t i = 0;
        while (i < COUNT_OF(members) && strcmp(members[i].name, name) != 0)
            i++;
        if (i == COUNT_OF(members))
            return metadata_refuse(p, "unknown member \"%.60s\"", str_is_printable(str_of(name)) ? name : "?");
        bool fits = members[i].type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == members[i].type;
        if (!fits)
            return metadata_refuse(p, "%s must be %s", name, type_name(members[i].type));
    }
    return true;
}
