#include "oauth/client/presented.h"

#include <string.h>

#include "base/buf.h"
#include "oauth/client/dpop.h"

struct oauth_error presented_token(struct request *rq, str *token, bool *dpop_scheme)
{
    str header = request_header(rq, "Authorization"), scheme, value;
    str in_form = params_get(&rq->form, "access_token");
    *token = STR_NONE;
    *dpop_scheme = false;
    if (params_get(&rq->query, "access_token").p) /* it would end up in logs and histories (RFC 9700 section 4.3.2) */
        return OAUTH_ERROR("invalid_request", "the access token must not be in the query");
    if (rq->form.status != PARAMS_OK || (header.p && in_form.p))
        return OAUTH_ERROR("invalid_request", "the access token must be sent once");
    if (in_form.p)
        *token = in_form;
    if (!header.p || !str_cut(header, ' ', &scheme, &value))
        return OAUTH_OK;
    *dpop_scheme = str_eq_nocase(scheme, STR("DPoP"));
    if (*dpop_scheme || str_eq_nocase(scheme, STR("Bearer")))
        *token = str_trim(value);
    return OAUTH_OK;
}

struct oauth_error bearer_token(struct request *rq, str *token)
{
    bool dpop_scheme;
    struct oauth_error error = presented_token(rq, token, &dpop_scheme);
    if (dpop_scheme)
        *token = STR_NONE;
    return error;
}

static void challenge(struct request *rq, const char *scheme, struct oauth_error error, const char *more)
{
    str text = arena_printf(rq->arena, "%s realm=\"konsao\"", scheme);
    if (error.code)
        text = arena_printf(rq->arena, "%s, error=\"%s\", error_description=\"%s\"", text.p, error.code,
                            error.description);
    response_header(rq, "WWW-Authenticate", arena_printf(rq->arena, "%s%s", text.p, more));
}

static void respond_fault(struct request *rq, struct oauth_error error)
{
    if (!error.code) {
        respond_json(rq, 401, STR("{}"));
        return;
    }
    struct buf json = buf_new(rq->arena, 128);
    buf_char(&json, '{');
    buf_json_str(&json, "error", str_of(error.code));
    buf_json_str(&json, "error_description", str_of(error.description));
    buf_char(&json, '}');
    respond_json(rq, error.status ? error.status : 400, buf_str(&json));
}

void bearer_respond_error(struct request *rq, struct oauth_error error)
{
    challenge(rq, "Bearer", error, "");
    respond_fault(rq, error);
}

void presented_respond_error(struct request *rq, struct oauth_error error)
{
    bool of_proof =
        error.code && (strcmp(error.code, "invalid_dpop_proof") == 0 || strcmp(error.code, "use_dpop_nonce") == 0);
    if (!of_proof)
        challenge(rq, "Bearer", error, "");
    challenge(rq, "DPoP", error, ", algs=\"" DPOP_ALG_NAMES "\"");
    respond_fault(rq, error);
}
