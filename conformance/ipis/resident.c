#include "resident.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "crypto/json.h"
#include "ipis/attributes.h"

#define FILE_BYTES_MAX ((size_t)4 * 1024 * 1024)

static const char *const status_names[] = {"ACTIVE", "SUSPENDED", "DECEASED_FLAGGED", "CLOSED"};

const char *resident_status_name(enum resident_status status)
{
    return status_names[status];
}

bool resident_status_of(str name, enum resident_status *out)
{
    for (unsigned i = 0; i < COUNT_OF(status_names); i++)
        if (str_is(name, status_names[i])) {
            *out = (enum resident_status)i;
            return true;
        }
    return false;
}

const json_t *resident_value(const struct resident *resident, const char *name)
{
    return json_object_get(json_object_get(resident->attributes, name), "value");
}

str resident_text(const struct resident *resident, const char *name)
{
    return json_str(json_object_get(resident->attributes, name), "value");
}

bool resident_is_minor(const struct resident *resident)
{
    time_t now = (time_t)clock_now();
    struct tm today;
    char limit[16];
    gmtime_r(&now, &today);
    today.tm_year -= 18;
    strftime(limit, sizeof limit, "%Y-%m-%d", &today);
    return str_cmp(resident_text(resident, "dateOfBirth"), str_of(limit)) > 0;
}

struct resident *residents_find(const struct residents *residents, str kidc)
{
    struct kidc wanted;
    if (!kidc_parse(kidc, &wanted))
        return NULL;
    for (size_t i = 0; i < residents->count; i++)
        if (strcmp(residents->items[i].kidc.digits, wanted.digits) == 0)
            return &residents->items[i];
    return NULL;
}

static bool attributes_are_right(json_t *attributes)
{
    const char *name;
    json_t *attribute;
    if (!json_object_get(attributes, "dateOfBirth"))
        return false;
    json_object_foreach(attributes, name, attribute)
    {
        if (!attribute_is_valid(name, json_object_get(attribute, "value"), json_str(attribute, "source")))
            return false;
    }
    return true;
}

/* NULL, or what is wrong with it. */
static const char *read_resident(const struct residents *others, const json_t *json, struct resident *out)
{
    str kidc = json_str(json, "kidc");
    if (!kidc_parse(kidc, &out->kidc))
        return "its kidc is not one";
    if (residents_find(others, kidc))
        return "its kidc stands there twice";
    if (!resident_status_of(json_str(json, "status"), &out->status))
        return "its status is not one";
    if (!json_str(json, "since").p || !json_is_boolean(json_object_get(json, "biometricsEnrolled")))
        return "it lacks since or biometricsEnrolled";
    out->status_in_file = out->status;
    out->since = json_str(json, "since");
    out->biometrics_enrolled = json_is_true(json_object_get(json, "biometricsEnrolled"));
    out->attributes = json_object_get(json, "attributes");
    return attributes_are_right(out->attributes) ? NULL : "one of its attributes is not what the interface says";
}

static void close_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

static bool read_file(struct arena *arena, const char *name, str *out)
{
    CLEANUP(close_file) FILE *file = fopen(name, "re");
    char *text = arena_alloc(arena, FILE_BYTES_MAX);
    if (!file)
        return false;
    size_t n = fread(text, 1, FILE_BYTES_MAX, file);
    *out = (str){text, n};
    return !ferror(file) && feof(file);
}

bool residents_load(struct arena *arena, const char *file, struct residents *out, char *error, size_t error_size)
{
    str text;
    if (!read_file(arena, file, &text)) {
        snprintf(error, error_size, "%s can't be read (or is too large)", file);
        return false;
    }
    const json_t *list = json_object_get(json_parse_object(arena, text, FILE_BYTES_MAX), "residents");
    size_t count = json_array_size(list);
    if (count == 0) {
        snprintf(error, error_size, "%s is not JSON with residents in it", file);
        return false;
    }
    *out = (struct residents){ARENA_ARRAY(arena, struct resident, count), 0};
    for (; out->count < count; out->count++) {
        const char *wrong = read_resident(out, json_array_get(list, out->count), &out->items[out->count]);
        if (wrong) {
            snprintf(error, error_size, "%s: resident %zu: %s", file, out->count + 1, wrong);
            return false;
        }
    }
    return true;
}
