/* A request that a client made for a person (CIBA), answered on that person's phone without any browser: the sign-in
 * room shows it there; what it is made of and what comes of it is decided here. For struct provider. */
#ifndef KONSAO_OAUTH_BY_PHONE_H
#define KONSAO_OAUTH_BY_PHONE_H

#include "provider.h"

/** For provider.open_elsewhere: checks anew what the waiting request `key` asks for, and stores an interaction for it
 * that belongs to no browser. STORE_NOT_FOUND when the request is over or can't be answered any more; STORE_ERROR also
 * when this address opened too many lately (limit.requests_per_ip). */
MUST_CHECK enum store_result by_phone_open(struct provider *provider, struct request *rq, str key,
                                           struct interaction *out);
/** For provider.finish_elsewhere: gives the client what `person` granted, or (STAGE_REFUSED) tells it the refusal.
 * `ends_at` (seconds): of the session that it counts as. Nothing is answered by HTTP here. */
MUST_CHECK enum elsewhere by_phone_finish(struct provider *provider, struct request *rq,
                                          struct interaction *interaction, const struct person *person,
                                          int64_t ends_at);

#endif
