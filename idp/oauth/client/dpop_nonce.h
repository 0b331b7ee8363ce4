/* The server's nonces for DPoP proofs (RFC 9449 sections 8 and 9). Nothing is stored: a nonce is a MAC over the minutes
 * that it was made in, the same for everybody, so each node and each restart of the server knows it again. What it
 * shows is that a proof was made lately, whatever the client's clock says. */
#ifndef KONSAO_OAUTH_DPOP_NONCE_H
#define KONSAO_OAUTH_DPOP_NONCE_H

#include "keys/ring.h"

#define DPOP_NONCE_WINDOW 120 /* seconds; a nonce is good in the window it was made in and in the next */
#define DPOP_NONCES 2

/** The nonce to hand out at `now` (seconds). */
str dpop_nonce(const struct key_ring *ring, struct arena *arena, int64_t now);
/** All nonces that are good at `now`, the newest first. */
void dpop_nonces(const struct key_ring *ring, struct arena *arena, int64_t now, str out[static DPOP_NONCES]);

#endif
