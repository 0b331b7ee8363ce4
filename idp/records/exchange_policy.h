/* Who may turn a token into one for somebody else's service (RFC 8693): the operator's rules, as data. Without a rule
 * nothing may. */
#ifndef KONSAO_RECORDS_EXCHANGE_POLICY_H
#define KONSAO_RECORDS_EXCHANGE_POLICY_H

#include "store/store.h"

struct exchange_policy {
    str client_id;      /* who may exchange */
    str name;           /* of the rule, unique for the client */
    str audience;       /* a resource that the new token may be for */
    str scope;          /* what it may have, space-separated */
    str subject_client; /* only tokens that were issued to this client; STR_NONE: to any */
    str subject_scope;  /* scopes that the token brought must have, space-separated; STR_NONE: none */
    int64_t life;       /* seconds, at most; 0: as other access tokens */
};

struct store_op exchange_policy_op(struct arena *arena, const struct exchange_policy *policy);
struct store_op exchange_policy_remove_op(struct arena *arena, str client_id, str name);

/** Calls `each` for the rules of `client_id` (STR_NONE: all rules) until it returns false. */
MUST_CHECK enum store_result exchange_policy_each(struct store *store, struct arena *arena, str client_id,
                                                  bool (*each)(const struct exchange_policy *policy, void *context),
                                                  void *context);

#endif
