#include "oauth/elsewhere/backchannel.h"

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "oauth/client/client_auth.h"
#include "oauth/client/client_keys.h"
#include "oauth/elsewhere/ciba_ping.h"
#include "oauth/elsewhere/decoupled.h"
#include "oauth/request/pipeline.h"
#include "oauth/request/request_object.h"
#include "records/session.h"

#define INTERVAL 5     /* seconds */
#define MESSAGE_MAX 60 /* characters that fit on a line of a phone, in bytes of Khmer three each */
#define MESSAGE_BYTES_MAX 180
#define NOTIFICATION_MIN 22 /* characters: 128 bits in base64url (section 7.1) */
#define NOTIFICATION_MAX 1024

struct backchannel {
    struct authorize_request request;
    struct decoupled pending;
    int64_t life;
};

/* The request's parameters: those of the form, or all of them in one signed object (section 7.1.1). */
static struct oauth_error take_parameters(struct backchannel *backchannel)
{
    struct authorize_request *request = &backchannel->request;
    const struct client *client = request->client;
    struct request *rq = request->rq;
    str object = params_nonempty(&rq->form, "request"), text;
    request->sent = request->params = &rq->form;
    if (!object.p)
        return client->backchannel_request_alg == ALG_NONE_GIVEN &&
                       client->profile == PROFILE_OPEN /* FAPI-CIBA 5.2.2 */
                   ? OAUTH_OK
                   : OAUTH_ERROR("invalid_request", "the client must sign its request");
    static const str beside = STR_INIT("request client_id client_secret client_assertion client_assertion_type");
    for (size_t i = 0; i < rq->form.count; i++)
        if (!str_list_has(beside, ' ', rq->form.items[i].name))
            return OAUTH_ERROR("invalid_request", "beside a signed request there must be no other parameters");
    json_t *claims;
    const struct request_object_rules rules = {
        .algs = client_algs(client, client->backchannel_request_alg), .exp = true, .window = true};
    struct oauth_error error = request_object_open(request->provider, rq, client, object, &rules, &claims);
    if (error.code)
        return OAUTH_ERROR("invalid_request", error.description);
    int64_t iat;
    if (!json_int(claims, "iat", 0, INT64_MAX / 2, &iat) || json_str(claims, "jti").n == 0)
        return OAUTH_ERROR("invalid_request", "the request object has no iat or no jti");
    if (!request_object_parameters(rq->arena, claims, &text))
        return OAUTH_ERROR("invalid_request", "the request object has a parameter of a wrong type");
    struct params *params = ARENA_NEW(rq->arena, struct params);
    *params = params_parse(rq->arena, text, authorize_repeatable);
    request->sent = request->params = params;
    return OAUTH_OK;
}

/* Whom the request is for: exactly one hint (section 7.1). A KIdC is not looked up: nobody learns here who exists. */
static struct oauth_error take_hint(struct backchannel *backchannel)
{
    struct authorize_request *request = &backchannel->request;
    str login = authorize_param(request, "login_hint"), token = authorize_param(request, "id_token_hint");
    if (authorize_param(request, "login_hint_token").p)
        return OAUTH_ERROR("invalid_request", "login_hint_token is not supported");
    if ((login.p != NULL) == (token.p != NULL))
        return OAUTH_ERROR("invalid_request", "one of login_hint and id_token_hint must say whom the request is for");
    backchannel->pending.subject_hint = request->interaction.subject_hint;
    if (!login.p)
        return OAUTH_OK;
    struct kidc kidc;
    if (!kidc_parse(login, &kidc))
        return OAUTH_ERROR("unknown_user_id", "login_hint must be a KIdC");
    backchannel->pending.resident = resident_of(request->provider->keys, request->rq->arena, &kidc);
    return OAUTH_OK;
}

static struct oauth_error take_message(struct backchannel *backchannel)
{
    str message = authorize_param(&backchannel->request, "binding_message");
    bool fine = message.n <= MESSAGE_BYTES_MAX && str_is_utf8(message);
    size_t letters = 0;
    for (size_t i = 0; i < message.n && fine; i++) {
        unsigned char c = (unsigned char)message.p[i];
        fine = c >= 0x20 && c != 0x7f && !str_turns_direction(message, i);
        letters += (c & 0xc0) != 0x80;
    }
    backchannel->pending.binding_message = message;
    return fine && letters <= MESSAGE_MAX
               ? OAUTH_OK
               : OAUTH_ERROR("invalid_binding_message", "binding_message must be plain text of at most 60 characters");
}

static struct oauth_error take_life(struct backchannel *backchannel)
{
    const struct settings *settings = backchannel->request.provider->settings;
    str text = authorize_param(&backchannel->request, "requested_expiry");
    uint64_t seconds = (uint64_t)settings->life_backchannel;
    if (text.p && (!str_to_u64(text, INT32_MAX, &seconds) || seconds == 0))
        return OAUTH_ERROR("invalid_request", "requested_expiry must be a number of seconds from 1");
    uint64_t most = (uint64_t)settings->life_backchannel;
    backchannel->life = (int64_t)(seconds < most ? seconds : most);
    return OAUTH_OK;
}

static struct oauth_error take_notification(struct backchannel *backchannel, str auth_req_id)
{
    struct authorize_request *request = &backchannel->request;
    str token = authorize_param(request, "client_notification_token");
    if (request->client->delivery != DELIVERY_PING)
        return OAUTH_OK;
    bool fine = token.n >= NOTIFICATION_MIN && token.n <= NOTIFICATION_MAX && str_is_printable(token);
    for (size_t i = 0; i < token.n && fine; i++) /* token68 (RFC 6750 section 2.1) */
        fine = token.p[i] != ' ' && token.p[i] != '"' && token.p[i] != '\\' && token.p[i] != ',';
    if (!fine)
        return OAUTH_ERROR("invalid_request",
                           "client_notification_token must be a bearer token of 22 to 1024 characters");
    backchannel->pending.sealed_ping = ciba_ping_seal(request->provider, request->rq->arena, token, auth_req_id);
    return OAUTH_OK;
}

static struct oauth_error check(struct backchannel *backchannel, str auth_req_id)
{
    struct authorize_request *request = &backchannel->request;
    if (!(request->client->grants & GRANT_CIBA))
        return OAUTH_ERROR("unauthorized_client", "the client is not registered for this grant");
    struct oauth_error error = take_parameters(backchannel);
    if (!error.code && authorize_param(request, "user_code").p)
        error = OAUTH_ERROR("invalid_request", "user_code is not supported");
    if (!error.code && !str_list_has(authorize_param(request, "scope"), ' ', STR("openid")))
        error = OAUTH_ERROR("invalid_scope", "scope must have openid");
    request->interaction.client_id = request->client->id;
    if (!error.code)
        error = pipeline_run(request);
    if (!error.code)
        error = take_hint(backchannel);
    if (!error.code)
        error = take_message(backchannel);
    if (!error.code)
        error = take_life(backchannel);
    return error.code ? error : take_notification(backchannel, auth_req_id);
}

/* Who asked for whom, whatever comes of it. */
static void audit(const struct backchannel *backchannel)
{
    const struct authorize_request *request = &backchannel->request;
    str resident = backchannel->pending.resident;
    struct audit_entry entry = {
        .action = STR("backchannel.request"),
        .outcome = STR("ok"),
        .actor = arena_printf(request->rq->arena, "client:%.*s", STR_FMT(request->client->id)),
        .client_id = request->client->id,
        .subject = backchannel->pending.subject_hint,
        .request_id = str_of(request->rq->id),
        .peer = request->rq->peer,
        .detail = resident.p ? arena_printf(request->rq->arena, "for resident:%.*s", STR_FMT(resident)) : STR_NONE};
    audit_later(request->provider->audit, &entry);
}

/* Section 7.3. */
static struct oauth_error store_and_tell(struct backchannel *backchannel, str auth_req_id)
{
    const struct authorize_request *request = &backchannel->request;
    struct arena *arena = request->rq->arena;
    struct decoupled *pending = &backchannel->pending;
    pending->kind = RECORD_BACKCHANNEL;
    pending->client_id = request->client->id;
    pending->parameters = decoupled_parameters(request->provider, arena, request->params);
    if (pending->parameters.n > DECOUPLED_PARAMETERS_MAX)
        return OAUTH_ERROR_STATUS(413, "invalid_request", "the request is too large");
    pending->interval = INTERVAL;
    pending->expires_at = clock_now() + backchannel->life;
    struct store_op op = decoupled_create_op(arena, auth_req_id, pending);
    if (store_write(request->provider->store, &op, 1) != STORE_OK)
        return OAUTH_UNAVAILABLE;
    if (pending->resident.p)
        http_wake(request->provider->http, decoupled_topic(arena, pending->resident)); /* open authenticators */
    audit(backchannel);
    struct buf json = buf_new(arena, 160);
    buf_char(&json, '{');
    buf_json_str(&json, "auth_req_id", auth_req_id);
    buf_json_int(&json, "expires_in", backchannel->life);
    buf_json_int(&json, "interval", INTERVAL);
    buf_char(&json, '}');
    respond_json(request->rq, 200, buf_str(&json));
    return OAUTH_OK;
}

void backchannel_handle(struct request *rq, void *context)
{
    struct backchannel backchannel = {.request = {.provider = context, .rq = rq, .at = AT_BACKCHANNEL}};
    struct oauth_error error = client_authenticate(context, rq, &backchannel.request.client);
    str auth_req_id = random_token(rq->arena, 32);
    if (!error.code)
        error = check(&backchannel, auth_req_id);
    if (!error.code)
        error = store_and_tell(&backchannel, auth_req_id);
    if (error.code)
        oauth_respond_error(rq, error);
}

void backchannel_approve_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct decoupled pending;
    str key;
    enum store_result result = base64url_decode(rq->arena, rq->tail, &key)
                                   ? decoupled_load(provider->store, rq->arena, RECORD_BACKCHANNEL, key, &pending)
                                   : STORE_NOT_FOUND;
    if (result == STORE_OK)
        decoupled_begin(provider, rq, &pending);
    else if (result == STORE_NOT_FOUND)
        decoupled_over(provider, rq);
    else
        oauth_error_page(provider, rq, 503, OAUTH_UNAVAILABLE);
}
