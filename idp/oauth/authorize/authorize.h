/* The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2). */
#ifndef KONSAO_OAUTH_AUTHORIZE_H
#define KONSAO_OAUTH_AUTHORIZE_H

#include "http/http.h"

/** GET and POST /authorize: checks the request completely and turns it into an interaction; answers at once where no
 * page is needed. */
http_handler authorize_handle;
/** GET /authorize/ID: where the browser comes back to when signing in is over: turns the finished interaction into a
 * code, or its error. */
http_handler authorize_resume;

#endif
