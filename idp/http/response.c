#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "http/cookie.h"
#include "http/internal.h"

static bool is_field_value(str value)
{
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
            return false;
    return true;
}

void response_header(struct request *rq, const char *name, str value)
{
    struct exchange *x = rq->exchange;
    if (!value.p || !is_field_value(value)) {
        log_error("http.bad_header name=%s id=%s", name, rq->id);
        x->broken = true;
        return;
    }
    struct answer_field *field = ARENA_NEW(rq->arena, struct answer_field);
    *field = (struct answer_field){NULL, name, arena_cstr(rq->arena, value)};
    *x->fields_end = field;
    x->fields_end = &field->next;
}

static void set_cookie(struct request *rq, const char *name, str value, const char *reach, int64_t max_age)
{
    if (!cookie_value_ok(value)) {
        log_error("http.bad_cookie name=%s id=%s", name, rq->id);
        rq->exchange->broken = true;
        return;
    }
    struct buf cookie = buf_new(rq->arena, 128);
    buf_printf(&cookie, "%s=%.*s; Path=/; %s", cookie_name(rq, name), STR_FMT(value), reach);
    if (max_age >= 0)
        buf_printf(&cookie, "; Max-Age=%lld", (long long)max_age);
    if (rq->exchange->server->options.secure)
        buf_add(&cookie, STR("; Secure"));
    response_header(rq, "Set-Cookie", buf_str(&cookie));
}

void response_cookie(struct request *rq, const char *name, str value, int64_t max_age)
{
    set_cookie(rq, name, value, "HttpOnly; SameSite=Lax", max_age);
}

void response_cookie_open(struct request *rq, const char *name, str value, int64_t max_age)
{
    set_cookie(rq, name, value, rq->exchange->server->options.secure ? "SameSite=None" : "SameSite=Lax", max_age);
}

static bool has_field(const struct exchange *x, const char *name)
{
    for (const struct answer_field *field = x->fields; field; field = field->next)
        if (str_eq_nocase(str_of(field->name), str_of(name)))
            return true;
    return false;
}

static void drop_fields(struct exchange *x)
{
    x->fields = NULL;
    x->fields_end = &x->fields;
}

static void add_standing_fields(struct exchange *x, struct MHD_Response *response)
{
    if (!has_field(x, "Cache-Control"))
        MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "X-Request-Id", x->rq.id);
    if (x->peer->tls && x->server->options.strict)
        MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
    if (x->cors) {
        MHD_add_response_header(response, "Access-Control-Allow-Origin", "*");
        MHD_add_response_header(response, "Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce");
    }
    if (x->close || x->server->stopping)
        MHD_add_response_header(response, "Connection", "close");
}

/* libmicrohttpd takes bytes that it will not change as `void *`. */
static struct MHD_Response *response_of(str body)
{
    return MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)(body.n > 0 ? body.p : ""),
                                           MHD_RESPMEM_PERSISTENT);
}

void respond(struct request *rq, int status, const char *content_type, str body)
{
    struct exchange *x = rq->exchange;
    if (x->moves) /* the handler will run again */
        return;
    if (x->status != 0) {
        log_error("http.answered_twice id=%s", rq->id);
        return;
    }
    if (x->broken && !x->failing) {
        x->failing = true;
        answer_problem(x, 500, "an internal error");
        return;
    }
    if (x->broken) { /* even the page about it can't be sent */
        drop_fields(x);
        content_type = "text/plain; charset=utf-8";
        body = STR("internal error\n");
    }
    struct MHD_Response *response = response_of(body);
    bool fine = response != NULL;
    if (fine && content_type)
        fine = MHD_add_response_header(response, "Content-Type", content_type) == MHD_YES;
    for (const struct answer_field *field = x->fields; field && fine; field = field->next)
        fine = MHD_add_response_header(response, field->name, field->value) == MHD_YES;
    if (!fine) {
        log_error("http.bad_response id=%s", rq->id);
        if (response)
            MHD_destroy_response(response);
        response = response_of(STR("internal error\n"));
        status = 500;
    }
    add_standing_fields(x, response);
    x->status = status;
    x->response = response;
}

void respond_json(struct request *rq, int status, str json)
{
    respond(rq, status, "application/json", json);
}

void respond_redirect(struct request *rq, str url)
{
    response_header(rq, "Location", url);
    respond(rq, 303, NULL, STR(""));
}

void answer_problem(struct exchange *x, int status, const char *detail)
{
    struct http_server *server = x->server;
    drop_fields(x);
    if (status == 503 || status == 413 || status == 414 || status == 431)
        server->refused++;
    if (status == 405)
        response_header(&x->rq, "Allow", x->allow);
    if (status == 503)
        response_header(&x->rq, "Retry-After", STR("2"));
    if (server->options.problem)
        server->options.problem(&x->rq, server->options.context, status, detail);
    if (x->status == 0)
        respond(&x->rq, status, "text/plain; charset=utf-8", arena_printf(x->rq.arena, "%d %s\n", status, detail));
}

void answer_preflight(struct exchange *x)
{
    response_header(&x->rq, "Access-Control-Allow-Methods", x->allow);
    response_header(&x->rq, "Access-Control-Allow-Headers", STR("Authorization, Content-Type, DPoP"));
    response_header(&x->rq, "Access-Control-Max-Age", STR("7200"));
    respond(&x->rq, 204, NULL, STR(""));
}
