/* The grants of requests that are answered elsewhere: device_code (RFC 8628 section 3.4) and CIBA (CIBA Core 1.0
 * section 10.1). */
#include "oauth/elsewhere/decoupled.h"

struct oauth_error grant_device_code(struct token_request *request, struct token_answer *answer)
{
    str code = params_nonempty(&request->rq->form, "device_code");
    return code.p ? decoupled_poll(request, RECORD_DEVICE, code, answer)
                  : OAUTH_ERROR("invalid_request", "device_code is missing");
}

struct oauth_error grant_ciba(struct token_request *request, struct token_answer *answer)
{
    str id = params_nonempty(&request->rq->form, "auth_req_id");
    return id.p ? decoupled_poll(request, RECORD_BACKCHANNEL, id, answer)
                : OAUTH_ERROR("invalid_request", "auth_req_id is missing");
}
