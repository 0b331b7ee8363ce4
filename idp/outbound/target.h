/* Where a URL leads: read strictly once, and given to libcurl as it was read, so that nobody downstream understands it
 * differently. This room's own. */
#ifndef KONSAO_OUTBOUND_TARGET_H
#define KONSAO_OUTBOUND_TARGET_H

#include <curl/curl.h>

#include "base/arena.h"

struct target {
    CURLU *url; /* released by the arena */
    str host;   /* small letters; of an IPv6 address the shortest text, without brackets; followed by a NUL */
    unsigned port;
    bool named_port; /* the URL says it */
    bool literal;    /* the host is an address, not a name … */
    bool is_public;  /* … and a public one */
};

/** Reads an https URL: no user info, no fragment, a port other than 0, a host that is a plain name, a dotted IPv4
 * address or an IPv6 address in brackets; no other spelling of an address. False with a sentence (a static text). */
MUST_CHECK bool target_parse(struct arena *arena, str url, struct target *out, const char **why);

/** "host:port", in brackets where it must be. */
str target_name(struct arena *arena, const struct target *target);

/** Hosts that may have any address. */
struct allowed;
/** From words "host" or "host:port"; NULL, with a sentence in `error`, when one can't be read. Lives in `arena`. */
struct allowed *allowed_parse(struct arena *arena, str words, char *error, size_t error_size);
bool allowed_has(const struct allowed *allowed, const struct target *target);

#endif
