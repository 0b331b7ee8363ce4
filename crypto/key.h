/* Of this room only: the inside of a key, and raw signatures with it. */
#ifndef KONSAO_CRYPTO_KEY_H
#define KONSAO_CRYPTO_KEY_H

#include <openssl/evp.h>

#include "crypto/jose.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* beyond it a signature takes longer to check than a stranger's key is worth */
#define SIGNATURE_BYTES_MAX (RSA_BITS_MAX / 8)

struct jose_key {
    EVP_PKEY *pkey;
    EVP_MD_CTX *signer, *verifier; /* initialised with the key, copied for each use; no signer in a public key */
    enum jose_alg alg;
    str kid;                /* owned; STR_NONE when a JWK had none */
    size_t signature_bytes; /* of each JOSE signature with this key */
};

/** Takes `pkey` over (also on failure) and pins it to `alg`; no kid yet. NULL with a reason when the two do not fit. */
struct jose_key *key_wrap(EVP_PKEY *pkey, enum jose_alg alg, bool is_private, const char **why);
void key_set_id(struct jose_key *key, str kid);
/** RFC 7638. */
str key_thumbprint(const struct jose_key *key, struct arena *arena);

/** Signs with a private key as JOSE has it (ECDSA: r and s side by side, RFC 7518 section 3.4). Returns the length. */
size_t key_sign(const struct jose_key *key, str input, unsigned char out[static SIGNATURE_BYTES_MAX]);
MUST_CHECK bool key_verify(const struct jose_key *key, str input, str signature);

#endif
