/* JSON from outside: what is taken is an object, is written and read again as the same, and may be offered as a key or
 * a key set. */
#include <stdlib.h>

#include "crypto/jose.h"
#include "crypto/json.h"

#define MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    json_t *object = json_parse_object(arena, str_bytes(data, size), MAX);
    if (object) {
        json_t *again = json_parse_object(arena, json_text(arena, object), 8 * MAX);
        if (!json_is_object(object) || !again || !json_equal(object, again))
            abort();
        const char *why;
        int64_t number;
        struct jose_key *key = jose_key_from_jwk(object, ALG_ES256, &why);
        if (!key && !why)
            abort();
        jose_key_free(key);
        jose_keyset_free(jose_keyset_from_jwks(object, &why));
        if (json_int(object, "exp", 0, 1000, &number) && (number < 0 || number > 1000))
            abort();
    }
    arena_free(arena);
    return 0;
}
