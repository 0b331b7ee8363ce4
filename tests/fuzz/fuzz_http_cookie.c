#include <stdlib.h>

#include "base/buf.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found is made of cookie-octets, and not found any more once the header has it twice. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    str header = str_bytes(data, size);
    str found = cookie_find(header, "sid");
    for (size_t i = 0; i < found.n; i++)
        if (found.p[i] <= 0x20 || found.p[i] > 0x7e || str_has(STR("\",;\\"), found.p[i]))
            abort();
    if (found.p) {
        struct buf doubled = buf_new(arena, size * 2 + 16);
        buf_add(&doubled, header);
        buf_add(&doubled, STR("; sid=1"));
        if (cookie_find(buf_str(&doubled), "sid").p)
            abort();
    }
    arena_free(arena);
    return 0;
}
