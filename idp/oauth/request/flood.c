#include "oauth/request/flood.h"

#include "records/peer.h"

#define MINUTE 60

bool flood_of_requests(struct provider *provider, struct request *rq)
{
    uint32_t total = 0;
    int64_t ends_at;
    str name = arena_printf(rq->arena, "authorize:%.*s", STR_FMT(peer_network(rq->arena, rq->peer)));
    return store_count(provider->store, RECORD_COUNTER, name, 1, MINUTE, &total, &ends_at) == STORE_OK &&
           total > (uint32_t)provider->settings->limit_requests_per_ip;
}
