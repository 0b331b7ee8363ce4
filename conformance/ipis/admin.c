/* Switches and records for tests. They are why this program listens on the loopback address only, unless it is told
 * otherwise. */
#include "server.h"

#include "crypto/json.h"

static void done(struct request *rq)
{
    respond_json(rq, 200, STR("{\"ok\":true}"));
}

/* POST /residents/{kidc} {"status":"SUSPENDED","unfreeze":true} */
void serve_change(struct request *rq, void *context)
{
    struct server *server = context;
    const json_t *body = json_body(rq);
    if (!body)
        return;
    const json_t *unfreeze = json_object_get(body, "unfreeze");
    str status = json_str(body, "status");
    if ((json_object_get(body, "status") && !status.p) || (unfreeze && !json_is_boolean(unfreeze)) ||
        (!status.p && !unfreeze)) {
        respond_bad(rq, "status (ACTIVE, SUSPENDED, DECEASED_FLAGGED, CLOSED) or unfreeze (true) must be given.");
        return;
    }
    struct verdict verdict = reg_change(server->reg, rq->tail, status, json_is_true(unfreeze));
    if (verdict.status != 200)
        respond_verdict(rq, verdict);
    else
        done(rq);
}

void serve_misbehave(struct request *rq, void *context)
{
    struct server *server = context;
    const json_t *body = json_body(rq);
    if (!body)
        return;
    const char *wrong = misbehave_add(server->misbehave, body);
    if (wrong)
        respond_bad(rq, wrong);
    else
        done(rq);
}

void serve_misbehave_reset(struct request *rq, void *context)
{
    struct server *server = context;
    misbehave_reset(server->misbehave);
    done(rq);
}

void serve_outbox_reset(struct request *rq, void *context)
{
    struct server *server = context;
    reg_outbox_reset(server->reg);
    done(rq);
}

void serve_reset(struct request *rq, void *context)
{
    struct server *server = context;
    reg_reset(server->reg);
    misbehave_reset(server->misbehave);
    done(rq);
}

void serve_reads(struct request *rq, void *context)
{
    struct server *server = context;
    respond_json(rq, 200, reg_reads_json(server->reg, rq->arena));
}
