/* The device grant (RFC 8628): for a device without a keyboard or a browser, answered on a phone. */
#ifndef KONSAO_OAUTH_DEVICE_H
#define KONSAO_OAUTH_DEVICE_H

#include "http/http.h"

/** POST /device_authorization (section 3.1). */
http_handler device_authorization_handle;
/** GET /device: where the person types the code (section 3.3), or finds it filled in. */
http_handler device_page_handle;
/** POST /device: on to the sign-in, if the code is right. */
http_handler device_enter_handle;

#endif
