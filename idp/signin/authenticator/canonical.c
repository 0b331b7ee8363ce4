#include "signin/authenticator/canonical.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define INTEGER_MAX ((json_int_t)1 << 53) /* what all readers of JSON hold exactly */

/* RFC 8785 section 3.2.2.2 */
static void add_string(struct buf *out, str text)
{
    static const char *const shorts[0x20] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
    buf_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '"' || c == '\\')
            buf_char(out, '\\');
        if (c >= 0x20)
            buf_char(out, (char)c);
        else if (shorts[c])
            buf_add(out, str_of(shorts[c]));
        else
            buf_printf(out, "\\u%04x", c);
    }
    buf_char(out, '"');
}

static bool add(struct buf *out, const json_t *value);

static bool add_array(struct buf *out, const json_t *array)
{
    buf_char(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            buf_char(out, ',');
        if (!add(out, json_array_get(array, i)))
            return false;
    }
    buf_char(out, ']');
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool add_object(struct buf *out, const json_t *object)
{
    size_t count = 0;
    const char **names = ARENA_ARRAY(out->arena, const char *, json_object_size(object) + 1);
    for (void *at = json_object_iter((json_t *)(uintptr_t)object); at;
         at = json_object_iter_next((json_t *)(uintptr_t)object, at))
        names[count++] = json_object_iter_key(at);
    qsort(names, count, sizeof *names, by_bytes);
    buf_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_char(out, ',');
        add_string(out, str_of(names[i]));
        buf_char(out, ':');
        if (!add(out, json_object_get(object, names[i])))
            return false;
    }
    buf_char(out, '}');
    return true;
}

static bool add_integer(struct buf *out, json_int_t value)
{
    buf_printf(out, "%" JSON_INTEGER_FORMAT, value);
    return value < INTEGER_MAX && value > -INTEGER_MAX;
}

static bool add(struct buf *out, const json_t *value)
{
    if (!value)
        return false;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return add_object(out, value);
    case JSON_ARRAY:
        return add_array(out, value);
    case JSON_STRING:
        add_string(out, str_bytes(json_string_value(value), json_string_length(value)));
        return true;
    case JSON_INTEGER:
        return add_integer(out, json_integer_value(value));
    case JSON_TRUE:
    case JSON_FALSE:
        buf_add(out, json_is_true(value) ? STR("true") : STR("false"));
        return true;
    default:
        return false;
    }
}

str canonical_json(struct arena *arena, const json_t *value)
{
    struct buf out = buf_new(arena, 1024);
    return add(&out, value) ? buf_str(&out) : STR_NONE;
}
