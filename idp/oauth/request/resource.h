/* Resource indicators (RFC 8707): whom an access token is for. */
#ifndef KONSAO_OAUTH_RESOURCE_H
#define KONSAO_OAUTH_RESOURCE_H

#include "oauth/error.h"

/** The `resource` parameters of a token request (section 2.2), each once, space-separated, if all are among `granted`;
 * else invalid_target. STR_NONE: none was named. */
struct oauth_error resource_choose(struct arena *arena, const struct params *params, str granted, str *out);

#endif
