/* What a setting's value must look like, and how it is written. */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "settings_table.h"

#define VALUE_MAX 1024

static const struct unit {
    char letter;
    int64_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

static bool read_seconds(str value, int64_t *out)
{
    int64_t unit = 1;
    for (size_t i = 0; i < COUNT_OF(units) && value.n > 0; i++)
        if (value.p[value.n - 1] == units[i].letter) {
            unit = units[i].seconds;
            value.n--;
            break;
        }
    uint64_t number;
    if (!str_to_u64(value, INT64_MAX / 86400, &number))
        return false;
    *out = (int64_t)number * unit;
    return true;
}

static str write_seconds(struct arena *arena, int64_t seconds)
{
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (seconds > 0 && seconds % units[i].seconds == 0)
            return arena_printf(arena, "%" PRId64 "%c", seconds / units[i].seconds, units[i].letter);
    return STR("0s");
}

static str read_number(struct arena *arena, const struct setting *setting, str value, int64_t *out)
{
    int64_t number;
    uint64_t digits;
    if (setting->type == SETTING_SECONDS) {
        if (!read_seconds(value, &number))
            return STR("must be a time like 30s, 15m, 8h or 30d");
        if (number < setting->min || number > setting->max)
            return arena_printf(arena, "must be from %.*s to %.*s", STR_FMT(write_seconds(arena, setting->min)),
                                STR_FMT(write_seconds(arena, setting->max)));
    } else {
        if (!str_to_u64(value, INT64_MAX, &digits))
            return STR("must be a whole number");
        number = (int64_t)digits;
        if (number < setting->min || number > setting->max)
            return arena_printf(arena, "must be from %" PRId64 " to %" PRId64, setting->min, setting->max);
    }
    *out = number;
    return STR_NONE;
}

static bool is_ip_address(struct arena *arena, str value)
{
    unsigned char binary[sizeof(struct in6_addr)];
    const char *text = arena_cstr(arena, value);
    return inet_pton(AF_INET, text, binary) == 1 || inet_pton(AF_INET6, text, binary) == 1;
}

/* Takes "scheme://host[:port]" off the front: what the host is, and what follows. */
static bool split_url(str url, str *host, str *port, str *rest)
{
    str authority, tail;
    size_t scheme = str_starts(url, STR("https://")) ? 8 : str_starts(url, STR("http://")) ? 7 : 0;
    if (scheme == 0)
        return false;
    authority = (str){url.p + scheme, url.n - scheme};
    size_t end = 0;
    while (end < authority.n && !strchr("/?#", authority.p[end]))
        end++;
    *rest = (str){authority.p + end, authority.n - end};
    authority.n = end;
    if (authority.n > 0 && authority.p[0] == '[') {
        if (!str_cut(authority, ']', host, &tail) || (tail.n > 0 && tail.p[0] != ':'))
            return false;
        host->n++;
        *port = tail.n > 0 ? (str){tail.p + 1, tail.n - 1} : STR_NONE;
    } else {
        str_cut(authority, ':', host, port);
    }
    return host->n > 0;
}

bool url_is_loopback(str url)
{
    str host, port, rest;
    return split_url(url, &host, &port, &rest) &&
           (str_is(host, "localhost") || str_is(host, "127.0.0.1") || str_is(host, "[::1]"));
}

str settings_host(str url)
{
    str host, port, rest;
    if (!split_url(url, &host, &port, &rest))
        return STR_NONE;
    return host.p[0] == '[' ? (str){host.p + 1, host.n - 2} : host;
}

static bool is_host(struct arena *arena, str host)
{
    if (host.p[0] == '[')
        return host.n > 2 && is_ip_address(arena, (str){host.p + 1, host.n - 2});
    for (size_t i = 0; i < host.n; i++)
        if (!islower((unsigned char)host.p[i]) && !isdigit((unsigned char)host.p[i]) && host.p[i] != '-' &&
            host.p[i] != '.')
            return false;
    return true;
}

static str check_url(struct arena *arena, const struct setting *setting, str value)
{
    str host, port, rest;
    uint64_t number;
    if (!split_url(value, &host, &port, &rest))
        return STR("must be a URL that starts with https:// (or http:// for this machine)");
    if (!is_host(arena, host))
        return STR("must have a host of lower-case letters, digits, dots and hyphens, and no user name");
    if (port.p && (!str_to_u64(port, UINT16_MAX, &number) || number == 0 || port.p[0] == '0'))
        return STR("must have a port from 1 to 65535, or none");
    if (setting->max == 0 && rest.n > 0)
        return STR("must end after host and port: no path, no slash, no query, no fragment");
    if (str_has(rest, '?') || str_has(rest, '#') || str_has(rest, ' '))
        return STR("must have no query, no fragment and no spaces");
    if (str_starts(value, STR("http://")) && !url_is_loopback(value))
        return STR(
            "must be https, unless its host is localhost, 127.0.0.1 or [::1]: personal data would go in the clear");
    return STR_NONE;
}

static str check_text(struct arena *arena, const struct setting *setting, str value)
{
    if (!str_is_utf8(value) || value.n > VALUE_MAX)
        return STR("must be UTF-8 text of at most 1024 bytes");
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
            return STR("must not contain control characters");
    if (value.n == 0) /* no value at all is fine where that is the default */
        return setting->initial && setting->initial[0] == '\0' ? STR_NONE : STR("must not be empty");
    if (setting->type == SETTING_ADDRESS && !is_ip_address(arena, value))
        return STR("must be an IP address such as 127.0.0.1 or ::1");
    if (setting->type == SETTING_URL)
        return check_url(arena, setting, value);
    if (setting->type == SETTING_CHOICE && !str_list_has(str_of(setting->choices), ' ', value))
        return arena_printf(arena, "must be one of: %s", setting->choices);
    return STR_NONE;
}

str setting_read(struct arena *arena, const struct setting *setting, str value, struct settings *out)
{
    if (!setting_is_text(setting))
        return read_number(arena, setting, value, setting_number_of(out, setting));
    str fault = check_text(arena, setting, value);
    if (!fault.p)
        *setting_text_of(out, setting) = arena_str(arena, value);
    return fault;
}

str setting_write(struct arena *arena, const struct settings *settings, const struct setting *setting)
{
    if (setting_is_text(setting))
        return *(const str *)(const void *)((const char *)settings + setting->offset);
    int64_t number = *(const int64_t *)(const void *)((const char *)settings + setting->offset);
    return setting->type == SETTING_SECONDS ? write_seconds(arena, number) : arena_printf(arena, "%" PRId64, number);
}

str setting_variable(struct arena *arena, const struct setting *setting)
{
    str name = arena_printf(arena, "KONSAO_%s", setting->key);
    char *letters = arena_alloc(arena, name.n + 1);
    for (size_t i = 0; i < name.n; i++)
        letters[i] = name.p[i] == '.' ? '_' : (char)toupper((unsigned char)name.p[i]);
    return (str){letters, name.n};
}
