/* Tokens that are presented to us as to a protected resource, and how such requests are refused. */
#ifndef KONSAO_OAUTH_PRESENTED_H
#define KONSAO_OAUTH_PRESENTED_H

#include "oauth/error.h"

/** The access token of a request to a protected resource: from the Authorization header, with the scheme Bearer or DPoP
 * in any case, or (POST) the form's access_token, never both (RFC 6750 section 2, RFC 9449 section 7.1). STR_NONE:
 * none. */
struct oauth_error presented_token(struct request *rq, str *token, bool *dpop_scheme);
/** Answers a resource's error with WWW-Authenticate challenges, one for each scheme (RFC 6750 section 3, RFC 9449
 * section 7.1). An error without a code: no token was sent. */
void presented_respond_error(struct request *rq, struct oauth_error error);

/** The same for what is always a bearer token. */
struct oauth_error bearer_token(struct request *rq, str *token);
void bearer_respond_error(struct request *rq, struct oauth_error error);

#endif
