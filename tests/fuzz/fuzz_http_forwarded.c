#include <stdlib.h>

#include "http/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted is one whole DER value, shorter than the text that it came from. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    str der = STR_NONE;
    if (forwarded_certificate(arena, str_bytes(data, size), &der) &&
        (der.n < 4 || der.n >= size || (unsigned char)der.p[0] != 0x30))
        abort();
    arena_free(arena);
    return 0;
}
