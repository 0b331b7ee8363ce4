/* Any bytes as a stored value: decoding never reads outside them, and what it accepts decodes the same after encoding.
 */
#include <stdlib.h>
#include <string.h>

#include "store/codec.h"

struct sample {
    str text, more;
    int64_t number;
    bool flag;
};

static const struct field fields[] = {
    FIELD(1, FIELD_STR, sample, text),
    FIELD(2, FIELD_I64, sample, number),
    FIELD(3, FIELD_BOOL, sample, flag),
    FIELD(200, FIELD_STR, sample, more),
};
static const struct codec codec = {RECORD_CLIENT, fields, COUNT_OF(fields)};

static bool same_str(str a, str b)
{
    return !a.p == !b.p && str_eq(a, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct sample once = {0}, twice = {0};
    if (!codec_decode(&codec, str_bytes(data, size), &once))
        return 0;
    if (!codec_decode(&codec, codec_encode(&codec, arena, &once), &twice))
        abort();
    if (!same_str(once.text, twice.text) || !same_str(once.more, twice.more) || once.number != twice.number ||
        once.flag != twice.flag)
        abort();
    return 0;
}
