#include "oauth/elsewhere/ciba_ping.h"

#include "base/buf.h"
#include "keys/sealed.h"

#define PURPOSE STR("ciba ping")

str ciba_ping_seal(const struct provider *provider, struct arena *arena, str notification_token, str auth_req_id)
{
    return ring_seal(provider->keys, arena, PURPOSE,
                     arena_printf(arena, "%.*s\n%.*s", STR_FMT(notification_token), STR_FMT(auth_req_id)));
}

enum outbox_rendered ciba_ping_render(void *context, struct arena *arena, const struct outbox_notice *notice,
                                      struct outbound_request *request)
{
    const struct provider *provider = context;
    const struct client *client = client_find(provider->clients, arena, notice->client_id);
    str plain, token, auth_req_id;
    if (!client || !client->notification_endpoint.p ||
        !ring_unseal(provider->keys, arena, PURPOSE, notice->recipe, &plain) ||
        !str_cut(plain, '\n', &token, &auth_req_id))
        return OUTBOX_DROP;
    struct buf body = buf_new(arena, 128);
    buf_char(&body, '{');
    buf_json_str(&body, "auth_req_id", auth_req_id);
    buf_char(&body, '}');
    request->url = client->notification_endpoint;
    request->authorization = arena_printf(arena, "Bearer %.*s", STR_FMT(token));
    request->content_type = STR("application/json");
    request->body = buf_str(&body);
    return OUTBOX_SEND;
}
