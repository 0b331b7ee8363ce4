#include "oauth/request/request_object.h"

#include <stdatomic.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/json.h"
#include "oauth/client/client_keys.h"
#include "oauth/request/flood.h"
#include "oauth/request/request.h"

#define WINDOW 3600           /* seconds */
#define SKEW 60               /* seconds that clocks may differ, as for client assertions */
#define TIME_MAX 253402300799 /* the year 9999 */
#define FETCHES_MAX 8         /* of request_uri at a time: a quarter of what outbound/ does at once */
#define REFUSED(why) OAUTH_ERROR("invalid_request_object", (why))

static atomic_uint fetching;

/* ---- whose it is, for whom, and when ---- */

static bool audience_is_us(const struct provider *provider, const json_t *claims)
{
    const json_t *aud = json_object_get(claims, "aud");
    str issuer = provider->settings->issuer;
    if (json_is_string(aud))
        return str_eq(json_str(claims, "aud"), issuer);
    for (size_t i = 0; i < json_array_size(aud); i++)
        if (str_eq(str_of(json_string_value(json_array_get(aud, i))), issuer))
            return true;
    return false;
}

/* A time that is there must be one, whether it must be there or not. */
static bool read_time(const json_t *claims, const char *name, bool *given, int64_t *out)
{
    *given = json_object_get(claims, name);
    return !*given || json_int(claims, name, 0, TIME_MAX, out);
}

static const char *check_times(const json_t *claims, const struct request_object_rules *rules)
{
    int64_t now = clock_now(), exp = 0, nbf = 0, iat = 0;
    bool has_exp, has_nbf, has_iat;
    if (!read_time(claims, "exp", &has_exp, &exp) || !read_time(claims, "nbf", &has_nbf, &nbf) ||
        !read_time(claims, "iat", &has_iat, &iat))
        return "exp, nbf or iat of the request object is not a time";
    if (!has_exp && (rules->exp || rules->window))
        return "the request object has no exp";
    if (has_exp && exp + SKEW <= now)
        return "the request object has expired";
    if ((has_nbf && nbf > now + SKEW) || (has_iat && iat > now + SKEW))
        return "the request object is not valid yet";
    if (!rules->window)
        return NULL;
    if (!has_nbf)
        return "the request object has no nbf";
    if (nbf + WINDOW + SKEW < now)
        return "nbf of the request object is more than an hour ago";
    return exp > nbf + WINDOW ? "the request object is valid for more than an hour" : NULL;
}

/* `sub` has no place in it, and one that names the client would make it pass for a client assertion (RFC 9101 section
 * 10.8). */
static const char *check_claims(const struct provider *provider, const struct client *client, const json_t *claims,
                                const struct request_object_rules *rules)
{
    if (!str_eq(json_str(claims, "iss"), client->id))
        return "iss of the request object must be the client_id";
    if (!audience_is_us(provider, claims))
        return "aud of the request object must be the issuer";
    if (str_eq(json_str(claims, "sub"), client->id))
        return "sub of the request object must not be the client_id";
    return check_times(claims, rules);
}

static bool type_is_known(str typ)
{
    return !typ.p || str_eq_nocase(typ, STR("oauth-authz-req+jwt")) || str_eq_nocase(typ, STR("JWT"));
}

struct oauth_error request_object_open(struct provider *provider, struct request *rq, const struct client *client,
                                       str text, const struct request_object_rules *rules, json_t **claims)
{
    struct jws_parts jws;
    struct jwe_parts jwe;
    str signed_text = text;
    if (jwe_is_form(text) &&
        !ring_decrypt(provider->keys, rq->arena, text, REQUEST_OBJECT_BYTES_MAX, &jwe, &signed_text))
        return REFUSED("the request object cannot be decrypted");
    if (!jws_parse(rq->arena, signed_text, REQUEST_OBJECT_BYTES_MAX, &jws) || !type_is_known(jws.typ))
        return REFUSED("the request object is not a signed JWT");
    if (!(rules->algs & JOSE_ALG_BIT(jws.alg)))
        return REFUSED("the request object is signed with an algorithm that the client may not use");
    if (!client_verify(provider, rq, client, &jws, rules->algs))
        return REFUSED("the request object is not signed with a registered key of the client");
    const char *fault = check_claims(provider, client, jws.payload, rules);
    if (fault)
        return REFUSED(fault);
    *claims = jws.payload;
    return OAUTH_OK;
}

/* ---- its parameters ---- */

static void add_parameter(struct buf *text, const char *name, str value)
{
    if (value.n == 0) /* as an empty parameter: it counts as absent */
        return;
    if (text->n > 0)
        buf_char(text, '&');
    buf_add_urlencoded(text, str_of(name));
    buf_char(text, '=');
    buf_add_urlencoded(text, value);
}

/* The value of each string in an array, for what may stand more than once. */
static bool add_each(struct buf *text, const char *name, const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        if (!json_is_string(item))
            return false;
        add_parameter(text, name, str_bytes(json_string_value(item), json_string_length(item)));
    }
    return true;
}

static bool may_repeat(str name)
{
    for (size_t i = 0; authorize_repeatable[i]; i++)
        if (str_is(name, authorize_repeatable[i]))
            return true;
    return false;
}

static bool add_claim(struct arena *arena, struct buf *text, const char *name, const json_t *value)
{
    if (json_is_array(value) && may_repeat(str_of(name)))
        return add_each(text, name, value);
    if (json_is_string(value))
        add_parameter(text, name, str_bytes(json_string_value(value), json_string_length(value)));
    else if (json_is_boolean(value))
        add_parameter(text, name, json_is_true(value) ? STR("true") : STR("false"));
    else if (json_is_integer(value))
        add_parameter(text, name, arena_printf(arena, "%lld", (long long)json_integer_value(value)));
    else if (json_is_object(value) || (json_is_array(value) && str_is(str_of(name), "authorization_details")))
        add_parameter(text, name, json_text(arena, value));
    else
        return false;
    return true;
}

bool request_object_parameters(struct arena *arena, json_t *claims, str *out)
{
    static const str of_the_jwt = STR_INIT("iss aud sub exp nbf iat jti");
    struct buf text = buf_new(arena, 1024);
    const char *name;
    json_t *value;
    json_object_foreach(claims, name, value)
    {
        str is = str_of(name);
        if (str_is(is, "request") || str_is(is, "request_uri"))
            return false;
        if (!str_list_has(of_the_jwt, ' ', is) && !add_claim(arena, &text, name, value))
            return false;
    }
    *out = buf_str(&text);
    return true;
}

/* ---- as a step of the pipeline ---- */

/* Whether what stands beside the object counts where the object is silent (OpenID Connect Core section 6.1): never for
 * who wants its requests signed (RFC 9101 section 6.3), nor in what is pushed (RFC 9126 section 3). */
static bool is_merged(const struct authorize_request *request)
{
    return request->at == AT_AUTHORIZE && request->client->profile == PROFILE_OPEN &&
           !request->client->require_signed_request;
}

/* What both say must agree, where a request without the object would have to have it (OpenID Connect Core section 6.1).
 */
static struct oauth_error check_agreement(const struct authorize_request *request, const struct params *inside)
{
    str outer = params_nonempty(request->sent, "response_type"), inner = params_nonempty(inside, "response_type");
    str id = params_nonempty(inside, "client_id");
    if (id.p ? !str_eq(id, request->client->id) : !is_merged(request))
        return REFUSED("client_id of the request object must be the client that sends it");
    if (is_merged(request) && outer.p && inner.p && !str_eq(outer, inner))
        return OAUTH_ERROR("invalid_request", "response_type differs inside and outside of the request object");
    return OAUTH_OK;
}

/* The object's parameters, then those beside it that it does not have. */
static str merge(const struct authorize_request *request, str object, const struct params *inside)
{
    struct buf text = buf_new(request->rq->arena, object.n + 256);
    buf_add(&text, object);
    for (size_t i = 0; i < request->sent->count; i++) {
        const struct param *param = &request->sent->items[i];
        char *name = arena_cstr(request->rq->arena, param->name);
        if (!str_is(param->name, "request") && !str_is(param->name, "request_uri") && !params_nonempty(inside, name).p)
            add_parameter(&text, name, param->value);
    }
    return buf_str(&text);
}

static struct oauth_error take_parameters(struct authorize_request *request, json_t *claims)
{
    struct arena *arena = request->rq->arena;
    str object;
    if (!request_object_parameters(arena, claims, &object))
        return REFUSED("the request object has a parameter of a wrong type, or one that it must not have");
    struct params *params = ARENA_NEW(arena, struct params);
    *params = params_parse(arena, object, authorize_repeatable);
    if (params->status != PARAMS_OK)
        return REFUSED("the request object has too many parameters, or one that is not well-formed");
    struct oauth_error error = check_agreement(request, params);
    if (error.code)
        return error;
    if (is_merged(request)) {
        object = merge(request, object, params);
        *params = params_parse(arena, object, authorize_repeatable);
    }
    request->object = object;
    request->params = params;
    request->is_signed = true;
    return OAUTH_OK;
}

/* Registered byte for byte; what follows '#' is not sent to anybody and may change with the content (OpenID Connect
 * Core section 6.2). */
static bool uri_is_registered(const struct client *client, str uri)
{
    str wanted, registered, fragment;
    str_cut(uri, '#', &wanted, &fragment);
    for (size_t i = 0; i < client->request_uris.count; i++) {
        str_cut(client->request_uris.items[i], '#', &registered, &fragment);
        if (str_eq(wanted, registered))
            return true;
    }
    return false;
}

/* Anybody may have us fetch, any number of times, and from servers that take their time: that shall not keep us from
 * fetching keys and sending notices. */
static bool begin_fetch(const struct authorize_request *request)
{
    if (atomic_fetch_add(&fetching, 1) < FETCHES_MAX && !flood_of_requests(request->provider, request->rq))
        return true;
    atomic_fetch_sub(&fetching, 1);
    return false;
}

static struct oauth_error fetch(const struct authorize_request *request, str uri, str *object)
{
    struct outbound_answer answer;
    str why = STR_NONE, url, fragment;
    if (!uri_is_registered(request->client, uri))
        return OAUTH_ERROR("request_uri_not_supported", "request_uri must be one that is registered for the client");
    str_cut(uri, '#', &url, &fragment);
    struct outbound_request get = {.url = url,
                                   .accept = STR("application/oauth-authz-req+jwt, application/jwt"),
                                   .answer_max = REQUEST_OBJECT_BYTES_MAX};
    if (!begin_fetch(request))
        return OAUTH_ERROR("temporarily_unavailable", "too many request objects are being fetched");
    enum outbound_result result = outbound_fetch(request->provider->outbound, request->rq->arena, &get, &answer, &why);
    atomic_fetch_sub(&fetching, 1);
    if (result != OUTBOUND_ANSWERED || answer.status != 200) {
        log_warn("request_uri.fetch failed client=%.*s result=%s why=\"%.*s\"", STR_FMT(request->client->id),
                 outbound_result_name(result), STR_FMT(why));
        return OAUTH_ERROR("invalid_request_uri", "no request object could be fetched from request_uri");
    }
    *object = str_trim(answer.body);
    return OAUTH_OK;
}

struct oauth_error take_request_object(struct authorize_request *request)
{
    str object = authorize_param(request, "request"), uri = authorize_param(request, "request_uri");
    const struct client *client = request->client;
    if (request->interaction.origin_key.p || (!object.p && !uri.p))
        return OAUTH_OK;
    struct oauth_error error = check_parameters(request);
    if (!error.code && object.p && uri.p)
        error = OAUTH_ERROR("invalid_request", "request and request_uri exclude each other");
    if (!error.code && uri.p && request->at == AT_PAR) /* RFC 9126 section 2.1 */
        error = OAUTH_ERROR("invalid_request", "request_uri cannot be pushed");
    if (!error.code && uri.p)
        error = fetch(request, uri, &object);
    if (error.code)
        return error;
    json_t *claims;
    const struct request_object_rules rules = {.algs = client_algs(client, client->request_alg),
                                               .exp = client->profile != PROFILE_OPEN,
                                               .window = client->rules->signed_request};
    error = request_object_open(request->provider, request->rq, client, object, &rules, &claims);
    return error.code ? error : take_parameters(request, claims);
}

struct oauth_error check_signed(struct authorize_request *request)
{
    if (request->client->require_signed_request && !request->is_signed)
        return OAUTH_ERROR("invalid_request", "the client must send its request as a signed request object");
    return OAUTH_OK;
}
