/* Compact tokens from outside, against one fixed key: nothing but the token of RFC 7515 appendix A.3 may verify. And as
 * DPoP proofs, which bring their own key. */
#include <stdlib.h>

#include "crypto/json.h"
#include "crypto/proof.h"

#define HEADER "eyJhbGciOiJFUzI1NiJ9"
#define PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static struct jose_keyset *keys;

static void make_keys(void)
{
    const char *why;
    json_t *set =
        json_pack("{s:[{s:s,s:s,s:s,s:s}]}", "keys", "kty", "EC", "crv", "P-256", "x",
                  "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    keys = jose_keyset_from_jwks(set, &why);
    json_decref(set);
    if (!keys)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!keys)
        make_keys();
    struct arena *arena = arena_new();
    struct jws_parts parts;
    if (jws_parse(arena, str_bytes(data, size), 8192, &parts)) {
        if (!parts.header || !parts.payload || parts.alg == ALG_NONE_GIVEN || parts.signature.n == 0)
            abort();
        if (jose_keyset_verify(keys, &parts, JOSE_ALGS_ALL) && !str_eq(parts.signing_input, STR(HEADER "." PAYLOAD)))
            abort();
    }
    struct proof proof;
    const char *why = NULL;
    if (proof_verify(arena, str_bytes(data, size), JOSE_ALGS_ALL, &proof, &why)
            ? proof.thumbprint.n != 43 || !str_is(json_str(parts.header, "typ"), "dpop+jwt")
            : !why || proof.payload)
        abort();
    arena_free(arena);
    return 0;
}
