#include <stdlib.h>

#include "base/buf.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_clean(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 && !str_has(STR("\t\r\n"), s.p[i]))
            return false;
    return str_is_utf8(s);
}

/* What is accepted is clean text, within the limits, and reads the same once it is written out again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const repeatable[] = {"resource", NULL};
    struct arena *arena = arena_new();
    struct params params = params_parse(arena, str_bytes(data, size), repeatable);
    struct buf again = buf_new(arena, size + 16);
    if (params.count > PARAMS_MAX || (params.repeated.p && params.status == PARAMS_OK))
        abort();
    for (size_t i = 0; i < params.count; i++) {
        if (!is_clean(params.items[i].name) || !is_clean(params.items[i].value))
            abort();
        buf_add_urlencoded(&again, params.items[i].name);
        buf_char(&again, '=');
        buf_add_urlencoded(&again, params.items[i].value);
        buf_char(&again, '&');
    }
    struct params second = params_parse(arena, buf_str(&again), repeatable);
    if (second.status != PARAMS_OK || second.count != params.count)
        abort();
    for (size_t i = 0; i < params.count; i++)
        if (!str_eq(second.items[i].name, params.items[i].name) ||
            !str_eq(second.items[i].value, params.items[i].value))
            abort();
    arena_free(arena);
    return 0;
}
