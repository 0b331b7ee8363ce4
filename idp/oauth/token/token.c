#include "oauth/token/token.h"

#include "base/buf.h"
#include "oauth/client/client_auth.h"
#include "oauth/request/flood.h"

static const struct {
    const char *name;
    enum client_grants grant;
    struct oauth_error (*handle)(struct token_request *request, struct token_answer *answer);
} grants[] = {
    {"authorization_code", GRANT_AUTHORIZATION_CODE, grant_authorization_code},
    {"refresh_token", GRANT_REFRESH_TOKEN, grant_refresh_token},
    {"client_credentials", GRANT_CLIENT_CREDENTIALS, grant_client_credentials},
    {"urn:ietf:params:oauth:grant-type:device_code", GRANT_DEVICE_CODE, grant_device_code},
    {"urn:openid:params:grant-type:ciba", GRANT_CIBA, grant_ciba},
    {"urn:ietf:params:oauth:grant-type:token-exchange", GRANT_TOKEN_EXCHANGE, grant_token_exchange},
};

static struct oauth_error handle(struct token_request *request, str grant_type, struct token_answer *answer)
{
    for (size_t i = 0; i < COUNT_OF(grants); i++) {
        if (!str_is(grant_type, grants[i].name))
            continue;
        if (!(request->client->grants & grants[i].grant))
            return OAUTH_ERROR("unauthorized_client", "the client is not registered for this grant_type");
        return grants[i].handle(request, answer);
    }
    return OAUTH_ERROR("unsupported_grant_type", "this grant_type is not supported");
}

/* RFC 6749 section 5.1 */
static void respond_tokens(const struct token_request *request, const struct token_answer *answer)
{
    struct request *rq = request->rq;
    struct buf json = buf_new(rq->arena, 256 + answer->access_token.n + answer->id_token.n);
    buf_char(&json, '{');
    buf_json_str(&json, "access_token", answer->access_token);
    buf_json_str(&json, "token_type", request->binding.jkt.p ? STR("DPoP") : STR("Bearer"));
    buf_json_int(&json, "expires_in", answer->expires_in);
    buf_json_str(&json, "refresh_token", answer->refresh_token);
    buf_json_str(&json, "id_token", answer->id_token);
    if (answer->scope.n > 0)
        buf_json_str(&json, "scope", answer->scope);
    buf_json_str(&json, "issued_token_type", answer->issued_token_type);
    buf_json_raw(&json, "authorization_details", answer->authorization_details);
    buf_char(&json, '}');
    respond_json(rq, 200, buf_str(&json));
}

void token_handle(struct request *rq, void *context)
{
    struct token_request request = {.provider = context, .rq = rq};
    struct token_answer answer = {0};
    struct oauth_error error = client_authenticate(request.provider, rq, &request.client);
    str grant_type = params_nonempty(&rq->form, "grant_type");
    if (!error.code && !grant_type.p)
        error = OAUTH_ERROR("invalid_request", "grant_type is missing");
    /* A proof is noted as used: of anybody's, not any number. */
    bool noted = !error.code && request.client->auth == AUTH_NONE && request_header(rq, "DPoP").p;
    if (noted && flood_of_requests(request.provider, rq))
        error = OAUTH_ERROR_STATUS(429, "temporarily_unavailable", "too many requests from this address");
    if (!error.code)
        error = binding_of_request(request.provider, rq, request.client, &request.binding);
    if (!error.code)
        error = handle(&request, grant_type, &answer);
    if (error.code)
        oauth_respond_error(rq, error);
    else
        respond_tokens(&request, &answer);
}
