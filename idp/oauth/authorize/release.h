/* Releasing a person's attributes to a client: only here are they read from the register, and only what was consented
 * to. */
#ifndef KONSAO_OAUTH_RELEASE_H
#define KONSAO_OAUTH_RELEASE_H

#include "provider.h"
#include "records/session.h"
#include "records/token.h"

/** Reads what `interaction` granted, with the sign-in's own token, and makes the claims of the ID token and of
 * userinfo. Nothing is read when nothing but the subject was granted. IPIS_WRONG: the register no longer takes the
 * sign-in's token. `*xroad_id` (may be STR_NONE) is for the audit record. */
MUST_CHECK enum ipis_result release_claims(struct provider *provider, struct request *rq,
                                           const struct interaction *interaction, const struct person *person,
                                           struct claim_texts *out, str *xroad_id);

#endif
