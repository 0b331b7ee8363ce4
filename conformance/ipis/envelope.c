#include "server.h"

#include "base/log.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "ipis/xroad.h"

bool is_xroad(const struct request *rq, const struct server *server)
{
    return server->xroad_path.p && str_starts(rq->path, server->xroad_path);
}

str envelope_client(const struct request *rq, const struct server *server)
{
    return is_xroad(rq, server) ? request_header(rq, "X-Road-Client") : STR("");
}

void respond_verdict(struct request *rq, struct verdict verdict)
{
    struct buf out = buf_new(rq->arena, 256);
    buf_char(&out, '{');
    buf_json_str(&out, "code", str_of(verdict.code));
    buf_json_str(&out, "message", str_of(verdict.message));
    if (verdict.attempts_left >= 0)
        buf_json_int(&out, "attemptsLeft", verdict.attempts_left);
    if (verdict.retry_after > 0)
        buf_json_int(&out, "retryAfter", verdict.retry_after);
    buf_char(&out, '}');
    respond_json(rq, verdict.status, buf_str(&out));
}

void respond_bad(struct request *rq, const char *message)
{
    respond_verdict(rq, (struct verdict){400, "BAD_REQUEST", message, -1, 0});
}

void respond_xroad_error(struct request *rq, int status, const char *type, const char *message)
{
    struct buf out = buf_new(rq->arena, 256);
    buf_char(&out, '{');
    buf_json_str(&out, "type", str_of(type));
    buf_json_str(&out, "message", str_of(message));
    buf_json_str(&out, "detail", random_uuid(rq->arena));
    buf_char(&out, '}');
    response_header(rq, "X-Road-Error", str_of(type));
    respond_json(rq, status, buf_str(&out));
}

json_t *json_body(struct request *rq)
{
    json_t *body = rq->body_type == BODY_JSON ? json_parse_object(rq->arena, rq->body, 65536) : NULL;
    if (!body)
        respond_bad(rq, "The body must be a JSON object, with Content-Type: application/json.");
    return body;
}

/* A member's own client identifier, decoded part by part and encoded again: what does not come back the same is not
 * one. */
static bool is_client(struct request *rq, str client)
{
    str decoded, again;
    return percent_decode(rq->arena, client, false, &decoded) && xroad_client_value(rq->arena, decoded, &again) &&
           str_eq(client, again);
}

/* What a security server adds to an answer: its own id, the request's id, and the digest of the request. */
static bool open_xroad(struct request *rq)
{
    unsigned char digest[SHA256_BYTES];
    if (!is_client(rq, request_header(rq, "X-Road-Client"))) {
        respond_xroad_error(rq, 400, "Client.BadRequest", "X-Road-Client is missing or is not a client's identifier");
        return false;
    }
    struct buf hashed = buf_new(rq->arena, rq->path.n + rq->raw_query.n + rq->body.n + 2);
    buf_add(&hashed, rq->path);
    buf_char(&hashed, '\n');
    buf_add(&hashed, rq->raw_query);
    buf_char(&hashed, '\n');
    buf_add(&hashed, rq->body);
    sha256(buf_str(&hashed), digest);
    response_header(rq, "X-Road-Id", random_uuid(rq->arena));
    response_header(rq, "X-Road-Request-Id", random_uuid(rq->arena));
    response_header(rq, "X-Road-Request-Hash", hex_encode(rq->arena, str_bytes(digest, sizeof digest)));
    return true;
}

static bool open_misbehaving(struct request *rq, struct server *server, const struct misbehaviour *what)
{
    misbehave_wait(server->misbehave, what->ms);
    switch (what->how) {
    case HOW_TIMEOUT:
        respond_verdict(rq, (struct verdict){504, "TIMEOUT", "On purpose: too late.", -1, 0});
        return false;
    case HOW_ERROR:
        respond_verdict(rq, (struct verdict){what->status, "ON_PURPOSE", "On purpose: an error.", -1, 30});
        return false;
    case HOW_MALFORMED:
        respond(rq, 200, "application/json", arena_str(rq->arena, str_of(what->body)));
        return false;
    case HOW_DROP:
        respond_nothing(rq);
        return false;
    case HOW_XROAD_ERROR:
        respond_xroad_error(rq, 500, "Server.ServerProxy.NetworkError", "On purpose: the register can't be reached");
        return false;
    default:
        return true;
    }
}

bool envelope_open(struct request *rq, struct server *server, const char *call)
{
    if (is_xroad(rq, server) && !open_xroad(rq))
        return false;
    struct misbehaviour what = misbehave_for(server->misbehave, str_of(call));
    log_info("call name=%s xroad=%s misbehave=%d", call, is_xroad(rq, server) ? "yes" : "no", (int)what.how);
    return what.how == HOW_NOT || open_misbehaving(rq, server, &what);
}
