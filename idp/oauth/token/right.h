/* The right of an official at a back office (records/officer.h), as tokens stand on it: read anew whenever something is
 * issued on it or told of it, so that a withdrawn or expired right ends all of it at once. */
#ifndef KONSAO_OAUTH_RIGHT_H
#define KONSAO_OAUTH_RIGHT_H

#include "oauth/token/token.h"
#include "records/officer.h"

/** The right that a token of `client` stands on, as it is now: STORE_NOT_FOUND when it is gone. STORE_OK with
 * `out->client_id` STR_NONE for a token that needs none: no person's, or no back office's. What was exchanged
 * (RFC 8693) stands on the right of what was brought. */
MUST_CHECK enum store_result right_of(const struct provider *provider, struct arena *arena, const struct client *client,
                                      const struct token_subject *of, struct officer *out);
/** The same for a token request: invalid_grant when the right is gone; and what is issued ends with it. */
struct oauth_error right_for(struct token_request *request, const struct token_subject *of, struct officer *out);

/** Whether the client is told of the right: what an official may do at one back office says nothing to whoever gets a
 * token by exchange. */
bool right_is_told(const struct officer *right, const struct token_subject *of);

#endif
