/* Browsers that a resident has signed in with: told on the phone ("you used this browser before"). The cookie that a
 * browser is known by proves nothing and opens nothing. */
#ifndef KONSAO_RECORDS_KNOWN_BROWSER_H
#define KONSAO_RECORDS_KNOWN_BROWSER_H

#include "http/http.h"
#include "store/store.h"

#define KNOWN_BROWSER_LIFE ((int64_t)365 * 24 * 3600) /* seconds since it was last used */

/** SHA-256 of this browser's cookie, 32 bytes; STR_NONE when it has none. */
str known_browser_mark(struct request *rq);
/** Whether `resident` signed in before with the browser of that mark (STR_NONE: no). */
MUST_CHECK enum store_result known_browser_is(struct store *store, struct arena *arena, str mark, str resident,
                                              bool *known);
/** Remembers that `resident` signed in with this browser; gives it a cookie when it has none. Durable. */
MUST_CHECK enum store_result known_browser_remember(struct store *store, struct request *rq, str resident);
/** The op that forgets it: somebody else signed in with it in the resident's name. */
struct store_op known_browser_forget_op(struct arena *arena, str mark, str resident);

#endif
