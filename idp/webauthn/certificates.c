/* The certificates of a packed attestation (Web Authentication section 8.2.1). */
#include <openssl/x509v3.h>
#include <time.h>

#include "webauthn/cbor.h"
#include "webauthn/parts.h"

#define CERTIFICATES_MAX 5
#define AAGUID_OID "1.3.6.1.4.1.45724.1.1.4" /* id-fido-gen-ce-aaguid */
#define AAGUID_DER_BYTES 18                  /* an OCTET STRING of 16 bytes */

struct chain {
    X509 *items[CERTIFICATES_MAX];
    size_t count;
};

static void free_chain(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        X509_free(chain->items[i]);
}

static bool read_chain(str array, struct chain *out)
{
    str items, item, der;
    size_t count;
    if (!cbor_array(array, &items, &count) || count == 0 || count > CERTIFICATES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!cbor_take(&items, &item) || !cbor_bytes(item, &der))
            return false;
        const unsigned char *at = (const unsigned char *)der.p;
        X509 *certificate = d2i_X509(NULL, &at, (long)der.n);
        if (!certificate)
            return false;
        out->items[out->count++] = certificate;
        if (at != (const unsigned char *)der.p + der.n)
            return false;
    }
    return true;
}

/* The one value of `nid` in the subject is `wanted`, or, when that is NULL, a text of `length` characters (0: any). */
static bool subject_has(const X509 *certificate, int nid, const char *wanted, int length)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, nid, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, nid, at) >= 0)
        return false;
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    str text = str_bytes(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    if (wanted)
        return str_is(text, wanted);
    return text.n > 0 && (length == 0 || text.n == (size_t)length);
}

/* If the certificate says which kind of authenticator it is for, then it is this one. */
static bool is_for(const X509 *certificate, str aaguid)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(AAGUID_OID, 1);
    int at = oid ? X509_get_ext_by_OBJ(certificate, oid, -1) : -2;
    ASN1_OBJECT_free(oid);
    if (at == -1)
        return true;
    X509_EXTENSION *extension = at >= 0 ? X509_get_ext(certificate, at) : NULL;
    const ASN1_OCTET_STRING *value = extension ? X509_EXTENSION_get_data(extension) : NULL;
    if (!value || X509_EXTENSION_get_critical(extension) || ASN1_STRING_length(value) != AAGUID_DER_BYTES)
        return false;
    const unsigned char *der = ASN1_STRING_get0_data(value);
    return der[0] == V_ASN1_OCTET_STRING && der[1] == aaguid.n && str_eq(str_bytes(der + 2, aaguid.n), aaguid);
}

static bool is_in_date(const X509 *certificate)
{
    return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
           X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

static bool leaf_holds(X509 *leaf, str aaguid)
{
    return X509_get_version(leaf) == X509_VERSION_3 && subject_has(leaf, NID_countryName, NULL, 2) &&
           subject_has(leaf, NID_organizationName, NULL, 0) &&
           subject_has(leaf, NID_organizationalUnitName, "Authenticator Attestation", 0) &&
           subject_has(leaf, NID_commonName, NULL, 0) && X509_get_ext_by_NID(leaf, NID_basic_constraints, -1) >= 0 &&
           X509_check_ca(leaf) == 0 && is_for(leaf, aaguid);
}

static bool is_issued_by(X509 *certificate, X509 *issuer)
{
    return X509_check_ca(issuer) > 0 && X509_check_issued(issuer, certificate) == X509_V_OK &&
           X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

bool attestation_certificates_hold(str array, str aaguid)
{
    CLEANUP(free_chain) struct chain chain = {0};
    if (!read_chain(array, &chain) || !leaf_holds(chain.items[0], aaguid))
        return false;
    for (size_t i = 0; i < chain.count; i++) {
        if (!is_in_date(chain.items[i]))
            return false;
        if (i + 1 < chain.count && !is_issued_by(chain.items[i], chain.items[i + 1]))
            return false;
    }
    return true;
}
