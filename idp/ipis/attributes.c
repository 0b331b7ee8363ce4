#include "ipis/attributes.h"

#include <string.h>

#include "base/log.h"
#include "crypto/json.h"
#include "ipis/answer.h"

static bool is_text(const json_t *value, size_t max)
{
    return json_is_string(value) && json_string_length(value) > 0 && json_string_length(value) <= max;
}

static bool is_line(const json_t *value)
{
    return is_text(value, 512);
}

static bool is_photo(const json_t *value)
{
    return is_text(value, ANSWER_BYTES_MAX);
}

static bool is_gender(const json_t *value)
{
    return is_text(value, 1) && (json_string_value(value)[0] == 'M' || json_string_value(value)[0] == 'F');
}

static bool is_country(const json_t *value)
{
    const char *code = json_string_value(value);
    return is_text(value, 2) && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z';
}

/* YYYY-MM-DD */
static bool is_date(const json_t *value)
{
    if (!is_text(value, 10) || json_string_length(value) != 10)
        return false;
    str year, month, day, rest, text = {json_string_value(value), 10};
    uint64_t y, m, d;
    if (!str_cut(text, '-', &year, &rest) || !str_cut(rest, '-', &month, &day))
        return false;
    return year.n == 4 && month.n == 2 && day.n == 2 && str_to_u64(year, 9999, &y) && str_to_u64(month, 12, &m) &&
           str_to_u64(day, 31, &d) && m > 0 && d > 0;
}

/* Some of province, district, commune, village: each with code, kh and en. */
static bool is_address(const json_t *value)
{
    static const char *const levels[] = {"province", "district", "commune", "village"};
    size_t found = 0;
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        const json_t *level = json_object_get(value, levels[i]);
        if (!level)
            continue;
        if (!is_line(json_object_get(level, "code")) || !is_line(json_object_get(level, "kh")) ||
            !is_line(json_object_get(level, "en")))
            return false;
        found++;
    }
    return found > 0 && found == json_object_size(value);
}

static const struct attribute {
    const char *name;
    const char *asked_in;
    bool (*is_valid)(const json_t *value);
} known[] = {
    {"kidc", ASK_BIOGRAPHIC, is_line},
    {"familyNameKh", ASK_BIOGRAPHIC, is_line},
    {"givenNameKh", ASK_BIOGRAPHIC, is_line},
    {"familyNameEn", ASK_BIOGRAPHIC, is_line},
    {"givenNameEn", ASK_BIOGRAPHIC, is_line},
    {"dateOfBirth", ASK_BIOGRAPHIC, is_date},
    {"gender", ASK_BIOGRAPHIC, is_gender},
    {"nationality", ASK_BIOGRAPHIC, is_country},
    {"placeOfBirth", ASK_BIOGRAPHIC, is_address},
    {"address", ASK_BIOGRAPHIC, is_address},
    {"idCardNumber", ASK_BIOGRAPHIC, is_line},
    {"idCardIssued", ASK_BIOGRAPHIC, is_date},
    {"idCardExpires", ASK_BIOGRAPHIC, is_date},
    {"photo", ASK_BIOGRAPHIC, is_photo},
    {"phone", ASK_CONTACT, is_line},
    {"email", ASK_CONTACT, is_line},
};

static const struct attribute *find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return NULL;
}

const char *attribute_asked_in(const char *name)
{
    const struct attribute *attribute = find(name);
    return attribute ? attribute->asked_in : NULL;
}

static bool is_source(str source)
{
    return str_is(source, "IPIS") || str_is(source, "CRVS") || str_is(source, "RESIDENT") ||
           str_is(source, "NATIONALITY");
}

bool attribute_is_valid(const char *name, const json_t *value, str source)
{
    const struct attribute *attribute = find(name);
    return attribute && attribute->is_valid(value) && is_source(source);
}

static void release_json(void *json)
{
    json_decref(json);
}

static json_t *new_object(struct arena *arena)
{
    json_t *object = json_object();
    if (object)
        arena_defer(arena, release_json, object);
    return object;
}

/* A resident's own number must be the one that was asked about: no answer of another person's is ever taken over. */
static bool is_same_person(const json_t *value, const struct kidc *kidc)
{
    struct kidc theirs;
    str text = {json_string_value(value), json_string_length(value)};
    return kidc_parse(text, &theirs) && strcmp(theirs.digits, kidc->digits) == 0;
}

bool answer_attributes(struct arena *arena, const json_t *body, const struct kidc *kidc, const char *const *names,
                       json_t **attributes, json_t **sources)
{
    const json_t *biographic = json_object_get(body, "biographicData");
    const json_t *contact = json_object_get(body, "contactData");
    const json_t *from = json_object_get(body, "sources");
    if (!json_is_object(biographic) || !json_is_object(contact) || !json_is_object(from))
        return false;
    *attributes = new_object(arena);
    *sources = new_object(arena);
    for (; *names; names++) {
        const char *asked_in = attribute_asked_in(*names);
        if (!asked_in)
            continue;
        json_t *value = json_object_get(strcmp(asked_in, ASK_CONTACT) == 0 ? contact : biographic, *names);
        if (!value || json_is_null(value))
            continue;
        if (strcmp(*names, "kidc") == 0 && !is_same_person(value, kidc))
            return false;
        if (!attribute_is_valid(*names, value, json_str(from, *names))) {
            log_warn("register_attribute name=%s result=left_out", *names);
            continue;
        }
        if (json_object_set(*attributes, *names, value) != 0 ||
            json_object_set(*sources, *names, json_object_get(from, *names)) != 0)
            return false;
    }
    return true;
}
