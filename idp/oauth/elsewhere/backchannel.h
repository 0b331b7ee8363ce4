/* Client-initiated backchannel authentication (OpenID Connect CIBA Core 1.0), poll and ping. */
#ifndef KONSAO_OAUTH_BACKCHANNEL_H
#define KONSAO_OAUTH_BACKCHANNEL_H

#include "http/http.h"

/** POST /backchannel (section 7). */
http_handler backchannel_handle;
/** GET /approve/REFERENCE: the person's way to a request, where REFERENCE is base64url(SHA-256(auth_req_id)): the
 * client can make this link, and nobody who sees it learns the auth_req_id. */
http_handler backchannel_approve_handle;

#endif
