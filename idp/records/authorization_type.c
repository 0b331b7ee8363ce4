#include "records/authorization_type.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/json.h"

#define TYPE_MAX 200
#define TEXT_MAX 200
#define VALUE_MAX 300 /* bytes of a value: it must fit on a phone */
#define VALUES_MAX 16
#define FIELDS_MAX 16

static bool is_text(const json_t *value, size_t max)
{
    size_t n = json_string_length(value);
    str text = {json_string_value(value), n};
    if (!json_is_string(value) || n == 0 || n > max || !str_is_utf8(text))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f || str_turns_direction(text, i))
            return false;
    return true;
}

static bool fits_string(const json_t *field, const json_t *value)
{
    const json_t *values = json_object_get(field, "values");
    return is_text(value, VALUE_MAX) && (!values || json_object_get(values, json_string_value(value)));
}

static bool fits_number(const json_t *field, const json_t *value)
{
    (void)field;
    return json_is_integer(value);
}

static bool fits_boolean(const json_t *field, const json_t *value)
{
    (void)field;
    return json_is_boolean(value);
}

static bool fits_strings(const json_t *field, const json_t *value)
{
    bool fits = json_is_array(value) && json_array_size(value) > 0 && json_array_size(value) <= VALUES_MAX;
    for (size_t i = 0; i < json_array_size(value) && fits; i++)
        fits = fits_string(field, json_array_get(value, i));
    return fits;
}

/* An amount is text, so that no float rounds it: digits, and a part of at most four after a point. */
static bool is_amount(str text)
{
    str whole, part;
    str_cut(text, '.', &whole, &part);
    bool fine = whole.n > 0 && whole.n <= 15 && (!part.p || (part.n > 0 && part.n <= 4));
    for (size_t i = 0; i < text.n && fine; i++)
        fine = text.p[i] == '.' || (text.p[i] >= '0' && text.p[i] <= '9');
    return fine && (!part.p || !str_has(part, '.'));
}

static bool fits_amount(const json_t *field, const json_t *value)
{
    (void)field;
    str currency = json_str(value, "currency");
    bool fine = json_is_object(value) && json_object_size(value) == 2 && currency.n == 3;
    for (size_t i = 0; i < currency.n && fine; i++)
        fine = currency.p[i] >= 'A' && currency.p[i] <= 'Z';
    return fine && is_amount(json_str(value, "amount"));
}

static const struct kind {
    const char *name;
    bool (*fits)(const json_t *field, const json_t *value);
} kinds[] = {{"string", fits_string},
             {"number", fits_number},
             {"boolean", fits_boolean},
             {"strings", fits_strings},
             {"amount", fits_amount}};

static const struct kind *kind_of(const json_t *field)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_is(json_str(field, "kind"), kinds[i].name))
            return &kinds[i];
    return NULL;
}

/* ---- definitions ---- */

static bool has_only(const json_t *object, const char *const *names)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        size_t i = 0;
        while (names[i] && strcmp(names[i], name) != 0)
            i++;
        if (!names[i])
            return false;
    }
    return true;
}

static bool text_or_absent(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    return !value || is_text(value, TEXT_MAX);
}

static bool values_are_fine(const json_t *values)
{
    const char *name;
    json_t *label;
    if (values && (!json_is_object(values) || json_object_size(values) == 0))
        return false;
    json_object_foreach((json_t *)(uintptr_t)values, name, label)
    {
        bool labelled = is_text(label, TEXT_MAX) || (json_is_object(label) && text_or_absent(label, "label#km") &&
                                                     is_text(json_object_get(label, "label"), TEXT_MAX));
        if (!*name || !labelled)
            return false;
    }
    return true;
}

static bool field_is_fine(const json_t *field)
{
    static const char *const names[] = {"name", "label", "label#km", "kind", "required", "values", NULL};
    const json_t *required = json_object_get(field, "required"), *values = json_object_get(field, "values");
    return json_is_object(field) && has_only(field, names) && is_text(json_object_get(field, "name"), TEXT_MAX) &&
           !str_is(json_str(field, "name"), "type") && is_text(json_object_get(field, "label"), TEXT_MAX) &&
           text_or_absent(field, "label#km") && kind_of(field) && (!required || json_is_boolean(required)) &&
           values_are_fine(values);
}

bool authorization_type_check(struct arena *arena, const json_t *definition, str *why)
{
    static const char *const names[] = {"type", "title", "title#km", "fields", NULL};
    const json_t *fields = json_object_get(definition, "fields");
    str type = json_str(definition, "type");
    *why = STR_NONE;
    if (type.n == 0 || type.n > TYPE_MAX || !str_is_printable(type) || str_has(type, ' '))
        *why = STR("type must be a word of printable ASCII");
    else if (!has_only(definition, names))
        *why = STR("a definition has type, title, title#km and fields, nothing else");
    else if (!is_text(json_object_get(definition, "title"), TEXT_MAX) || !text_or_absent(definition, "title#km"))
        *why = STR("title (and title#km) must be a text that tells people what they would allow");
    else if (!json_is_array(fields) || json_array_size(fields) > FIELDS_MAX)
        *why = STR("fields must be an array of at most 16 fields");
    for (size_t i = 0; i < json_array_size(fields) && !why->p; i++)
        if (!field_is_fine(json_array_get(fields, i)))
            *why = arena_printf(arena,
                                "field %zu must have name, label, kind (string, number, boolean, strings, amount), "
                                "and may have label#km, required, values",
                                i + 1);
    return !why->p;
}

const json_t *authorization_type_load(struct store *store, struct arena *arena, str type)
{
    struct record record;
    if (type.n == 0 || type.n > STORE_KEY_MAX ||
        store_get(store, RECORD_AUTHORIZATION_TYPE, type, arena, &record) != STORE_OK)
        return NULL;
    return json_parse_object(arena, record.value, AUTHORIZATION_TYPE_BYTES_MAX);
}

struct store_op authorization_type_op(struct arena *arena, const json_t *definition)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_AUTHORIZATION_TYPE,
                             .key = arena_str(arena, json_str(definition, "type")),
                             .value = json_text(arena, definition)};
}

/* ---- details ---- */

static const json_t *field_named(const json_t *definition, const char *name)
{
    const json_t *fields = json_object_get(definition, "fields");
    for (size_t i = 0; i < json_array_size(fields); i++)
        if (str_is(json_str(json_array_get(fields, i), "name"), name))
            return json_array_get(fields, i);
    return NULL;
}

bool authorization_detail_fits(const json_t *definition, const json_t *detail, const char **why)
{
    const json_t *fields = json_object_get(definition, "fields");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)detail, name, value)
    {
        const json_t *field = field_named(definition, name);
        *why = field ? "a member of authorization_details has another form than its type's"
                     : "authorization_details has a member that its type does not know";
        if (strcmp(name, "type") != 0 && (!field || !kind_of(field)->fits(field, value)))
            return false;
    }
    *why = "authorization_details lacks a member that its type requires";
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        if (json_is_true(json_object_get(field, "required")) &&
            !json_object_get(detail, json_string_value(json_object_get(field, "name"))))
            return false;
    }
    return true;
}

str authorization_text(struct arena *arena, const json_t *object, const char *member, bool khmer)
{
    str text = khmer ? json_str(object, arena_printf(arena, "%s#km", member).p) : STR_NONE;
    return text.p ? text : json_str(object, member);
}

/* A value by its label, where the type gives one. */
static str label_of(struct arena *arena, const json_t *field, str value, bool khmer)
{
    const json_t *label = json_object_get(json_object_get(field, "values"), arena_cstr(arena, value));
    if (json_is_object(label))
        return authorization_text(arena, label, "label", khmer);
    return label ? (str){json_string_value(label), json_string_length(label)} : value;
}

str authorization_value(struct arena *arena, const json_t *field, const json_t *detail, bool khmer)
{
    const json_t *value = json_object_get(detail, json_string_value(json_object_get(field, "name")));
    struct buf text = buf_new(arena, 128);
    if (json_is_integer(value))
        return arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? STR("✓") : STR("✗");
    if (json_is_object(value))
        return arena_printf(arena, "%.*s %.*s", STR_FMT(json_str(value, "amount")),
                            STR_FMT(json_str(value, "currency")));
    if (json_is_string(value))
        return label_of(arena, field, (str){json_string_value(value), json_string_length(value)}, khmer);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        buf_printf(&text, "%s%.*s", i > 0 ? ", " : "",
                   STR_FMT(label_of(arena, field, (str){json_string_value(item), json_string_length(item)}, khmer)));
    }
    return value ? buf_str(&text) : STR_NONE;
}
