/* Of the sign-in room only: what a phone is given to show of a request, and what its passkey then signs. */
#ifndef KONSAO_SIGNIN_AUTHENTICATOR_SHOWN_H
#define KONSAO_SIGNIN_AUTHENTICATOR_SHOWN_H

#include "base/buf.h"
#include "records/channel.h"
#include "signin/visit.h"

#define SHOWN_BYTES_MAX ((size_t)128 * 1024)

/** What the request alone does not say. */
struct shown_with {
    bool browser_known;   /* the resident signed in with it before */
    bool networks_differ; /* browser and phone seem to be far from each other */
    str declined;         /* claims that the resident said no to at this client before, space-separated */
    str role;             /* at a back office: what this person was granted; STR_NONE elsewhere */
};

/** The canonical JSON of all that the phone shows, with 128 random bits, so that no two are the same. `visit`:
 * provider, interaction, client and language. Everything is there; what is unknown or none is an empty text or list. In
 * the visit's arena. */
str shown_text(const struct visit *visit, const struct channel *channel, const struct shown_with *with);

/** Adds `"NAME":[{"name":…,"label":…}…]` to a JSON object: claims as people know them. */
void shown_add_claims(struct buf *json, const struct pages *pages, enum lang lang, const char *name, str claims);

#endif
