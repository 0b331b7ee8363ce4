/* Of client.c alone: the URIs that a client registers. They are compared as exact strings later, so each is refused
 * here that two programs could read differently. */
#ifndef KONSAO_RECORDS_CLIENT_URI_H
#define KONSAO_RECORDS_CLIENT_URI_H

#include "base/arena.h"

enum uri_kind {
    URI_WEB,    /* https, or http on this machine */
    URI_NATIVE, /* or a private-use scheme with a dot too (RFC 8252 section 7.1) */
};

/** Checks an absolute URI to send a browser to; `*host` is a view into it (for a private-use scheme: the scheme). False
 * with the rest of a sentence ("has a fragment") in `*why`. */
MUST_CHECK bool client_uri_check(struct arena *arena, str uri, enum uri_kind kind, str *host, const char **why);
/** Checks an identifier of a resource (RFC 8707 section 2): an absolute URI without a fragment. */
MUST_CHECK bool resource_uri_check(str uri, const char **why);
/** Whether it is a host name or address as browsers write it: lower case, no port, no user. */
bool is_host_name(str host);

#endif
