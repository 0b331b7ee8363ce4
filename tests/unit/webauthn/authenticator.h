/* An authenticator in software: keys, CBOR, authenticator data, client data, attestations and signatures, made with
 * OpenSSL as an authenticator and a browser would, or with any part of them wrong. */
#ifndef KONSAO_TESTS_WEBAUTHN_AUTHENTICATOR_H
#define KONSAO_TESTS_WEBAUTHN_AUTHENTICATOR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "webauthn/webauthn.h"

enum flag { UP = 0x01, RFU1 = 0x02, UV = 0x04, BE = 0x08, BS = 0x10, RFU2 = 0x20, AT = 0x40, ED = 0x80 };

static struct arena *arena; /* of the running test */

static const struct webauthn_site site = {STR_INIT("id.gov.kh"), STR_INIT("https://id.gov.kh"),
                                          STR_INIT("android:apk-key-hash:one android:apk-key-hash:two"),
                                          STR_INIT("Konsao")};
static const str challenge = STR_INIT("forty bytes of challenge, or thereabouts");
static const str aaguid = STR_INIT("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10");

static inline int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static inline str join(str a, str b)
{
    struct buf buf = buf_new(arena, a.n + b.n + 1);
    buf_add(&buf, a);
    buf_add(&buf, b);
    return buf_str(&buf);
}

static inline str filled(char c, size_t n)
{
    struct buf buf = buf_new(arena, n + 1);
    for (size_t i = 0; i < n; i++)
        buf_char(&buf, c);
    return buf_str(&buf);
}

/* The same bytes with one bit of byte `i` turned. */
static inline str turned(str s, size_t i)
{
    char *copy = arena_alloc(arena, s.n);
    memcpy(copy, s.p, s.n);
    copy[i] ^= 1;
    return str_bytes(copy, s.n);
}

/* ---- CBOR ---- */

static inline str c_head(unsigned major, uint64_t n)
{
    unsigned char head[9] = {(unsigned char)(major << 5)};
    size_t bytes = n < 24 ? 0 : n < 256 ? 1 : n < 65536 ? 2 : n <= UINT32_MAX ? 4 : 8;
    head[0] |= (unsigned char)(bytes == 0 ? n : bytes == 1 ? 24 : bytes == 2 ? 25 : bytes == 4 ? 26 : 27);
    for (size_t i = 0; i < bytes; i++)
        head[1 + i] = (unsigned char)(n >> (8 * (bytes - 1 - i)));
    return arena_str(arena, str_bytes(head, 1 + bytes));
}

static inline str c_int(int64_t n)
{
    return n < 0 ? c_head(1, (uint64_t)(-1 - n)) : c_head(0, (uint64_t)n);
}

static inline str c_bytes(str s)
{
    return join(c_head(2, s.n), s);
}

static inline str c_text(const char *text)
{
    return join(c_head(3, str_of(text).n), str_of(text));
}

/* An array of, or a map with, `n` items that follow; items that are STR_NONE are left out with the name before them. */
static inline str c_array(size_t n, const str *items)
{
    str out = c_head(4, n);
    for (size_t i = 0; i < n; i++)
        out = join(out, items[i]);
    return out;
}

static inline str c_map(size_t n, const str *names, const str *values)
{
    size_t there = 0;
    str members = STR("");
    for (size_t i = 0; i < n; i++)
        if (values[i].p) {
            members = join(join(members, names[i]), values[i]);
            there++;
        }
    return join(c_head(5, there), members);
}

/* ---- keys ---- */

struct passkey {
    int64_t alg;
    EVP_PKEY *pkey; /* kept for all tests */
    str id, cose;
};

static inline EVP_PKEY *key_of(int64_t alg)
{
    static EVP_PKEY *es256, *eddsa, *rs256;
    EVP_PKEY **key = alg == -7 ? &es256 : alg == -8 ? &eddsa : &rs256;
    if (!*key)
        *key = alg == -7   ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
               : alg == -8 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                           : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    assert_non_null(*key);
    return *key;
}

static inline str number_of(const EVP_PKEY *pkey, const char *name, size_t bytes)
{
    BIGNUM *number = NULL;
    unsigned char *out = arena_alloc(arena, bytes);
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &number), 1);
    assert_int_equal(BN_bn2binpad(number, out, (int)bytes), (int)bytes);
    BN_free(number);
    return str_bytes(out, bytes);
}

static inline str cose_ec(int64_t alg, str x, str y)
{
    const str names[] = {c_int(1), c_int(3), c_int(-1), c_int(-2), c_int(-3)};
    const str values[] = {c_int(2), c_int(alg), c_int(1), c_bytes(x), c_bytes(y)};
    return c_map(5, names, values);
}

static inline str cose_okp(int64_t alg, str x)
{
    const str names[] = {c_int(1), c_int(3), c_int(-1), c_int(-2)};
    const str values[] = {c_int(1), c_int(alg), c_int(6), c_bytes(x)};
    return c_map(4, names, values);
}

static inline str cose_rsa(int64_t alg, str n, str e)
{
    const str names[] = {c_int(1), c_int(3), c_int(-1), c_int(-2)};
    const str values[] = {c_int(3), c_int(alg), c_bytes(n), c_bytes(e)};
    return c_map(4, names, values);
}

static inline str x_of(const EVP_PKEY *pkey)
{
    return number_of(pkey, OSSL_PKEY_PARAM_EC_PUB_X, 32);
}

static inline str y_of(const EVP_PKEY *pkey)
{
    return number_of(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
}

static inline str raw_of(const EVP_PKEY *pkey)
{
    unsigned char *raw = arena_alloc(arena, 32);
    size_t n = 32;
    assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, raw, &n), 1);
    return str_bytes(raw, n);
}

static inline str cose_of(const EVP_PKEY *pkey, int64_t alg)
{
    if (alg == -7)
        return cose_ec(alg, x_of(pkey), y_of(pkey));
    if (alg == -8)
        return cose_okp(alg, raw_of(pkey));
    return cose_rsa(alg, number_of(pkey, OSSL_PKEY_PARAM_RSA_N, 256), STR("\x01\x00\x01"));
}

static inline struct passkey passkey_of(int64_t alg)
{
    EVP_PKEY *pkey = key_of(alg);
    return (struct passkey){alg, pkey, arena_printf(arena, "a credential id %lld", (long long)alg), cose_of(pkey, alg)};
}

static inline str sign_with(EVP_PKEY *pkey, const EVP_MD *md, str bytes)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = 1024;
    unsigned char *out = arena_alloc(arena, n);
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_PKEY_is_a(pkey, "ED25519") ? NULL : md, NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(ctx, out, &n, (const unsigned char *)bytes.p, bytes.n), 1);
    EVP_MD_CTX_free(ctx);
    return str_bytes(out, n);
}

/* ---- a ceremony, with anything in it wrong ---- */

struct ceremony {
    struct passkey passkey;
    const char *type, *more; /* of the client data; more members, each with a comma before it */
    str origin, challenge, client_data;
    str rp_id, aaguid, attested_id, cose, extensions, tail; /* of the authenticator data */
    unsigned flags;
    uint32_t count;
    const char *format;
    str statement; /* STR_NONE: as the format has it */
    str authenticator_data, signature;
    EVP_PKEY *signer;
    str user_handle;
};

static inline struct ceremony ceremony_of(const char *type, unsigned flags, struct passkey passkey)
{
    return (struct ceremony){.passkey = passkey,
                             .type = type,
                             .more = ",\"crossOrigin\":false",
                             .origin = site.origin,
                             .challenge = challenge,
                             .rp_id = site.rp_id,
                             .aaguid = aaguid,
                             .attested_id = passkey.id,
                             .cose = passkey.cose,
                             .extensions = STR(""),
                             .tail = STR(""),
                             .flags = flags,
                             .count = 7,
                             .format = "none",
                             .signer = passkey.pkey,
                             .user_handle = STR("user handle")};
}

static inline struct ceremony registration_of(int64_t alg)
{
    return ceremony_of("webauthn.create", UP | UV | AT, passkey_of(alg));
}

static inline struct ceremony assertion_of(int64_t alg)
{
    return ceremony_of("webauthn.get", UP | UV, passkey_of(alg));
}

static inline str client_data_of(const struct ceremony *c)
{
    str encoded = base64url_encode(arena, c->challenge);
    return c->client_data.p ? c->client_data
                            : arena_printf(arena, "{\"type\":\"%s\",\"challenge\":\"%.*s\",\"origin\":\"%.*s\"%s}",
                                           c->type, STR_FMT(encoded), STR_FMT(c->origin), c->more);
}

static inline str authenticator_data_of(const struct ceremony *c)
{
    unsigned char rest[5] = {(unsigned char)c->flags, (unsigned char)(c->count >> 24), (unsigned char)(c->count >> 16),
                             (unsigned char)(c->count >> 8), (unsigned char)c->count};
    unsigned char length[2] = {(unsigned char)(c->attested_id.n >> 8), (unsigned char)c->attested_id.n};
    str data = join(sha256_key(arena, c->rp_id), str_bytes(rest, sizeof rest));
    if (c->authenticator_data.p)
        return c->authenticator_data;
    if (c->flags & AT)
        data = join(data, join(join(c->aaguid, str_bytes(length, 2)), join(c->attested_id, c->cose)));
    return join(join(data, c->extensions), c->tail);
}

static inline str signed_bytes_of(const struct ceremony *c)
{
    return join(authenticator_data_of(c), sha256_key(arena, client_data_of(c)));
}

static inline str signature_of(const struct ceremony *c)
{
    return c->signature.p ? c->signature : sign_with(c->signer, EVP_sha256(), signed_bytes_of(c));
}

/* The statement of a self attestation, signed by `signer`. */
static inline str packed_of(const struct ceremony *c, int64_t alg)
{
    const str names[] = {c_text("alg"), c_text("sig")};
    const str values[] = {c_int(alg), c_bytes(signature_of(c))};
    return c_map(2, names, values);
}

static inline str attestation_object_of(const struct ceremony *c)
{
    const str names[] = {c_text("fmt"), c_text("attStmt"), c_text("authData")};
    const str values[] = {c_text(c->format), c->statement.p ? c->statement : STR("\xa0"),
                          c_bytes(authenticator_data_of(c))};
    return c_map(3, names, values);
}

static inline json_t *kept(json_t *value)
{
    str text = json_text(arena, value);
    json_decref(value);
    return json_parse_object(arena, text, 1 << 20); /* as it comes in */
}

static inline json_t *encoded(str bytes)
{
    str text = base64url_encode(arena, bytes);
    return json_stringn(text.p, text.n);
}

static inline json_t *registration_json(str id, str client_data, str attestation_object)
{
    return kept(json_pack("{s:o,s:o,s:s,s:{},s:{s:o,s:o,s:[s,s]}}", "id", encoded(id), "rawId", encoded(id), "type",
                          "public-key", "clientExtensionResults", "response", "clientDataJSON", encoded(client_data),
                          "attestationObject", encoded(attestation_object), "transports", "internal", "hybrid"));
}

static inline json_t *assertion_json(const struct ceremony *c)
{
    return kept(json_pack("{s:o,s:o,s:s,s:{},s:{s:o,s:o,s:o,s:o}}", "id", encoded(c->passkey.id), "rawId",
                          encoded(c->passkey.id), "type", "public-key", "clientExtensionResults", "response",
                          "clientDataJSON", encoded(client_data_of(c)), "authenticatorData",
                          encoded(authenticator_data_of(c)), "signature", encoded(signature_of(c)), "userHandle",
                          encoded(c->user_handle)));
}

/* ---- what our side says to it ---- */

static struct webauthn_created created; /* the last one */
static struct webauthn_asserted asserted;

static inline enum webauthn_fault registered(const json_t *credential)
{
    return webauthn_create(arena, &site, credential, challenge, &created);
}

static inline enum webauthn_fault registers(const struct ceremony *c)
{
    return registered(registration_json(c->passkey.id, client_data_of(c), attestation_object_of(c)));
}

/* What is known of the passkey: it has counted to 6, and can't be backed up. */
static inline struct webauthn_known known_of(const struct passkey *passkey)
{
    return (struct webauthn_known){passkey->id, passkey->cose, passkey->alg, 6, false};
}

static inline enum webauthn_fault asserts_as(const json_t *credential, const struct webauthn_known *known)
{
    struct webauthn_assertion assertion;
    enum webauthn_fault fault = webauthn_assertion_parse(arena, credential, &assertion);
    return fault == WEBAUTHN_OK ? webauthn_assert(arena, &site, &assertion, challenge, known, &asserted) : fault;
}

static inline enum webauthn_fault asserts(const struct ceremony *c)
{
    struct webauthn_known known = known_of(&c->passkey);
    return asserts_as(assertion_json(c), &known);
}

#define assert_fault(actual, expected) assert_string_equal(webauthn_fault_name(actual), webauthn_fault_name(expected))

#endif
