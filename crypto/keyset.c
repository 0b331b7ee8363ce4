#include <stdlib.h>

#include "crypto/engine.h"
#include "crypto/json.h"
#include "crypto/key.h"

#define JWKS_KEYS_MAX 16
#define ALGS_OF_A_TYPE_MAX 3 /* RSA: RS256, PS256, RSA-OAEP-256 */

struct jose_keyset {
    size_t count;
    struct jose_key *keys[JWKS_KEYS_MAX * ALGS_OF_A_TYPE_MAX]; /* a JWK stands here once for each algorithm it serves */
};

static bool is_of_type(enum jose_alg alg, const json_t *jwk)
{
    return str_is(json_str(jwk, "kty"), alg == ALG_ES256 || alg == ALG_ECDH_ES ? "EC"
                                        : alg == ALG_EDDSA                     ? "OKP"
                                                                               : "RSA");
}

static void add_key(struct jose_keyset *set, const json_t *jwk, EVP_PKEY *pkey, enum jose_alg alg, const char **why)
{
    engine_require(EVP_PKEY_up_ref(pkey) == 1, "key");
    struct jose_key *key = key_wrap(pkey, alg, false, why);
    if (!key)
        return;
    if (json_object_get(jwk, "kid"))
        key_set_id(key, json_str(jwk, "kid"));
    set->keys[set->count++] = key;
}

/* The JWK for each algorithm that it may serve; `*why` says what was wrong when it is for none. */
static void add_jwk(struct jose_keyset *set, const json_t *jwk, const char **why)
{
    static const enum jose_alg algs[] = {ALG_ES256, ALG_RS256, ALG_PS256, ALG_EDDSA, ALG_ECDH_ES, ALG_RSA_OAEP_256};
    CLEANUP(key_release) EVP_PKEY *pkey = NULL;
    *why = "the key is of a type that we don't have";
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        if (!is_of_type(algs[i], jwk))
            continue;
        const char *objection = jwk_objection(jwk, algs[i]);
        if (objection) {
            *why = objection;
            continue;
        }
        if (!pkey)
            pkey = jwk_read(jwk, why);
        if (!pkey)
            return;
        add_key(set, jwk, pkey, algs[i], why);
    }
}

/* Keys that say what they are for, or those that don't. The former come first, so that they are found first: what may
 * be for anything is more likely for signatures. */
static void add_jwks(struct jose_keyset *set, const json_t *array, bool that_say, const char **why)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *jwk = json_array_get(array, i);
        bool says = json_object_get(jwk, "use") || json_object_get(jwk, "alg") || json_object_get(jwk, "key_ops");
        if (says == that_say)
            add_jwk(set, jwk, why);
    }
}

static const char *fault_of(const json_t *array)
{
    const char *fault = !json_is_array(array)                    ? "not a JWK Set: no array \"keys\""
                        : json_array_size(array) == 0            ? "the set is empty"
                        : json_array_size(array) > JWKS_KEYS_MAX ? "the set has more than 16 keys"
                                                                 : NULL;
    /* Who put a secret there has lost it, and must hear so. */
    for (size_t i = 0; !fault && i < json_array_size(array); i++)
        fault = jwk_leak(json_array_get(array, i));
    return fault;
}

struct jose_keyset *jose_keyset_from_jwks(const json_t *jwks, const char **why)
{
    const json_t *array = json_object_get(jwks, "keys");
    *why = fault_of(array);
    if (*why)
        return NULL;
    struct jose_keyset *set = calloc(1, sizeof *set);
    engine_require(set != NULL, "memory");
    add_jwks(set, array, true, why);
    add_jwks(set, array, false, why);
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

bool jose_keyset_knows(const struct jose_keyset *set, const struct jws_parts *jws)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct jose_key *key = set->keys[i];
        if (key->alg == jws->alg && (!jws->kid.p || !key->kid.p || str_eq(jws->kid, key->kid)))
            return true;
    }
    return false;
}

const struct jose_key *jose_keyset_find(const struct jose_keyset *set, str kid, enum jose_alg alg)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->keys[i]->alg == alg && (!kid.p || str_eq(set->keys[i]->kid, kid)))
            return set->keys[i];
    return NULL;
}

bool keyset_has(const struct jose_keyset *set, const EVP_PKEY *pkey)
{
    for (size_t i = 0; i < set->count; i++)
        if (EVP_PKEY_eq(set->keys[i]->pkey, pkey) == 1)
            return true;
    return false;
}
