/* Attestation statements (Web Authentication section 8). We ask for none; a full one is taken when it holds, as no more
 * than a self attestation: there are no makers of authenticators that we trust more than others. */
#include <fido.h>

#include "crypto/primitives.h"
#include "webauthn/cbor.h"
#include "webauthn/parts.h"

static void free_cred(fido_cred_t **cred)
{
    fido_cred_free(cred);
}

static const unsigned char *u(str s)
{
    return (const unsigned char *)s.p;
}

/* libfido2 verifies only when it is told which of the extensions that it knows to expect. We asked for none; browsers
 * add credProtect by themselves. */
static bool expect_extensions(fido_cred_t *cred, str extensions)
{
    struct cbor_map map;
    int64_t number;
    int mask = 0;
    if (!extensions.p)
        return true;
    if (!cbor_map(extensions, &map))
        return false;
    if (cbor_is_true(cbor_named(&map, "hmac-secret")))
        mask |= FIDO_EXT_HMAC_SECRET;
    if (cbor_is_true(cbor_named(&map, "credBlob")))
        mask |= FIDO_EXT_CRED_BLOB;
    if (fido_cred_set_extensions(cred, mask) != FIDO_OK)
        return false;
    str protect = cbor_named(&map, "credProtect"), pin = cbor_named(&map, "minPinLength");
    if (protect.p && (!cbor_int(protect, &number) || number < FIDO_CRED_PROT_UV_OPTIONAL ||
                      number > FIDO_CRED_PROT_UV_REQUIRED || fido_cred_set_prot(cred, (int)number) != FIDO_OK))
        return false;
    return !pin.p || (cbor_int(pin, &number) && number > 0 && number < 64 &&
                      fido_cred_set_pin_minlen(cred, (size_t)number) == FIDO_OK);
}

static bool load(fido_cred_t *cred, const char *rp_id, str statement, str data_bytes,
                 const struct authenticator_data *data, str client_data, int64_t alg)
{
    unsigned char hash[SHA256_BYTES];
    sha256(client_data, hash);
    return fido_cred_set_type(cred, (int)alg) == FIDO_OK && fido_cred_set_rp(cred, rp_id, NULL) == FIDO_OK &&
           fido_cred_set_clientdata_hash(cred, hash, sizeof hash) == FIDO_OK &&
           fido_cred_set_uv(cred, FIDO_OPT_TRUE) == FIDO_OK && expect_extensions(cred, data->extensions) &&
           fido_cred_set_fmt(cred, "packed") == FIDO_OK &&
           fido_cred_set_authdata_raw(cred, u(data_bytes), data_bytes.n) == FIDO_OK &&
           fido_cred_set_attstmt(cred, u(statement), statement.n) == FIDO_OK;
}

/* By the credential's own key. */
static bool verify_self(fido_cred_t *cred, const struct cbor_map *statement)
{
    return statement->count == 2 && fido_cred_verify_self(cred) == FIDO_OK;
}

static bool verify_certified(fido_cred_t *cred, const struct cbor_map *statement, str chain, str aaguid)
{
    return statement->count == 3 && attestation_certificates_hold(chain, aaguid) && fido_cred_verify(cred) == FIDO_OK;
}

/* libfido2 takes a statement without alg for ES256, and SHA-1 for good. */
static bool has_algorithm(const struct cbor_map *statement, bool is_self, int64_t own)
{
    int64_t alg;
    str item = cbor_named(statement, "alg");
    if (!item.p || !cbor_int(item, &alg))
        return false;
    return is_self ? alg == own : alg == COSE_ES256 || alg == COSE_EDDSA || alg == COSE_RS256;
}

/* Section 8.2. */
static bool is_packed(struct arena *arena, const struct webauthn_site *site, str text, str data_bytes,
                      const struct authenticator_data *data, str client_data, int64_t alg)
{
    struct cbor_map statement;
    if (!cbor_map(text, &statement))
        return false;
    str chain = cbor_named(&statement, "x5c");
    if (!has_algorithm(&statement, !chain.p, alg) || !cbor_named(&statement, "sig").p)
        return false;
    CLEANUP(free_cred) fido_cred_t *cred = fido_cred_new();
    if (!cred || !load(cred, arena_cstr(arena, site->rp_id), text, data_bytes, data, client_data, alg))
        return false;
    return chain.p ? verify_certified(cred, &statement, chain, data->aaguid) : verify_self(cred, &statement);
}

enum webauthn_fault attestation_check(struct arena *arena, const struct webauthn_site *site, str format, str statement,
                                      str authenticator_data_bytes, const struct authenticator_data *data,
                                      str client_data, int64_t alg)
{
    static const str empty_map = STR_INIT("\xa0");
    bool holds = false;
    if (str_is(format, "none"))
        holds = str_eq(statement, empty_map);
    else if (str_is(format, "packed"))
        holds = is_packed(arena, site, statement, authenticator_data_bytes, data, client_data, alg);
    return holds ? WEBAUTHN_OK : WEBAUTHN_ATTESTATION;
}
