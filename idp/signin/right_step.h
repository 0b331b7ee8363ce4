/* Of this room only: whether the person who signed in may use a back office (a client with officers_only) at all. */
#ifndef KONSAO_SIGNIN_RIGHT_STEP_H
#define KONSAO_SIGNIN_RIGHT_STEP_H

#include "signin/visit.h"

/** Whether who is signed in has a right at the client: STORE_NOT_FOUND when it needs one and there is none. */
MUST_CHECK enum store_result right_check(struct provider *provider, struct request *rq,
                                         const struct interaction *interaction, const struct client *client,
                                         const struct session *session);
/** The same for who was adopted in a visit. False, and answered, when the sign-in does not go on: with a page from
 * which the person goes back to the client, or signs in as somebody else. The attempt is in the audit record. */
MUST_CHECK bool right_proceed(struct visit *visit);

/** Adds to the consent page what a back office is told of the person. */
void right_add(struct visit *visit, struct view *view);

#endif
