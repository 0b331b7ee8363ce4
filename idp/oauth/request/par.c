#include "oauth/request/par.h"

#include "base/buf.h"
#include "base/clock.h"
#include "oauth/client/client_auth.h"
#include "oauth/client/dpop.h"
#include "oauth/request/flood.h"
#include "oauth/request/pipeline.h"
#include "records/pushed.h"

#define URN STR("urn:ietf:params:oauth:request_uri:")
#define PARAMETERS_BYTES_MAX ((size_t)32 * 1024)
/* Of who sends the request: no parameters of it, and not kept. */
#define CREDENTIALS STR("client_secret client_assertion client_assertion_type")
#define UNKNOWN OAUTH_ERROR("invalid_request_uri", "request_uri is unknown, has expired, or was used")

/* ---- the endpoint ---- */

/* Stores the checked request and tells its reference (RFC 9126 section 2.2). */
static struct oauth_error push(const struct authorize_request *request, str parameters)
{
    const struct settings *settings = request->provider->settings;
    int64_t now = clock_now();
    struct pushed pushed = {.client_id = request->client->id,
                            .parameters = request->object.p ? request->object : parameters,
                            .is_signed = request->is_signed,
                            .dpop_jkt = request->interaction.dpop_jkt,
                            .usable_until = now + settings->life_pushed};
    str reference;
    if (pushed.parameters.n > PARAMETERS_BYTES_MAX)
        return OAUTH_ERROR_STATUS(413, "invalid_request", "the request is too large");
    if (pushed_create(request->provider->store, request->rq->arena, &pushed,
                      pushed.usable_until + settings->life_interaction, &reference) != STORE_OK)
        return OAUTH_UNAVAILABLE;
    struct buf json = buf_new(request->rq->arena, 160);
    buf_char(&json, '{');
    buf_json_str(&json, "request_uri", arena_printf(json.arena, "%.*s%.*s", STR_FMT(URN), STR_FMT(reference)));
    buf_json_int(&json, "expires_in", settings->life_pushed);
    buf_char(&json, '}');
    respond_json(request->rq, 201, buf_str(&json));
    return OAUTH_OK;
}

/* A proof that comes with the request binds its code as dpop_jkt does (RFC 9449 section 10.1). */
static struct oauth_error bind_code(struct authorize_request *request, str jkt)
{
    str named = request->interaction.dpop_jkt;
    if (jkt.p && named.p && !str_eq(jkt, named))
        return OAUTH_ERROR("invalid_dpop_proof", "dpop_jkt is not the key of the DPoP proof");
    if (jkt.p)
        request->interaction.dpop_jkt = jkt;
    return OAUTH_OK;
}

void par_handle(struct request *rq, void *context)
{
    struct authorize_request request = {.provider = context, .rq = rq, .at = AT_PAR};
    struct oauth_error error = client_authenticate(request.provider, rq, &request.client);
    str parameters = STR_NONE, jkt = STR_NONE;
    if (!error.code && request.client->auth == AUTH_NONE && flood_of_requests(request.provider, rq))
        error = OAUTH_ERROR_STATUS(429, "temporarily_unavailable", "too many requests from this address");
    if (!error.code)
        error = dpop_check_request(request.provider, rq, STR_NONE, &jkt);
    if (!error.code) {
        parameters = params_encode(rq->arena, &rq->form, PARAMS_OTHERS, CREDENTIALS);
        struct params *sent = ARENA_NEW(rq->arena, struct params);
        *sent = params_parse(rq->arena, parameters, authorize_repeatable);
        request.sent = request.params = sent;
        error = pipeline_run(&request);
    }
    if (!error.code)
        error = bind_code(&request, jkt);
    if (!error.code)
        error = push(&request, parameters);
    if (error.code)
        oauth_respond_error(rq, error);
}

/* ---- its reference at the authorization endpoint ---- */

/* Of the request that brings it, client_id and request_uri alone count (RFC 9126 section 4). What is wrong with it is
 * for the person's eyes only: without it nobody knows where to send an error. */
struct oauth_error load_pushed_request(struct authorize_request *request)
{
    struct arena *arena = request->rq->arena;
    str uri = authorize_param(request, "request_uri");
    struct pushed pushed;
    if (!str_starts(uri, URN))
        return OAUTH_OK;
    if (request->params->status != PARAMS_OK || authorize_param(request, "request").p)
        return OAUTH_ERROR("invalid_request", "request_uri goes with client_id, each once");
    enum store_result result =
        pushed_load(request->provider->store, arena, (str){uri.p + URN.n, uri.n - URN.n}, &pushed);
    if (result != STORE_OK && result != STORE_NOT_FOUND)
        return OAUTH_UNAVAILABLE;
    if (result == STORE_NOT_FOUND || !str_eq(pushed.client_id, request->client->id))
        return UNKNOWN;
    struct params *params = ARENA_NEW(arena, struct params);
    *params = params_parse(arena, pushed.parameters, authorize_repeatable);
    request->params = params;
    request->is_signed = pushed.is_signed;
    request->interaction.dpop_jkt = pushed.dpop_jkt;
    request->interaction.origin_key = pushed.key;
    return OAUTH_OK;
}

struct oauth_error check_pushed(struct authorize_request *request)
{
    if (request->client->require_par && !request->interaction.origin_key.p)
        return OAUTH_ERROR("invalid_request", "the client must push its request (RFC 9126)");
    return OAUTH_OK;
}
