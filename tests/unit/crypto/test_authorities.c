/* Which client certificates the trusted authorities stand behind, with certificates that are made here. */
#include "crypto/authorities.h"
#include "unit/crypto/support.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOT_BEFORE 1700000000
#define NOW 1750000000
#define NOT_AFTER 1800000000

struct party {
    const char *name;
    const struct jose_key *key;
    const struct party *issuer; /* itself */
    const char *purpose;        /* extended key usage; NULL: any */
    bool authority;
    int64_t until;
};

static struct jose_key *root_key, *middle_key, *client_key;
static char file[64];

static const struct party *root(void)
{
    static struct party party;
    party = (struct party){"root", root_key, &party, NULL, true, NOT_AFTER};
    return &party;
}

static const struct party *middle(void)
{
    static struct party party;
    party = (struct party){"middle", middle_key, root(), NULL, true, NOT_AFTER};
    return &party;
}

static int begin(void **state)
{
    (void)state;
    root_key = jose_key_generate(ALG_ES256);
    middle_key = jose_key_generate(ALG_ES256);
    client_key = jose_key_generate(ALG_ES256);
    snprintf(file, sizeof file, "/tmp/konsao-authorities-XXXXXX");
    int fd = mkstemp(file);
    return fd < 0 ? -1 : close(fd);
}

static int end(void **state)
{
    (void)state;
    jose_key_free(root_key);
    jose_key_free(middle_key);
    jose_key_free(client_key);
    return unlink(file);
}

static void extend(X509 *x509, int what, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, what, value);
    assert_non_null(extension);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
}

static void set_name(X509_NAME *name, const char *text)
{
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0), 1);
}

static X509 *issue(const struct party *party)
{
    X509 *x509 = X509_new();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    ASN1_TIME_set(X509_getm_notBefore(x509), NOT_BEFORE);
    ASN1_TIME_set(X509_getm_notAfter(x509), party->until);
    set_name(X509_get_subject_name(x509), party->name);
    set_name(X509_get_issuer_name(x509), party->issuer->name);
    X509_set_pubkey(x509, party->key->pkey);
    extend(x509, NID_basic_constraints, party->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (party->purpose)
        extend(x509, NID_ext_key_usage, party->purpose);
    assert_true(X509_sign(x509, party->issuer->key->pkey, EVP_sha256()) > 0);
    return x509;
}

/* The authorities of these parties' certificates, or what comes of their file. */
static struct authorities *trust(const struct party *one, const struct party *other)
{
    const struct party *parties[] = {one, other};
    char error[256];
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    for (size_t i = 0; i < COUNT_OF(parties) && parties[i]; i++) {
        X509 *x509 = issue(parties[i]);
        assert_int_equal(PEM_write_X509(out, x509), 1);
        X509_free(x509);
    }
    fclose(out);
    return authorities_load(file, error, sizeof error);
}

static bool is_issued(struct authorities *authorities, const struct party *party, int64_t now)
{
    X509 *x509 = issue(party);
    int n = i2d_X509(x509, NULL);
    unsigned char *der = arena_alloc(arena, (size_t)n), *at = der;
    i2d_X509(x509, &at);
    X509_free(x509);
    const struct certificate *certificate = certificate_from_der(arena, str_bytes(der, (size_t)n));
    assert_non_null(certificate);
    assert_non_null(authorities);
    bool issued = authorities_issued(authorities, certificate, now);
    authorities_free(authorities);
    return issued;
}

static struct party client_of(const struct party *issuer)
{
    return (struct party){"client", client_key, issuer, NULL, false, NOT_AFTER};
}

static void a_certificate_of_an_authority_is_known_with_all_between_them(void **state)
{
    (void)state;
    struct party client = client_of(root());
    assert_true(is_issued(trust(root(), NULL), &client, NOW));
    client.purpose = "clientAuth";
    assert_true(is_issued(trust(root(), NULL), &client, NOW));
    client.issuer = middle();
    assert_true(is_issued(trust(middle(), root()), &client, NOW));
    assert_true(is_issued(trust(middle(), NULL), &client, NOW)); /* what stands in the file is trusted by itself */
    assert_false(is_issued(trust(root(), NULL), &client, NOW));  /* nobody says who issued it */
}

static void a_certificate_of_somebody_else_is_not_known(void **state)
{
    (void)state;
    struct party impostor = {"root", client_key, &impostor, NULL, true, NOT_AFTER};
    struct party client = client_of(&impostor); /* with the authority's name, but not its key */
    struct party own = {"client", client_key, &own, NULL, false, NOT_AFTER};
    assert_false(is_issued(trust(root(), NULL), &client, NOW));
    assert_false(is_issued(trust(root(), NULL), &own, NOW));
}

static void a_client_issues_nothing(void **state)
{
    (void)state;
    struct party client = client_of(root());
    struct party by_client = {"another", middle_key, &client, NULL, false, NOT_AFTER};
    assert_false(is_issued(trust(&client, root()), &by_client, NOW));
}

static void an_authority_is_no_client_of_its_own(void **state)
{
    (void)state;
    assert_false(is_issued(trust(root(), NULL), root(), NOW));
    struct party client = client_of(root());
    assert_false(is_issued(trust(&client, NULL), &client, NOW));
}

static void dates_and_purposes_count(void **state)
{
    (void)state;
    struct party client = client_of(root()), old = client_of(middle()), gone = *middle();
    assert_false(is_issued(trust(root(), NULL), &client, NOT_BEFORE - 1));
    assert_false(is_issued(trust(root(), NULL), &client, NOT_AFTER + 1));
    gone.until = NOW - 1; /* whoever stands between them must be in date too */
    old.issuer = &gone;
    assert_false(is_issued(trust(&gone, root()), &old, NOW));
    client.purpose = "serverAuth";
    assert_false(is_issued(trust(root(), NULL), &client, NOW));
}

static void a_file_without_certificates_is_refused(void **state)
{
    (void)state;
    char error[256];
    assert_null(trust(NULL, NULL));
    assert_null(authorities_load("/nonexistent", error, sizeof error));
    assert_non_null(strstr(error, "/nonexistent"));
    assert_null(authorities_load("/tmp", error, sizeof error));
    FILE *out = fopen(file, "w");
    fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", out);
    fclose(out);
    assert_null(authorities_load(file, error, sizeof error));
    authorities_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_certificate_of_an_authority_is_known_with_all_between_them),
        TEST(a_certificate_of_somebody_else_is_not_known),
        TEST(a_client_issues_nothing),
        TEST(an_authority_is_no_client_of_its_own),
        TEST(dates_and_purposes_count),
        TEST(a_file_without_certificates_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
