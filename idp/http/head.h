/* Of this room only: the header lines of a request, read strictly. libmicrohttpd 0.9.75 tolerates bare line feeds,
 * folded lines and NUL bytes, which a proxy in front may read in another way; so the lines are read again, as they
 * came. */
#ifndef KONSAO_HTTP_HEAD_H
#define KONSAO_HTTP_HEAD_H

#include "base/arena.h"

#define HEAD_FIELDS_MAX 64

struct field {
    str name, value; /* the value without spaces and tabs around it */
};

struct head {
    struct field *fields;
    size_t count;
};

enum head_status {
    HEAD_OK,
    HEAD_MALFORMED, /* not `token: visible text`, folded, ended by a bare line feed, or with a NUL inside (RFC 9112
                       section 5) */
    HEAD_TOO_MANY,  /* more than HEAD_FIELDS_MAX lines */
};

/** Reads `block`: what stood between the HTTP version and the body. libmicrohttpd has put NUL bytes over the first
 * colon of each line and over CR and LF. The fields are views of `block`; their array lives in `arena`. */
enum head_status head_read(struct head *head, struct arena *arena, str block);
/** The first value of `name`, in any case; STR_NONE when absent. */
str head_get(const struct head *head, const char *name);
/** Why the lines together are refused, as a sentence for the client; NULL when they are fine: what may stand once
 * stands twice, no Host (RFC 9112 section 3.2), a body with two lengths (section 6.1). `target` must be in origin form.
 */
const char *head_fault(const struct head *head, bool http_1_1);
/** True if `target` starts with "/" and is visible ASCII without a fragment (RFC 9112 section 3.2.1). */
bool head_target_ok(str target);

#endif
