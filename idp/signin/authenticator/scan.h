/* Of the sign-in room only: giving a phone what it is asked to show. */
#ifndef KONSAO_SIGNIN_AUTHENTICATOR_SCAN_H
#define KONSAO_SIGNIN_AUTHENTICATOR_SCAN_H

#include "signin/authenticator/asked.h"

/** Answers with what `channel` (as loaded) asks, and binds it to the calling authenticator. */
void scan_take(struct call *call, const struct channel *channel);

#endif
