/* The web server behind few ideas: a route table, a request, a response. libmicrohttpd stays inside this room.
 *
 * Everything that arrives is hostile: sizes, counts and times are limited here, before a handler runs. A handler gets a
 * request that is whole (body read), parsed strictly, and within limits; it answers exactly once and returns. */
#ifndef KONSAO_HTTP_HTTP_H
#define KONSAO_HTTP_HTTP_H

#include "base/arena.h"

/* Of a request's head: beyond the first 414; beyond the second, about 5 KB of cookies, or 64 header lines, 431. */
#define HTTP_TARGET_MAX 6144
#define HTTP_HEAD_MAX 8192

/* ---- parameters: application/x-www-form-urlencoded, in the query or the body ---- */

struct param {
    str name, value; /* decoded, UTF-8 without NUL */
};

enum params_status {
    PARAMS_OK,
    PARAMS_MALFORMED, /* bad percent escape, not UTF-8, NUL or another control character but CR, LF, TAB */
    PARAMS_REPEATED,  /* a name twice that the route does not allow to repeat (RFC 6749 section 3.1) */
    PARAMS_TOO_MANY,  /* more than PARAMS_MAX */
};

#define PARAMS_MAX 64

struct params {
    struct param *items; /* in order: all, the first of each name, when PARAMS_REPEATED; what precedes another fault */
    size_t count;
    enum params_status status;
    str repeated; /* the name, for PARAMS_REPEATED */
};

/** Parses `text` (RFC 6749 appendix B; WHATWG URL section 5.1, but strictly). `repeatable` is a NULL-terminated list of
 * names that may stand more than once, or NULL. Views in the result live in `arena`. An empty text has no parameters;
 * "a" is "a="; empty pairs are skipped. */
struct params params_parse(struct arena *arena, str text, const char *const *repeatable);
/** The value of the first parameter called `name`; STR_NONE when there is none. */
str params_get(const struct params *params, const char *name);
/** A choice of the parameters, form-encoded again: those named in `names` (space-separated), or all others. */
enum params_choice { PARAMS_NAMED, PARAMS_OTHERS };
str params_encode(struct arena *arena, const struct params *params, enum params_choice choice, str names);
/** As params_get, but an empty value counts as absent (RFC 6749 section 3.1). */
str params_nonempty(const struct params *params, const char *name);
/** Decodes one percent-encoded piece, '+' as a space when `form`. False when malformed. (client_secret_basic: RFC 6749
 * section 2.3.1) */
MUST_CHECK bool percent_decode(struct arena *arena, str in, bool form, str *out);
/** The value of cookie `name` in a Cookie header (RFC 6265 section 5.4); STR_NONE when absent or when it stands there
 * twice. */
str cookie_find(str header, const char *name);

/* ---- requests ---- */

enum http_body { BODY_NONE, BODY_FORM, BODY_JSON, BODY_OTHER };

struct request {
    struct arena *arena; /* lives until the response is sent */
    str method;          /* "GET", … ; HEAD arrives as "GET" */
    str path;            /* raw, not decoded, without query */
    str tail;            /* what a route's trailing "*" matched: one segment, unreserved characters only, never empty */
    str raw_query;
    struct params query;
    enum http_body body_type;
    str body;                  /* raw */
    struct params form;        /* of a BODY_FORM body */
    str peer;                  /* the client's IP address, from the socket or from a trusted proxy ("unix": it told none) */
    str client_certificate;    /* DER; the client proved to have its key, nobody checked who issued it. Or STR_NONE */
    bool mtls;                 /* came to where clients are asked for a certificate (RFC 8705) */
    char id[33];               /* a fresh random request id (hex); also sent back as X-Request-Id */
    struct exchange *exchange; /* this room's own */
};

/** A header's value, by case-insensitive name; STR_NONE when absent. Host, Content-Length, Authorization, DPoP, Cookie,
 * Content-Type never stand twice: such requests were refused. */
str request_header(const struct request *rq, const char *name);
str request_cookie(const struct request *rq, const char *name);

/** Whether the handler runs where it may wait for the store (not on an event loop). */
bool request_may_wait(const struct request *rq);
/** Whether it runs on a worker, where it may wait for others too. */
bool request_may_call_out(const struct request *rq);
/** For a RUN_INLINE handler that finds it must wait after all, before it has answered: call this and return, and it is
 * run again on a writer. */
void request_move_to_worker(struct request *rq);
/** For a handler on an event loop or a writer that finds it must wait for others: it is run again, from its beginning,
 * on a worker. What it still answers in this run is not sent, so that it may be called deep inside; check
 * request_is_moving before anything is written down. Nothing happens on a worker. */
void request_move_to_call_out(struct request *rq);
bool request_is_moving(const struct request *rq);

/* ---- requests that wait for something to happen ----
 *
 * A handler that has nothing to say yet calls request_watch, looks at the store, and, when there is nothing new, calls
 * request_park and returns. It costs no thread while it waits. Its handler is then run again, from its beginning, where
 * it ran before: when http_wake names its topic, or at its deadline. What wakes between request_watch and request_park
 * is not lost: the handler is then run again at once. */

/** Notes what the request waits for: one topic, of at most HTTP_TOPIC_MAX bytes. */
void request_watch(struct request *rq, str topic);
#define HTTP_TOPIC_MAX 64
/** Waits for the topic that was watched, `wait_ms` at most; a request that parks again before that is over waits no
 * longer in all. False when too many wait already (in all, or 16 for this topic), or the server is stopping: then it
 * must answer. What the handler allocated is gone when it runs again. */
MUST_CHECK bool request_park(struct request *rq, unsigned wait_ms);
/** Whether the handler runs again after it waited (so that what works once, a proof or a count, is not asked again), and
 * whether that is because its time is over. */
bool request_was_parked(const struct request *rq);
bool request_waited_out(const struct request *rq);

/* ---- responses: set headers and cookies, then call one respond_… exactly once ---- */

/** Adds a header. `value` is checked: CR, LF and other control characters are an internal error (500), never sent. */
void response_header(struct request *rq, const char *name, str value);
/** Sets a cookie: Path=/, HttpOnly, SameSite=Lax; Secure and with the prefix __Host- when the server is told that it is
 * reached by https (request_cookie then finds only that one). `max_age` in seconds; 0 removes it; -1 lasts for the
 * browser's session. */
void response_cookie(struct request *rq, const char *name, str value, int64_t max_age);
/** The same for one that proves nothing: scripts may read it, also on a page of ours in another site's frame
 * (SameSite=None, which browsers take with Secure alone). */
void response_cookie_open(struct request *rq, const char *name, str value, int64_t max_age);
/** Sends `body`, which must live in rq->arena or for ever. Cache-Control: no-store unless response_header set one;
 * nosniff and Referrer-Policy: no-referrer always. */
void respond(struct request *rq, int status, const char *content_type, str body);
void respond_json(struct request *rq, int status, str json);
/** 303 See Other to `url`, which must be an absolute URL or a path, already checked. */
void respond_redirect(struct request *rq, str url);

/* ---- routes ---- */

/** Where a handler runs: on the event loop (bounded CPU and store reads only), on a writer (it also waits for the
 * store), or on a worker (it may wait for others, such as the register). Writers are few, so that they don't get into
 * each other's way, and they are never held up by what workers wait for. */
enum run_on { RUN_INLINE, RUN_WRITER, RUN_WORKER };

typedef void http_handler(struct request *rq, void *context);

struct route {
    const char *method; /* "GET" (serves HEAD too), "POST" */
    const char *path;   /* exact, or with a last segment "*" for one segment */
    enum run_on run;
    bool cors; /* any origin may read it, without cookies; preflights are answered */
    http_handler *handle;
    const char *const *repeatable; /* parameters that may repeat; NULL for none */
};

/** Called for what no handler answers: 400, 404, 405, 413, 414, 500, 503. Answers by respond(). May be NULL: plain text
 *  then. 408, 431, and what libmicrohttpd can't read at all get a bare answer instead. */
typedef void http_problem(struct request *rq, void *context, int status, const char *detail);

/* Where requests come in, besides the plain port. All serve the same routes. */
enum http_entry_kind {
    ENTRY_TLS,
    ENTRY_MTLS,        /* TLS that asks for the client's certificate: RFC 8705 */
    ENTRY_SOCKET,      /* a Unix socket for a proxy, whose X-Forwarded-For is believed */
    ENTRY_MTLS_SOCKET, /* and its X-Client-Cert too: what clients sent under this name it must have taken away */
};

struct http_entry {
    enum http_entry_kind kind;
    const char *address; /* as in http_options; of a socket the path, which is made with mode 0660 */
    uint16_t port;       /* 0: any free port (tests) */
};

struct http_options {
    const char *address;         /* "127.0.0.1", "::1", "0.0.0.0"; NULL: no plain port */
    uint16_t port;               /* 0: any free port (tests) */
    const struct http_entry *entries;
    size_t entry_count;
    const char *tls_certificate, *tls_key; /* PEM files, for entries with TLS; read again when they change */
    unsigned loops;              /* event loops for each entry, one thread each, sharing the port by SO_REUSEPORT */
    unsigned writers;            /* threads for RUN_WRITER; 0: workers do it */
    unsigned workers;            /* threads for RUN_WORKER */
    unsigned parked_max;         /* requests that may wait for a topic */
    unsigned queue_max;          /* requests that may wait for a worker; beyond it 503 with Retry-After */
    unsigned connections_max;    /* in all */
    unsigned connections_per_ip; /* 0: no limit; loops that accept at the same moment may exceed it by one each */
    unsigned idle_seconds;       /* a connection without traffic is closed */
    /* A request must have arrived whole within this, however it trickles: from the opening of the connection; for a
     * later request from its first line, which must come within idle_seconds and this. */
    unsigned request_seconds;
    size_t body_max;           /* bytes; beyond it 413 */
    bool secure;               /* reached by https (issuer is https): cookies get Secure */
    bool strict;               /* answers over TLS say that the host is to be reached by TLS alone (RFC 6797) */
    const char *trusted_proxy; /* address whose X-Forwarded-For is believed (its last entry); NULL: none */
    const struct route *routes;
    size_t route_count;
    http_problem *problem;
    void *context; /* given to handlers */
};

struct http_server;

/** Starts serving; returns at once. NULL on failure, with a sentence for the operator in `error` (address in use,
 * permission, …). */
struct http_server *http_start(const struct http_options *options, char *error, size_t error_size);
/** The plain port that it listens on; 0 when there is none. */
uint16_t http_port(const struct http_server *server);
/** The port of `entries[i]`. */
uint16_t http_entry_port(const struct http_server *server, size_t i);

/** Runs again all that wait for `topic`. Any thread; costs next to nothing when nobody does. A `server` that is NULL
 * has nobody who waits. */
void http_wake(struct http_server *server, str topic);

struct http_counts {
    uint64_t requests, in_flight, queued, parked, refused, by_status_class[6];
};
void http_counts(const struct http_server *server, struct http_counts *out);
/** Stops accepting, lets running requests finish for at most `grace_ms`, then releases everything. What waits
 * for a topic gets 503 at once, and what still waits for a worker then; a handler that runs is waited for, so handlers need deadlines of their own. */
void http_stop(struct http_server *server, unsigned grace_ms);

#endif
