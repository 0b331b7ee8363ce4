/* Rich authorization requests (RFC 9396): what a client may do, said in detail, in types that the operator registered.
 */
#ifndef KONSAO_OAUTH_AUTHORIZATION_DETAILS_H
#define KONSAO_OAUTH_AUTHORIZATION_DETAILS_H

#include "oauth/error.h"

/** Checks an authorization_details parameter: a JSON array of objects, each of a type that is registered and that the
 * client may ask for, each fitting it. `*out` is the compact text; STR_NONE for none. */
struct oauth_error authorization_details_check(const struct provider *provider, struct arena *arena,
                                               const struct client *client, str parameter, str *out);
/** The details that a token request asks for (section 6): each must be one of those granted, all of them when it asks
 * for none. */
struct oauth_error authorization_details_choose(struct arena *arena, str parameter, str granted, str *out);

#endif
