/* The authorization response: back to the client through the browser, in the mode it asked for, with `iss` (RFC 9207),
 * or signed as a whole (JARM). For workers: a key to encrypt to may have to be fetched. */
#ifndef KONSAO_OAUTH_RESPONSE_H
#define KONSAO_OAUTH_RESPONSE_H

#include "oauth/request/request.h"

/** What was issued; STR_NONE: not part of the answer. */
struct issued {
    str code, id_token, access_token;
    int64_t expires_in; /* of the access token: seconds */
    str session_state;
};
/** Sends it. `interaction` says where to and how. */
void response_send(struct provider *provider, struct request *rq, const struct interaction *interaction,
                   const struct issued *issued);
/** Sends an error. */
void response_send_error(struct provider *provider, struct request *rq, const struct interaction *interaction,
                         struct oauth_error error);

/** Sends the browser on within the provider: to `path` ("/signin/", "/authorize/") and the interaction's id. */
void response_go_on(struct provider *provider, struct request *rq, const char *path,
                    const struct interaction *interaction);

#endif
