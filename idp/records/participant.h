/* The clients that a session's resident signed in to and that want to know when it ends (OpenID Connect Back-Channel
 * and Front-Channel Logout 1.0). Durable, written with the grant, so that the last one's notice is owed until it is
 * sent. */
#ifndef KONSAO_RECORDS_PARTICIPANT_H
#define KONSAO_RECORDS_PARTICIPANT_H

#include "outbound/outbox.h"
#include "records/client/client.h"

struct participant {
    str sid; /* our own */
    str client_id;
    str subject, client_sid;               /* as the client knows them */
    str backchannel_uri, frontchannel_uri; /* registered when it signed in; STR_NONE: none */
};

/** The name of an outbox_kind: a notice whose recipe is logout_recipe's. */
#define NOTICE_BACKCHANNEL_LOGOUT "backchannel_logout"

/** Whether a client wants to know. */
bool client_is_told_of_logout(const struct client *client);

/** The ops that note a participant of a session that ends at `ends_at` (seconds): into one batch with the grant. */
struct store_op participant_op(struct arena *arena, const struct participant *participant);
struct store_op deadline_op(struct arena *arena, str sid, int64_t ends_at);

/** The subject and sid of a notice's recipe; false when it is none. */
MUST_CHECK bool participant_read_recipe(str recipe, str *subject, str *client_sid);

#define PARTICIPANTS_SHOWN 32

/** Those of a session that are told through the browser. */
struct participants {
    struct participant items[PARTICIPANTS_SHOWN];
    size_t count;
};

/** Ends a session's participation: in one durable batch each participant is forgotten and its notice put into the
 * outbox. Those with a frontchannel_uri go into `*shown` (NULL: not wanted), at most PARTICIPANTS_SHOWN. */
MUST_CHECK enum store_result participants_dismiss(struct store *store, struct arena *arena, str sid,
                                                  struct participants *shown);
/** Does that for sessions whose time is over at `now`, at most a few hundred; returns how many deadlines were looked
 * at. */
size_t participants_dismiss_due(struct store *store, int64_t now);

#endif
