#include "ipis/breaker.h"

enum breaker_pass breaker_ask(struct breaker *breaker, int64_t now)
{
    if (!breaker->open)
        return BREAKER_CLOSED;
    if (breaker->trying || now - breaker->opened_at < breaker->open_ms)
        return BREAKER_REFUSED;
    breaker->trying = true;
    return BREAKER_TRIAL;
}

static void open_at(struct breaker *breaker, int64_t now)
{
    breaker->open = true;
    breaker->opened_at = now;
    breaker->failures = 0;
}

void breaker_report(struct breaker *breaker, enum breaker_pass pass, bool ok, int64_t now)
{
    if (pass == BREAKER_TRIAL) {
        breaker->trying = false;
        breaker->open = false;
        if (!ok)
            open_at(breaker, now);
        return;
    }
    if (breaker->open)
        return;
    breaker->failures = ok ? 0 : breaker->failures + 1;
    if (breaker->failures >= breaker->failures_max)
        open_at(breaker, now);
}
