/* A pushed authorization request (RFC 9126): what a client asked for, checked, until a browser completes it. Read by
 * who has the reference, which only the client was told: what is stored is sealed under it. */
#ifndef KONSAO_RECORDS_PUSHED_H
#define KONSAO_RECORDS_PUSHED_H

#include "store/store.h"

struct pushed {
    str key; /* of the record; not part of it */
    str client_id;
    str parameters;       /* application/x-www-form-urlencoded, as they were given: no credentials */
    bool is_signed;       /* they came in a signed request object */
    str dpop_jkt;         /* the key that the code is bound to (RFC 9449 section 10.1); STR_NONE */
    int64_t usable_until; /* for beginning with it; who has begun may complete it for some time more */
};

/** Stores it and gives its reference (256 random bits, base64url) in `*reference`. `keep_until`: when whoever began
 * with it in time must have completed it. */
MUST_CHECK enum store_result pushed_create(struct store *store, struct arena *arena, const struct pushed *pushed,
                                           int64_t keep_until, str *reference);
/** STORE_NOT_FOUND when it is unknown, used up, or too late to begin with it. */
MUST_CHECK enum store_result pushed_load(struct store *store, struct arena *arena, str reference, struct pushed *out);
/** The op that uses it up, for the batch with what it is turned into: of two such batches one is STORE_CONFLICT. */
struct store_op pushed_use_op(str key);

#endif
