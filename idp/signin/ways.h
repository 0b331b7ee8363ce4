/* Of this room only: the ways of signing in that a visit leaves. */
#ifndef KONSAO_SIGNIN_WAYS_H
#define KONSAO_SIGNIN_WAYS_H

#include "signin/visit.h"

/** The ways (1 << enum way, or-ed) by which the person may sign in here: those that are strong enough for the request
 * and its client, without the phone where the client wants that from networks of its own alone. 0: none. */
unsigned ways_of(const struct visit *visit);
/** Tells the page: ways_phone (with channel_path, and ways_mobile on a phone), ways_passkey. */
void ways_show(const struct visit *visit, struct view *view);

#endif
