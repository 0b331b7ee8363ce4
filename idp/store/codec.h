/* How a C struct becomes a record's value: a table of fields, each with a tag that never changes meaning. Compact, no
 * parsing cost worth naming, and open to growth: unknown tags are skipped, missing ones stay zero. A value starts with
 * a format byte and the kind's byte, so that a record read as another kind is refused; then, for each field, its tag,
 * the length in 7-bit groups (lowest first), and that many bytes. */
#ifndef KONSAO_STORE_CODEC_H
#define KONSAO_STORE_CODEC_H

#include <stddef.h>

#include "base/arena.h"
#include "store/records.h"

enum field_type { FIELD_STR, FIELD_I64, FIELD_BOOL };

struct field {
    unsigned char tag; /* 1 to 255, unique in its table */
    enum field_type type;
    size_t offset; /* of a str, an int64_t or a bool */
};

#define FIELD(tag, type, struct_name, member)                                                                          \
    {                                                                                                                  \
        (tag), (type), offsetof(struct struct_name, member)                                                            \
    }

struct codec {
    enum record_kind kind;
    const struct field *fields;
    size_t count;
};

/** The value for `object`, in `arena`. STR_NONE members, zeros and falses take no room. */
str codec_encode(const struct codec *codec, struct arena *arena, const void *object);
/** Fills `object` (which the caller has zeroed) with views into `value`. False if the value is damaged or of another
 * kind. */
MUST_CHECK bool codec_decode(const struct codec *codec, str value, void *object);

#endif
