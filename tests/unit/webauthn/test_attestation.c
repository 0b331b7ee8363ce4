/* Packed attestation (Web Authentication Level 3, section 8.2; in the FIDO Alliance's conformance tests for servers
 * …AttestationResponse-Resp-5, with certificates, and -6, self attestation). */
#include <openssl/x509v3.h>

#include "unit/webauthn/authenticator.h"

static const int64_t algs[] = {-7, -8, -257};

/* ---- by the credential's own key ---- */

static struct ceremony self_of(int64_t alg)
{
    struct ceremony c = registration_of(alg);
    c.format = "packed";
    c.statement = packed_of(&c, alg);
    return c;
}

static void self_attestation_that_holds_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        struct ceremony c = self_of(algs[i]);
        assert_fault(registers(&c), WEBAUTHN_OK);
        assert_true(str_eq(created.public_key, c.passkey.cose));
    }
}

/* Browsers ask authenticators for credProtect by themselves; libfido2 refuses what it was not told to expect. */
static void extensions_that_nobody_asked_for_do_not_break_it(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    const str names[] = {c_text("credBlob"), c_text("credProtect"), c_text("hmac-secret"), c_text("minPinLength")};
    const str values[] = {STR("\xf5"), c_int(2), STR("\xf5"), c_int(6)};
    c.format = "packed";
    c.flags |= ED;
    for (size_t n = 0; n <= COUNT_OF(names); n++) {
        c.extensions = c_map(n, names, values);
        c.statement = packed_of(&c, -7);
        assert_fault(registers(&c), WEBAUTHN_OK);
    }
}

static void a_signature_of_another_key_or_of_other_bytes_is_refused(void **state)
{
    (void)state;
    EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    struct ceremony c = registration_of(-7);
    c.format = "packed";
    c.signer = other;
    c.statement = packed_of(&c, -7);
    assert_fault(registers(&c), WEBAUTHN_ATTESTATION);
    EVP_PKEY_free(other);
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        c = self_of(algs[i]);
        str statement = c.statement;
        c.statement = turned(statement, statement.n - 1);
        assert_fault(registers(&c), WEBAUTHN_ATTESTATION);
        c.statement = statement;
        c.count = 8;
        assert_fault(registers(&c), WEBAUTHN_ATTESTATION);
        c.count = 7;
        c.more = ",\"more\":true";
        assert_fault(registers(&c), WEBAUTHN_ATTESTATION);
    }
}

static enum webauthn_fault with_statement(size_t n, const str *names, const str *values)
{
    struct ceremony c = registration_of(-7);
    c.format = "packed";
    c.statement = c_map(n, names, values);
    return registers(&c);
}

static void the_statement_names_the_credentials_algorithm(void **state)
{
    (void)state;
    static const int64_t others[] = {-8, -257, -35, -65535, 0, 7};
    struct ceremony c = registration_of(-7);
    const str names[] = {c_text("alg"), c_text("sig")};
    str values[] = {c_int(-7), c_bytes(signature_of(&c))};
    assert_fault(with_statement(2, names, values), WEBAUTHN_OK);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        values[0] = c_int(others[i]);
        assert_fault(with_statement(2, names, values), WEBAUTHN_ATTESTATION);
    }
    values[0] = c_text("ES256");
    assert_fault(with_statement(2, names, values), WEBAUTHN_ATTESTATION);
    values[0] = STR_NONE; /* libfido2 by itself takes this for ES256 */
    assert_fault(with_statement(2, names, values), WEBAUTHN_ATTESTATION);
}

static void the_statement_has_a_signature_of_bytes(void **state)
{
    (void)state;
    const str names[] = {c_text("alg"), c_text("sig")};
    const str wrong[] = {STR_NONE, c_text("x"), c_int(1), STR("\xf6"), c_bytes(STR("")), c_bytes(STR("x"))};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const str values[] = {c_int(-7), wrong[i]};
        assert_fault(with_statement(2, names, values), WEBAUTHN_ATTESTATION);
    }
    assert_fault(with_statement(0, names, wrong), WEBAUTHN_ATTESTATION);
}

static void a_member_that_is_unknown_is_refused(void **state)
{
    (void)state;
    struct ceremony c = registration_of(-7);
    const str names[] = {c_text("alg"), c_text("sig"), c_text("ver")};
    const str values[] = {c_int(-7), c_bytes(signature_of(&c)), c_text("2.0")};
    assert_fault(with_statement(3, names, values), WEBAUTHN_ATTESTATION);
}

/* ---- by a certificate ---- */

struct leaf {
    const char *country, *organization, *unit, *name;
    str aaguid; /* STR_NONE: not said */
    bool aaguid_critical;
    int ca; /* -1: no basic constraints */
    long version, begins, ends;
    EVP_PKEY *key, *issuer_key;
    const char *issuer; /* CN; NULL: itself */
    const EVP_MD *md;
};

static struct leaf leaf_of(EVP_PKEY *key)
{
    return (struct leaf){"KH",
                         "A maker",
                         "Authenticator Attestation",
                         "A model of it",
                         STR_NONE,
                         false,
                         0,
                         X509_VERSION_3,
                         -3600,
                         3600,
                         key,
                         key,
                         NULL,
                         EVP_sha256()};
}

static void add_extension(X509 *certificate, const char *oid, bool critical, str der)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, (const unsigned char *)der.p, (int)der.n);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
}

static void add_name(X509_NAME *name, const char *field, const char *value)
{
    if (value)
        assert_int_equal(
            X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0), 1);
}

static str der_of(const struct leaf *leaf)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate), *issuer = X509_NAME_new();
    X509_set_version(certificate, leaf->version);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), leaf->begins);
    X509_gmtime_adj(X509_getm_notAfter(certificate), leaf->ends);
    add_name(subject, "C", leaf->country);
    add_name(subject, "O", leaf->organization);
    add_name(subject, "OU", leaf->unit);
    add_name(subject, "CN", leaf->name);
    add_name(issuer, "CN", leaf->issuer);
    X509_set_issuer_name(certificate, leaf->issuer ? issuer : subject);
    X509_set_pubkey(certificate, leaf->key);
    if (leaf->ca >= 0)
        add_extension(certificate, "2.5.29.19", true, leaf->ca ? STR("\x30\x03\x01\x01\xff") : STR("\x30\x00"));
    if (leaf->aaguid.p)
        add_extension(
            certificate, "1.3.6.1.4.1.45724.1.1.4", leaf->aaguid_critical,
            join(join(STR("\x04"), str_bytes(&(unsigned char){(unsigned char)leaf->aaguid.n}, 1)), leaf->aaguid));
    X509_sign(certificate, leaf->issuer_key, EVP_PKEY_is_a(leaf->issuer_key, "ED25519") ? NULL : leaf->md);
    unsigned char *der = NULL;
    int n = i2d_X509(certificate, &der);
    str out = arena_str(arena, str_bytes(der, (size_t)n));
    OPENSSL_free(der);
    X509_NAME_free(issuer);
    X509_free(certificate);
    return out;
}

static enum webauthn_fault with_chain(str chain, EVP_PKEY *signer, int64_t alg)
{
    struct ceremony c = registration_of(-7);
    c.signer = signer;
    const str names[] = {c_text("alg"), c_text("sig"), c_text("x5c")};
    const str values[] = {c_int(alg), c_bytes(signature_of(&c)), chain};
    return with_statement(3, names, values);
}

static enum webauthn_fault with_leaf(const struct leaf *leaf)
{
    str certificate = c_bytes(der_of(leaf));
    return with_chain(c_array(1, &certificate), leaf->key, -7);
}

static EVP_PKEY *maker; /* ES256 */

static int set_up_maker(void **state)
{
    if (!maker)
        maker = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    return set_up(state);
}

static void a_certificate_that_holds_is_taken_of_each_algorithm(void **state)
{
    (void)state;
    struct leaf leaf = leaf_of(maker);
    assert_fault(with_leaf(&leaf), WEBAUTHN_OK);
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        leaf = leaf_of(key_of(algs[i]));
        str certificate = c_bytes(der_of(&leaf));
        assert_fault(with_chain(c_array(1, &certificate), leaf.key, algs[i]), WEBAUTHN_OK);
        assert_fault(with_chain(c_array(1, &certificate), leaf.key, algs[(i + 1) % 3]), WEBAUTHN_ATTESTATION);
    }
}

static void a_certificate_of_a_key_that_did_not_sign_is_refused(void **state)
{
    (void)state;
    struct leaf leaf = leaf_of(maker);
    str certificate = c_bytes(der_of(&leaf));
    assert_fault(with_chain(c_array(1, &certificate), key_of(-7), -7), WEBAUTHN_ATTESTATION);
}

static void sha1_is_refused(void **state)
{
    (void)state;
    struct leaf leaf = leaf_of(key_of(-257));
    struct ceremony c = registration_of(-7);
    str certificate = c_bytes(der_of(&leaf));
    const str names[] = {c_text("alg"), c_text("sig"), c_text("x5c")};
    const str values[] = {c_int(-65535), c_bytes(sign_with(leaf.key, EVP_sha1(), signed_bytes_of(&c))),
                          c_array(1, &certificate)};
    assert_fault(with_statement(3, names, values), WEBAUTHN_ATTESTATION);
}

static void x5c_is_an_array_of_certificates_and_not_empty(void **state)
{
    (void)state;
    struct leaf leaf = leaf_of(maker);
    str der = der_of(&leaf);
    const str wrong[] = {c_bytes(der), STR("\x80"), c_text("x"), STR("\xa0"), STR("\xf6")};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_fault(with_chain(wrong[i], maker, -7), WEBAUTHN_ATTESTATION);
    const str items[] = {c_text("x"),
                         c_int(1),
                         c_bytes(STR("")),
                         c_bytes(STR("\x30\x00")),
                         c_bytes((str){der.p, der.n - 1}),
                         c_bytes(join(der, STR("\0")))};
    for (size_t i = 0; i < COUNT_OF(items); i++)
        assert_fault(with_chain(c_array(1, &items[i]), maker, -7), WEBAUTHN_ATTESTATION);
}

static void the_certificates_subject_is_as_it_must_be(void **state)
{
    (void)state;
    struct leaf leaf = leaf_of(maker);
    leaf.country = NULL;
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
    leaf = leaf_of(maker);
    leaf.organization = NULL;
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
    leaf = leaf_of(maker);
    leaf.unit = NULL;
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
    leaf.unit = "authenticator attestation";
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
    leaf = leaf_of(maker);
    leaf.name = NULL;
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
}

static void the_certificate_is_of_version_3_and_no_authority(void **state)
{
    (void)state;
    struct leaf leaf = leaf_of(maker);
    leaf.version = X509_VERSION_2;
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
    leaf = leaf_of(maker);
    leaf.ca = 1;
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
    leaf.ca = -1;
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
}

static void a_certificate_for_another_kind_of_authenticator_is_refused(void **state)
{
    (void)state;
    struct leaf leaf = leaf_of(maker);
    leaf.aaguid = aaguid;
    assert_fault(with_leaf(&leaf), WEBAUTHN_OK);
    leaf.aaguid_critical = true;
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
    leaf.aaguid_critical = false;
    leaf.aaguid = turned(aaguid, 15);
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
    leaf.aaguid = (str){aaguid.p, 15};
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
    leaf.aaguid = STR("");
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
}

static void a_certificate_out_of_date_is_refused(void **state)
{
    (void)state;
    struct leaf leaf = leaf_of(maker);
    leaf.ends = -60;
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
    leaf = leaf_of(maker);
    leaf.begins = 60;
    assert_fault(with_leaf(&leaf), WEBAUTHN_ATTESTATION);
}

static void each_certificate_is_issued_by_the_next(void **state)
{
    (void)state;
    EVP_PKEY *authority_key = key_of(-257), *other = key_of(-7);
    struct leaf leaf = leaf_of(maker), authority = leaf_of(authority_key);
    leaf.issuer = authority.name = "Authority";
    leaf.issuer_key = authority_key;
    authority.country = authority.organization = authority.unit = NULL;
    authority.ca = 1;
    str chain[] = {c_bytes(der_of(&leaf)), c_bytes(der_of(&authority))};
    assert_fault(with_chain(c_array(2, chain), maker, -7), WEBAUTHN_OK);
    str reversed[] = {chain[1], chain[0]};
    assert_fault(with_chain(c_array(2, reversed), maker, -7), WEBAUTHN_ATTESTATION);
    leaf.issuer_key = other; /* the name is right, the signature is not */
    chain[0] = c_bytes(der_of(&leaf));
    assert_fault(with_chain(c_array(2, chain), maker, -7), WEBAUTHN_ATTESTATION);
    leaf.issuer_key = authority_key;
    leaf.issuer = "Somebody";
    chain[0] = c_bytes(der_of(&leaf));
    assert_fault(with_chain(c_array(2, chain), maker, -7), WEBAUTHN_ATTESTATION);
    leaf.issuer = "Authority";
    chain[0] = c_bytes(der_of(&leaf));
    authority.ca = 0;
    chain[1] = c_bytes(der_of(&authority));
    assert_fault(with_chain(c_array(2, chain), maker, -7), WEBAUTHN_ATTESTATION);
    authority.ca = 1;
    authority.ends = -60;
    chain[1] = c_bytes(der_of(&authority));
    assert_fault(with_chain(c_array(2, chain), maker, -7), WEBAUTHN_ATTESTATION);
}

static void a_chain_longer_than_any_is_refused(void **state)
{
    (void)state;
    struct leaf leaf = leaf_of(maker);
    str certificate = c_bytes(der_of(&leaf));
    const str chain[] = {certificate, certificate, certificate, certificate, certificate, certificate};
    assert_fault(with_chain(c_array(6, chain), maker, -7), WEBAUTHN_ATTESTATION);
}

#define ATTESTATION_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_maker, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTESTATION_TEST(self_attestation_that_holds_is_taken),
        ATTESTATION_TEST(extensions_that_nobody_asked_for_do_not_break_it),
        ATTESTATION_TEST(a_signature_of_another_key_or_of_other_bytes_is_refused),
        ATTESTATION_TEST(the_statement_names_the_credentials_algorithm),
        ATTESTATION_TEST(the_statement_has_a_signature_of_bytes),
        ATTESTATION_TEST(a_member_that_is_unknown_is_refused),
        ATTESTATION_TEST(a_certificate_that_holds_is_taken_of_each_algorithm),
        ATTESTATION_TEST(a_certificate_of_a_key_that_did_not_sign_is_refused),
        ATTESTATION_TEST(sha1_is_refused),
        ATTESTATION_TEST(x5c_is_an_array_of_certificates_and_not_empty),
        ATTESTATION_TEST(the_certificates_subject_is_as_it_must_be),
        ATTESTATION_TEST(the_certificate_is_of_version_3_and_no_authority),
        ATTESTATION_TEST(a_certificate_for_another_kind_of_authenticator_is_refused),
        ATTESTATION_TEST(a_certificate_out_of_date_is_refused),
        ATTESTATION_TEST(each_certificate_is_issued_by_the_next),
        ATTESTATION_TEST(a_chain_longer_than_any_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
