#include "crypto/certificate.h"
#include "unit/crypto/support.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

/* One attribute of a subject: `set` 0 begins an RDN, -1 adds to the one before. */
struct attribute {
    const char *type;
    int kind;
    const char *value;
    int set;
};

#define NOT_BEFORE 1700000000
#define NOT_AFTER 1800000000

static struct jose_key *key; /* of the certificates */

static int make_key(void **state)
{
    (void)state;
    key = jose_key_generate(ALG_ES256);
    return 0;
}

static int drop_key(void **state)
{
    (void)state;
    jose_key_free(key);
    return 0;
}

/* A self-signed certificate as DER. `names`: subject alternative names as OpenSSL's configuration has them, or NULL. */
static str made(const struct attribute *subject, size_t count, const char *names)
{
    X509 *x509 = X509_new();
    X509_NAME *name = X509_get_subject_name(x509);
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    ASN1_TIME_set(X509_getm_notBefore(x509), NOT_BEFORE);
    ASN1_TIME_set(X509_getm_notAfter(x509), NOT_AFTER);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(X509_NAME_add_entry_by_txt(name, subject[i].type, subject[i].kind,
                                                    (const unsigned char *)subject[i].value, -1, -1, subject[i].set),
                         1);
    X509_set_issuer_name(x509, name);
    X509_set_pubkey(x509, key->pkey);
    if (names) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
        assert_non_null(extension);
        X509_add_ext(x509, extension, -1);
        X509_EXTENSION_free(extension);
    }
    assert_true(X509_sign(x509, key->pkey, EVP_sha256()) > 0);
    int n = i2d_X509(x509, NULL);
    unsigned char *out = arena_alloc(arena, (size_t)n), *at = out;
    i2d_X509(x509, &at);
    X509_free(x509);
    return str_bytes(out, (size_t)n);
}

static const struct certificate *opened(str der)
{
    const struct certificate *certificate = certificate_from_der(arena, der);
    assert_non_null(certificate);
    return certificate;
}

static const struct attribute portal[] = {{"C", MBSTRING_ASC, "KH", 0},
                                          {"O", MBSTRING_UTF8, "Ministry of Posts, Telecom", 0},
                                          {"OU", MBSTRING_ASC, "Digital", 0},
                                          {"CN", MBSTRING_UTF8, "portal.example.gov.kh", 0}};

#define SUBJECT_IS(certificate, text) assert_true(certificate_has_subject((certificate), STR(text)))
#define SUBJECT_IS_NOT(certificate, text) assert_false(certificate_has_subject((certificate), STR(text)))

static void a_subject_is_matched_by_its_attributes_in_the_order_of_rfc4514(void **state)
{
    (void)state;
    const struct certificate *c = opened(made(portal, COUNT_OF(portal), NULL));
    SUBJECT_IS(c, "CN=portal.example.gov.kh,OU=Digital,O=Ministry of Posts\\, Telecom,C=KH");
    SUBJECT_IS(c, "CN=portal.example.gov.kh, OU=Digital, O=Ministry of Posts\\2c Telecom, C=KH");
    SUBJECT_IS(c, "cn=PORTAL.example.gov.kh,ou=digital,o=ministry of posts\\,  telecom,c=kh");
    SUBJECT_IS(c, "2.5.4.3=portal.example.gov.kh,2.5.4.11=Digital,2.5.4.10=Ministry of Posts\\, Telecom,2.5.4.6=KH");
    SUBJECT_IS(c, "CN=portal.example.gov.kh,OU=#13074469676974616c,O=Ministry of Posts\\, Telecom,C=KH");
    SUBJECT_IS_NOT(c, "C=KH,O=Ministry of Posts\\, Telecom,OU=Digital,CN=portal.example.gov.kh");
    SUBJECT_IS_NOT(c, "CN=portal.example.gov.kh,OU=Digital,O=Ministry of Posts\\, Telecom");
    SUBJECT_IS_NOT(c, "CN=portal.example.gov.kh");
    SUBJECT_IS_NOT(c, "CN=portal.example.gov.kh,OU=Digital,O=Ministry of Posts\\, Telecom,C=KH,C=KH");
    SUBJECT_IS_NOT(c, "CN=portal.example.gov.kh.evil.example,OU=Digital,O=Ministry of Posts\\, Telecom,C=KH");
    SUBJECT_IS_NOT(c, "CN=portal.example.gov.kh+OU=Digital,O=Ministry of Posts\\, Telecom,C=KH");
    SUBJECT_IS_NOT(c, "O=portal.example.gov.kh,OU=Digital,CN=Ministry of Posts\\, Telecom,C=KH");
}

/* An attribute value must not be able to look like two attributes. */
static void a_value_with_commas_is_not_two_attributes(void **state)
{
    (void)state;
    static const struct attribute tricky[] = {{"CN", MBSTRING_UTF8, "bank,O=Treasury", 0}};
    static const struct attribute plain[] = {{"O", MBSTRING_UTF8, "Treasury", 0}, {"CN", MBSTRING_UTF8, "bank", 0}};
    const struct certificate *one = opened(made(tricky, 1, NULL)), *two = opened(made(plain, 2, NULL));
    SUBJECT_IS_NOT(one, "CN=bank,O=Treasury");
    SUBJECT_IS(two, "CN=bank,O=Treasury");
    SUBJECT_IS(one, "CN=bank\\,O=Treasury");
    SUBJECT_IS(one, "CN=bank\\,O\\=Treasury");
    SUBJECT_IS_NOT(two, "CN=bank\\,O=Treasury");
}

static void rdns_of_several_values_khmer_and_old_string_types_match(void **state)
{
    (void)state;
    static const struct attribute many[] = {{"DC", V_ASN1_IA5STRING, "kh", 0},
                                            {"DC", V_ASN1_IA5STRING, "gov", 0},
                                            {"O", V_ASN1_T61STRING, "Works", 0},
                                            {"CN", MBSTRING_UTF8, "ធនាគារ", 0},
                                            {"serialNumber", V_ASN1_PRINTABLESTRING, "12", -1},
                                            {"emailAddress", V_ASN1_IA5STRING, "a@b.example", 0}};
    const struct certificate *c = opened(made(many, COUNT_OF(many), NULL));
    SUBJECT_IS(c, "emailAddress=a@b.example,CN=ធនាគារ+serialNumber=12,O=Works,DC=gov,DC=kh");
    SUBJECT_IS(c, "emailAddress=a@b.example,serialNumber=12+CN=ធនាគារ,O=Works,DC=gov,DC=kh");
    SUBJECT_IS(c, "1.2.840.113549.1.9.1=a@b.example,serialNumber=12+CN=\\e1\\9e\\92\\e1\\9e\\93\\e1\\9e\\b6\\e1\\9e\\82"
                  "\\e1\\9e\\b6\\e1\\9e\\9a,O=Works,DC=gov,DC=kh");
    SUBJECT_IS_NOT(c, "emailAddress=a@b.example,CN=ធនាគារ,serialNumber=12,O=Works,DC=gov,DC=kh");
    SUBJECT_IS_NOT(c, "emailAddress=a@b.example,CN=ធនាគារ+serialNumber=12,O=Works,DC=kh,DC=gov");
}

static void a_subject_reads_as_text_that_matches_it(void **state)
{
    (void)state;
    static const struct attribute odd[] = {{"O", MBSTRING_UTF8, " #a+b;\"<c>\\, =", 0},
                                           {"UID", MBSTRING_UTF8, "u", 0},
                                           {"CN", MBSTRING_UTF8, "ធនាគារ ", -1}};
    const struct certificate *c = opened(made(odd, COUNT_OF(odd), NULL));
    str text = certificate_subject(c, arena);
    assert_true(certificate_dn_is_valid(text));
    assert_true(certificate_has_subject(c, text));
}

static void an_empty_or_malformed_name_matches_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",        " ",         ",",       "CN",         "CN=",      "=a",           "CN=a,",
        ",CN=a",   "CN=a,,O=b", "CN=a+",   "CN=a;O=b",   "CN=\"a\"", "CN= a",        "CN=a ",
        "CN=#",    "CN=#0",     "CN=#zz",  "CN=#020101", "CN=#0c02", "CN=#0c0161ff", "CN=a\\",
        "CN=a\\g", "CN=\\00",   "CN=\\ff", "CN =a",      "Nope=a",   "1.2.x=a",      "1..2=a",
        "9.9.9=a", "/CN=a/O=b", "CN=<a>",  "CN=a\nO=b,", "2=a"};
    const struct certificate *nameless = opened(made(NULL, 0, NULL));
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        if (certificate_dn_is_valid(str_of(wrong[i])))
            fail_msg("\"%s\" is a name", wrong[i]);
        assert_false(certificate_has_subject(nameless, str_of(wrong[i])));
    }
    assert_false(certificate_dn_is_valid(STR_NONE));
    assert_false(certificate_dn_is_valid(STR("CN=a\0,O=b")));
    assert_false(certificate_has_subject(nameless, STR_NONE));
    assert_true(certificate_dn_is_valid(STR("CN=a=b")));
    char *long_name = arena_alloc(arena, 3000);
    memset(long_name, 'a', 2999);
    memcpy(long_name, "CN=", 3);
    assert_false(certificate_dn_is_valid(str_of(long_name)));
}

static void subject_alternative_names_match_exactly_one_kind(void **state)
{
    (void)state;
    const struct certificate *c =
        opened(made(portal, COUNT_OF(portal),
                    "DNS:api.example.gov.kh,DNS:*.wild.example,URI:https://a.example/x,IP:192.0.2.1,"
                    "IP:2001:db8::1,email:Some.One@Mail.Example"));
    assert_true(certificate_has_san(c, SAN_DNS, STR("api.example.gov.kh")));
    assert_true(certificate_has_san(c, SAN_DNS, STR("API.example.gov.kh")));
    assert_true(certificate_has_san(c, SAN_URI, STR("https://a.example/x")));
    assert_true(certificate_has_san(c, SAN_IP, STR("192.0.2.1")));
    assert_true(certificate_has_san(c, SAN_IP, STR("2001:DB8:0:0:0:0:0:1")));
    assert_true(certificate_has_san(c, SAN_EMAIL, STR("Some.One@mail.example")));
    assert_false(certificate_has_san(c, SAN_DNS, STR("portal.example.gov.kh"))); /* the CN is no SAN */
    assert_false(certificate_has_san(c, SAN_DNS, STR("host.wild.example")));
    assert_false(certificate_has_san(c, SAN_DNS, STR("*.wild.example")));
    assert_false(certificate_has_san(c, SAN_DNS, STR("192.0.2.1")));
    assert_false(certificate_has_san(c, SAN_DNS, STR("api.example.gov.k")));
    assert_false(certificate_has_san(c, SAN_DNS, STR("https://a.example/x")));
    assert_false(certificate_has_san(c, SAN_URI, STR("https://A.example/x")));
    assert_false(certificate_has_san(c, SAN_URI, STR("https://a.example/")));
    assert_false(certificate_has_san(c, SAN_URI, STR("api.example.gov.kh")));
    assert_false(certificate_has_san(c, SAN_IP, STR("192.0.2.2")));
    assert_false(certificate_has_san(c, SAN_IP, STR("192.0.2.1\0")));
    assert_false(certificate_has_san(c, SAN_IP, STR("::ffff:192.0.2.1")));
    assert_false(certificate_has_san(c, SAN_IP, STR("not an address")));
    assert_false(certificate_has_san(c, SAN_EMAIL, STR("some.one@mail.example")));
    assert_false(certificate_has_san(c, SAN_EMAIL, STR("mail.example")));
    for (unsigned kind = SAN_DNS; kind <= SAN_EMAIL; kind++) {
        assert_false(certificate_has_san(c, (enum certificate_san)kind, STR("")));
        assert_false(certificate_has_san(c, (enum certificate_san)kind, STR_NONE));
        assert_false(certificate_has_san(opened(made(portal, 4, NULL)), (enum certificate_san)kind, STR("a")));
    }
}

/* CVE class of the NUL in a name: what is before it is not the name. */
static void a_nul_inside_a_name_is_part_of_it(void **state)
{
    (void)state;
    str der = made(portal, COUNT_OF(portal), "DNS:bank.example.evil.example");
    char *changed = arena_cstr(arena, der), *at = memmem(changed, der.n, "bank.example.evil", 17);
    assert_non_null(at);
    at[12] = '\0';
    const struct certificate *c = opened((str){changed, der.n}); /* its signature is not looked at here */
    assert_false(certificate_has_san(c, SAN_DNS, STR("bank.example")));
    assert_true(certificate_has_san(c, SAN_DNS, STR("bank.example\0evil.example")));
}

static void der_and_pem_give_the_same_thumbprint(void **state)
{
    (void)state;
    str der = made(portal, COUNT_OF(portal), NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_true(PEM_write_bio(bio, PEM_STRING_X509, "", (const unsigned char *)der.p, (long)der.n) > 0);
    char *text;
    long n = BIO_get_mem_data(bio, &text);
    str pem = arena_str(arena, (str){text, (size_t)n});
    BIO_free(bio);
    const struct certificate *c = certificate_from_pem(arena, pem);
    assert_non_null(c);
    str expected = base64url_encode(arena, sha256_key(arena, der));
    assert_true(str_eq(certificate_thumbprint(c, arena), expected));
    assert_true(str_eq(certificate_thumbprint(opened(der), arena), expected));
    assert_null(certificate_from_pem(arena, (str){pem.p, pem.n / 2}));
    assert_null(certificate_from_pem(arena, jose_key_public_pem(key, arena)));
    assert_null(certificate_from_pem(arena, STR_NONE));
    assert_null(certificate_from_pem(arena, der));
}

static void other_than_one_whole_certificate_is_refused(void **state)
{
    (void)state;
    str der = made(portal, COUNT_OF(portal), NULL);
    for (size_t n = 0; n < der.n; n += 13)
        assert_null(certificate_from_der(arena, (str){der.p, n}));
    char *longer = arena_alloc(arena, CERTIFICATE_BYTES_MAX + 1);
    memcpy(longer, der.p, der.n);
    assert_null(certificate_from_der(arena, (str){longer, der.n + 1}));
    assert_null(certificate_from_der(arena, (str){longer, CERTIFICATE_BYTES_MAX + 1}));
    assert_null(certificate_from_der(arena, STR_NONE));
    assert_null(certificate_from_der(arena, STR("not a certificate")));
}

static void a_certificate_is_current_between_its_two_dates(void **state)
{
    (void)state;
    const struct certificate *c = opened(made(portal, COUNT_OF(portal), NULL));
    assert_false(certificate_is_current(c, NOT_BEFORE - 1));
    assert_true(certificate_is_current(c, NOT_BEFORE + 1));
    assert_true(certificate_is_current(c, NOT_AFTER - 1));
    assert_false(certificate_is_current(c, NOT_AFTER + 1));
}

static bool in_set(const struct certificate *c, const char *jwk)
{
    const char *why;
    struct jose_keyset *set = jose_keyset_from_jwks(object(arena_printf(arena, "{\"keys\":[%s]}", jwk).p), &why);
    bool found = set && certificate_is_in_keyset(c, set);
    jose_keyset_free(set);
    return found;
}

/* The public JWK of `of` with this certificate as its x5c. */
static const char *with_x5c(const struct jose_key *of, str der)
{
    json_t *jwk = object(arena_cstr(arena, jose_key_public_jwk(of, arena)));
    char *text = arena_alloc(arena, der.n * 2);
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)der.p, (int)der.n);
    json_t *chain = json_array();
    json_array_append_new(chain, json_string(text));
    json_object_set_new(jwk, "x5c", chain);
    return arena_cstr(arena, json_text(arena, jwk));
}

static void a_self_signed_certificate_is_known_by_its_key(void **state)
{
    (void)state;
    struct jose_key *other = kept(jose_key_generate(ALG_ES256)), *rsa = kept(jose_key_generate(ALG_PS256));
    str der = made(portal, COUNT_OF(portal), NULL);
    const struct certificate *c = opened(der);
    const char *jwk = arena_cstr(arena, jose_key_public_jwk(key, arena));
    const char *foreign = arena_cstr(arena, jose_key_public_jwk(other, arena));
    assert_true(in_set(c, jwk));
    assert_true(in_set(c, arena_printf(arena, "%s,%s", foreign, jwk).p));
    assert_false(in_set(c, foreign));
    assert_false(in_set(c, arena_cstr(arena, jose_key_public_jwk(rsa, arena))));
    assert_true(in_set(c, with_x5c(key, der)));
    assert_false(in_set(c, with_x5c(other, der))); /* RFC 7517 section 4.7: that JWK contradicts itself */
    const char *why;
    assert_null(jose_key_from_jwk(object(with_x5c(other, der)), ALG_ES256, &why));
    assert_string_equal(why, "the key's x5c is not a certificate of the key");
}

static void an_x5c_of_another_shape_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\"\"", "[]", "[\"\"]", "[1]", "[\"MIIB\"]", "[\"not base64!\"]", "null", "{}"};
    const char *why;
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_null(
            jose_key_from_jwk(object(arena_printf(arena, "{" RFC7515_EC ",\"x5c\":%s}", wrong[i]).p), ALG_ES256, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_subject_is_matched_by_its_attributes_in_the_order_of_rfc4514),
        TEST(a_value_with_commas_is_not_two_attributes),
        TEST(rdns_of_several_values_khmer_and_old_string_types_match),
        TEST(a_subject_reads_as_text_that_matches_it),
        TEST(an_empty_or_malformed_name_matches_nothing),
        TEST(subject_alternative_names_match_exactly_one_kind),
        TEST(a_nul_inside_a_name_is_part_of_it),
        TEST(der_and_pem_give_the_same_thumbprint),
        TEST(other_than_one_whole_certificate_is_refused),
        TEST(a_certificate_is_current_between_its_two_dates),
        TEST(a_self_signed_certificate_is_known_by_its_key),
        TEST(an_x5c_of_another_shape_is_refused),
    };
    return cmocka_run_group_tests(tests, make_key, drop_key);
}
