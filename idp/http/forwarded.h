/* Of this room only: what a proxy on a Unix socket says about the client. */
#ifndef KONSAO_HTTP_FORWARDED_H
#define KONSAO_HTTP_FORWARDED_H

#include "base/arena.h"

/** Reads a certificate in PEM: one, and nothing around it. False when it is malformed; `*out`: DER in `arena`. */
MUST_CHECK bool forwarded_certificate(struct arena *arena, str pem, str *out);

#endif
