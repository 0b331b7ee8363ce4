#include "webauthn/cbor.h"

enum kind { KIND_UINT, KIND_NEGATIVE, KIND_BYTES, KIND_TEXT, KIND_ARRAY, KIND_MAP, KIND_TAG, KIND_SIMPLE };

struct head {
    enum kind kind;
    uint64_t n; /* the number, the length, or how many items */
};

static str after(str s, size_t n)
{
    return (str){s.p + n, s.n - n};
}

static unsigned char byte_at(str s, size_t i)
{
    return (unsigned char)s.p[i];
}

/* The first byte and the number that follows it, in its shortest form (RFC 8949 section 4.2.1). */
static bool take_head(str *rest, struct head *head)
{
    if (rest->n == 0)
        return false;
    unsigned char first = byte_at(*rest, 0), info = first & 0x1f;
    *head = (struct head){(enum kind)(first >> 5), info};
    *rest = after(*rest, 1);
    if (info < 24)
        return true;
    if (info > 27) /* reserved, or an indefinite length */
        return false;
    size_t bytes = (size_t)1 << (info - 24);
    if (rest->n < bytes)
        return false;
    head->n = 0;
    for (size_t i = 0; i < bytes; i++)
        head->n = head->n << 8 | byte_at(*rest, i);
    *rest = after(*rest, bytes);
    uint64_t least = bytes == 1 ? 24 : (uint64_t)1 << (bytes * 4);
    return head->n >= least;
}

static bool take(str *rest, unsigned depth, str *item);

static bool take_members(str *rest, uint64_t count, unsigned depth)
{
    str keys[CBOR_MEMBERS_MAX], value;
    if (count > CBOR_MEMBERS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!take(rest, depth, &keys[i]) || !take(rest, depth, &value))
            return false;
        for (size_t k = 0; k < i; k++)
            if (str_eq(keys[k], keys[i]))
                return false;
    }
    return true;
}

static bool take_items(str *rest, uint64_t count, unsigned depth)
{
    str item;
    for (uint64_t i = 0; i < count; i++) /* each takes a byte at least: ends with `rest` */
        if (!take(rest, depth, &item))
            return false;
    return true;
}

static bool take_content(str *rest, const struct head *head, unsigned depth)
{
    switch (head->kind) {
    case KIND_UINT:
    case KIND_NEGATIVE:
        return true;
    case KIND_BYTES:
    case KIND_TEXT:
        if (head->n > rest->n || (head->kind == KIND_TEXT && !str_is_utf8((str){rest->p, (size_t)head->n})))
            return false;
        *rest = after(*rest, (size_t)head->n);
        return true;
    case KIND_ARRAY:
        return depth < CBOR_DEPTH_MAX && take_items(rest, head->n, depth + 1);
    case KIND_MAP:
        return depth < CBOR_DEPTH_MAX && take_members(rest, head->n, depth + 1);
    case KIND_SIMPLE:
        return head->n >= 20 && head->n <= 23; /* false, true, null, undefined */
    case KIND_TAG:
        break;
    }
    return false;
}

static bool take(str *rest, unsigned depth, str *item)
{
    str at = *rest;
    struct head head;
    if (!take_head(&at, &head))
        return false;
    /* the number after a first byte for a simple value is a floating point number */
    if (head.kind == KIND_SIMPLE && rest->n - at.n > 1)
        return false;
    if (!take_content(&at, &head, depth))
        return false;
    *item = (str){rest->p, rest->n - at.n};
    *rest = at;
    return true;
}

bool cbor_take(str *rest, str *item)
{
    return take(rest, 0, item);
}

bool cbor_map(str item, struct cbor_map *out)
{
    struct head head;
    out->count = 0;
    if (!take_head(&item, &head) || head.kind != KIND_MAP || head.n > CBOR_MEMBERS_MAX)
        return false;
    for (size_t i = 0; i < head.n; i++)
        if (!take(&item, 1, &out->keys[i]) || !take(&item, 1, &out->values[i]))
            return false;
    out->count = (size_t)head.n;
    return true;
}

bool cbor_array(str item, str *items, size_t *count)
{
    struct head head;
    if (!take_head(&item, &head) || head.kind != KIND_ARRAY)
        return false;
    *items = item;
    *count = (size_t)head.n;
    return true;
}

static bool string_of(str item, enum kind kind, str *out)
{
    struct head head;
    if (!take_head(&item, &head) || head.kind != kind)
        return false;
    *out = (str){item.p, (size_t)head.n};
    return true;
}

bool cbor_bytes(str item, str *out)
{
    return string_of(item, KIND_BYTES, out);
}

bool cbor_text(str item, str *out)
{
    return string_of(item, KIND_TEXT, out);
}

bool cbor_int(str item, int64_t *out)
{
    struct head head;
    if (!take_head(&item, &head) || (head.kind != KIND_UINT && head.kind != KIND_NEGATIVE) || head.n > INT64_MAX)
        return false;
    *out = head.kind == KIND_UINT ? (int64_t)head.n : -1 - (int64_t)head.n;
    return true;
}

bool cbor_is_true(str item)
{
    return str_is(item, "\xf5");
}

str cbor_named(const struct cbor_map *map, const char *name)
{
    str text;
    for (size_t i = 0; i < map->count; i++)
        if (cbor_text(map->keys[i], &text) && str_is(text, name))
            return map->values[i];
    return STR_NONE;
}

str cbor_numbered(const struct cbor_map *map, int64_t number)
{
    int64_t key;
    for (size_t i = 0; i < map->count; i++)
        if (cbor_int(map->keys[i], &key) && key == number)
            return map->values[i];
    return STR_NONE;
}
