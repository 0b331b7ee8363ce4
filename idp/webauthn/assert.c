/* Web Authentication Level 3, section 7.2. */
#include <fido.h>

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "webauthn/cbor.h"
#include "webauthn/parts.h"

#define USER_HANDLE_MAX 64

static bool is_null(const json_t *value)
{
    return !value || json_is_null(value);
}

enum webauthn_fault webauthn_assertion_parse(struct arena *arena, const json_t *credential,
                                             struct webauthn_assertion *out)
{
    const json_t *response;
    *out = (struct webauthn_assertion){0};
    enum webauthn_fault fault = parts_read(arena, credential, &out->credential_id, &out->client_data, &response);
    if (fault != WEBAUTHN_OK)
        return fault;
    if (!parts_bytes(arena, response, "authenticatorData", 1, WEBAUTHN_BYTES_MAX, &out->authenticator_data) ||
        !parts_bytes(arena, response, "signature", 1, WEBAUTHN_BYTES_MAX, &out->signature) ||
        (!is_null(json_object_get(response, "userHandle")) &&
         !parts_bytes(arena, response, "userHandle", 1, USER_HANDLE_MAX, &out->user_handle)))
        return WEBAUTHN_MALFORMED;
    return WEBAUTHN_OK;
}

static void free_assert(fido_assert_t **assertion)
{
    fido_assert_free(assertion);
}

static const unsigned char *u(str s)
{
    return (const unsigned char *)s.p;
}

/* libfido2 refuses extensions that it knows and was not told to expect. We asked for none and read none. */
static int known_extensions(str extensions)
{
    struct cbor_map map;
    int mask = 0;
    if (!extensions.p || !cbor_map(extensions, &map))
        return 0;
    if (cbor_named(&map, "hmac-secret").p)
        mask |= FIDO_EXT_HMAC_SECRET;
    if (cbor_named(&map, "credBlob").p)
        mask |= FIDO_EXT_CRED_BLOB;
    return mask;
}

/* For EdDSA libfido2 takes some 990 bytes of authenticator data at most, which is plenty without extensions. */
static bool is_signed(struct arena *arena, const struct webauthn_site *site, const struct webauthn_assertion *assertion,
                      str extensions, const struct public_key *key)
{
    CLEANUP(free_assert) fido_assert_t *fido2 = fido_assert_new();
    unsigned char hash[SHA256_BYTES];
    sha256(assertion->client_data, hash);
    return fido2 && fido_assert_set_count(fido2, 1) == FIDO_OK &&
           fido_assert_set_rp(fido2, arena_cstr(arena, site->rp_id)) == FIDO_OK &&
           fido_assert_set_clientdata_hash(fido2, hash, sizeof hash) == FIDO_OK &&
           fido_assert_set_up(fido2, FIDO_OPT_TRUE) == FIDO_OK && fido_assert_set_uv(fido2, FIDO_OPT_TRUE) == FIDO_OK &&
           fido_assert_set_extensions(fido2, known_extensions(extensions)) == FIDO_OK &&
           fido_assert_set_authdata_raw(fido2, 0, u(assertion->authenticator_data), assertion->authenticator_data.n) ==
               FIDO_OK &&
           fido_assert_set_sig(fido2, 0, u(assertion->signature), assertion->signature.n) == FIDO_OK &&
           fido_assert_verify(fido2, 0, (int)key->alg, key->fido2) == FIDO_OK;
}

/* Step 22: both zero, the authenticator does not count; else it must have counted on. */
static bool has_counted(int64_t before, int64_t now)
{
    return now > before || (now == 0 && before == 0);
}

enum webauthn_fault webauthn_assert(struct arena *arena, const struct webauthn_site *site,
                                    const struct webauthn_assertion *assertion, str challenge,
                                    const struct webauthn_known *known, struct webauthn_asserted *out)
{
    struct authenticator_data data;
    struct public_key key;
    *out = (struct webauthn_asserted){0};
    if (!str_eq(assertion->credential_id, known->credential_id))
        return WEBAUTHN_CREDENTIAL;
    enum webauthn_fault fault = client_data_check(arena, site, assertion->client_data, "webauthn.get", challenge);
    if (fault == WEBAUTHN_OK)
        fault = authenticator_data_read(site, assertion->authenticator_data, false, &data);
    if (fault != WEBAUTHN_OK)
        return fault;
    if (data.backup_eligible != known->backup_eligible)
        return WEBAUTHN_FLAGS;
    if (!public_key_read(arena, known->public_key, &key) || key.alg != known->alg)
        return WEBAUTHN_ALGORITHM;
    if (!is_signed(arena, site, assertion, data.extensions, &key))
        return WEBAUTHN_SIGNATURE;
    if (!has_counted(known->sign_count, data.sign_count))
        return WEBAUTHN_COUNTER;
    *out = (struct webauthn_asserted){.sign_count = data.sign_count, .backed_up = data.backed_up};
    return WEBAUTHN_OK;
}
