/* DPoP proofs (RFC 9449 section 4): the one kind of JWS whose key stands in its own header, and so the one place where
 * such a key is believed, for no more than what it shows: that the sender has it. */
#ifndef KONSAO_CRYPTO_PROOF_H
#define KONSAO_CRYPTO_PROOF_H

#include "crypto/jose.h"

#define PROOF_BYTES_MAX 8192

struct proof {
    enum jose_alg alg;
    str thumbprint;        /* RFC 7638, SHA-256, base64url: jkt (RFC 9449 section 6.1) */
    const json_t *payload; /* signed with that key. Its claims are the caller's to check. Released by the arena */
};

/** Takes a proof apart and verifies it (RFC 9449 section 4.3, points 2 to 7): a compact JWS of at most PROOF_BYTES_MAX
 * bytes, typ "dpop+jwt", an alg out of `algs` (JOSE_ALG_BIT; never symmetric), a public jwk of the type that the alg
 * wants, of at most 4096 bits and nothing private in it, a right signature. False, with a static text in `*why`. */
MUST_CHECK bool proof_verify(struct arena *arena, str compact, unsigned algs, struct proof *out, const char **why);

#endif
