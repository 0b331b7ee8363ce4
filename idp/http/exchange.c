#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "http/internal.h"

/* Random bytes for request ids come from the kernel a thousand at a time: a system call for each would be seen. */
static void set_id(struct loop *loop, char id[33])
{
    static const char hex[] = "0123456789abcdef";
    if (loop->random_left < 16) {
        if (getrandom(loop->random, sizeof loop->random, 0) != (ssize_t)sizeof loop->random)
            abort();
        loop->random_left = sizeof loop->random;
    }
    loop->random_left -= 16;
    const unsigned char *bytes = loop->random + loop->random_left;
    for (size_t i = 0; i < 16; i++) {
        id[2 * i] = hex[bytes[i] >> 4];
        id[2 * i + 1] = hex[bytes[i] & 15];
    }
    id[32] = '\0';
}

/* libmicrohttpd would split and list the query, which costs time and lets many small parameters fill a connection's
 * memory. It hands out a pointer into its own buffer here, and looks at the query behind this call. */
static void hide_query(const char *uri)
{
    char *query = strchr((char *)(uintptr_t)uri, '?');
    if (query && query[1] != '\0')
        query[1] = '\0';
}

void *exchange_begin(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct loop *loop = context;
    struct arena *arena = arena_new();
    struct exchange *x = ARENA_NEW(arena, struct exchange);
    x->rq.arena = arena;
    x->rq.exchange = x;
    x->rq.raw_query = x->rq.path = STR("");
    x->server = loop->server;
    x->loop = loop;
    x->connection = connection;
    x->peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    x->raw_target = uri;
    x->target = arena_str(arena, uri ? str_of(uri) : STR(""));
    if (uri)
        hide_query(uri);
    x->fields_end = &x->fields;
    x->began_us = mono_us();
    set_id(loop, x->rq.id);
    if (x->peer->used) /* otherwise the time runs since the connection was opened */
        peer_due(x->peer, DUE_REQUEST, x->began_us / 1000 + x->server->options.request_seconds * INT64_C(1000));
    x->server->in_flight++;
    x->server->requests++;
    return x;
}

static enum MHD_Result send_answer(struct exchange *x)
{
    peer_due(x->peer, DUE_SEND, mono_us() / 1000 + SEND_SECONDS * INT64_C(1000));
    x->stage = STAGE_SENDING;
    enum MHD_Result result = MHD_queue_response(x->connection, (unsigned)x->status, x->response);
    MHD_destroy_response(x->response);
    x->response = NULL;
    return result;
}

/* Refuses before the body is read. libmicrohttpd closes the connection behind such an answer, and a client that is
 * still writing would see a reset connection instead; so a body of reasonable size is read first. */
static enum MHD_Result refuse(struct exchange *x, int status)
{
    bool waits = head_get(&x->head, "expect").p; /* for "100 Continue": the refusal comes instead */
    x->problem = status;
    if (status == 431) { /* may have left no memory for a whole response */
        x->said = status;
        (void)peer_say(x->peer, "431 Request Header Fields Too Large");
        return MHD_NO;
    }
    if (!x->close && !waits && request_length(x) <= DRAIN_BYTES) {
        x->stage = STAGE_DRAIN;
        return MHD_YES;
    }
    answer_problem(x, status, x->detail);
    return send_answer(x);
}

static enum MHD_Result head_arrived(struct exchange *x, const char *method, const char *version)
{
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    int status = size ? request_admit(x, method, version, size->header_size) : 500;
    if (status == 405 && x->cors && str_is(x->rq.method, "OPTIONS"))
        status = 0;
    if (status != 0)
        return refuse(x, status);
    x->stage = STAGE_BODY;
    return MHD_YES;
}

static enum MHD_Result take_body(struct exchange *x, const char *bytes, size_t n)
{
    size_t limit = x->server->options.body_max;
    if (x->stage == STAGE_BODY && n > limit - x->body.n) {
        x->stage = STAGE_DRAIN;
        x->problem = 413;
        x->detail = "the body is too large";
    }
    if (x->stage == STAGE_DRAIN) {
        x->drained += n;
        return x->drained <= DRAIN_BYTES ? MHD_YES : MHD_NO;
    }
    if (!x->body.arena) {
        uint64_t length = request_length(x); /* believed only as far as it has come */
        x->body = buf_new(x->rq.arena, length > n && length <= 2048 ? (size_t)length : n);
    }
    buf_add(&x->body, str_bytes(bytes, n));
    return MHD_YES;
}

bool request_may_wait(const struct request *rq)
{
    return rq->exchange->stage == STAGE_WAITING;
}

bool request_may_call_out(const struct request *rq)
{
    return request_may_wait(rq) && rq->exchange->calls;
}

void request_move_to_worker(struct request *rq)
{
    rq->exchange->moves = !request_may_wait(rq);
}

void request_move_to_call_out(struct request *rq)
{
    if (request_may_call_out(rq))
        return;
    rq->exchange->moves = rq->exchange->calls = true;
}

bool request_is_moving(const struct request *rq)
{
    return rq->exchange->moves;
}

/* Before a handler runs, for the first time or again: it sets all of this anew. */
static void start_over(struct exchange *x)
{
    x->fields = NULL;
    x->fields_end = &x->fields;
    x->broken = x->moves = false;
}

void exchange_run(struct exchange *x)
{
    start_over(x);
    x->route->handle(&x->rq, x->server->options.context);
    bool open = x->status == 0 && !x->moves;
    if (open && x->waiter.parks)
        return;
    park_forget(x);
    if (open) {
        log_error("http.no_answer path=%s id=%s", x->route->path, x->rq.id);
        answer_problem(x, 500, "an internal error");
    }
}

static bool submit(struct exchange *x)
{
    start_over(x);
    x->calls = x->calls || x->route->run == RUN_WORKER || !x->server->writers;
    return pool_submit(x->calls ? x->server->workers : x->server->writers, x);
}

/* Leaves the request to a writer or a worker, which resumes the connection with the answer. */
static enum MHD_Result to_worker(struct exchange *x)
{
    x->stage = STAGE_WAITING;
    MHD_suspend_connection(x->connection);
    if (!submit(x))
        exchange_refuse(x, "too many requests are waiting");
    return MHD_YES;
}

void exchange_refuse(struct exchange *x, const char *detail)
{
    start_over(x);
    answer_problem(x, 503, detail);
    x->stage = STAGE_ANSWERED;
    MHD_resume_connection(x->connection); /* from here on `x` belongs to its loop */
}

bool exchange_left(struct exchange *x)
{
    if (x->waiter.parks) {
        park_begin(x);
        return true;
    }
    if (!x->moves)
        return false;
    if (submit(x))
        return true;
    answer_problem(x, 503, "too many requests are waiting");
    return false;
}

void exchange_again(struct exchange *x)
{
    if (x->stage == STAGE_PARKED) {
        x->stage = STAGE_AGAIN;
        MHD_resume_connection(x->connection);
    } else if (!submit(x)) {
        exchange_refuse(x, "the server is stopping");
    }
}

/* Runs the handler on the event loop. */
static enum MHD_Result run_here(struct exchange *x)
{
    exchange_run(x);
    if (x->moves)
        return to_worker(x);
    if (!x->waiter.parks)
        return send_answer(x);
    x->stage = STAGE_PARKED;
    MHD_suspend_connection(x->connection);
    park_begin(x);
    return MHD_YES;
}

static enum MHD_Result whole_arrived(struct exchange *x)
{
    if (!peer_due(x->peer, DUE_NONE, 0))
        return MHD_NO;
    x->peer->used = true;
    request_finish(x);
    x->before = arena_mark(x->rq.arena);
    if (x->problem)
        answer_problem(x, x->problem, x->detail);
    else if (!x->route)
        answer_preflight(x);
    else
        return x->route->run == RUN_INLINE ? run_here(x) : to_worker(x);
    return send_answer(x);
}

enum MHD_Result exchange_serve(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                               const char *version, const char *upload, size_t *upload_size, void **request_context)
{
    struct exchange *x = *request_context;
    (void)context, (void)connection, (void)url;
    switch (x->stage) {
    case STAGE_HEAD:
        return head_arrived(x, method, version);
    case STAGE_BODY:
    case STAGE_DRAIN:
        if (*upload_size == 0)
            return whole_arrived(x);
        size_t n = *upload_size;
        *upload_size = 0;
        return take_body(x, upload, n);
    case STAGE_ANSWERED:
        return send_answer(x);
    case STAGE_AGAIN:
        return run_here(x);
    case STAGE_WAITING:
    case STAGE_PARKED:
    case STAGE_SENDING:
        break;
    }
    return MHD_YES;
}

/* Of a path, what the route table knows; of an unknown one no last segment that may be an interaction's id. */
static str loggable_path(const struct exchange *x)
{
    str path = x->rq.path;
    if (x->route)
        return str_of(x->route->path);
    size_t slash = path.n;
    while (slash > 0 && path.p[slash - 1] != '/')
        slash--;
    if (path.n - slash > 24)
        path.n = slash;
    if (path.n > 80)
        path.n = 80;
    return path;
}

/* Never the query, a cookie or a body. */
static void log_access(const struct exchange *x, int status)
{
    str path = loggable_path(x);
    bool ordinary = status < 400 && status > 0 && x->route && x->route->run == RUN_INLINE;
    str method = x->rq.method.n <= 16 ? x->rq.method : STR("?");
    log_line(ordinary ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
             "http.request method=%.*s path=%.*s status=%d us=%lld id=%s peer=%.*s", STR_FMT(method), STR_FMT(path),
             status, (long long)(mono_us() - x->began_us), x->rq.id, STR_FMT(x->rq.peer));
}

void exchange_completed(void *context, struct MHD_Connection *connection, void **request_context,
                        enum MHD_RequestTerminationCode code)
{
    struct exchange *x = *request_context;
    (void)context, (void)connection, (void)code;
    if (!x)
        return;
    struct http_server *server = x->server;
    int64_t idle_ms = (server->options.idle_seconds + server->options.request_seconds) * INT64_C(1000);
    peer_due(x->peer, DUE_IDLE, mono_us() / 1000 + idle_ms);
    if (x->response)
        MHD_destroy_response(x->response); /* the client went while a worker ran */
    const union MHD_ConnectionInfo *sent = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    int status = sent ? (int)sent->http_status : x->said;
    server->by_class[status >= 100 && status < 600 ? status / 100 : 0]++;
    log_access(x, status);
    *request_context = NULL;
    arena_free(x->rq.arena);
    if (server->in_flight-- == 1 && server->stopping)
        server_idle(server);
}
