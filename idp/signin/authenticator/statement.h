/* The statement: what a passkey signs when a request is approved (docs/qr.md). The phone makes it of what it was given
 * to show and what was picked; the provider makes the same of its own record. */
#ifndef KONSAO_SIGNIN_AUTHENTICATOR_STATEMENT_H
#define KONSAO_SIGNIN_AUTHENTICATOR_STATEMENT_H

#include "base/arena.h"

struct statement {
    str channel;
    str number; /* "" where none was compared */
    str claims; /* granted, space-separated, in the order in which they were shown */
    str shown;  /* canonical JSON, as the phone was given it */
};

/** Its canonical JSON (RFC 8785), in `arena`. */
str statement_text(struct arena *arena, const struct statement *statement);
/** The WebAuthn challenge: SHA-256 of that, 32 bytes in `arena`. */
str statement_challenge(struct arena *arena, const struct statement *statement);

/** The claims of `shown` that are given, in its order: the required ones and those in `picked` (space-separated). False
 * when one was picked that was not shown. */
MUST_CHECK bool statement_claims(struct arena *arena, str shown, str picked, str *given);

#endif
