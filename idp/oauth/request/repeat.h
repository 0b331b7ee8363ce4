/* Coming back by GET: browsers send our cookies (SameSite=Lax) with a top-level GET, but not with a form that another
 * site posts. Without them it would look as if nobody were signed in. */
#ifndef KONSAO_OAUTH_REPEAT_H
#define KONSAO_OAUTH_REPEAT_H

#include "http/http.h"

/** If `rq` is a form posted without any cookie, answers with a redirect to the same request by GET, and returns true.
 * One whose parameters don't fit into a URL is left alone. */
bool repeat_by_get(struct request *rq, str issuer);

#endif
