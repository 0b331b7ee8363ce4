/* String views: a pointer and a length, never owning, not NUL-terminated. All text from outside travels as one of these. */
#ifndef KONSAO_BASE_STR_H
#define KONSAO_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

typedef struct str {
    const char *p;
    size_t n;
} str;

/** A view of a string literal, also in static tables. */
#define STR(literal) ((str){(literal), sizeof(literal) - 1})
#define STR_INIT(literal) {(literal), sizeof(literal) - 1}

/** For printf's "%.*s". */
#define STR_FMT(s) (int)(s).n, ((s).p ? (s).p : "")

/** No string at all; differs from an empty one in that `p` is NULL. */
#define STR_NONE ((str){NULL, 0})

/** A view of a NUL-terminated string; STR_NONE for NULL. */
str str_of(const char *cstr);
/** A view of `n` bytes. */
str str_bytes(const void *bytes, size_t n);
/** Same bytes. NOT constant time: never for secrets (see secret_equal in crypto/primitives.h). */
bool str_eq(str a, str b);
/** Same bytes as a NUL-terminated string. Not constant time. */
bool str_is(str a, const char *cstr);
/** As str_eq, folding ASCII letters. */
bool str_eq_nocase(str a, str b);
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
/** Whether the byte `c` occurs in `s`. */
bool str_has(str s, char c);
/** `s` without leading and trailing ASCII spaces and tabs. */
str str_trim(str s);
/** Splits at the first `sep`: `head` before it, `*rest` after it. Returns false, with all of `s` in `head` and `rest` STR_NONE, when there is none. */
bool str_cut(str s, char sep, str *head, str *rest);
/** The next word of a list separated by single or repeated `sep`, taken off `*list`; false when there is none left. */
bool str_word(str *list, char sep, str *word);
/** Whether `word` is one of the `sep`-separated words of `list`. */
bool str_list_has(str list, char sep, str word);
/** Reads decimal digits, all of `s`, at most `max`; no sign, no spaces. False, and `*out` untouched, if it is not that. */
MUST_CHECK bool str_to_u64(str s, uint64_t max, uint64_t *out);
/** True if every byte is printable ASCII (0x20 to 0x7e). */
bool str_is_printable(str s);
/** True if `s` is well-formed UTF-8 without NUL (RFC 3629). */
bool str_is_utf8(str s);
/** True if, at byte `i` of UTF-8, a character begins that turns the direction of writing around: with those, one name
 * or amount is made to look like another (Unicode TR 36). */
bool str_turns_direction(str s, size_t i);
/** Orders bytewise, shorter first on a common prefix: <0, 0, >0. */
int str_cmp(str a, str b);

#endif
