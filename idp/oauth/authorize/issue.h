/* What a finished interaction is turned into, and how it is written: for finish.c and elsewhere/by_phone.c. */
#ifndef KONSAO_OAUTH_AUTHORIZE_ISSUE_H
#define KONSAO_OAUTH_AUTHORIZE_ISSUE_H

#include "oauth/authorize/response.h"
#include "records/grant.h"
#include "records/history.h"
#include "records/officer.h"
#include "records/token.h"

struct issue {
    struct provider *provider;
    struct request *rq;
    struct interaction *interaction;
    const struct client *client;
    struct grant grant;
    struct claim_texts claims;
    struct officer right; /* of the person at a back office; empty for another client */
    str xroad_id;
    int64_t session_ends_at; /* seconds */
    struct issued out;
    struct store_op access; /* stores the access token that goes through the browser */
};

/** Reads the person's right at a client with officers_only. STORE_NOT_FOUND, with an audit entry: there is none, and
 * nothing may be issued. */
MUST_CHECK enum store_result issue_read_right(struct issue *issue);
/** Fills in the grant (its subject is there), and how long it stands. */
void issue_fill_grant(struct issue *issue);
/** Makes what is to go out, before anything is stored: an ID token that can't be encrypted ends it here. */
struct oauth_error issue_make_answer(struct issue *issue);

/** Writes the code; the interaction remembers it (or the grant, when there is no code), so that of two resumes at a
 * time one wins (STORE_CONFLICT for the other), and that an answer which never arrived can be taken back. An
 * interaction that was never stored (signed in silently) has version 0. */
MUST_CHECK enum store_result issue_write_code(struct issue *issue);
/** Writes that nothing was granted, where that must be known: a pushed request is used up, a request from elsewhere
 * denied. */
MUST_CHECK enum store_result issue_write_refusal(struct issue *issue);
/** Puts the grant on disk with its audit entry and the resident's own: from here on the records say that this client was
 * let in. */
MUST_CHECK enum store_result issue_write_grant(struct issue *issue);

/** issue_history.c: the op that adds the grant to the resident's own history; `entry` must live until it is written. */
struct store_op issue_history_op(const struct issue *issue, struct history *entry);

#endif
