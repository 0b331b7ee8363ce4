/* OpenID Connect Session Management 1.0: how a client can ask, in the browser and without a request, whether the
 * session that it knows of still is this browser's. Browsers that keep cookies out of other sites' frames make it
 * useless; there the answer is "error", and back-channel logout is the way. */
#ifndef KONSAO_OAUTH_SESSION_STATE_H
#define KONSAO_OAUTH_SESSION_STATE_H

#include "provider.h"

/** A session_state (section 3.2): the salted hash that the page below computes as well. `state` is what session_show
 * returned; `origin` is written as browsers do; `salt` is in base64url. */
str session_state_value(struct arena *arena, str client_id, str origin, str state, str salt);
/** The session_state of the answer to `interaction`, for a session that ends at `session_ends_at` (seconds), which the
 * page below knows of from now on. It has a salt of its own, so that no two can be linked, neither of two clients nor
 * of one. STR_NONE, and nothing shown, when openid was not asked for, or no page can be at the redirect URI. */
str session_state_show(const struct provider *provider, struct request *rq, const struct interaction *interaction,
                       int64_t session_ends_at);

/** GET /session/check: the page for clients' frames, check_session_iframe (section 3.2). It is the same for everybody;
 * its script reads the browser's state and answers each message with one word. */
http_handler session_check_handle;

#endif
