#include "base/buf.h"
#include "ops/ops.h"

void health_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct record record;
    struct ipis_health register_;
    /* Any key will do: what counts is that the store can say whether it is there. */
    enum store_result result = store_get(provider->store, RECORD_CLIENT, STR("health"), rq->arena, &record);
    bool well = result == STORE_OK || result == STORE_NOT_FOUND;
    ipis_health(provider->ipis, &register_);
    struct buf json = buf_new(rq->arena, 128);
    buf_char(&json, '{');
    buf_json_str(&json, "status", well ? STR("ok") : STR("failing"));
    buf_json_str(&json, "store", well ? STR("ok") : STR("failing"));
    buf_json_str(&json, "register", register_.breaker_open ? STR("unreachable") : STR("ok"));
    buf_json_str(&json, "version", STR(KONSAO_VERSION));
    buf_char(&json, '}');
    respond_json(rq, well ? 200 : 503, buf_str(&json));
}
