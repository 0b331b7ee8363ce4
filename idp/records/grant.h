/* A grant: what one authorization gave a client. All tokens that come of it point back to it, so that ending it ends
 * them. */
#ifndef KONSAO_RECORDS_GRANT_H
#define KONSAO_RECORDS_GRANT_H

#include "store/store.h"

struct grant {
    str key; /* of the record, time-ordered; not part of it */
    str client_id, resident, subject, scope, claims, consent_id;
    str sid; /* the session it came of; STR_NONE for one that outlives the session (offline_access) */
    int64_t created_at, expires_at;
};

MUST_CHECK enum store_result grant_load(struct store *store, struct arena *arena, str key, struct grant *out);
/** The op that stores it. Written again under IF_PRESENT it says, in a batch, "only while this grant stands". */
struct store_op grant_op(struct arena *arena, const struct grant *grant, enum store_condition condition);
/** Ends a grant and every token of it. What is gone already is fine. */
MUST_CHECK enum store_result grant_revoke(struct store *store, struct arena *arena, str key);
/** Ends all grants of a session (those bound to it). */
MUST_CHECK enum store_result grant_revoke_session(struct store *store, struct arena *arena, str sid);
/** Ends all grants that a client has of a resident. */
MUST_CHECK enum store_result grant_revoke_client(struct store *store, struct arena *arena, str resident, str client_id);

#endif
