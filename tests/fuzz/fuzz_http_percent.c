#include <stdlib.h>

#include "base/buf.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted is text, not longer than it was, and comes back from its own encoding. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    for (int form = 0; form < 2; form++) {
        str decoded, second;
        if (!percent_decode(arena, str_bytes(data, size), form, &decoded))
            continue;
        if (decoded.n > size || !str_is_utf8(decoded) || str_has(decoded, '\0'))
            abort();
        struct buf encoded = buf_new(arena, size + 16);
        buf_add_urlencoded(&encoded, decoded);
        if (!percent_decode(arena, buf_str(&encoded), form, &second) || !str_eq(decoded, second))
            abort();
    }
    arena_free(arena);
    return 0;
}
