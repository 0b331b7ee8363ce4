/* Of this room only: what the files about certificates share. */
#ifndef KONSAO_CRYPTO_CERTIFICATE_INSIDE_H
#define KONSAO_CRYPTO_CERTIFICATE_INSIDE_H

#include <openssl/x509.h>

#include "crypto/certificate.h"

/** Whether the certificate's subject public key is `pkey`. */
bool certificate_is_of(const struct certificate *certificate, const EVP_PKEY *pkey);
/** For OpenSSL's functions. */
X509 *certificate_x509(const struct certificate *certificate);
/** Its subject. */
const X509_NAME *certificate_name(const struct certificate *certificate);

#endif
