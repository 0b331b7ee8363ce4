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
    EVP_MD_CTX *signer, *verifier; /* initialised with the key, copied for each use; NULL where there is no such use */
    enum jose_alg alg;
    bool is_private;
    str kid;                /* owned; STR_NONE when a JWK had none */
    size_t signature_bytes; /* of each JOSE signature with this key */
};

/** Whether `alg` is for encryption. */
bool key_alg_encrypts(enum jose_alg alg);
/** Takes `pkey` over (also on failure) and pins it to `alg`; no kid yet. NULL with a reason when the two do not fit. */
struct jose_key *key_wrap(EVP_PKEY *pkey, enum jose_alg alg, bool is_private, const char **why);
void key_set_id(struct jose_key *key, str kid);

/** The numbers of a JWK as a key, when they are one, and when its x5c, if any, is a certificate of that key. To be
 * freed. NULL with a reason. */
EVP_PKEY *jwk_read(const json_t *jwk, const char **why);
/** What, beside its numbers, keeps a JWK from serving `alg`: a static text; NULL: nothing. */
const char *jwk_objection(const json_t *jwk, enum jose_alg alg);
/** Why a JWK from elsewhere is not public: a static text; NULL: it is. */
const char *jwk_leak(const json_t *jwk);
void key_release(EVP_PKEY **pkey);
/** Whether a key of the set, for whatever use, is `pkey`. */
bool keyset_has(const struct jose_keyset *set, const EVP_PKEY *pkey);

/** Signs with a private key as JOSE has it (ECDSA: r and s side by side, RFC 7518 section 3.4). Returns the length. */
size_t key_sign(const struct jose_key *key, str input, unsigned char out[static SIGNATURE_BYTES_MAX]);
MUST_CHECK bool key_verify(const struct jose_key *key, str input, str signature);

#endif
