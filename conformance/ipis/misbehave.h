/* Switches with which tests make the register fail on purpose. */
#ifndef KONSAO_CONFORMANCE_IPIS_MISBEHAVE_H
#define KONSAO_CONFORMANCE_IPIS_MISBEHAVE_H

#include <jansson.h>

#include "base/arena.h"

enum how {
    HOW_NOT,        /* behave */
    HOW_DELAY,      /* wait, then behave */
    HOW_TIMEOUT,    /* wait long, then 504 without having acted */
    HOW_ERROR,      /* answer with an error status without acting */
    HOW_MALFORMED,  /* answer 200 with a body that is not what the interface says */
    HOW_DROP,       /* close the connection without an answer */
    HOW_XROAD_ERROR /* as a security server that can't reach the register */
};

struct misbehaviour {
    enum how how;
    int64_t ms;     /* to wait */
    int status;     /* for HOW_ERROR */
    char body[512]; /* for HOW_MALFORMED */
};

struct misbehave;

struct misbehave *misbehave_new(void);
void misbehave_free(struct misbehave *misbehave);
/** Adds {"call":"otp|authenticate|attributes|authenticators|status|*","how":…,"ms":…,"status":…,"body":…,"times":N}.
 * NULL, or what is wrong with it. */
const char *misbehave_add(struct misbehave *misbehave, const json_t *rule);
void misbehave_reset(struct misbehave *misbehave);
/** What to do with a call; counts it. The first rule that fits wins. */
struct misbehaviour misbehave_for(struct misbehave *misbehave, str call);
/** Waits; ends early when misbehave_stop was called. */
void misbehave_wait(struct misbehave *misbehave, int64_t ms);
/** Ends all waiting, for good. */
void misbehave_stop(struct misbehave *misbehave);

#endif
