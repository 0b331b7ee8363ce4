/* Of finish.c alone: what a finished interaction is turned into, and how it is written. */
#ifndef KONSAO_OAUTH_AUTHORIZE_ISSUE_H
#define KONSAO_OAUTH_AUTHORIZE_ISSUE_H

#include "oauth/authorize/response.h"
#include "records/grant.h"
#include "records/token.h"

struct issue {
    struct provider *provider;
    struct request *rq;
    struct interaction *interaction;
    const struct client *client;
    struct grant grant;
    struct claim_texts claims;
    str xroad_id;
    int64_t session_ends_at; /* seconds */
    struct issued out;
    struct store_op access; /* stores the access token that goes through the browser */
};

/** Fills in the grant (its subject is there), and how long it stands. */
void issue_fill_grant(struct issue *issue);
/** Makes what is to go out, before anything is stored: an ID token that can't be encrypted ends it here. */
struct oauth_error issue_make_answer(struct issue *issue);

/** Adds the op that uses up what the interaction began with, for the batch with what it has become (RFC 9126
 * section 7.3): of two tabs, or two silent sign-ins, with one pushed request one completes. A request from elsewhere
 * gets its answer: the code, or (STR_NONE) that it was denied. Gives how many ops that takes; `*result` is
 * STORE_NOT_FOUND when that request is over. */
size_t issue_use_origin(struct issue *issue, str code, struct store_op *op, enum store_result *result);
/** Writes the code; the interaction remembers it (or the grant, when there is no code), so that of two resumes at a
 * time one wins (STORE_CONFLICT for the other), and that an answer which never arrived can be taken back. An
 * interaction that was never stored (signed in silently) has version 0. */
MUST_CHECK enum store_result issue_write_code(struct issue *issue);
/** Puts the grant on disk with its audit entry: from here on the resident's record says that this client was let in. */
MUST_CHECK enum store_result issue_write_grant(struct issue *issue);

#endif
