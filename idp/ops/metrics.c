#include "base/buf.h"
#include "base/clock.h"
#include "ops/ops.h"

static void add(struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    buf_printf(out, "# HELP konsao_%s %s\n# TYPE konsao_%s %s\nkonsao_%s %llu\n", name, help, name, type, name,
               (unsigned long long)value);
}

static void add_http(struct buf *out, const struct http_server *server)
{
    struct http_counts counts;
    http_counts(server, &counts);
    add(out, "http_requests_total", "counter", "Requests that arrived.", counts.requests);
    add(out, "http_in_flight", "gauge", "Requests that are being answered.", counts.in_flight);
    add(out, "http_queued", "gauge", "Requests that wait for a worker.", counts.queued);
    add(out, "http_parked", "gauge", "Requests that wait for news, without a thread.", counts.parked);
    add(out, "http_connections_refused_total", "counter", "Connections over a limit.", counts.refused);
    buf_add(out, STR("# HELP konsao_http_responses_total Answers by class of status; 0: none was sent.\n"
                     "# TYPE konsao_http_responses_total counter\n"));
    for (int i = 0; i < 6; i++)
        buf_printf(out, "konsao_http_responses_total{class=\"%d\"} %llu\n", i,
                   (unsigned long long)counts.by_status_class[i]);
}

static void add_register(struct buf *out, struct ipis *ipis)
{
    struct ipis_health health;
    ipis_health(ipis, &health);
    add(out, "register_calls_total", "counter", "Calls to the register.", health.calls);
    add(out, "register_failures_total", "counter", "Calls for which the register was away, or was left alone.",
        health.failures);
    add(out, "register_malformed_total", "counter", "Answers of the register that are not what the interface says.",
        health.malformed);
    add(out, "register_breaker_open", "gauge", "1 while the register is left alone.", health.breaker_open);
}

static void add_store(struct buf *out, struct store *store)
{
    buf_add(out, STR("# HELP konsao_store_records Records of each kind, expired ones that wait to be swept included.\n"
                     "# TYPE konsao_store_records gauge\n"));
    for (int kind = 0; kind < RECORD_KINDS; kind++)
        buf_printf(out, "konsao_store_records{kind=\"%s\"} %llu\n", record_table[kind].name,
                   (unsigned long long)store_size(store, (enum record_kind)kind));
}

static void add_outbound(struct buf *out, const struct provider *provider)
{
    struct outbound_counts calls;
    struct jwks_cache_counts keys;
    struct outbox_counts notices;
    outbound_counts(provider->outbound, &calls);
    jwks_cache_counts(provider->jwks_cache, &keys);
    outbox_counts(provider->outbox, &notices);
    add(out, "outbound_calls_total", "counter", "Calls to addresses that clients named.", calls.requests);
    add(out, "outbound_failures_total", "counter", "Those that got no answer.", calls.failures);
    add(out, "outbound_forbidden_total", "counter", "Those that would have led to an address that is not public.",
        calls.forbidden);
    add(out, "jwks_fetches_total", "counter", "Key sets of clients that were asked for.", keys.fetches);
    add(out, "jwks_failures_total", "counter", "Those that were not got.", keys.failures);
    add(out, "notices_waiting", "gauge", "Notices to clients that wait to be sent.", notices.waiting);
    add(out, "notices_sent_total", "counter", "Notices that clients took.", notices.sent);
    add(out, "notices_failed_tries_total", "counter", "Tries that failed.", notices.failed);
    add(out, "notices_refused_total", "counter", "Notices that clients refused for good.", notices.refused);
    add(out, "notices_given_up_total", "counter", "Notices that no try got through.", notices.given_up);
}

static void add_keys(struct buf *out, struct arena *arena, const struct key_ring *keys)
{
    struct ring_key_info *list;
    size_t count = ring_list(keys, arena, &list);
    buf_add(out, STR("# HELP konsao_key_age_seconds Since an active key began to sign.\n"
                     "# TYPE konsao_key_age_seconds gauge\n"));
    for (size_t i = 0; i < count; i++)
        if (list[i].state == KEY_ACTIVE)
            buf_printf(out, "konsao_key_age_seconds{alg=\"%s\"} %lld\n", jose_alg_name(list[i].alg),
                       (long long)(clock_now() - list[i].activated_at));
}

/* This machine itself: not what a proxy on it passes on, whether we are told to trust that proxy or not. */
static bool is_local(const struct request *rq)
{
    str peer = rq->peer;
    if (request_header(rq, "X-Forwarded-For").p || request_header(rq, "Forwarded").p)
        return false;
    return str_starts(peer, STR("127.")) || str_eq(peer, STR("::1")) || str_starts(peer, STR("::ffff:127."));
}

void metrics_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    if (!is_local(rq)) {
        page_problem(rq, provider->pages, lang_of_request(rq, LANG_KM), 404);
        return;
    }
    struct buf out = buf_new(rq->arena, 4096);
    buf_add(&out, STR("# HELP konsao_build_info The version that runs.\n# TYPE konsao_build_info gauge\n"
                      "konsao_build_info{version=\"" KONSAO_VERSION "\"} 1\n"));
    if (provider->http)
        add_http(&out, provider->http);
    add_register(&out, provider->ipis);
    add_store(&out, provider->store);
    add_outbound(&out, provider);
    add_keys(&out, rq->arena, provider->keys);
    respond(rq, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&out));
}
