/* Of this room only: what a cookie's value may hold. */
#ifndef KONSAO_HTTP_COOKIE_H
#define KONSAO_HTTP_COOKIE_H

#include "base/str.h"

/** True if `value` is made of cookie-octets alone (RFC 6265 section 4.1.1); empty is fine. */
bool cookie_value_ok(str value);

#endif
