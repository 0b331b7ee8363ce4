#include "crypto/proof.h"

#include "crypto/json.h"
#include "crypto/key.h"

#define RSA_BITS_OF_STRANGERS_MAX 4096 /* checking costs more than fourfold with twice the length */

static bool refuse(const char **why, const char *reason)
{
    *why = reason;
    return false;
}

static void release(struct jose_key **key)
{
    jose_key_free(*key);
}

bool proof_verify(struct arena *arena, str compact, unsigned algs, struct proof *out, const char **why)
{
    struct jws_parts jws;
    *out = (struct proof){0};
    if (!jws_parse(arena, compact, PROOF_BYTES_MAX, &jws))
        return refuse(why, "the DPoP proof is not a JWT");
    if (!str_is(jws.typ, "dpop+jwt"))
        return refuse(why, "the DPoP proof's typ is not dpop+jwt");
    if (!(algs & JOSE_ALGS_ALL & JOSE_ALG_BIT(jws.alg)))
        return refuse(why, "the DPoP proof's alg is not supported");
    const json_t *jwk = json_object_get(jws.header, "jwk");
    if (!json_is_object(jwk))
        return refuse(why, "the DPoP proof has no jwk");
    if (jwk_leak(jwk))
        return refuse(why, "the DPoP proof's jwk is not a public key");
    CLEANUP(release) struct jose_key *key = jose_key_from_jwk(jwk, jws.alg, why);
    if (!key)
        return false;
    if (key->alg != jws.alg) /* RFC 8725 section 3.1, by the jwk's own alg */
        return refuse(why, "the DPoP proof's alg is not that of its jwk");
    if (EVP_PKEY_get_bits(key->pkey) > RSA_BITS_OF_STRANGERS_MAX)
        return refuse(why, "the DPoP proof's key is longer than 4096 bits");
    if (!key_verify(key, jws.signing_input, jws.signature))
        return refuse(why, "the DPoP proof's signature is wrong");
    *out = (struct proof){jws.alg, jose_key_thumbprint(key, arena), jws.payload};
    return true;
}
