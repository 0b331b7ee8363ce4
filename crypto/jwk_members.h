/* Of this room only: a public key's numbers as the members of a JWK. */
#ifndef KONSAO_CRYPTO_JWK_MEMBERS_H
#define KONSAO_CRYPTO_JWK_MEMBERS_H

#include <openssl/evp.h>

#include "base/arena.h"

/** The members that make the key, in the order and form that its thumbprint wants (RFC 7638 section 3.2), without the
 * braces. */
str jwk_members(const EVP_PKEY *pkey, struct arena *arena);

#endif
