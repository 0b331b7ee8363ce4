#include "oauth/request/resource.h"

#include "base/buf.h"
#include "oauth/request/request.h"
#include "records/client/client_uri.h"

static const struct oauth_error not_for_it = {"invalid_target",
                                              "a resource is unknown, malformed or not for this client", 0};

struct oauth_error resource_choose(struct arena *arena, const struct params *params, str granted, str *out)
{
    struct buf list = buf_new(arena, 64);
    for (size_t i = 0; i < params->count; i++) {
        str value = params->items[i].value;
        const char *why;
        if (!str_is(params->items[i].name, "resource") || value.n == 0)
            continue;
        if (!resource_uri_check(value, &why) || !str_list_has(granted, ' ', value))
            return not_for_it;
        if (!str_list_has(buf_str(&list), ' ', value))
            buf_add_word(&list, value);
    }
    *out = list.n > 0 ? buf_str(&list) : STR_NONE;
    return OAUTH_OK;
}

struct oauth_error check_resource(struct authorize_request *request)
{
    struct arena *arena = request->rq->arena;
    const struct str_list *allowed = &request->client->requestable;
    struct buf all = buf_new(arena, 64);
    for (size_t i = 0; i < allowed->count; i++)
        buf_add_word(&all, allowed->items[i]);
    return resource_choose(arena, request->params, buf_str(&all), &request->interaction.resources);
}
