/* A mailbox: whoever has its public part can put a text in, and only who has the secret that it was made with can read
 * it. For what must wait, unreadable to us, for somebody who shows the secret later. */
#ifndef KONSAO_CRYPTO_MAILBOX_H
#define KONSAO_CRYPTO_MAILBOX_H

#include "base/arena.h"

struct mailbox {
    str slot;       /* public: a JWK */
    str sealed_key; /* the private key, under the secret */
};

/** A new mailbox that `secret` (of 256 random bits) opens, in `arena`. */
struct mailbox mailbox_make(struct arena *arena, str secret);
/** What goes into the store in place of `plain`. */
str mailbox_put(struct arena *arena, str slot, str plain);
/** The reverse. False when secret, key or text do not belong together. */
MUST_CHECK bool mailbox_open(struct arena *arena, str secret, str sealed_key, str put, str *plain);

#endif
