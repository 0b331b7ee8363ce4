/* A circuit breaker: failures in a row open it, time lets one call through to try. This room's own; the caller holds a
 * lock. */
#ifndef KONSAO_IPIS_BREAKER_H
#define KONSAO_IPIS_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct breaker {
    unsigned failures_max; /* this many in a row open it; at least 1 */
    int64_t open_ms;       /* for this long */
    unsigned failures;
    bool open, trying;
    int64_t opened_at;
};

enum breaker_pass {
    BREAKER_REFUSED, /* open: do not call */
    BREAKER_CLOSED,  /* call */
    BREAKER_TRIAL,   /* open for long enough: call, and what comes of it decides */
};

/** Whether a call may be made at `now` (monotonic milliseconds). Every call that may must be reported, with what it was
 * given here. */
MUST_CHECK enum breaker_pass breaker_ask(struct breaker *breaker, int64_t now);
/** What became of the call. Stragglers from before it opened neither close it nor keep it open. */
void breaker_report(struct breaker *breaker, enum breaker_pass pass, bool ok, int64_t now);

#endif
