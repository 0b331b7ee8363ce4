#include "keys/sealed.h"

#include "base/buf.h"
#include "crypto/primitives.h"

/* In front of what is sealed stands the version of the root that it is sealed under: one byte. */
str ring_seal(const struct key_ring *ring, struct arena *arena, str purpose, str plain)
{
    unsigned char key[SEAL_KEY_BYTES];
    unsigned version = ring_root_version(ring, ROOT_CLIENT_SECRET);
    ring_mac(ring, ROOT_CLIENT_SECRET, version, purpose, key);
    str sealed = seal(arena, key, purpose, plain);
    struct buf bytes = buf_new(arena, sealed.n + 1);
    buf_char(&bytes, (char)version);
    buf_add(&bytes, sealed);
    return buf_str(&bytes);
}

bool ring_unseal(const struct key_ring *ring, struct arena *arena, str purpose, str sealed, str *plain)
{
    unsigned char key[SEAL_KEY_BYTES];
    unsigned version = sealed.n > 0 ? (unsigned char)sealed.p[0] : 0;
    if (version == 0 || version > ring_root_version(ring, ROOT_CLIENT_SECRET))
        return false;
    ring_mac(ring, ROOT_CLIENT_SECRET, version, purpose, key);
    return unseal(arena, key, purpose, (str){sealed.p + 1, sealed.n - 1}, plain);
}
