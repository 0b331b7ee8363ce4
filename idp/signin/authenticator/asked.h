/* Of the sign-in room only: a channel that the calling authenticator answers, with what was loaded for it. */
#ifndef KONSAO_SIGNIN_AUTHENTICATOR_ASKED_H
#define KONSAO_SIGNIN_AUTHENTICATOR_ASKED_H

#include "records/channel.h"
#include "signin/authenticator/api.h"
#include "signin/visit.h"

struct asked {
    struct call *call;
    struct channel channel;
    struct visit visit; /* the request behind it, in the language of the call */
    str role;           /* at a back office: what the resident is there; else STR_NONE */
};

/** Answers that the channel is over, and why. */
void asked_over(struct asked *asked);
/** Loads the request behind the channel, if the calling authenticator may answer it now: the browser did not go another
 * way meanwhile, the client is there, it takes this way of signing in, it is not for somebody else, and at a back
 * office the resident has a right. False, and answered, when not. */
MUST_CHECK bool asked_load(struct asked *asked);
/** The channel whose id the call brings, scanned by the calling authenticator and not answered yet. False, and
 * answered, when it is not that. */
MUST_CHECK bool asked_find(struct asked *asked);

/** Writes the channel back if it is still as loaded, and wakes who waits for it. */
MUST_CHECK enum store_result asked_save(struct asked *asked);
/** Ends it: for the waiting browser, or for the client that asks without one; with its audit entry and, where the
 * resident should know, in the resident's history. Answers nothing. STORE_CONFLICT when somebody else was faster: for
 * a client that asks without a browser also on another phone. */
MUST_CHECK enum store_result asked_end(struct asked *asked, enum channel_end end);
/** Answers after that conflict: what came of it. */
void asked_ended_before(struct asked *asked);
/** The same, answered with `fault`; when somebody else was faster, with what came of that. */
void asked_end_with(struct asked *asked, enum channel_end end, enum api_fault fault);

/** By which way of signing in an answer counts. */
enum way asked_way(const struct channel *channel);
/** "qr", "same_device", "request". */
const char *asked_way_name(const struct channel *channel);

#endif
