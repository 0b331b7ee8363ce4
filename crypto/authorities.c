#include "crypto/authorities.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/certificate_inside.h"
#include "crypto/engine.h"

#define CHAIN_MAX 5

struct authorities {
    X509_STORE *store;
};

struct authorities *authorities_load(const char *path, char *error, size_t error_size)
{
    struct stat info;
    struct authorities *authorities = calloc(1, sizeof *authorities);
    engine_require(authorities && (authorities->store = X509_STORE_new()), "X509_STORE_new");
    /* X509_STORE_load_file reads what it can of a folder, and says nothing of a file without certificates in it. */
    bool loaded =
        stat(path, &info) == 0 && S_ISREG(info.st_mode) && X509_STORE_load_file(authorities->store, path) == 1;
    ERR_clear_error();
    if (loaded)
        return authorities;
    authorities_free(authorities);
    snprintf(error, error_size, "%s holds no certificates that can be read", path);
    return NULL;
}

void authorities_free(struct authorities *authorities)
{
    if (!authorities)
        return;
    X509_STORE_free(authorities->store);
    free(authorities);
}

static void free_context(X509_STORE_CTX **context)
{
    X509_STORE_CTX_free(*context);
}

bool authorities_issued(const struct authorities *authorities, const struct certificate *certificate, int64_t now)
{
    CLEANUP(free_context) X509_STORE_CTX *context = X509_STORE_CTX_new();
    engine_require(context &&
                       X509_STORE_CTX_init(context, authorities->store, certificate_x509(certificate), NULL) == 1,
                   "X509_STORE_CTX_init");
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, (time_t)now);
    X509_VERIFY_PARAM_set_depth(param, CHAIN_MAX);
    engine_require(X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
                       X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT) == 1,
                   "X509_VERIFY_PARAM");
    X509_VERIFY_PARAM_set_auth_level(param, 2); /* 112 bits: no SHA-1, no RSA below 2048 bits */
    bool issued = X509_verify_cert(context) == 1;
    /* A certificate that stands in the file itself is an authority, not a client that one of them knows. */
    issued = issued && sk_X509_num(X509_STORE_CTX_get0_chain(context)) > 1;
    ERR_clear_error();
    return issued;
}
