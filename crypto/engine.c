#include "crypto/engine.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    EVP_MD *sha256, *sha512;
    EVP_CIPHER *aes256gcm;
    EVP_MAC *hmac;
    pthread_key_t key;
} algorithms;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct engine *of_thread;

void engine_fail(const char *what)
{
    char reason[256];
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    fprintf(stderr, "konsao: cryptography failed: %s: %s\n", what, reason);
    abort();
}

void engine_require(bool ok, const char *what)
{
    if (!ok)
        engine_fail(what);
}

static void release(void *memory)
{
    struct engine *engine = memory;
    EVP_MD_CTX_free(engine->digest);
    EVP_MD_CTX_free(engine->signature);
    EVP_MAC_CTX_free(engine->hmac);
    EVP_CIPHER_CTX_free(engine->gcm);
    free(engine);
    of_thread = NULL;
}

static void fetch_algorithms(void)
{
    algorithms.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    algorithms.sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
    algorithms.aes256gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    algorithms.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    engine_require(algorithms.sha256 && algorithms.sha512 && algorithms.aes256gcm && algorithms.hmac, "fetch");
    engine_require(pthread_key_create(&algorithms.key, release) == 0, "thread key");
}

static struct engine *make_engine(void)
{
    struct engine *engine = calloc(1, sizeof *engine);
    engine_require(engine != NULL, "memory");
    engine->digest = EVP_MD_CTX_new();
    engine->signature = EVP_MD_CTX_new();
    engine->hmac = EVP_MAC_CTX_new(algorithms.hmac);
    engine->gcm = EVP_CIPHER_CTX_new();
    engine_require(engine->digest && engine->signature && engine->hmac && engine->gcm, "context");
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    engine_require(EVP_MAC_CTX_set_params(engine->hmac, params) == 1, "HMAC");
    engine_require(EVP_CipherInit_ex(engine->gcm, algorithms.aes256gcm, NULL, NULL, NULL, 1) == 1, "AES-256-GCM");
    engine_require(pthread_setspecific(algorithms.key, engine) == 0, "thread key");
    return engine;
}

struct engine *engine_get(void)
{
    if (!of_thread) {
        pthread_once(&once, fetch_algorithms);
        of_thread = make_engine();
    }
    return of_thread;
}

const EVP_MD *engine_sha256(void)
{
    pthread_once(&once, fetch_algorithms);
    return algorithms.sha256;
}

const EVP_MD *engine_sha512(void)
{
    pthread_once(&once, fetch_algorithms);
    return algorithms.sha512;
}
