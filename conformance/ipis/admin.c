/* Switches and records for tests. They are why this program listens on the loopback address only, unless it is told
 * otherwise. */
#include "server.h"

#include "crypto/json.h"

static void done(struct request *rq)
{
    respond_json(rq, 200, STR("{\"ok\":true}"));
}

/* POST /residents/{kidc} {"status":"SUSPENDED","freeze":true,"unfreeze":true} */
void serve_change(struct request *rq, void *context)
{
    struct server *server = context;
    const json_t *body = json_body(rq);
    if (!body)
        return;
    const json_t *unfreeze = json_object_get(body, "unfreeze"), *freeze = json_object_get(body, "freeze");
    str status = json_str(body, "status");
    if ((json_object_get(body, "status") && !status.p) || (unfreeze && !json_is_boolean(unfreeze)) ||
        (freeze && !json_is_boolean(freeze)) || (!status.p && !unfreeze && !freeze)) {
        respond_bad(rq, "status (ACTIVE, SUSPENDED, DECEASED_FLAGGED, CLOSED), freeze or unfreeze must be given.");
        return;
    }
    const struct change change = {status, json_is_true(freeze), json_is_true(unfreeze)};
    struct verdict verdict = reg_change(server->reg, rq->tail, &change);
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
