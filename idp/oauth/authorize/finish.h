/* What comes of a finished interaction: a grant and a code for the client, or its error. */
#ifndef KONSAO_OAUTH_FINISH_H
#define KONSAO_OAUTH_FINISH_H

#include "provider.h"

enum finish {
    ANSWERED,
    REGISTER_AWAY, /* it could not be asked; nothing was answered */
    SIGN_IN_AGAIN, /* the session, or what the register gave it, has ended; nothing was answered */
};

/** Answers an interaction that is at STAGE_DONE or STAGE_REFUSED: reads the consented attributes, writes the grant and
 * the code, and sends the code back to the client. With prompt=none it always answers. One that was never stored
 * (signed in silently) has version 0. */
enum finish finish_interaction(struct provider *provider, struct request *rq, struct interaction *interaction);

#endif
