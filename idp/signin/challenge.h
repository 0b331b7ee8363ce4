/* Of this room only: challenges for passkeys. Nothing is stored when one is given out; it works once, for what it was
 * made for, for two minutes. */
#ifndef KONSAO_SIGNIN_CHALLENGE_H
#define KONSAO_SIGNIN_CHALLENGE_H

#include "keys/ring.h"
#include "store/store.h"

/** 40 raw bytes for `purpose` ("unlock", "signin" …), bound to `whose` (an interaction's id, a device key's
 * thumbprint). */
str challenge_make(const struct key_ring *keys, struct arena *arena, const char *purpose, str whose);
/** Takes the challenge out of a credential's clientDataJSON (base64url, as the browser sent it), checks that it is
 * ours, for this and of now, and uses it up. STORE_NOT_FOUND when it is not; STORE_CONFLICT when it was used already;
 * `*challenge` then is what the passkey's signature must be checked with. Writes: never on an event loop. */
MUST_CHECK enum store_result challenge_take(struct store *store, const struct key_ring *keys, struct arena *arena,
                                            const char *purpose, str whose, str client_data, str *challenge);

#endif
