/* What a client signed becomes parameters: whatever JSON it is, the text is a well-formed form, without request,
 * request_uri and the JWT's own claims. */
#include <stdlib.h>

#include "crypto/json.h"
#include "oauth/request/request.h"
#include "oauth/request/request_object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    json_t *claims = json_parse_object(arena, str_bytes(data, size), REQUEST_OBJECT_BYTES_MAX);
    str text;
    if (claims && request_object_parameters(arena, claims, &text)) {
        struct params params = params_parse(arena, text, authorize_repeatable);
        if (params.status == PARAMS_REPEATED || params_get(&params, "request").p ||
            params_get(&params, "request_uri").p || params_get(&params, "exp").p || params_get(&params, "aud").p)
            abort();
    }
    arena_free(arena);
    return 0;
}
