#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "crypto/engine.h"
#include "crypto/key.h"

#define P256_BYTES 32
#define P256_DER_MAX 80 /* 72 for a P-256 signature, rounded up */

static void free_ecdsa(ECDSA_SIG **sig)
{
    ECDSA_SIG_free(*sig);
}

/* Afterwards the thread's context must not keep the key alive. */
static void reset(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_reset(*ctx);
}

size_t key_sign(const struct jose_key *key, str input, unsigned char out[static SIGNATURE_BYTES_MAX])
{
    engine_require(key->signer != NULL, "signing with a public key");
    CLEANUP(reset) EVP_MD_CTX *ctx = engine_get()->signature;
    size_t n = SIGNATURE_BYTES_MAX;
    engine_require(EVP_MD_CTX_copy_ex(ctx, key->signer) == 1 &&
                       EVP_DigestSign(ctx, out, &n, (const unsigned char *)input.p, input.n) == 1,
                   "signature");
    if (key->alg != ALG_ES256)
        return n;
    const unsigned char *der = out;
    CLEANUP(free_ecdsa) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    engine_require(sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, P256_BYTES) == P256_BYTES &&
                       BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + P256_BYTES, P256_BYTES) == P256_BYTES,
                   "ECDSA signature");
    return key->signature_bytes;
}

/* r and s side by side as DER; 0 if one of them is zero (RFC 8725 section 3.4, CVE-2022-21449). */
static size_t ecdsa_der(str signature, unsigned char der[static P256_DER_MAX])
{
    const unsigned char *raw = (const unsigned char *)signature.p;
    CLEANUP(free_ecdsa) ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, P256_BYTES, NULL), *s = BN_bin2bn(raw + P256_BYTES, P256_BYTES, NULL);
    engine_require(sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1, "ECDSA signature");
    if (BN_is_zero(r) || BN_is_zero(s))
        return 0;
    int n = i2d_ECDSA_SIG(sig, &der);
    engine_require(n > 0, "ECDSA signature");
    return (size_t)n;
}

bool key_verify(const struct jose_key *key, str input, str signature)
{
    if (signature.n != key->signature_bytes)
        return false;
    unsigned char der[P256_DER_MAX];
    const unsigned char *bytes = (const unsigned char *)signature.p;
    size_t n = signature.n;
    if (key->alg == ALG_ES256) {
        n = ecdsa_der(signature, der);
        bytes = der;
        if (n == 0)
            return false;
    }
    CLEANUP(reset) EVP_MD_CTX *ctx = engine_get()->signature;
    engine_require(EVP_MD_CTX_copy_ex(ctx, key->verifier) == 1, "signature context");
    bool right = EVP_DigestVerify(ctx, bytes, n, (const unsigned char *)input.p, input.n) == 1;
    if (!right)
        ERR_clear_error();
    return right;
}
