#include "records/client/client_secret.h"

#include "crypto/primitives.h"
#include "keys/sealed.h"

static str purpose_of(struct arena *arena, str id)
{
    return arena_printf(arena, "client secret of %.*s", STR_FMT(id));
}

str client_secret_seal(const struct key_ring *ring, struct arena *arena, str id, str secret)
{
    return base64url_encode(arena, ring_seal(ring, arena, purpose_of(arena, id), secret));
}

bool client_secret_open(const struct key_ring *ring, struct arena *arena, str id, str sealed, str *secret)
{
    str bytes;
    return base64url_decode(arena, sealed, &bytes) && ring_unseal(ring, arena, purpose_of(arena, id), bytes, secret);
}
