#include "oauth/token/extent.h"

#include "base/buf.h"
#include "oauth/request/authorization_details.h"
#include "oauth/request/resource.h"

struct oauth_error extent_narrow(const struct token_request *request, struct token_subject *of)
{
    struct arena *arena = request->rq->arena;
    str resources, details;
    struct oauth_error error = resource_choose(arena, &request->rq->form, of->resources, &resources);
    if (!error.code)
        error = authorization_details_choose(arena, params_nonempty(&request->rq->form, "authorization_details"),
                                             of->authorization_details, &details);
    if (error.code)
        return error;
    of->authorization_details = details;
    if (resources.p || str_list_has(of->scope, ' ', STR("openid")))
        of->resources = resources;
    return OAUTH_OK;
}

struct oauth_error extent_of_client(const struct token_request *request, struct token_subject *of)
{
    struct arena *arena = request->rq->arena;
    struct buf audience = buf_new(arena, 96);
    for (size_t i = 0; i < request->client->audience.count; i++)
        buf_add_word(&audience, request->client->audience.items[i]);
    str all = audience.n > 0 ? buf_str(&audience) : STR_NONE;
    struct oauth_error error = resource_choose(arena, &request->rq->form, all, &of->resources);
    if (!error.code && !of->resources.p)
        of->resources = all;
    return error;
}
