/* One HTTP exchange with the register or its security server, by libcurl: kept connections, one deadline, a cap on what
 * comes back, no redirects, no proxies, nothing but http and https. This room's own. */
#ifndef KONSAO_IPIS_TRANSPORT_H
#define KONSAO_IPIS_TRANSPORT_H

#include "ipis/answer.h"

struct transport;
struct line; /* one of concurrent_max; keeps its connection between calls */

/** NULL, with a sentence for the operator in `error`, when an option makes no sense. */
struct transport *transport_new(const struct ipis_options *options, char *error, size_t error_size);
void transport_free(struct transport *transport);

/** A free line, NULL when all are in use; given back with transport_give. */
struct line *transport_take(struct transport *transport);
void transport_give(struct transport *transport, struct line *line);

struct wanted {
    str path;    /* from "/v1/…", encoded, with query */
    str body;    /* JSON, sent by POST; STR_NONE: GET */
    bool remove; /* DELETE, without a body */
    str bearer;  /* STR_NONE: no Authorization */
    bool repeat; /* safe to send again when the connection fails */
};

enum delivery {
    DELIVERY_ANSWERED,  /* an HTTP answer came whole and in time */
    DELIVERY_TOO_LARGE, /* an answer came that is larger than any that the interface has */
    DELIVERY_LOST,      /* the request, or a part of it, went out, and no whole answer came in time */
    DELIVERY_UNSENT,    /* no connection: not a byte of the request went out */
};
/** Sends and waits. `*answer` lives in `arena`, and is only good for DELIVERY_ANSWERED; else `*why` says what happened
 * without naming anybody. */
MUST_CHECK enum delivery transport_send(struct transport *transport, struct line *line, struct arena *arena,
                                        const struct wanted *wanted, struct answer *answer, const char **why);

#endif
