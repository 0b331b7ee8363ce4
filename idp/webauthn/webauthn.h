/* Passkeys (Web Authentication Level 3): the options that a browser is given, and the checks of what it brings back
 * (section 7). libfido2 verifies signatures and attestations; CBOR is read strictly before it gets any, and what is
 * compared (origin, RP ID, challenge, flags, counter) is compared here. Knows nothing of HTTP and of the store. */
#ifndef KONSAO_WEBAUTHN_WEBAUTHN_H
#define KONSAO_WEBAUTHN_WEBAUTHN_H

#include <jansson.h>

#include "base/arena.h"

#define WEBAUTHN_BYTES_MAX ((size_t)16 * 1024) /* of each of the parts that a browser sends, decoded */

/** Where passkeys are used: one of these for a provider, made at the start. */
struct webauthn_site {
    str rp_id;       /* the issuer's host */
    str origin;      /* the issuer's origin: "https://id.gov.kh" */
    str app_origins; /* those of native authenticators, space-separated: "android:apk-key-hash:…"; may be empty */
    str name;        /* shown by browsers: "Konsao" */
};

enum webauthn_fault {
    WEBAUTHN_OK,
    WEBAUTHN_MALFORMED,    /* not what a browser sends: JSON, base64url, CBOR, sizes */
    WEBAUTHN_TYPE,         /* clientData type: a registration for an assertion, or the other way round */
    WEBAUTHN_CHALLENGE,    /* another challenge than was given out */
    WEBAUTHN_ORIGIN,       /* another origin, a frame of another site's (crossOrigin, topOrigin) */
    WEBAUTHN_RP_ID,        /* rpIdHash of another RP ID */
    WEBAUTHN_NOT_PRESENT,  /* flag UP is not set */
    WEBAUTHN_NOT_VERIFIED, /* flag UV is not set: no face, finger or PIN */
    WEBAUTHN_FLAGS,        /* flags that cannot be: BS without BE; BE not as it was at registration; AT or ED amiss */
    WEBAUTHN_ALGORITHM,    /* an algorithm that was not asked for, or a key that does not fit it */
    WEBAUTHN_ATTESTATION,  /* a format other than none and packed, or a statement that does not hold */
    WEBAUTHN_CREDENTIAL,   /* credential id too long, or another than the one that the signature is for */
    WEBAUTHN_SIGNATURE,
    WEBAUTHN_COUNTER, /* not above the last one: a copy of the key is in use somewhere */
    WEBAUTHN_FAULTS
};
/** "ok", "malformed", "challenge" …: for the audit record and the API's answers. */
const char *webauthn_fault_name(enum webauthn_fault fault);

/** PublicKeyCredentialCreationOptionsJSON: resident key and user verification required, ES256, EdDSA and RS256,
 * attestation "none" asked for. `handle`: the user handle (32 random bytes or more, at most 64); `challenge`: raw
 * bytes; `exclude`: credential ids (raw bytes) that this resident has already. */
str webauthn_create_options(struct arena *arena, const struct webauthn_site *site, str handle, str user_name,
                            str challenge, const str *exclude, size_t exclude_count);
/** PublicKeyCredentialRequestOptionsJSON: user verification required; `allow`: credential ids, or none for whatever
 * discoverable one the person picks. */
str webauthn_request_options(struct arena *arena, const struct webauthn_site *site, str challenge, const str *allow,
                             size_t allow_count);

/** What a registration proved. Views into the arena. */
struct webauthn_created {
    str credential_id, public_key; /* the key as a COSE_Key */
    int64_t alg;                   /* -7, -8, -257 */
    int64_t sign_count;
    str aaguid;     /* 16 bytes */
    str transports; /* space-separated, of those that the specification names; may be empty */
    bool backup_eligible, backed_up;
};
/** Checks a RegistrationResponseJSON (section 7.1) for `challenge` (raw bytes). */
MUST_CHECK enum webauthn_fault webauthn_create(struct arena *arena, const struct webauthn_site *site,
                                               const json_t *credential, str challenge, struct webauthn_created *out);

/** An AuthenticationResponseJSON taken apart; nothing of it is believed yet. */
struct webauthn_assertion {
    str credential_id, user_handle; /* user_handle: STR_NONE when the authenticator gave none */
    str client_data, authenticator_data, signature;
};
MUST_CHECK enum webauthn_fault webauthn_assertion_parse(struct arena *arena, const json_t *credential,
                                                        struct webauthn_assertion *out);

/** What is known of the passkey that an assertion names. */
struct webauthn_known {
    str credential_id, public_key;
    int64_t alg, sign_count;
    bool backup_eligible;
};
struct webauthn_asserted {
    int64_t sign_count;
    bool backed_up;
};
/** Checks an assertion (section 7.2) for `challenge` (raw bytes) with that passkey's key. The user handle is the
 * caller's to check. WEBAUTHN_COUNTER only when all else holds. */
MUST_CHECK enum webauthn_fault webauthn_assert(struct arena *arena, const struct webauthn_site *site,
                                               const struct webauthn_assertion *assertion, str challenge,
                                               const struct webauthn_known *known, struct webauthn_asserted *out);

#endif
