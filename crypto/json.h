/* JSON from outside, parsed strictly: jansson with duplicate members refused and depth and size limited before it sees
 * a byte. */
#ifndef KONSAO_CRYPTO_JSON_H
#define KONSAO_CRYPTO_JSON_H

#include <jansson.h>

#include "base/arena.h"

#define JSON_DEPTH_MAX 16

/** Parses an object (nothing else at the top), at most `max` bytes, no NUL escapes. The arena releases it. NULL when it
 * is not that. */
json_t *json_parse_object(struct arena *arena, str text, size_t max);
/** A string member, STR_NONE when absent or not a string. The view lives as long as `object`. */
str json_str(const json_t *object, const char *name);
/** An integer member that fits in [min, max]; false when absent, not an integer (1e300, "5", 1.5) or outside. */
MUST_CHECK bool json_int(const json_t *object, const char *name, int64_t min, int64_t max, int64_t *out);
/** Compact text of `value` in `arena`, members in the order of insertion. */
str json_text(struct arena *arena, const json_t *value);

#endif
