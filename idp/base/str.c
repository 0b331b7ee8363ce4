#include "base/str.h"

#include <string.h>

str str_of(const char *cstr)
{
    return cstr ? (str){cstr, strlen(cstr)} : STR_NONE;
}

str str_bytes(const void *bytes, size_t n)
{
    return (str){bytes, n};
}

bool str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(str a, const char *cstr)
{
    return str_eq(a, str_of(cstr));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq_nocase(str a, str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && str_eq((str){s.p, prefix.n}, prefix);
}

bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq((str){s.p + (s.n - suffix.n), suffix.n}, suffix);
}

bool str_has(str s, char c)
{
    return s.n > 0 && memchr(s.p, c, s.n) != NULL;
}

str str_trim(str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (str){s.p + 1, s.n - 1};
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

bool str_cut(str s, char sep, str *head, str *rest)
{
    const char *at = s.n > 0 ? memchr(s.p, sep, s.n) : NULL;
    if (!at) {
        *head = s;
        *rest = STR_NONE;
        return false;
    }
    size_t before = (size_t)(at - s.p);
    *head = (str){s.p, before};
    *rest = (str){at + 1, s.n - before - 1};
    return true;
}

bool str_word(str *list, char sep, str *word)
{
    while (list->n > 0) {
        str head, rest;
        str_cut(*list, sep, &head, &rest);
        *list = rest;
        if (head.n > 0) {
            *word = head;
            return true;
        }
    }
    return false;
}

bool str_list_has(str list, char sep, str word)
{
    str one;
    while (str_word(&list, sep, &one))
        if (str_eq(one, word))
            return true;
    return false;
}

bool str_to_u64(str s, uint64_t max, uint64_t *out)
{
    if (s.n == 0)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool str_is_printable(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return false;
    return true;
}

/* Length of the well-formed UTF-8 sequence at `s`, 0 if it is not one (RFC 3629 section 4: no overlong forms, no
 * surrogates). */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80)
        return s[0] != 0;
    size_t length = s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
    if (length == 0 || s[0] > 0xf4 || n < length)
        return 0;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

bool str_is_utf8(str s)
{
    const unsigned char *bytes = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.n;) {
        size_t length = utf8_sequence(bytes + i, s.n - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

bool str_turns_direction(str s, size_t i)
{
    if (i + 2 >= s.n || (unsigned char)s.p[i] != 0xe2)
        return false;
    unsigned char second = (unsigned char)s.p[i + 1], third = (unsigned char)s.p[i + 2];
    return (second == 0x80 && third >= 0xaa && third <= 0xae) || (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

int str_cmp(str a, str b)
{
    size_t common = a.n < b.n ? a.n : b.n;
    int order = common > 0 ? memcmp(a.p, b.p, common) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}
