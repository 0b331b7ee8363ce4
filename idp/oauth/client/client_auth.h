/* Who is calling: client authentication at the token, introspection and revocation endpoints (RFC 6749 section 2.3,
 * OpenID Connect Core section 9, RFC 8705 section 2). */
#ifndef KONSAO_OAUTH_CLIENT_AUTH_H
#define KONSAO_OAUTH_CLIENT_AUTH_H

#include "oauth/error.h"

/** Authenticates the client of a form request by exactly one method, the one it is registered for. A public client
 * (AUTH_NONE) is only named by client_id. On an error `*client` is NULL; every failure of whatever cause is
 * invalid_client, and too many of them from one address are 429. The request may move to a worker, which fetches the
 * client's keys (request_is_moving): then the error is not sent, and nothing but answering with it must be done. */
struct oauth_error client_authenticate(struct provider *provider, struct request *rq, const struct client **client);

/** The same without waiting, for event loops: only finds clients that bring their right secret. False: nothing is
 * decided, ask client_authenticate where one may wait. */
bool client_authenticate_by_secret(struct provider *provider, struct request *rq, const struct client **client);

/** private_key_jwt and client_secret_jwt (RFC 7523 section 3): whether `assertion` is the client's own, for us, in
 * date, and used for the first time. May move the request as client_authenticate does. */
struct oauth_error client_assertion_check(struct provider *provider, struct request *rq, const struct client *client,
                                          str assertion);
/** The client_id that an assertion claims to be of, before anything is believed; STR_NONE when it can't be read. */
str client_assertion_issuer(struct arena *arena, str assertion);

#endif
