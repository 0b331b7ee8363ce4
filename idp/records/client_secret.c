#include "records/client_secret.h"

#include "base/buf.h"
#include "crypto/primitives.h"

/* In front of what is sealed stands the version of the root that it is sealed under: one byte. */
static void key_of(const struct key_ring *ring, unsigned version, unsigned char key[static SEAL_KEY_BYTES])
{
    ring_mac(ring, ROOT_CLIENT_SECRET, version, STR("client secret"), key);
}

static str context_of(struct arena *arena, str id)
{
    return arena_printf(arena, "client secret of %.*s", STR_FMT(id));
}

str client_secret_seal(const struct key_ring *ring, struct arena *arena, str id, str secret)
{
    unsigned char key[SEAL_KEY_BYTES];
    unsigned version = ring_root_version(ring, ROOT_CLIENT_SECRET);
    key_of(ring, version, key);
    str sealed = seal(arena, key, context_of(arena, id), secret);
    struct buf bytes = buf_new(arena, sealed.n + 1);
    buf_char(&bytes, (char)version);
    buf_add(&bytes, sealed);
    return base64url_encode(arena, buf_str(&bytes));
}

bool client_secret_open(const struct key_ring *ring, struct arena *arena, str id, str sealed, str *secret)
{
    unsigned char key[SEAL_KEY_BYTES];
    str bytes;
    if (!base64url_decode(arena, sealed, &bytes) || bytes.n < 1)
        return false;
    unsigned version = (unsigned char)bytes.p[0];
    if (version == 0 || version > ring_root_version(ring, ROOT_CLIENT_SECRET))
        return false;
    key_of(ring, version, key);
    return unseal(arena, key, context_of(arena, id), (str){bytes.p + 1, bytes.n - 1}, secret);
}
