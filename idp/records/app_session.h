/* An unlocked authenticator: for a few minutes after its passkey was used, its calls may read and change what is the
 * resident's. Bound to the device's key (DPoP). Lively; what it keeps of the person opens only with its token. */
#ifndef KONSAO_RECORDS_APP_SESSION_H
#define KONSAO_RECORDS_APP_SESSION_H

#include "records/authenticator.h"

#define APP_SESSION_LIFE 600 /* seconds */

struct app_session {
    str authenticator; /* the record's key */
    str resident, jkt;
    int64_t unlocked_at, expires_at; /* seconds */
    str sealed_person;               /* struct authenticator_person, under the token */
};

/** Gives the token of a new session for `authenticator`, whose person was opened, and the op that stores it. */
str app_session_create(struct arena *arena, const struct authenticator *authenticator,
                       const struct authenticator_person *person, struct store_op *op);
MUST_CHECK enum store_result app_session_load(struct store *store, struct arena *arena, str token,
                                              struct app_session *out);
/** Opens what it keeps of the person. */
MUST_CHECK bool app_session_person(struct arena *arena, const struct app_session *session, str token,
                                   struct authenticator_person *out);
/** Ends all sessions of an authenticator (its record's key). */
MUST_CHECK enum store_result app_session_end_all(struct store *store, struct arena *arena, str authenticator);

#endif
