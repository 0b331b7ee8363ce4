/* Who may use a back office (a client with officers_only): officials, by the operator's word, with what they are there.
 * A person without such a right does not get in, and whatever was issued on one is worth nothing without it. */
#ifndef KONSAO_RECORDS_OFFICER_H
#define KONSAO_RECORDS_OFFICER_H

#include "base/buf.h"
#include "store/store.h"

#define OFFICER_ROLES_MAX 16
#define OFFICER_ROLE_MAX 64          /* bytes of one */
#define OFFICER_ORGANIZATION_MAX 200 /* bytes */

/** One official's right at one client. */
struct officer {
    str client_id, resident; /* resident: the internal reference (resident_of) */
    str organization;        /* that the official works for, as the client is told */
    str roles;               /* space-separated, in the operator's order; at least one */
    int64_t granted_at;
    str granted_by;     /* the operator's account, as in the audit record */
    int64_t expires_at; /* 0: until it is withdrawn */
};

/** The right of `resident` at `client_id` as it is now: one read. STORE_NOT_FOUND when there is none, or it has
 * expired. */
MUST_CHECK enum store_result officer_load(struct store *store, struct arena *arena, str client_id, str resident,
                                          struct officer *out);
/** What a token keeps of the right that it stands on (struct token_subject), and the right by that. */
str officer_key(struct arena *arena, str client_id, str resident);
MUST_CHECK enum store_result officer_find(struct store *store, struct arena *arena, str key, struct officer *out);

/** The op that stores it, in place of an earlier one; and the one that withdraws it (STORE_CONFLICT: there is none).
 * Each is to be written in one batch with its audit entry. */
struct store_op officer_op(struct arena *arena, const struct officer *officer);
struct store_op officer_remove_op(struct arena *arena, str client_id, str resident);
/** Calls `each` for the rights at `client_id` (STR_NONE: at all clients) until it returns false. */
MUST_CHECK enum store_result officer_each(struct store *store, struct arena *arena, str client_id,
                                          bool (*each)(const struct officer *officer, void *context), void *context);

/** Whether a text may be an organization (one line of UTF-8 that people can read), and a role: a word of printable
 * ASCII without quotes and backslashes. */
MUST_CHECK bool officer_organization_fits(str organization);
MUST_CHECK bool officer_role_fits(str role);

/** Adds the claims `organization` and `roles` (an array) to a JSON object. */
void officer_add_claims(struct buf *json, const struct officer *officer);

#endif
