#include <stdlib.h>

#include "crypto/engine.h"
#include "crypto/json.h"
#include "crypto/key.h"

#define KEYS_MAX 16

struct jose_keyset {
    size_t count;
    struct jose_key *keys[KEYS_MAX];
};

/* A set is public: who puts a secret into it has lost it, and must hear so. */
static const char *leak(const json_t *jwk)
{
    static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};
    if (str_is(json_str(jwk, "kty"), "oct") || json_object_get(jwk, "k"))
        return "the set holds a symmetric key";
    for (size_t i = 0; i < COUNT_OF(private_members); i++)
        if (json_object_get(jwk, private_members[i]))
            return "the set holds a private key";
    return NULL;
}

/* Keys that we can't use are passed over (RFC 7517 section 5); `*why` then says what was wrong with the last of them.
 */
static void add_keys(struct jose_keyset *set, const json_t *array, const char **why)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct jose_key *key = jose_key_from_jwk(json_array_get(array, i), ALG_NONE_GIVEN, why);
        if (key)
            set->keys[set->count++] = key;
    }
}

struct jose_keyset *jose_keyset_from_jwks(const json_t *jwks, const char **why)
{
    const json_t *array = json_object_get(jwks, "keys");
    *why = !json_is_array(array)               ? "not a JWK Set: no array \"keys\""
           : json_array_size(array) == 0       ? "the set is empty"
           : json_array_size(array) > KEYS_MAX ? "the set has more than 16 keys"
                                               : NULL;
    for (size_t i = 0; !*why && i < json_array_size(array); i++)
        *why = leak(json_array_get(array, i));
    if (*why)
        return NULL;
    struct jose_keyset *set = calloc(1, sizeof *set);
    engine_require(set != NULL, "memory");
    add_keys(set, array, why);
    if (set->count > 0)
        return set;
    jose_keyset_free(set);
    return NULL;
}

void jose_keyset_free(struct jose_keyset *set)
{
    for (size_t i = 0; set && i < set->count; i++)
        jose_key_free(set->keys[i]);
    free(set);
}

bool jose_keyset_verify(const struct jose_keyset *set, const struct jws_parts *jws, unsigned algs)
{
    if (!(algs & JOSE_ALG_BIT(jws->alg)))
        return false;
    for (size_t i = 0; i < set->count; i++)
        if (jws_verify(jws, set->keys[i]))
            return true;
    return false;
}
