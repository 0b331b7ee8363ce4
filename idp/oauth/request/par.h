/* Pushed authorization requests (RFC 9126): the client hands its request over itself, authenticated, and the browser
 * brings a reference only. */
#ifndef KONSAO_OAUTH_PAR_H
#define KONSAO_OAUTH_PAR_H

#include "http/http.h"

/** POST /par. */
http_handler par_handle;

#endif
