#include "http/cookie.h"

#include "http/http.h"

/* RFC 6265 section 4.1.1: visible ASCII but quote, comma, semicolon and backslash. */
bool cookie_value_ok(str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] <= 0x20 || value.p[i] > 0x7e || str_has(STR("\",;\\"), value.p[i]))
            return false;
    return true;
}

str cookie_find(str header, const char *name)
{
    str wanted = str_of(name), found = STR_NONE, pair;
    while (str_word(&header, ';', &pair)) {
        str key, value;
        if (!str_cut(str_trim(pair), '=', &key, &value) || !str_eq(key, wanted))
            continue;
        if (found.p || !cookie_value_ok(value))
            return STR_NONE;
        found = value;
    }
    return found;
}
