#include "store/codec.h"

#include <string.h>

#include "base/buf.h"

#define FORMAT 1
#define HEADER_BYTES 2
#define INTEGER_BYTES 8

static void add_field(struct buf *buf, unsigned char tag, str bytes)
{
    buf_char(buf, (char)tag);
    size_t n = bytes.n;
    for (; n > 0x7f; n >>= 7)
        buf_char(buf, (char)(0x80 | (n & 0x7f)));
    buf_char(buf, (char)n);
    buf_add(buf, bytes);
}

/* Big-endian two's complement, without the leading bytes that only repeat the sign. */
static void add_integer(struct buf *buf, unsigned char tag, int64_t value)
{
    char bytes[INTEGER_BYTES];
    for (int i = 0; i < INTEGER_BYTES; i++)
        bytes[i] = (char)((uint64_t)value >> (56 - 8 * i));
    size_t skip = 0;
    char sign = value < 0 ? (char)0xff : 0;
    while (skip < INTEGER_BYTES - 1 && bytes[skip] == sign && (bytes[skip + 1] & 0x80) == (sign & 0x80))
        skip++;
    add_field(buf, tag, (str){bytes + skip, INTEGER_BYTES - skip});
}

static void encode_field(struct buf *buf, const struct field *field, const char *object)
{
    const char *member = object + field->offset;
    if (field->type == FIELD_STR) {
        str s;
        memcpy(&s, member, sizeof s);
        if (s.p)
            add_field(buf, field->tag, s);
    } else if (field->type == FIELD_I64) {
        int64_t value;
        memcpy(&value, member, sizeof value);
        if (value != 0)
            add_integer(buf, field->tag, value);
    } else {
        bool value;
        memcpy(&value, member, sizeof value);
        if (value)
            add_field(buf, field->tag, STR_NONE);
    }
}

str codec_encode(const struct codec *codec, struct arena *arena, const void *object)
{
    struct buf buf = buf_new(arena, 256);
    buf_char(&buf, FORMAT);
    buf_char(&buf, (char)record_table[codec->kind].id);
    for (size_t i = 0; i < codec->count; i++)
        encode_field(&buf, &codec->fields[i], object);
    return buf_str(&buf);
}

/* Takes a field off the front of `*rest`. */
static bool take_field(str *rest, unsigned char *tag, str *bytes)
{
    size_t at = 0, length = 0;
    *tag = (unsigned char)rest->p[at++];
    for (unsigned shift = 0;; shift += 7) {
        if (at == rest->n || shift > 28)
            return false;
        unsigned char c = (unsigned char)rest->p[at++];
        length |= (size_t)(c & 0x7f) << shift;
        if (!(c & 0x80))
            break;
    }
    if (rest->n - at < length)
        return false;
    *bytes = (str){rest->p + at, length};
    *rest = (str){rest->p + at + length, rest->n - at - length};
    return *tag != 0;
}

static bool decode_integer(str bytes, char *member)
{
    if (bytes.n < 1 || bytes.n > INTEGER_BYTES)
        return false;
    uint64_t value = bytes.p[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes.n; i++)
        value = value << 8 | (unsigned char)bytes.p[i];
    memcpy(member, &value, sizeof value);
    return true;
}

static bool decode_field(const struct field *field, str bytes, char *object)
{
    char *member = object + field->offset;
    if (field->type == FIELD_STR)
        memcpy(member, &bytes, sizeof bytes);
    else if (field->type == FIELD_I64)
        return decode_integer(bytes, member);
    else
        memcpy(member, &(bool){true}, sizeof(bool));
    return field->type == FIELD_STR || bytes.n == 0;
}

/* The field with `tag`; looks first where the order of the table says. */
static const struct field *find_field(const struct codec *codec, unsigned char tag, size_t *next)
{
    for (size_t i = 0; i < codec->count; i++) {
        size_t at = (*next + i) % codec->count;
        if (codec->fields[at].tag == tag) {
            *next = at + 1;
            return &codec->fields[at];
        }
    }
    return NULL;
}

bool codec_decode(const struct codec *codec, str value, void *object)
{
    if (value.n < HEADER_BYTES || value.p[0] != FORMAT || (unsigned char)value.p[1] != record_table[codec->kind].id)
        return false;
    str rest = {value.p + HEADER_BYTES, value.n - HEADER_BYTES};
    bool seen[256] = {false};
    size_t next = 0;
    while (rest.n > 0) {
        unsigned char tag;
        str bytes;
        if (!take_field(&rest, &tag, &bytes) || seen[tag])
            return false;
        seen[tag] = true;
        const struct field *field = find_field(codec, tag, &next);
        if (field && !decode_field(field, bytes, object))
            return false;
    }
    return true;
}
