/* What waits for a resident without a code to scan: requests that clients made for this person (CIBA), and notices. */
#include "base/clock.h"
#include "crypto/primitives.h"
#include "records/decoupled.h"
#include "signin/authenticator/authenticator.h"
#include "signin/authenticator/devices.h"
#include "signin/authenticator/scan.h"

#define WAIT_MS 25000
#define SHOWN_MAX 16 /* requests at a time */
#define SEEN_BYTES 12

struct news {
    str requests, notices; /* JSON arrays */
    str seen;              /* changes when they do */
};

static void add_request(struct call *call, struct buf *json, struct buf *keys, const struct decoupled *request)
{
    const struct client *client = client_find(call->provider->clients, call->rq->arena, request->client_id);
    if (!client)
        return;
    str id = base64url_encode(call->rq->arena, request->key);
    buf_add_word(keys, id);
    if (json->n > 1)
        buf_char(json, ',');
    buf_char(json, '{');
    buf_json_str(json, "request", id);
    buf_json_str(json, "client_name", client->name[call->lang]);
    buf_json_str(json, "client_host", client->host.p ? client->host : STR(""));
    buf_json_str(json, "binding_message", request->binding_message.p ? request->binding_message : STR(""));
    buf_json_int(json, "expires_in", request->expires_at - clock_now());
    buf_char(json, '}');
}

/* Requests are not shown while the authenticator waits to be active itself. */
static enum store_result read_news(struct call *call, struct news *out)
{
    struct arena *arena = call->rq->arena;
    struct decoupled *list = ARENA_ARRAY(arena, struct decoupled, SHOWN_MAX);
    struct buf json = buf_new(arena, 256), what = buf_new(arena, 256);
    size_t count = 0;
    enum store_result result = authenticator_notices(call->provider->store, arena, &call->authenticator, &out->notices);
    if (result == STORE_OK && !api_is_waiting(call))
        result = decoupled_list(call->provider->store, arena, call->authenticator.resident, list, SHOWN_MAX, &count);
    buf_char(&json, '[');
    for (size_t i = 0; i < count; i++)
        add_request(call, &json, &what, &list[i]);
    buf_char(&json, ']');
    buf_add_word(&what, out->notices);
    out->requests = buf_str(&json);
    str digest = sha256_key(arena, buf_str(&what));
    out->seen = base64url_encode(arena, (str){digest.p, SEEN_BYTES});
    return result;
}

void requests_wait(struct request *rq, void *context)
{
    struct call call;
    struct news news;
    str seen;
    if (!api_open(&call, context, rq, API_DEVICE) || !api_text_or_none(&call, "seen", 64, &seen))
        return;
    request_watch(rq, decoupled_topic(rq->arena, call.authenticator.resident));
    if (read_news(&call, &news) != STORE_OK) {
        api_fail(&call, API_UNAVAILABLE);
        return;
    }
    if (str_eq(seen, news.seen) && !request_waited_out(rq) && request_park(rq, WAIT_MS))
        return;
    struct buf json = buf_new(rq->arena, 128 + news.requests.n + news.notices.n);
    buf_char(&json, '{');
    buf_json_str(&json, "seen", news.seen);
    buf_json_raw(&json, "requests", news.requests);
    buf_json_raw(&json, "notices", news.notices);
    buf_char(&json, '}');
    api_answer(&call, 200, buf_str(&json));
}

/* The request that the app names, if it is this resident's to answer. False, and answered, when it is not. */
static bool find_request(struct call *call, struct decoupled *out)
{
    str id, key;
    if (!api_text(call, "request", 64, &id))
        return false;
    enum store_result result =
        base64url_decode(call->rq->arena, id, &key)
            ? decoupled_load(call->provider->store, call->rq->arena, RECORD_BACKCHANNEL, key, out)
            : STORE_NOT_FOUND;
    if (result == STORE_OK && str_eq(out->resident, call->authenticator.resident))
        return true;
    api_fail(call, result == STORE_OK || result == STORE_NOT_FOUND ? API_UNKNOWN_ENTRY : API_UNAVAILABLE);
    return false;
}

void requests_open(struct request *rq, void *context)
{
    struct call call;
    struct decoupled request;
    struct interaction interaction;
    if (!api_open(&call, context, rq, API_DEVICE) || !find_request(&call, &request))
        return;
    switch (call.provider->open_elsewhere(call.provider, rq, request.key, &interaction)) {
    case STORE_OK:
        break;
    case STORE_NOT_FOUND:
        api_fail_text(&call, API_ENDED, "reason", str_of(channel_end_name(END_EXPIRED)));
        return;
    default:
        api_fail(&call, API_UNAVAILABLE);
        return;
    }
    struct channel channel = {
        .way = CHANNEL_REQUEST, .interaction = interaction.id, .client_id = interaction.client_id};
    struct store_op op = channel_create_op(rq->arena, random_token(rq->arena, 32), &channel); /* no browser waits */
    if (store_write(call.provider->store, &op, 1) != STORE_OK ||
        channel_load(call.provider->store, rq->arena, channel.id, &channel) != STORE_OK)
        api_fail(&call, API_UNAVAILABLE);
    else
        scan_take(&call, &channel);
}
