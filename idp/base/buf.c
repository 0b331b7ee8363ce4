#include "base/buf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct buf buf_new(struct arena *arena, size_t room)
{
    room = room > 16 ? room : 16;
    return (struct buf){arena, arena_alloc(arena, room), 0, room};
}

static char *reserve(struct buf *buf, size_t n)
{
    if (buf->room - buf->n < n) {
        size_t room = buf->room;
        while (room - buf->n < n)
            room *= 2;
        char *grown = arena_alloc(buf->arena, room);
        memcpy(grown, buf->p, buf->n);
        buf->p = grown;
        buf->room = room;
    }
    return buf->p + buf->n;
}

void buf_add(struct buf *buf, str s)
{
    if (s.n == 0)
        return;
    memcpy(reserve(buf, s.n), s.p, s.n);
    buf->n += s.n;
}

void buf_char(struct buf *buf, char c)
{
    *reserve(buf, 1) = c;
    buf->n++;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        abort();
    vsnprintf(reserve(buf, (size_t)n + 1), (size_t)n + 1, format, again);
    va_end(again);
    buf->n += (size_t)n;
}

void buf_add_word(struct buf *list, str word)
{
    if (list->n > 0)
        buf_char(list, ' ');
    buf_add(list, word);
}

str buf_str(const struct buf *buf)
{
    return (str){buf->p, buf->n};
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

void buf_add_urlencoded(struct buf *buf, str s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved((char)c))
            buf_char(buf, (char)c);
        else
            buf_add(buf, (str){(char[]){'%', hex[c >> 4], hex[c & 15]}, 3});
    }
}

void buf_add_json(struct buf *buf, str s)
{
    buf_char(buf, '"');
    size_t plain = 0; /* start of the run that needs no escaping */
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(buf, (str){s.p + plain, i - plain});
        plain = i + 1;
        if (c < 0x20)
            buf_printf(buf, "\\u%04x", c);
        else
            buf_add(buf, (str){(char[]){'\\', (char)c}, 2});
    }
    buf_add(buf, (str){s.p + plain, s.n - plain});
    buf_char(buf, '"');
}

void buf_json_member(struct buf *buf, const char *name)
{
    if (buf->n > 0 && buf->p[buf->n - 1] != '{')
        buf_char(buf, ',');
    buf_char(buf, '"');
    buf_add(buf, str_of(name));
    buf_add(buf, STR("\":"));
}

void buf_json_str(struct buf *buf, const char *name, str value)
{
    if (!value.p)
        return;
    buf_json_member(buf, name);
    buf_add_json(buf, value);
}

void buf_json_int(struct buf *buf, const char *name, int64_t value)
{
    buf_json_member(buf, name);
    buf_printf(buf, "%" PRId64, value);
}

void buf_json_bool(struct buf *buf, const char *name, bool value)
{
    buf_json_raw(buf, name, value ? STR("true") : STR("false"));
}

void buf_json_words(struct buf *buf, const char *name, str list, char sep)
{
    buf_json_member(buf, name);
    buf_char(buf, '[');
    str word;
    for (bool first = true; str_word(&list, sep, &word); first = false) {
        if (!first)
            buf_char(buf, ',');
        buf_add_json(buf, word);
    }
    buf_char(buf, ']');
}

void buf_json_raw(struct buf *buf, const char *name, str json)
{
    if (!json.p)
        return;
    buf_json_member(buf, name);
    buf_add(buf, json);
}
