#include "crypto/json.h"

#include "base/buf.h"

/* Depth is measured before jansson recurses. Brackets inside strings do not count. */
static bool is_shallow(str text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            depth++;
        else if (!in_string && (c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > JSON_DEPTH_MAX)
            return false;
    }
    return true;
}

static void release(void *object)
{
    json_decref(object);
}

json_t *json_parse_object(struct arena *arena, str text, size_t max)
{
    if (text.n == 0 || text.n > max || !is_shallow(text))
        return NULL;
    json_t *value = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(value)) {
        json_decref(value);
        return NULL;
    }
    arena_defer(arena, release, value);
    return value;
}

str json_str(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? (str){json_string_value(value), json_string_length(value)} : STR_NONE;
}

bool json_int(const json_t *object, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value))
        return false;
    int64_t number = json_integer_value(value);
    if (number < min || number > max)
        return false;
    *out = number;
    return true;
}

static int add_text(const char *text, size_t n, void *buf)
{
    buf_add(buf, (str){text, n});
    return 0;
}

str json_text(struct arena *arena, const json_t *value)
{
    struct buf buf = buf_new(arena, 256);
    if (json_dump_callback(value, add_text, &buf, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        return STR_NONE;
    return buf_str(&buf);
}
