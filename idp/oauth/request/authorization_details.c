#include "oauth/request/authorization_details.h"

#include "crypto/json.h"
#include "oauth/request/request.h"
#include "records/authorization_type.h"

#define DETAILS_BYTES_MAX 8192
#define DETAILS_MAX 8

static struct oauth_error refused(const char *why)
{
    return OAUTH_ERROR("invalid_authorization_details", why);
}

/* The parser knows objects alone: the array is wrapped into one. */
static const json_t *parse(struct arena *arena, str text)
{
    if (text.n > DETAILS_BYTES_MAX)
        return NULL;
    str wrapped = arena_printf(arena, "{\"list\":%.*s}", STR_FMT(text));
    const json_t *object = json_parse_object(arena, wrapped, DETAILS_BYTES_MAX + 16);
    const json_t *list = json_object_get(object, "list");
    return json_is_array(list) && json_object_size(object) == 1 ? list : NULL;
}

static struct oauth_error check_one(const struct provider *provider, struct arena *arena, const struct client *client,
                                    const json_t *detail)
{
    str type = json_str(detail, "type");
    const char *why;
    if (!type.p)
        return refused("each of authorization_details must be an object with a type");
    bool allowed = false;
    for (size_t i = 0; i < client->authorization_types.count; i++)
        allowed = allowed || str_eq(client->authorization_types.items[i], type);
    const json_t *definition = allowed ? authorization_type_load(provider->store, arena, type) : NULL;
    if (!definition)
        return refused("authorization_details has a type that is unknown, or not for this client");
    return authorization_detail_fits(definition, detail, &why) ? OAUTH_OK : refused(why);
}

struct oauth_error authorization_details_check(const struct provider *provider, struct arena *arena,
                                               const struct client *client, str parameter, str *out)
{
    *out = STR_NONE;
    if (!parameter.p)
        return OAUTH_OK;
    const json_t *list = parse(arena, parameter);
    if (!list || json_array_size(list) == 0 || json_array_size(list) > DETAILS_MAX)
        return refused("authorization_details must be a JSON array of 1 to 8 objects");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct oauth_error error = check_one(provider, arena, client, json_array_get(list, i));
        if (error.code)
            return error;
    }
    *out = json_text(arena, list);
    return OAUTH_OK;
}

static bool list_has(const json_t *list, const json_t *detail)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), detail))
            return true;
    return false;
}

struct oauth_error authorization_details_choose(struct arena *arena, str parameter, str granted, str *out)
{
    *out = granted;
    if (!parameter.p)
        return OAUTH_OK;
    const json_t *asked = parse(arena, parameter), *have = granted.p ? parse(arena, granted) : NULL;
    if (!asked || json_array_size(asked) == 0)
        return refused("authorization_details must be a JSON array of objects");
    for (size_t i = 0; i < json_array_size(asked); i++)
        if (!list_has(have, json_array_get(asked, i)))
            return refused("authorization_details asks for more than was granted");
    *out = json_text(arena, asked);
    return OAUTH_OK;
}

struct oauth_error check_authorization_details(struct authorize_request *request)
{
    return authorization_details_check(request->provider, request->rq->arena, request->client,
                                       authorize_param(request, "authorization_details"),
                                       &request->interaction.authorization_details);
}
