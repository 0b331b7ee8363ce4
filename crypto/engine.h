/* Of this room only: OpenSSL's algorithms, fetched once, and each thread's kept contexts. A fetch or a new context
 * costs more than a digest. */
#ifndef KONSAO_CRYPTO_ENGINE_H
#define KONSAO_CRYPTO_ENGINE_H

#include <openssl/evp.h>
#include <stdbool.h>

/** The contexts of one thread, ready for their algorithm; released when the thread ends. */
struct engine {
    EVP_MD_CTX *digest;    /* initialised by the caller */
    EVP_MAC_CTX *hmac;     /* HMAC-SHA256; EVP_MAC_init with a key alone */
    EVP_CIPHER_CTX *gcm;   /* AES-256-GCM; initialised with key, nonce and direction */
    EVP_MD_CTX *signature; /* signing and verifying; initialised by the caller */
};

/** This thread's contexts. Never NULL. */
struct engine *engine_get(void);
const EVP_MD *engine_sha256(void);
const EVP_MD *engine_sha512(void);
/** Ends the process with OpenSSL's reason: what this room does can fail only without memory or entropy. */
_Noreturn void engine_fail(const char *what);
/** Ends the process unless `ok`. */
void engine_require(bool ok, const char *what);

#endif
