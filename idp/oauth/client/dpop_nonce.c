#include "oauth/client/dpop_nonce.h"

#include <inttypes.h>

#include "crypto/primitives.h"

#define NONCE_BYTES 16 /* of the MAC: nobody finds a nonce of the future */

static str nonce_of(const struct key_ring *ring, struct arena *arena, int64_t window)
{
    unsigned char mac[SHA256_BYTES];
    ring_mac(ring, ROOT_DPOP_NONCE, 0, arena_printf(arena, "dpop nonce %" PRId64, window), mac);
    return base64url_encode(arena, str_bytes(mac, NONCE_BYTES));
}

str dpop_nonce(const struct key_ring *ring, struct arena *arena, int64_t now)
{
    return nonce_of(ring, arena, now / DPOP_NONCE_WINDOW);
}

void dpop_nonces(const struct key_ring *ring, struct arena *arena, int64_t now, str out[static DPOP_NONCES])
{
    for (int64_t i = 0; i < DPOP_NONCES; i++)
        out[i] = nonce_of(ring, arena, now / DPOP_NONCE_WINDOW - i);
}
