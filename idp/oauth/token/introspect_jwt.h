/* JWT responses for introspection (RFC 9701): signed evidence of what a token was worth, for callers that must be able
 * to show it later, or that are reached through others. */
#ifndef KONSAO_OAUTH_INTROSPECT_JWT_H
#define KONSAO_OAUTH_INTROSPECT_JWT_H

#include "provider.h"

/** Whether an Accept header (STR_NONE: none) names application/token-introspection+jwt. */
bool introspect_wants_jwt(str accept);
/** Answers `caller` with `description`, the JSON object of RFC 7662 section 2.2: as a JWT if it asked for that or is
 * registered so, else as it is. As nested_make, it may move to a worker. */
void introspect_respond(struct provider *provider, struct request *rq, const struct client *caller, str description);

#endif
