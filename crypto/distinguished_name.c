/* Distinguished names as text (RFC 4514), read into OpenSSL's form and compared there. */
#include <openssl/err.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/certificate_inside.h"
#include "crypto/engine.h"

#define TEXT_BYTES_MAX 2048
#define RDNS_MAX 32

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Two hexadecimal digits at `p`; -1 when they are not. */
static int hex_pair(str text)
{
    return text.n < 2 || digit_of(text.p[0]) < 0 || digit_of(text.p[1]) < 0
               ? -1
               : digit_of(text.p[0]) * 16 + digit_of(text.p[1]);
}

/* The end of an attribute's value in `text`: the first comma, semicolon or plus sign without a backslash before it. The
 * semicolon is an error in RFC 4514 and is found by unescape. */
static size_t value_length(str text)
{
    size_t i = 0;
    while (i < text.n && text.p[i] != ',' && text.p[i] != '+')
        i += text.p[i] == '\\' && i + 1 < text.n ? 2 : 1;
    return i;
}

/* RFC 4514 section 3, string: no special character but behind a backslash, no space at either end but behind one. */
static bool unescape(struct arena *arena, str text, str *out)
{
    struct buf value = buf_new(arena, text.n + 1);
    if (text.n == 0 || text.p[0] == ' ' || text.p[0] == '#')
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (strchr("\"+,;<>", c) || (c == ' ' && i + 1 == text.n)) /* strchr finds NUL too */
            return false;
        if (c != '\\') {
            buf_char(&value, c);
            continue;
        }
        str rest = {text.p + i + 1, text.n - i - 1};
        if (hex_pair(rest) > 0) {
            buf_char(&value, (char)(unsigned char)hex_pair(rest));
            i += 2;
        } else if (rest.n > 0 && rest.p[0] && strchr(" \"#+,;<=>\\", rest.p[0])) {
            buf_char(&value, rest.p[0]);
            i++;
        } else {
            return false;
        }
    }
    *out = buf_str(&value);
    return str_is_utf8(*out);
}

/* RFC 4514 section 2.4, #hexstring: the BER of the value. Only of a string type, which is all that can be compared. */
static bool read_hexstring(struct arena *arena, str text, str *out)
{
    size_t n = (text.n - 1) / 2;
    unsigned char *ber = arena_alloc(arena, n + 1), *utf8 = NULL;
    if (text.n % 2 == 0 || n == 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        int byte = hex_pair((str){text.p + 1 + 2 * i, 2});
        if (byte < 0)
            return false;
        ber[i] = (unsigned char)byte;
    }
    const unsigned char *at = ber;
    ASN1_TYPE *value = d2i_ASN1_TYPE(NULL, &at, (long)n);
    unsigned long kinds = (B_ASN1_DIRECTORYSTRING) | B_ASN1_IA5STRING;
    bool is_string = value && at == ber + n && (ASN1_tag2bit(ASN1_TYPE_get(value)) & kinds) != 0;
    int length = is_string ? ASN1_STRING_to_UTF8(&utf8, value->value.asn1_string) : -1;
    if (length > 0)
        *out = arena_str(arena, str_bytes(utf8, (size_t)length));
    OPENSSL_free(utf8);
    ASN1_TYPE_free(value);
    return length > 0 && str_is_utf8(*out);
}

/* A short name such as CN without regard to case, or a dotted number. */
static ASN1_OBJECT *read_type(struct arena *arena, str text)
{
    static const struct {
        const char *name;
        int nid;
    } types[] = {
        {"CN", NID_commonName},
        {"L", NID_localityName},
        {"ST", NID_stateOrProvinceName},
        {"O", NID_organizationName},
        {"OU", NID_organizationalUnitName},
        {"C", NID_countryName},
        {"STREET", NID_streetAddress},
        {"DC", NID_domainComponent},
        {"UID", NID_userId},
        {"SN", NID_surname},
        {"GN", NID_givenName},
        {"T", NID_title},
        {"TITLE", NID_title},
        {"SERIALNUMBER", NID_serialNumber},
        {"EMAILADDRESS", NID_pkcs9_emailAddress},
        {"E", NID_pkcs9_emailAddress},
        {"POSTALCODE", NID_postalCode},
        {"BUSINESSCATEGORY", NID_businessCategory},
        {"ORGANIZATIONIDENTIFIER", NID_organizationIdentifier},
        {"JURISDICTIONC", NID_jurisdictionCountryName},
    };
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_eq_nocase(text, str_of(types[i].name)))
            return OBJ_nid2obj(types[i].nid);
    bool is_dotted = text.n > 2 && text.n < 128, digit_before = false;
    for (size_t i = 0; i < text.n; i++) {
        bool is_digit = text.p[i] >= '0' && text.p[i] <= '9';
        is_dotted = is_dotted && (is_digit || (text.p[i] == '.' && digit_before));
        digit_before = is_digit;
    }
    return is_dotted && digit_before ? OBJ_txt2obj(arena_cstr(arena, text), 1) : NULL;
}

static void free_object(ASN1_OBJECT **object)
{
    ASN1_OBJECT_free(*object);
}

static void free_name(X509_NAME **name)
{
    X509_NAME_free(*name);
}

/* One type=value, put in front of the name, because RFC 4514 section 2.1 writes the last RDN first; or, after a plus
 * sign, into the RDN that is in front now. */
static bool add_attribute(struct arena *arena, X509_NAME *name, str text, bool joins)
{
    str type, value, bytes;
    if (!str_cut(text, '=', &type, &value))
        return false;
    CLEANUP(free_object) ASN1_OBJECT *object = read_type(arena, type);
    if (!object ||
        !(value.n > 0 && value.p[0] == '#' ? read_hexstring(arena, value, &bytes) : unescape(arena, value, &bytes)))
        return false;
    return X509_NAME_add_entry_by_OBJ(name, object, V_ASN1_UTF8STRING, (const unsigned char *)bytes.p, (int)bytes.n, 0,
                                      joins ? 1 : 0) == 1;
}

/* NULL when `text` is no name, or an empty one. */
static X509_NAME *read_name(struct arena *arena, str text)
{
    X509_NAME *name = X509_NAME_new();
    engine_require(name != NULL, "memory");
    bool good = text.n > 0 && text.n <= TEXT_BYTES_MAX, joins = false;
    for (int count = 0; good; count++) {
        size_t n = value_length(text);
        good = count < RDNS_MAX && add_attribute(arena, name, (str){text.p, n}, joins);
        if (n == text.n)
            break;
        joins = text.p[n] == '+';
        text = (str){text.p + n + 1, text.n - n - 1};
        while (text.n > 0 && text.p[0] == ' ') /* after the comma, as RFC 2253 allowed and people write */
            text = (str){text.p + 1, text.n - 1};
    }
    ERR_clear_error();
    if (good)
        return name;
    X509_NAME_free(name);
    return NULL;
}

bool certificate_dn_is_valid(str text)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    CLEANUP(free_name) X509_NAME *name = read_name(arena, text);
    return name != NULL;
}

bool certificate_has_subject(const struct certificate *certificate, str text)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    CLEANUP(free_name) X509_NAME *name = read_name(arena, text);
    bool same = name && X509_NAME_cmp(name, certificate_name(certificate)) == 0;
    ERR_clear_error();
    return same;
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

str certificate_subject(const struct certificate *certificate, struct arena *arena)
{
    CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    engine_require(bio && X509_NAME_print_ex(bio, certificate_name(certificate), 0,
                                             XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0,
                   "subject");
    long n = BIO_get_mem_data(bio, &text);
    return arena_str(arena, (str){text, (size_t)n});
}
