/* What a browser says of itself, as much of it as a person recognises. */
#ifndef KONSAO_RECORDS_BROWSER_H
#define KONSAO_RECORDS_BROWSER_H

#include "base/arena.h"

/** "Firefox, Windows", of a User-Agent header: family and system of a short table, no versions. One of the two when
 * only that is known; STR_NONE when neither is. The header proves nothing; no byte of it is in the answer. */
str browser_family(struct arena *arena, str user_agent);
/** Whether a phone or a tablet sent it: the authenticator may be on the same device. */
bool browser_is_mobile(str user_agent);

#endif
