/* What a client knows a resident as. */
#ifndef KONSAO_OAUTH_SUBJECT_H
#define KONSAO_OAUTH_SUBJECT_H

#include "ipis/kidc.h"
#include "keys/ring.h"
#include "records/client/client.h"

/** The subject identifier of a resident for a client: HMAC-SHA256, under the client's version of the pairwise key, over
 * its sector and the KIdC, in base64url (OpenID Connect Core section 8.1). A client registered for public subjects has
 * the sector "". */
str subject_of(const struct key_ring *keys, struct arena *arena, const struct client *client, const struct kidc *kidc);

/** What a client knows a session as (`sid` in its ID tokens): derived, so that two clients can't tell by it that they
 * serve the same person. */
str subject_sid(const struct key_ring *keys, struct arena *arena, str client_id, str sid);

#endif
