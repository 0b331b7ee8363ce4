/* What a resident has agreed to give a client. Durable; found by client and resident. */
#ifndef KONSAO_RECORDS_CONSENT_H
#define KONSAO_RECORDS_CONSENT_H

#include "store/store.h"

struct consent {
    str client_id, resident;
    str consent_id;         /* UUID, told to the register with each read */
    str scope;              /* agreed to */
    str resources;          /* whom tokens may be for, agreed to (RFC 8707), space-separated */
    str granted, declined;  /* claims, space-separated: together, all that was ever asked */
    int64_t given_at, expires_at;
};

MUST_CHECK enum store_result consent_load(struct store *store, struct arena *arena, str client_id, str resident, struct consent *out);
/** The op that stores it, to be written in one batch with its audit entry. */
struct store_op consent_op(struct arena *arena, const struct consent *consent);
/** The op that removes it. */
struct store_op consent_remove_op(struct arena *arena, const struct consent *consent);
#define CONSENTS_MAX 200
/** A resident's consents, at most `most`; how many in `*count`. */
MUST_CHECK enum store_result consent_list(struct store *store, struct arena *arena, str resident, struct consent *out,
                                          size_t most, size_t *count);
/** Whether it answers everything that is asked: each scope agreed to, each claim granted or (unless it is in `essential`) declined. */
bool consent_covers(const struct consent *consent, str scope, str claims, str essential);

#endif
