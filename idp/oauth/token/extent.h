/* How far an access token reaches: the part of its grant that a token request asks for. */
#ifndef KONSAO_OAUTH_EXTENT_H
#define KONSAO_OAUTH_EXTENT_H

#include "oauth/token/token.h"

/** Narrows `of`, a copy of what was granted, to the resources (RFC 8707 section 2.2) and authorization details (RFC
 * 9396 section 6) that the request names. Without a named resource the token is for userinfo when its scope has openid,
 * else for all resources that were granted. */
struct oauth_error extent_narrow(const struct token_request *request, struct token_subject *of);
/** For an organization's own token: the part of its registered audience that the request names, or all of it. */
struct oauth_error extent_of_client(const struct token_request *request, struct token_subject *of);

#endif
