/* Time. Wall time is for what leaves the process (exp, iat); monotonic time for durations inside it. */
#ifndef KONSAO_BASE_CLOCK_H
#define KONSAO_BASE_CLOCK_H

#include <stdint.h>

/** Seconds since 1970-01-01 UTC (a JWT's NumericDate, RFC 7519 section 2). */
int64_t clock_now(void);
/** Milliseconds since 1970-01-01 UTC. */
int64_t clock_now_ms(void);
/** Milliseconds on a clock that only goes forward. */
int64_t clock_mono_ms(void);

#endif
