/* Of this room only: what a server, a connection and an exchange (one request with its answer) are made of. */
#ifndef KONSAO_HTTP_INTERNAL_H
#define KONSAO_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "http/head.h"
#include "http/http.h"
#include "http/route.h"

/* libmicrohttpd's memory for one connection, which it clears for each request: the request's head, its own list of it
 * and copy of the cookies, and the response's head. So cookies count twice against what a head may use of it. */
#define CONNECTION_BYTES 16384
#define HEAD_AND_COOKIES_MAX 11264

/* A refused request's body is read up to this size, so that the client sees the answer instead of a reset connection.
 */
#define DRAIN_BYTES ((size_t)2 << 20)
/* A response must be taken within this; connections are too few to lend them to who does not read. */
#define SEND_SECONDS 300

/* ---- connection.c ---- */

/* What a connection may not exceed at the moment; with the time in one number, so that it changes at once. */
enum due_kind { DUE_NONE, DUE_REQUEST, DUE_IDLE, DUE_SEND };

struct peer {
    struct peer *next, *previous;
    struct loop *loop;
    int fd;
    _Atomic int64_t due;     /* milliseconds on the monotonic clock × 4 + enum due_kind; DUE_CUT when it was cut */
    struct in6_addr address; /* IPv4 mapped */
    void *tls;               /* gnutls_session_t of the connection, which its loop alone uses; or NULL */
    bool trusted;            /* the trusted proxy */
    bool used;               /* a whole request has come */
    char name[INET6_ADDRSTRLEN];
};

#define DUE_CUT (-1)

/** For MHD_OPTION_NOTIFY_CONNECTION, with the loop. */
void peer_notify(void *loop, struct MHD_Connection *connection, void **context,
                 enum MHD_ConnectionNotificationCode code);
/** For MHD_start_daemon's accept policy, with the loop. */
enum MHD_Result peer_admit(void *loop, const struct sockaddr *address, socklen_t size);
/** Sets what is due next. False when the connection was cut meanwhile. */
bool peer_due(struct peer *peer, enum due_kind kind, int64_t at_ms);
/** Cuts what is overdue at `now_ms`. Any thread. */
void peers_cut(struct loop *loop, int64_t now_ms);
/** Writes a bare response past libmicrohttpd, which must not be writing, nor with TLS reading; the caller closes.
 * `status` is code and phrase. False when the client is gone. */
bool peer_say(const struct peer *peer, const char *status);
/** Reads an IP address, IPv4 as a mapped one. */
MUST_CHECK bool address_parse(str text, struct in6_addr *address);

/* ---- census.c: connections by address ---- */

struct census;

/** Counts connections of one address, an IPv6 network of 64 bits as one. The caller releases it with census_free. */
struct census *census_new(void);
void census_free(struct census *census);
unsigned census_of(struct census *census, const struct in6_addr *address);
/** `by` is 1 or -1. */
void census_add(struct census *census, const struct in6_addr *address, int by);

/* ---- server.c ---- */

/* One way in: the plain port, or one of http_options.entries. */
struct entrance {
    bool tls, socket; /* neither: the plain port */
    bool mtls;
    const char *address; /* or the socket's path */
    uint16_t port;
    bool made; /* the socket's file is ours */
};

struct loop {
    struct http_server *server;
    const struct entrance *entrance;
    struct MHD_Daemon *daemon;
    int listener;
    pthread_mutex_t lock; /* over `peers` */
    struct peer *peers;
    unsigned char random[1024]; /* for request ids; used by the loop's thread alone */
    size_t random_left;
};

struct http_server {
    struct http_options options;
    struct arena *arena;
    struct route_table *routes;
    struct entrance *entrances; /* the plain port first, if there is one */
    unsigned entrance_count;
    struct loop *loops; /* options.loops for each entry */
    unsigned loop_count, loops_running;
    struct tls *tls; /* NULL: no entry has TLS */
    struct in6_addr trusted_proxy;
    struct census *census;
    struct pool *workers, *writers; /* writers: NULL when workers do their work */
    struct park *park;
    pthread_t watch;
    pthread_mutex_t lock; /* with `changed` */
    pthread_cond_t changed;
    bool watch_stops;
    atomic_bool stopping;
    atomic_uint connections;
    _Atomic uint64_t requests, in_flight, refused, by_class[6];
};

/** Tells http_stop that nothing is in flight any more. */
void server_idle(struct http_server *server);
int64_t mono_us(void);

/* ---- entrance.c ---- */

/** Opens all listening sockets and makes the loops that are to serve them. False with a sentence in `error`. */
MUST_CHECK bool entrances_open(struct http_server *server, char *error, size_t error_size);
/** Closes what libmicrohttpd did not close, once no loop runs any more, and takes the sockets' files away. */
void entrances_close(struct http_server *server);

/* ---- exchange.c ---- */

enum stage {
    STAGE_HEAD,     /* the request line has come */
    STAGE_BODY,     /* the body is coming */
    STAGE_DRAIN,    /* as STAGE_BODY, but it is thrown away */
    STAGE_WAITING,  /* for a worker, or, once it ran there, for a topic */
    STAGE_PARKED,   /* waits for a topic; its handler ran on the event loop */
    STAGE_AGAIN,    /* and is to run there again */
    STAGE_ANSWERED, /* `response` is made */
    STAGE_SENDING,
};

struct answer_field {
    struct answer_field *next;
    const char *name, *value;
};

/* What a request waits for (park.c). */
struct waiter {
    LIST_ENTRY(waiter) same_hash, same_slot;
    int64_t due_ms;   /* on the monotonic clock; 0: it never waited */
    bool watches;     /* is found by its topic */
    bool woken;       /* since it began to watch */
    bool parks;       /* its handler asked for it: it has a place */
    bool parked;      /* nobody runs it */
    bool was_parked, waited_out;
    unsigned char topic_size;
    char topic[HTTP_TOPIC_MAX];
};

struct exchange {
    struct request rq;
    struct http_server *server;
    struct loop *loop;
    struct peer *peer;
    struct MHD_Connection *connection;
    struct exchange *next; /* in the pool's queue */
    const struct route *route;
    struct head head;
    const char *raw_target; /* as it stands in libmicrohttpd's buffer */
    str target;
    str allow; /* for 405 */
    int64_t began_us;
    enum stage stage;
    bool cors;
    bool close;  /* the connection ends with this response */
    int problem; /* the status of the refusal that waits for the end of the body */
    const char *detail;
    struct buf body;
    size_t drained;
    struct answer_field *fields, **fields_end;
    struct arena_mark before; /* the handler's first run */
    struct waiter waiter;
    bool moves;   /* the handler asked to be run again on a writer or a worker */
    bool calls;   /* on a worker: it waits for others; kept once it is there */
    bool broken;  /* a handler's header can't be sent */
    bool failing; /* the answer is the one about that */
    int status;
    int said; /* the status of an answer that went past libmicrohttpd */
    struct MHD_Response *response;
};

void *exchange_begin(void *loop, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_serve(void *loop, struct MHD_Connection *connection, const char *url, const char *method,
                               const char *version, const char *upload, size_t *upload_size, void **context);
void exchange_completed(void *loop, struct MHD_Connection *connection, void **context,
                        enum MHD_RequestTerminationCode code);
/** Runs the handler, and sees to it that there is an answer, unless the request moves or parks. */
void exchange_run(struct exchange *x);
/** On a writer or a worker, after exchange_run: true when the request is not the caller's any more, because a worker
 * has it or it is parked. False: it is answered. */
MUST_CHECK bool exchange_left(struct exchange *x);
/** Runs a parked exchange again where it ran before. Any thread. */
void exchange_again(struct exchange *x);
/** Answers a suspended exchange with 503. */
void exchange_refuse(struct exchange *x, const char *detail);

/* ---- admit.c: what is believed of a request's head ---- */

/** Fills `x->rq` and `x->route` from the head. 0 when the request may go on; otherwise the status of its refusal, with
 * `x->detail`. */
int request_admit(struct exchange *x, const char *method, const char *version, size_t head_size);
/** The size that Content-Length gives; 0 when there is none. */
uint64_t request_length(const struct exchange *x);
bool request_has_body(const struct exchange *x);
/** What a cookie is called on the wire: with https the browser lets nobody else, a subdomain or plain http, set one
 * with this prefix (RFC 6265bis section 4.1.3.2). */
const char *cookie_name(const struct request *rq, const char *name);
/** Fills in the body and the form, once the body is there. */
void request_finish(struct exchange *x);

/* ---- response.c ---- */

/** Answers with the server's page for `status`, without what a handler may have set so far. */
void answer_problem(struct exchange *x, int status, const char *detail);
/** Answers a preflight (Fetch standard, CORS protocol). */
void answer_preflight(struct exchange *x);

/* ---- pool.c ---- */

/** NULL when threads can't be started. */
struct pool *pool_new(unsigned workers, unsigned queue_max);
/** Takes a suspended exchange: its handler runs on a worker, then its connection resumes. False when the queue is full,
 * which it never is for one that waited for its topic: it was let in before. */
MUST_CHECK bool pool_submit(struct pool *pool, struct exchange *x);
uint64_t pool_waiting(struct pool *pool);
/** Refuses what still waits, waits for what runs, and ends the threads. */
void pool_stop(struct pool *pool);
void pool_free(struct pool *pool);

/* ---- park.c: requests that wait for a topic ---- */

/** For `max` requests that wait at a time. The caller releases it with park_free. */
struct park *park_new(unsigned max);
void park_free(struct park *park);
/** Parks a suspended exchange whose handler asked for it; from here on it belongs to the park, and may be running again
 * already. What its handler allocated is gone. */
void park_begin(struct exchange *x);
/** Ends what a handler began that answered or moved after all. */
void park_forget(struct exchange *x);
/** Runs again what is due at `now_ms`. */
void park_expire(struct park *park, int64_t now_ms);
/** Answers all that wait with 503; from now on nothing parks. */
void park_stop(struct park *park);
uint64_t park_waiting(struct park *park);

#endif
