/* Both decoders: what they take has one spelling, so that encoding gives it back. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "crypto/primitives.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    str text = str_bytes(data, size), bytes;
    if (base64url_decode(arena, text, &bytes) && !str_eq(base64url_encode(arena, bytes), text))
        abort();
    if (size < 1 << 20 && base64_decode(arena, text, &bytes)) {
        unsigned char *again = arena_alloc(arena, size + 4);
        int n = EVP_EncodeBlock(again, (const unsigned char *)bytes.p, (int)bytes.n);
        if (!str_eq(str_bytes(again, (size_t)n), text))
            abort();
    }
    arena_free(arena);
    return 0;
}
