#include <string.h>

#include "http/cookie.h"
#include "http/forwarded.h"
#include "http/internal.h"
#include "http/tls.h"

static int refuse(struct exchange *x, int status, const char *detail)
{
    x->detail = detail;
    return status;
}

static void split_target(struct exchange *x)
{
    str query;
    str_cut(x->target, '?', &x->rq.path, &query);
    x->rq.raw_query = query.p ? query : STR("");
}

/* The lines of the head as they came: libmicrohttpd parses in place, and `method`, the target and `version` point into
 * its buffer. */
static enum head_status read_head(struct exchange *x, const char *method, const char *version, size_t head_size)
{
    size_t method_size = strlen(method);
    bool single_spaces = x->raw_target == method + method_size + 1 && version == x->raw_target + x->target.n + 1;
    size_t line = (size_t)(version - method) + strlen(version);
    if (!single_spaces || line > head_size)
        return HEAD_MALFORMED;
    enum head_status status = head_read(&x->head, x->rq.arena, str_bytes(method + line, head_size - line));
    int known = MHD_get_connection_values(x->connection, MHD_HEADER_KIND, NULL, NULL);
    if (status == HEAD_OK && (known < 0 || (size_t)known != x->head.count))
        return HEAD_MALFORMED; /* a NUL made two lines of one */
    return status;
}

static int find_route(struct exchange *x)
{
    struct request *rq = &x->rq;
    struct route_match match = route_find(x->server->routes, rq->method, rq->path);
    x->route = match.route;
    x->cors = match.route ? match.route->cors : match.cors;
    rq->tail = match.tail;
    if (match.route)
        return 0;
    if (!match.known_path)
        return refuse(x, 404, "there is nothing here");
    x->allow = route_allow(x->server->routes, rq->arena, rq->path, match.cors);
    return refuse(x, 405, "this method is not for this address");
}

/* The address that the trusted proxy saw: what it added last. Earlier entries come from the client. */
static void find_peer(struct exchange *x)
{
    x->rq.peer = str_of(x->peer->name);
    if (!x->peer->trusted)
        return;
    for (size_t i = x->head.count; i-- > 0;) {
        str entry = x->head.fields[i].value;
        struct in6_addr address;
        if (!str_eq_nocase(x->head.fields[i].name, STR("x-forwarded-for")))
            continue;
        for (str rest = entry; str_cut(rest, ',', &entry, &rest);)
            entry = rest;
        entry = str_trim(entry);
        if (address_parse(entry, &address))
            x->rq.peer = entry;
        return;
    }
}

/* X-Client-Cert: PEM, percent-encoded (nginx: $ssl_client_escaped_cert). Empty when the client presented none. */
static bool take_forwarded(struct exchange *x)
{
    struct request *rq = &x->rq;
    bool seen = false;
    for (size_t i = 0; i < x->head.count; i++) {
        str pem = x->head.fields[i].value;
        if (!str_eq_nocase(x->head.fields[i].name, STR("x-client-cert")))
            continue;
        if (seen)
            return false;
        seen = true;
        if (pem.n > 0 && (!percent_decode(rq->arena, pem, false, &pem) ||
                          !forwarded_certificate(rq->arena, pem, &rq->client_certificate)))
            return false;
    }
    return true;
}

/* The client's certificate: from its handshake, or from the proxy on the socket for that; nobody else's word counts. */
static bool find_certificate(struct exchange *x)
{
    const struct entrance *entrance = x->loop->entrance;
    x->rq.mtls = entrance->mtls;
    if (!entrance->mtls)
        return true;
    if (entrance->socket)
        return take_forwarded(x);
    x->rq.client_certificate = tls_client_certificate(x->rq.arena, x->peer->tls);
    return true;
}

static int check_size(struct exchange *x)
{
    if (x->target.n > HTTP_TARGET_MAX)
        return refuse(x, 414, "the address is too long");
    if (request_length(x) > x->server->options.body_max)
        return refuse(x, 413, "the body is too large");
    return 0;
}

int request_admit(struct exchange *x, const char *method, const char *version, size_t head_size)
{
    struct request *rq = &x->rq;
    rq->method = strcmp(method, "HEAD") == 0 ? STR("GET") : arena_str(rq->arena, str_of(method));
    find_peer(x); /* before anything is refused: the refusal is logged */
    enum head_status status = read_head(x, method, version, head_size);
    if (status == HEAD_OK)
        find_peer(x);
    const char *fault = status == HEAD_OK ? head_fault(&x->head, strcmp(version, "HTTP/1.0") != 0) : NULL;
    if (status == HEAD_MALFORMED || fault || !head_target_ok(x->target)) {
        x->close = true; /* where the next request begins is in doubt */
        return refuse(x, 400, fault ? fault : "the request is malformed");
    }
    split_target(x);
    if (status == HEAD_TOO_MANY || head_size > HTTP_HEAD_MAX ||
        head_size + head_get(&x->head, "cookie").n > HEAD_AND_COOKIES_MAX) {
        x->close = true;
        return refuse(x, 431, "the request's headers are too large");
    }
    if (!find_certificate(x))
        return refuse(x, 400, "the forwarded certificate is malformed");
    int size_problem = check_size(x);
    int route_problem = find_route(x);
    if (size_problem)
        x->detail = size_problem == 413 ? "the body is too large" : "the address is too long";
    return size_problem ? size_problem : route_problem;
}

uint64_t request_length(const struct exchange *x)
{
    uint64_t length = 0;
    str given = head_get(&x->head, "content-length");
    if (given.p && !str_to_u64(given, UINT64_MAX, &length))
        return UINT64_MAX;
    return length;
}

bool request_has_body(const struct exchange *x)
{
    return request_length(x) > 0 || head_get(&x->head, "transfer-encoding").p;
}

static enum http_body body_type(const struct exchange *x)
{
    str type, parameter;
    if (x->rq.body.n == 0)
        return BODY_NONE;
    str_cut(head_get(&x->head, "content-type"), ';', &type, &parameter);
    parameter = str_trim(parameter);
    bool utf8 = parameter.n == 0 || str_eq_nocase(parameter, STR("charset=utf-8")) ||
                str_eq_nocase(parameter, STR("charset=\"utf-8\""));
    type = str_trim(type);
    if (utf8 && str_eq_nocase(type, STR("application/x-www-form-urlencoded")))
        return BODY_FORM;
    return utf8 && str_eq_nocase(type, STR("application/json")) ? BODY_JSON : BODY_OTHER;
}

void request_finish(struct exchange *x)
{
    struct request *rq = &x->rq;
    const char *const *repeatable = x->route ? x->route->repeatable : NULL;
    rq->body = x->body.p ? buf_str(&x->body) : STR("");
    rq->body_type = body_type(x);
    rq->query = params_parse(rq->arena, rq->raw_query, repeatable);
    if (rq->body_type == BODY_FORM)
        rq->form = params_parse(rq->arena, rq->body, repeatable);
}

str request_header(const struct request *rq, const char *name)
{
    return head_get(&rq->exchange->head, name);
}

const char *cookie_name(const struct request *rq, const char *name)
{
    return rq->exchange->server->options.secure ? arena_printf(rq->arena, "__Host-%s", name).p : name;
}

str request_cookie(const struct request *rq, const char *name)
{
    return cookie_find(request_header(rq, "cookie"), cookie_name(rq, name));
}
