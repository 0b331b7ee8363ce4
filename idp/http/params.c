#include "http/http.h"

#include <string.h>

#include "base/buf.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_plain_text(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
            return false;
    }
    return str_is_utf8(s);
}

/* Decodes `in` into `to`, which has room for as much. */
static bool decode(char *to, str in, bool form, str *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            int high = in.n - i > 2 ? hex_digit(in.p[i + 1]) : -1;
            int low = in.n - i > 2 ? hex_digit(in.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && form) {
            c = ' ';
        }
        to[n++] = c;
    }
    *out = (str){to, n};
    return is_plain_text(*out);
}

bool percent_decode(struct arena *arena, str in, bool form, str *out)
{
    str decoded;
    if (!decode(arena_alloc(arena, in.n + 1), in, form, &decoded))
        return false;
    *out = decoded;
    return true;
}

static bool is_repeated(const struct params *params, str name)
{
    for (size_t i = 0; i < params->count; i++)
        if (str_eq(params->items[i].name, name))
            return true;
    return false;
}

static bool may_repeat(const char *const *repeatable, str name)
{
    for (; repeatable && *repeatable; repeatable++)
        if (str_is(name, *repeatable))
            return true;
    return false;
}

static size_t count_pairs(str text)
{
    size_t count = 0;
    str pair;
    while (count < PARAMS_MAX && str_word(&text, '&', &pair))
        count++;
    return count;
}

/* Adds one pair; `*room` is where decoded text goes next. */
static enum params_status add_pair(struct params *params, char **room, str pair, const char *const *repeatable)
{
    struct param param;
    str name, value;
    if (!str_cut(pair, '=', &name, &value))
        value = (str){pair.p + pair.n, 0};
    if (!decode(*room, name, true, &param.name) || !decode(*room + param.name.n, value, true, &param.value))
        return PARAMS_MALFORMED;
    *room += param.name.n + param.value.n;
    if (!may_repeat(repeatable, param.name) && is_repeated(params, param.name)) {
        if (params->status == PARAMS_OK)
            params->repeated = param.name;
        return PARAMS_REPEATED;
    }
    if (params->count == PARAMS_MAX)
        return PARAMS_TOO_MANY;
    params->items[params->count++] = param;
    return params->status;
}

struct params params_parse(struct arena *arena, str text, const char *const *repeatable)
{
    struct params params = {NULL, 0, PARAMS_OK, STR_NONE};
    if (text.n == 0)
        return params;
    char *room = arena_alloc(arena, text.n);
    str pair;
    params.items = ARENA_ARRAY(arena, struct param, count_pairs(text));
    while (str_word(&text, '&', &pair)) {
        params.status = add_pair(&params, &room, pair, repeatable);
        if (params.status == PARAMS_MALFORMED || params.status == PARAMS_TOO_MANY)
            break;
    }
    return params;
}

str params_get(const struct params *params, const char *name)
{
    str wanted = str_of(name);
    for (size_t i = 0; i < params->count; i++)
        if (str_eq(params->items[i].name, wanted))
            return params->items[i].value;
    return STR_NONE;
}

str params_nonempty(const struct params *params, const char *name)
{
    str value = params_get(params, name);
    return value.n > 0 ? value : STR_NONE;
}

str params_encode(struct arena *arena, const struct params *params, enum params_choice choice, str names)
{
    struct buf text = buf_new(arena, 256);
    for (size_t i = 0; i < params->count; i++) {
        const struct param *param = &params->items[i];
        if (str_list_has(names, ' ', param->name) != (choice == PARAMS_NAMED))
            continue;
        if (text.n > 0)
            buf_char(&text, '&');
        buf_add_urlencoded(&text, param->name);
        buf_char(&text, '=');
        buf_add_urlencoded(&text, param->value);
    }
    return buf_str(&text);
}
