/* The request pipeline: one table of small steps, in order. */
#ifndef KONSAO_OAUTH_PIPELINE_H
#define KONSAO_OAUTH_PIPELINE_H

#include "oauth/request/request.h"

/** Runs every step until one finds a fault, which it returns (RFC 6749 section 4.1.1, OpenID Connect Core
 * section 3.1.2.2). */
struct oauth_error pipeline_run(struct authorize_request *request);

#endif
