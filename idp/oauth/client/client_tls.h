/* Clients that are known by their certificate (RFC 8705 section 2). */
#ifndef KONSAO_OAUTH_CLIENT_TLS_H
#define KONSAO_OAUTH_CLIENT_TLS_H

#include "oauth/error.h"

/** Whether the certificate that came with the request is the client's: by the name that it registered in one that a
 * trusted authority (setting tls.client_ca) issued, or by a key that it registered, in one that it signed itself; in
 * date in any case. May ask for the client's published keys: moves the request to a worker for that
 * (request_is_moving). */
struct oauth_error client_tls_check(struct provider *provider, struct request *rq, const struct client *client);

#endif
