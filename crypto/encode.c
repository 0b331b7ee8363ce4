#include "crypto/primitives.h"

/* The two alphabets of RFC 4648 differ in their last two characters. OpenSSL's decoder takes white space and stray
 * bits, so it won't do. */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

str base64url_encode(struct arena *arena, str bytes)
{
    const unsigned char *in = (const unsigned char *)bytes.p;
    size_t length = bytes.n / 3 * 4 + (bytes.n % 3 ? bytes.n % 3 + 1 : 0), i = 0;
    char *out = arena_alloc(arena, length + 1), *at = out;
    for (; i + 2 < bytes.n; i += 3) {
        uint32_t group = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        *at++ = letters[group >> 18];
        *at++ = letters[group >> 12 & 63];
        *at++ = letters[group >> 6 & 63];
        *at++ = letters[group & 63];
    }
    if (i < bytes.n) {
        uint32_t group = (uint32_t)in[i] << 16 | (i + 1 < bytes.n ? (uint32_t)in[i + 1] << 8 : 0);
        *at++ = letters[group >> 18];
        *at++ = letters[group >> 12 & 63];
        if (i + 1 < bytes.n)
            *at++ = letters[group >> 6 & 63];
    }
    return (str){out, length};
}

/* The six bits that `c` stands for, or -1. `last` are the alphabet's characters 62 and 63. */
static int value_of(char c, const char last[static 2])
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == last[0] ? 62 : c == last[1] ? 63 : -1;
}

/* Text without padding. One character alone in the last group, or bits left over that are not zero, are errors. */
static bool decode(struct arena *arena, str text, const char last[static 2], str *bytes)
{
    if (text.n % 4 == 1)
        return false;
    unsigned char *out = arena_alloc(arena, text.n / 4 * 3 + 3), *at = out;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.n; i++) {
        int value = value_of(text.p[i], last);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *at++ = (unsigned char)(bits >> count);
            bits &= (1u << count) - 1;
        }
    }
    if (bits != 0)
        return false;
    *bytes = str_bytes(out, (size_t)(at - out));
    return true;
}

bool base64url_decode(struct arena *arena, str text, str *bytes)
{
    return decode(arena, text, "-_", bytes);
}

bool base64_decode(struct arena *arena, str text, str *bytes)
{
    if (text.n % 4 != 0)
        return false;
    for (int padding = 0; padding < 2 && text.n > 0 && text.p[text.n - 1] == '='; padding++)
        text.n--;
    return decode(arena, text, "+/", bytes);
}

str hex_encode(struct arena *arena, str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *out = arena_alloc(arena, bytes.n * 2 + 1);
    for (size_t i = 0; i < bytes.n; i++) {
        out[2 * i] = digits[(unsigned char)bytes.p[i] >> 4];
        out[2 * i + 1] = digits[(unsigned char)bytes.p[i] & 15];
    }
    return (str){out, bytes.n * 2};
}
