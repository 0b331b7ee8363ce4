/* Of this room only: the token in each form, which proves that the form was made by us, for this browser and this
 * interaction, and tells what it showed. */
#ifndef KONSAO_SIGNIN_CSRF_H
#define KONSAO_SIGNIN_CSRF_H

#include "http/http.h"
#include "keys/ring.h"
#include "records/interaction.h"

enum csrf_result {
    CSRF_VALID,
    CSRF_STALE,  /* ours, for this browser, but of another step or person than the interaction is at now */
    CSRF_FORGED, /* anything else: nothing of the request may be believed */
};

/** The token for a form of the stage that `interaction` is at, and at STAGE_CONSENT for the session it shows. */
str csrf_token(const struct key_ring *keys, struct arena *arena, const struct interaction *interaction);
/** Compares in constant time. */
MUST_CHECK enum csrf_result csrf_check(const struct key_ring *keys, struct arena *arena,
                                       const struct interaction *interaction, str token);
/** Whether what the browser says of where the request comes from (Sec-Fetch-Site, Origin), where it says anything, is
 * `issuer` itself. */
MUST_CHECK bool csrf_same_origin(const struct request *rq, str issuer);
/** The same, of the headers' values (STR_NONE: absent). */
MUST_CHECK bool csrf_origin_fits(str sec_fetch_site, str origin, str issuer);

#endif
