/* A resident's authenticator: a passkey, and the device with a key of its own that it was made on. Durable. What it
 * keeps of the person opens only with the passkey's user handle, which the store does not have. */
#ifndef KONSAO_RECORDS_AUTHENTICATOR_H
#define KONSAO_RECORDS_AUTHENTICATOR_H

#include "ipis/kidc.h"
#include "store/store.h"
#include "webauthn/webauthn.h"

struct authenticator {
    str key;          /* of the record, time-ordered: 16 bytes; not part of it. Outside: base64url, authenticator_id */
    uint64_t version; /* the same */
    str resident;     /* the internal reference, as in a session */
    str name;         /* "Sokha's phone": chosen by the resident, UTF-8 */
    str credential_id, public_key; /* as the passkey gave them; the key as a COSE_Key (RFC 9052 section 7) */
    int64_t alg;                   /* COSE algorithm: -7, -8, -257 */
    int64_t sign_count;            /* the last one seen (Web Authentication section 6.1.1) */
    str aaguid;                    /* 16 bytes */
    str transports;                /* space-separated */
    bool backup_eligible, backed_up;
    str jkt;           /* thumbprint (RFC 7638) of the device's own key, which its calls are signed with */
    str handle;        /* SHA-256 of the user handle */
    str sealed_person; /* struct authenticator_person, under the user handle */
    str register_id;   /* what the register calls this authenticator, to take it away by */
    /* Seconds: until then it answers nothing. An authenticator that was enrolled by a code alone, beside others, waits
     * for one of those to vouch for it, or for settings' authenticator.wait: a stolen phone number is not enough. */
    int64_t active_at;
    int64_t created_at, last_used_at; /* seconds */
    str seen; /* key of the newest entry of the history that was shown here as a notice; STR_NONE: none yet */
};

/** Who it belongs to, opened with the user handle. */
struct authenticator_person {
    struct kidc kidc;
    str register_token; /* what the register takes as this authenticator's word */
};

/** How it is named in the API: base64url of its key. */
str authenticator_id(struct arena *arena, str key);
/** Seals who it belongs to under `handle` (at least 32 random bytes), and sets the handle's hash. */
void authenticator_seal(struct arena *arena, struct authenticator *authenticator, str handle,
                        const struct authenticator_person *person);
/** Opens it again. False when the handle is not its own. */
MUST_CHECK bool authenticator_open(struct arena *arena, const struct authenticator *authenticator, str handle,
                                   struct authenticator_person *out);
/** Checks that an assertion is by its passkey, for `challenge` (raw bytes), and opens who it belongs to.
 * WEBAUTHN_CREDENTIAL when the user handle is not its own; WEBAUTHN_COUNTER only when all else holds. */
MUST_CHECK enum webauthn_fault authenticator_check(struct arena *arena, const struct webauthn_site *site,
                                                   const struct authenticator *authenticator,
                                                   const struct webauthn_assertion *assertion, str challenge,
                                                   struct webauthn_asserted *asserted,
                                                   struct authenticator_person *person);

MUST_CHECK enum store_result authenticator_load(struct store *store, struct arena *arena, str key,
                                                struct authenticator *out);
/** By what the API calls it. */
MUST_CHECK enum store_result authenticator_load_id(struct store *store, struct arena *arena, str id,
                                                   struct authenticator *out);
/** By its passkey's credential id. */
MUST_CHECK enum store_result authenticator_find(struct store *store, struct arena *arena, str credential_id,
                                                struct authenticator *out);

#define AUTHENTICATORS_MAX 10 /* of one resident */

/** All of a resident's, oldest first, at most AUTHENTICATORS_MAX; how many in `*count`. */
MUST_CHECK enum store_result authenticator_list(struct store *store, struct arena *arena, str resident,
                                                struct authenticator out[static AUTHENTICATORS_MAX], size_t *count);

/** The op that stores a new one. Its key is the caller's to make (store_new_key). */
struct store_op authenticator_create_op(struct arena *arena, const struct authenticator *authenticator);
/** The op that writes it back if it is still as loaded: with its new sign_count, so that a copy of its key shows. */
struct store_op authenticator_save_op(struct arena *arena, const struct authenticator *authenticator);
/** The op that removes it. */
struct store_op authenticator_remove_op(const struct authenticator *authenticator);

#endif
