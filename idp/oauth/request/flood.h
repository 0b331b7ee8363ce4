/* How much one address may have stored: each request that waits for a person takes room. */
#ifndef KONSAO_OAUTH_FLOOD_H
#define KONSAO_OAUTH_FLOOD_H

#include "provider.h"

/** Counts one more request of this address; true if it has begun too many lately (limit.requests_per_ip). Waits for the
 * store. */
bool flood_of_requests(struct provider *provider, struct request *rq);

#endif
