#include "oauth/request/pipeline.h"

#define NONCE_MAX 512

const char *const authorize_repeatable[] = {"resource", NULL};

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

#define EVERYWHERE (AT_AUTHORIZE | AT_PAR | AT_DEVICE | AT_BACKCHANNEL)
#define BY_BROWSER (AT_AUTHORIZE | AT_PAR) /* answered with a redirect in the end */

/* Nothing of a request is believed before its client and redirect URI are; after them, every fault is the client's to
 * know. */
static const struct {
    struct oauth_error (*check)(struct authorize_request *request);
    unsigned at;   /* enum request_endpoint, or-ed */
    bool way_back; /* a fault goes to the redirect URI beside what is at fault, if that is registered */
} steps[] = {
    {check_client, BY_BROWSER, false},        {load_pushed_request, AT_AUTHORIZE, false},
    {check_pushed, AT_AUTHORIZE, true},       {take_request_object, BY_BROWSER, true},
    {check_signed, BY_BROWSER, true},         {check_redirect_uri, BY_BROWSER, false},
    {check_response_mode, BY_BROWSER, false}, {check_parameters, EVERYWHERE, false},
    {check_registration, BY_BROWSER, false},  {check_state_and_nonce, BY_BROWSER, false},
    {check_response_type, BY_BROWSER, false}, {check_scope, EVERYWHERE, false},
    {check_pkce, BY_BROWSER, false},          {check_dpop_jkt, BY_BROWSER, false},
    {check_prompt, BY_BROWSER, false},        {check_max_age, EVERYWHERE, false},
    {check_acr_values, EVERYWHERE, false},    {check_claims_parameter, EVERYWHERE, false},
    {check_resource, EVERYWHERE, false},      {check_authorization_details, EVERYWHERE, false},
    {check_hints, BY_BROWSER, false},         {check_id_token_hint, EVERYWHERE, false},
};

/* Where a fault goes that was found before the redirect URI of the request itself was known: a registered one that came
 * beside it will do, and a mode that we don't know leaves the default. */
static void find_way_back(struct authorize_request *request)
{
    request->params = request->sent;
    if (!check_redirect_uri(request).code)
        check_response_mode(request);
}

struct oauth_error pipeline_run(struct authorize_request *request)
{
    request->interaction.max_age = -1;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (!(steps[i].at & request->at))
            continue;
        struct oauth_error error = steps[i].check(request);
        if (!error.code)
            continue;
        if (steps[i].way_back)
            find_way_back(request);
        return error;
    }
    return OAUTH_OK;
}

struct oauth_error check_client(struct authorize_request *request)
{
    str id = authorize_param(request, "client_id");
    if (!id.p && !request->client) /* a client that authenticated is known */
        return OAUTH_ERROR("invalid_request", "client_id is missing");
    if (!request->client)
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

struct oauth_error check_registration(struct authorize_request *request)
{
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
