#include "oauth/client/binding.h"

#include "base/clock.h"
#include "crypto/certificate.h"
#include "oauth/client/dpop.h"

#define REFUSED(why) OAUTH_ERROR_STATUS(401, "invalid_token", (why))

static str thumbprint_of(const struct request *rq)
{
    struct certificate *certificate = certificate_from_der(rq->arena, rq->client_certificate);
    return certificate ? certificate_thumbprint(certificate, rq->arena) : STR_NONE;
}

struct oauth_error binding_of_request(struct provider *provider, struct request *rq, const struct client *client,
                                      struct binding *out)
{
    *out = (struct binding){0};
    struct oauth_error error = dpop_check_request(provider, rq, STR_NONE, &out->jkt);
    if (error.code)
        return error;
    if (client->certificate_bound)
        out->x5t = thumbprint_of(rq);
    bool key = out->jkt.p, certificate = out->x5t.p;
    if (client->dpop_bound && !key && !(client->certificate_bound && certificate))
        return OAUTH_ERROR("invalid_request", "the client's tokens are bound to a key: a DPoP proof is needed");
    if (client->certificate_bound && !certificate && !(client->dpop_bound && key))
        return OAUTH_ERROR("invalid_request", "the client's tokens are bound to its certificate: none was sent");
    if (client->rules->sender_constraint && !key && !certificate)
        return OAUTH_ERROR("invalid_request", "the client's profile asks for a DPoP proof or a bound certificate");
    return OAUTH_OK;
}

const char *binding_fault(const struct binding *binding, str jkt, str x5t)
{
    if (jkt.p && !str_eq(binding->jkt, jkt))
        return "it is bound to another DPoP key";
    if (x5t.p && !str_eq(binding->x5t, x5t))
        return "it is bound to another certificate";
    return NULL;
}

static struct oauth_error check_key(struct provider *provider, struct request *rq, str token, str bound_to)
{
    str jkt;
    struct oauth_error error = dpop_check_request(provider, rq, token, &jkt);
    if (!error.code && !jkt.p)
        error = OAUTH_ERROR("invalid_dpop_proof", "the DPoP proof is missing");
    if (error.code && !error.status)
        error.status = 401;
    if (!error.code && !str_eq(jkt, bound_to))
        error = REFUSED("the access token is bound to another key");
    return error;
}

struct oauth_error binding_check_resource(struct provider *provider, struct request *rq, str token, bool dpop_scheme,
                                          const struct token_subject *of)
{
    struct oauth_error error = OAUTH_OK;
    if (of->jkt.p && !dpop_scheme) /* RFC 9449 section 7.2: never as a bearer token */
        error = REFUSED("the access token is bound to a key: send it with the scheme DPoP and a proof");
    else if (!of->jkt.p && dpop_scheme)
        error = REFUSED("the access token is not bound to a DPoP key");
    else if (of->jkt.p)
        error = check_key(provider, rq, token, of->jkt);
    if (!error.code && of->x5t.p && !str_eq(thumbprint_of(rq), of->x5t))
        error = REFUSED("the access token is bound to another certificate");
    return error;
}

void binding_add_confirmation(struct buf *json, const struct token_subject *of)
{
    if (!of->jkt.p && !of->x5t.p)
        return;
    struct buf cnf = buf_new(json->arena, 128);
    buf_char(&cnf, '{');
    buf_json_str(&cnf, "jkt", of->jkt);
    buf_json_str(&cnf, "x5t#S256", of->x5t);
    buf_char(&cnf, '}');
    buf_json_raw(json, "cnf", buf_str(&cnf));
}

str binding_token_type(const struct token_subject *of)
{
    return of->jkt.p ? STR("DPoP") : STR("Bearer");
}
