/* Whether the provider could terminate TLS with what it is given. */
#ifndef KONSAO_HTTP_TLS_CHECK_H
#define KONSAO_HTTP_TLS_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/** Whether TLS can be had with these PEM files, for `host` (NULL: whichever): they fit each other, now is within the
 * certificate's time, its key is long enough. A sentence in `text` either way. */
MUST_CHECK bool tls_check(const char *certificate, const char *key, const char *host, char *text, size_t text_size);

#endif
