/* One try to deliver one notice, from its record to what is noted of it. This room's own. */
#ifndef KONSAO_OUTBOUND_OUTBOX_TRY_H
#define KONSAO_OUTBOUND_OUTBOX_TRY_H

#include "outbound/outbox.h"

enum outbox_outcome {
    OUTBOX_GONE,   /* from the store, by another hand */
    OUTBOX_ENDED,  /* see `end`; out of the store */
    OUTBOX_FAILED, /* to be tried again at next_try_at */
    OUTBOX_UNTRIED /* it came to no call, and nothing is noted: to be tried again at next_try_at */
};

struct outbox_trial {
    const struct outbox_options *options;
    struct arena *arena;
    unsigned failures;               /* tries in a row that failed at this destination before */
    bool (*stopping)(void *context); /* whether the process ends, so that a broken call says nothing */
    void *stopping_context;
    /* what came of it */
    struct outbox_notice notice;
    enum outbox_end end;
    int64_t next_try_at;
    int status;              /* of the answer, 0: none */
    bool reached, unreached; /* what it says about the destination; or neither */
    str why;                 /* for the log */
};

/** Tries; all of `trial` above the comment is the caller's. Waits for the network and the store. */
enum outbox_outcome outbox_try(struct outbox_trial *trial, str key);

/** The wait after `failures` failures, a quarter more or less by chance. */
int64_t outbox_wait(const struct outbox_options *options, int64_t failures);

#endif
