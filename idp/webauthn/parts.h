/* Of this room only: what a browser sends, taken apart. */
#ifndef KONSAO_WEBAUTHN_PARTS_H
#define KONSAO_WEBAUTHN_PARTS_H

#include "webauthn/webauthn.h"

/** The members that both responses have: type, id and rawId (equal), an object `*response` with `clientDataJSON`, at
 * most WEBAUTHN_BYTES_MAX decoded. WEBAUTHN_OK or WEBAUTHN_MALFORMED. */
MUST_CHECK enum webauthn_fault parts_read(struct arena *arena, const json_t *credential, str *credential_id,
                                          str *client_data, const json_t **response);
/** A member of base64url text, decoded: `min` to `max` bytes. */
MUST_CHECK bool parts_bytes(struct arena *arena, const json_t *object, const char *name, size_t min, size_t max,
                            str *out);

/** Sections 7.1 and 7.2: the client data against what was asked. `type`: "webauthn.create" or "webauthn.get". */
MUST_CHECK enum webauthn_fault client_data_check(struct arena *arena, const struct webauthn_site *site, str client_data,
                                                 const char *type, str challenge);

#define CREDENTIAL_ID_MAX 1023 /* section 4, Credential ID */

/** Authenticator data (section 6.1), views into it. */
struct authenticator_data {
    int64_t sign_count;
    bool backup_eligible, backed_up;
    str aaguid, credential_id, public_key; /* STR_NONE without attested credential data */
    str extensions;                        /* a CBOR map; STR_NONE without */
};
/** Takes it apart, all of it, and checks what it says of the RP ID and the user; `attested`: it must come with a
 * credential, else without. */
MUST_CHECK enum webauthn_fault authenticator_data_read(const struct webauthn_site *site, str bytes, bool attested,
                                                       struct authenticator_data *out);

/* libfido2 is used without fido_init(): that reads FIDO_DEBUG and then writes what it handles to the log, and is for
 * devices. Nothing that verifies needs it, and nothing of it is shared between threads (libfido2 1.12). */

/** A credential's public key, for libfido2. */
struct public_key {
    int64_t alg;       /* COSE_ES256, COSE_EDDSA or COSE_RS256 */
    const void *fido2; /* es256_pk_t, eddsa_pk_t or rs256_pk_t; released by the arena */
};
/** A COSE_Key (RFC 9052 section 7, RFC 9053 section 7, RFC 8230 section 4) with the members that its type needs and no
 * others. False when it is not that, or no key. */
MUST_CHECK bool public_key_read(struct arena *arena, str cose, struct public_key *out);

/** Checks an attestation statement (section 8): "none" with nothing in it; or "packed", by the credential's own key or
 * by a certificate, which is then believed for no more than that it signed. */
MUST_CHECK enum webauthn_fault attestation_check(struct arena *arena, const struct webauthn_site *site, str format,
                                                 str statement, str authenticator_data_bytes,
                                                 const struct authenticator_data *data, str client_data, int64_t alg);
/** The certificate rules of section 8.2.1 for the chain in x5c, leaf first, and each issued by the next. */
MUST_CHECK bool attestation_certificates_hold(str chain, str aaguid);

#endif
