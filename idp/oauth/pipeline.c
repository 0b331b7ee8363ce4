#include "oauth/pipeline.h"

#define NONCE_MAX 512

str authorize_param(const struct authorize_request *request, const char *name)
{
    return params_nonempty(request->params, name);
}

str authorize_browser_secret(struct authorize_request *request)
{
    if (!request->browser_secret.p)
        request->browser_secret = interaction_bind(request->rq);
    return request->browser_secret;
}

typedef struct oauth_error pipeline_step(struct authorize_request *request);

/* Nothing of a request is believed before its client and redirect URI are; after them, every fault is the client's to
 * know. */
static pipeline_step *const steps[] = {
    check_client,           check_redirect_uri,   check_response_mode,
    check_parameters,       check_request_object, check_state_and_nonce,
    check_response_type,    check_scope,          check_pkce,
    check_prompt,           check_max_age,        check_acr_values,
    check_claims_parameter, check_hints,          check_id_token_hint,
};

struct oauth_error pipeline_run(struct authorize_request *request)
{
    request->interaction.max_age = -1;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct oauth_error error = steps[i](request);
        if (error.code)
            return error;
    }
    return OAUTH_OK;
}

struct oauth_error check_client(struct authorize_request *request)
{
    str id = authorize_param(request, "client_id");
    if (!id.p)
        return OAUTH_ERROR("invalid_request", "client_id is missing");
    request->client = client_find(request->provider->clients, request->rq->arena, id);
    if (!request->client)
        return OAUTH_ERROR("invalid_client", "no such client is registered");
    if (!request->client->response_types)
        return OAUTH_ERROR("unauthorized_client", "the client is not registered for any response_type");
    request->interaction.client_id = request->client->id;
    return OAUTH_OK;
}

struct oauth_error check_parameters(struct authorize_request *request)
{
    switch (request->params->status) {
    case PARAMS_REPEATED:
        return OAUTH_ERROR("invalid_request", "a parameter stands more than once");
    case PARAMS_TOO_MANY:
        return OAUTH_ERROR("invalid_request", "there are too many parameters");
    case PARAMS_MALFORMED:
        return OAUTH_ERROR("invalid_request", "a parameter is not well-formed");
    case PARAMS_OK:
        break;
    }
    return OAUTH_OK;
}

struct oauth_error check_request_object(struct authorize_request *request)
{
    if (authorize_param(request, "request").p)
        return OAUTH_ERROR("request_not_supported", "request objects are not supported");
    if (authorize_param(request, "request_uri").p)
        return OAUTH_ERROR("request_uri_not_supported", "request_uri is not supported");
    if (authorize_param(request, "registration").p)
        return OAUTH_ERROR("registration_not_supported", "the registration parameter is not supported");
    return OAUTH_OK;
}

struct oauth_error check_state_and_nonce(struct authorize_request *request)
{
    request->interaction.nonce = authorize_param(request, "nonce");
    if (authorize_param(request, "state").n > STATE_MAX || request->interaction.nonce.n > NONCE_MAX)
        return OAUTH_ERROR("invalid_request", "state or nonce is too long");
    return OAUTH_OK;
}
