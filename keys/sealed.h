/* Sealing under the ring itself, for what nobody else could open again: the server must read it without anybody showing a
 * secret. */
#ifndef KONSAO_KEYS_SEALED_H
#define KONSAO_KEYS_SEALED_H

#include "keys/ring.h"

/** Seals `plain` under the current version of ROOT_CLIENT_SECRET for `purpose`, which says what it is and whose; in
 * `arena`. */
str ring_seal(const struct key_ring *ring, struct arena *arena, str purpose, str plain);
/** The reverse, under whatever version it was sealed. False when purpose, ring or a bit is another. */
MUST_CHECK bool ring_unseal(const struct key_ring *ring, struct arena *arena, str purpose, str sealed, str *plain);

#endif
