#include "oauth/authorize/jarm.h"

#include "base/buf.h"
#include "base/clock.h"

bool jarm_is_mode(str response_mode)
{
    return str_eq(response_mode, STR("jwt")) || str_ends(response_mode, STR(".jwt"));
}

bool jarm_make(const struct provider *provider, struct request *rq, const struct client *client,
               const struct param *params, size_t count, str *response)
{
    const struct nested how = {
        .client = client, .alg = client->authorization_alg, .encryption = &client->authorization_encryption};
    struct buf json = buf_new(rq->arena, 512);
    buf_char(&json, '{');
    buf_json_str(&json, "iss", provider->settings->issuer);
    buf_json_str(&json, "aud", client->id);
    buf_json_int(&json, "exp", clock_now() + JARM_LIFE);
    for (size_t i = 0; i < count; i++)
        buf_json_str(&json, arena_cstr(rq->arena, params[i].name), params[i].value);
    buf_char(&json, '}');
    return nested_make(provider, rq, &how, buf_str(&json), response);
}
