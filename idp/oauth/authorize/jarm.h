/* The JWT Secured Authorization Response Mode (JARM): all of an authorization response in one signed, maybe encrypted,
 * parameter. */
#ifndef KONSAO_OAUTH_JARM_H
#define KONSAO_OAUTH_JARM_H

#include "oauth/nested.h"

#define JARM_LIFE 300 /* seconds; at most ten minutes (JARM section 2.1) */

/** Whether `response_mode` is one of JARM's. */
bool jarm_is_mode(str response_mode);

/** The value of `response`: the `count` parameters, with iss, aud and exp. False as nested_make. */
MUST_CHECK bool jarm_make(const struct provider *provider, struct request *rq, const struct client *client,
                          const struct param *params, size_t count, str *response);

#endif
