/* The only way to an address that a client named (jwks_uri, request_uri, sector_identifier_uri, back-channel logout,
 * CIBA notifications): one guarded HTTPS request. Whoever may register a client chooses these addresses, so none of
 * them may lead into our own network (server-side request forgery), nor hold threads up, nor fill memory.
 *
 * https alone, with the certificate checked and TLS 1.2 at least; no redirects, cookies, proxies or credentials of the
 * environment. The address is looked at in the moment in which the connection is opened to it, so that a name that
 * resolves differently a second time gains nothing. Everything here waits: on workers and threads of its own only. */
#ifndef KONSAO_OUTBOUND_OUTBOUND_H
#define KONSAO_OUTBOUND_OUTBOUND_H

#include "base/arena.h"

#define OUTBOUND_URL_MAX 2048

struct outbound;

struct outbound_options {
    const char *allow;   /* hosts that may have private and loopback addresses: "host", "host:port", "[::1]:8443" …,
                            separated by spaces; NULL: none */
    const char *ca_file; /* PEM, trusted beside the system's; NULL: those alone */
    unsigned timeout_ms; /* for a whole request, name lookup included; connecting gets half of it */
    const char *const *resolve; /* for tests: NULL-terminated "host:port:address", as CURLOPT_RESOLVE; else NULL */
};

/** NULL, with a sentence for the operator in `error`, when an option makes no sense. */
struct outbound *outbound_new(const struct outbound_options *options, char *error, size_t error_size);
/** Ends requests that are under way within a second or so, and makes further ones fail at once (OUTBOUND_BUSY). */
void outbound_shut(struct outbound *outbound);
/** When no other thread uses it any more. NULL is fine. */
void outbound_free(struct outbound *outbound);

enum outbound_result {
    OUTBOUND_ANSWERED,  /* an answer came whole and in time; its status may be any, 3xx included */
    OUTBOUND_BAD_URL,   /* not an address that we ever call */
    OUTBOUND_FORBIDDEN, /* the host's address is not a public one, and outbound.allow does not name the host */
    OUTBOUND_UNREACHED, /* no such host, no connection, no trusted TLS: not a byte of the request went out */
    OUTBOUND_LOST,      /* the connection broke, or time was up, before a whole answer */
    OUTBOUND_TOO_LARGE, /* the answer is larger than allowed */
    OUTBOUND_BUSY,      /* too many requests at a time, in all or to this host; nothing was tried */
};
/** "answered", "bad_url" …, for logs and metrics. */
const char *outbound_result_name(enum outbound_result result);

struct outbound_request {
    str url;
    str body;          /* sent by POST; STR_NONE: GET */
    str content_type;  /* of the body */
    str accept;        /* STR_NONE: anything */
    str authorization; /* the header's whole value, printable ASCII; STR_NONE: none */
    size_t answer_max; /* bytes of the answer's body */
};

struct outbound_answer {
    int status;
    str content_type; /* as sent, STR_NONE when absent */
    str body;
};

/** Sends and waits. `*answer` lives in `arena` and is good for OUTBOUND_ANSWERED only (its status
 * also for OUTBOUND_TOO_LARGE, 0 if none came). Otherwise `*why` is a sentence
 * for the log, in `arena`, that names the host, never path, query or body. Thread-safe. */
MUST_CHECK enum outbound_result outbound_fetch(struct outbound *outbound, struct arena *arena,
                                               const struct outbound_request *request, struct outbound_answer *answer,
                                               str *why);

/** Whether `url` may ever be called, as far as can be seen without a name lookup; never waits. For registrations. False
 * with a sentence (a static text, fit for an error_description) in `*why`. */
MUST_CHECK bool outbound_accepts(const struct outbound *outbound, str url, const char **why);

/** "host:port" of an https URL that could be called; STR_NONE for others. For logs and for grouping. At most 255
 * bytes. */
str outbound_destination(struct arena *arena, str url);

struct outbound_counts {
    uint64_t requests, failures, forbidden; /* since the start; failures: all that were not answered */
};
void outbound_counts(struct outbound *outbound, struct outbound_counts *out);

#endif
