#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto/certificate_inside.h"
#include "crypto/engine.h"
#include "crypto/key.h"
#include "crypto/primitives.h"

struct certificate {
    X509 *x509;
    str der;
};

static void release(void *x509)
{
    X509_free(x509);
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static struct certificate *wrap(struct arena *arena, X509 *x509, str der)
{
    ERR_clear_error();
    if (!x509)
        return NULL;
    arena_defer(arena, release, x509);
    struct certificate *certificate = ARENA_NEW(arena, struct certificate);
    *certificate = (struct certificate){x509, der};
    return certificate;
}

struct certificate *certificate_from_der(struct arena *arena, str der)
{
    const unsigned char *at = (const unsigned char *)der.p;
    if (der.n == 0 || der.n > CERTIFICATE_BYTES_MAX)
        return NULL;
    X509 *x509 = d2i_X509(NULL, &at, (long)der.n);
    if (x509 && at != (const unsigned char *)der.p + der.n) {
        X509_free(x509);
        x509 = NULL;
    }
    return wrap(arena, x509, der);
}

struct certificate *certificate_from_pem(struct arena *arena, str pem)
{
    char *name = NULL, *header = NULL;
    unsigned char *bytes = NULL;
    long n = 0;
    if (pem.n == 0 || pem.n > 2 * CERTIFICATE_BYTES_MAX)
        return NULL;
    CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    engine_require(bio != NULL, "memory");
    bool is_one = PEM_read_bio(bio, &name, &header, &bytes, &n) == 1 && strcmp(name, PEM_STRING_X509) == 0;
    str der = is_one ? arena_str(arena, str_bytes(bytes, (size_t)n)) : STR_NONE;
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(bytes);
    ERR_clear_error();
    return certificate_from_der(arena, der);
}

X509 *certificate_x509(const struct certificate *certificate)
{
    return certificate->x509;
}

const X509_NAME *certificate_name(const struct certificate *certificate)
{
    return X509_get_subject_name(certificate->x509);
}

str certificate_thumbprint(const struct certificate *certificate, struct arena *arena)
{
    return base64url_encode(arena, sha256_key(arena, certificate->der));
}

bool certificate_is_current(const struct certificate *certificate, int64_t now)
{
    time_t at = (time_t)now; /* X509_cmp_time: 0 is an error, so the moment itself is not after */
    return X509_cmp_time(X509_get0_notBefore(certificate->x509), &at) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate->x509), &at) > 0;
}

bool certificate_is_of(const struct certificate *certificate, const EVP_PKEY *pkey)
{
    const EVP_PKEY *own = X509_get0_pubkey(certificate->x509);
    bool same = own && EVP_PKEY_eq(own, pkey) == 1;
    ERR_clear_error();
    return same;
}

bool certificate_is_in_keyset(const struct certificate *certificate, const struct jose_keyset *set)
{
    const EVP_PKEY *own = X509_get0_pubkey(certificate->x509);
    bool found = own && keyset_has(set, own);
    ERR_clear_error();
    return found;
}

static void free_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static str text_of(const ASN1_STRING *string)
{
    return str_bytes(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

/* The bytes of an address as the certificate has them; 0 when `text` is none. */
static size_t address_bytes(str text, unsigned char out[static 16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.n >= sizeof copy || str_has(text, '\0'))
        return 0;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return inet_pton(AF_INET, copy, out) == 1 ? 4 : inet_pton(AF_INET6, copy, out) == 1 ? 16 : 0;
}

/* RFC 5280 section 7.5: the part before the @ as it stands, the domain without regard to case. */
static bool same_email(str a, str b)
{
    str local_a, local_b, domain_a, domain_b;
    return str_cut(a, '@', &local_a, &domain_a) && str_cut(b, '@', &local_b, &domain_b) && str_eq(local_a, local_b) &&
           str_eq_nocase(domain_a, domain_b);
}

static bool is_name(const GENERAL_NAME *name, enum certificate_san kind, str value)
{
    unsigned char address[16];
    switch (kind) {
    case SAN_DNS:
        return name->type == GEN_DNS && !str_has(value, '*') && str_eq_nocase(text_of(name->d.dNSName), value);
    case SAN_URI:
        return name->type == GEN_URI && str_eq(text_of(name->d.uniformResourceIdentifier), value);
    case SAN_IP:
        return name->type == GEN_IPADD &&
               str_eq(text_of(name->d.iPAddress), str_bytes(address, address_bytes(value, address)));
    case SAN_EMAIL:
        return name->type == GEN_EMAIL && same_email(text_of(name->d.rfc822Name), value);
    default:
        return false;
    }
}

bool certificate_has_san(const struct certificate *certificate, enum certificate_san kind, str value)
{
    CLEANUP(free_names)
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate->x509, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; value.n > 0 && i < sk_GENERAL_NAME_num(names); i++)
        found = found || is_name(sk_GENERAL_NAME_value(names, i), kind, value);
    ERR_clear_error();
    return found;
}
