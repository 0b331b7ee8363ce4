/* Redirect URIs: compared byte for byte with what is registered, never interpreted (OpenID Connect Core
 * section 3.1.2.1, RFC 9700 section 4.1.3). */
#ifndef KONSAO_OAUTH_REDIRECT_URI_H
#define KONSAO_OAUTH_REDIRECT_URI_H

#include "records/client/client.h"

/** Whether `uri` is one of `registered`, exactly. */
bool redirect_uri_is_registered(const struct str_list *registered, str uri);
/** The origin ("https://portal.example:8443") of a registered URI; STR_NONE for a private-use scheme's. */
str redirect_uri_origin(str uri);

#endif
