/* A string builder in an arena. Adding never fails; what it built is a view that lives as long as the arena. */
#ifndef KONSAO_BASE_BUF_H
#define KONSAO_BASE_BUF_H

#include "base/arena.h"

struct buf {
    struct arena *arena;
    char *p;
    size_t n, room;
};

/** An empty builder that starts with room for `room` bytes. */
struct buf buf_new(struct arena *arena, size_t room);
void buf_add(struct buf *buf, str s);
void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/** Adds a word to a list of words with single spaces between them. */
void buf_add_word(struct buf *list, str word);
/** What has been built so far; stays valid until the next addition. */
str buf_str(const struct buf *buf);

/** Adds `s` as application/x-www-form-urlencoded text with "%20" for a space, so that it fits in any part of a URL (RFC 3986 section 2.3). */
void buf_add_urlencoded(struct buf *buf, str s);
/** Adds `s`, which must be UTF-8, as a JSON string with its quotes (RFC 8259 section 7). */
void buf_add_json(struct buf *buf, str s);
/** Adds `,"name":` inside a JSON object, without the comma right after its `{`. `name` is a literal that needs no escaping. */
void buf_json_member(struct buf *buf, const char *name);
/** Adds a whole member with a string value; adds nothing when `value` is STR_NONE. */
void buf_json_str(struct buf *buf, const char *name, str value);
void buf_json_int(struct buf *buf, const char *name, int64_t value);
void buf_json_bool(struct buf *buf, const char *name, bool value);
/** Adds a member whose value is an array of the `sep`-separated words of `list`. */
void buf_json_words(struct buf *buf, const char *name, str list, char sep);
/** Adds a member whose value is JSON text already; adds nothing when `json` is STR_NONE. */
void buf_json_raw(struct buf *buf, const char *name, str json);

#endif
