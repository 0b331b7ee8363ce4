/* An authenticator that is being enrolled: KIdC, one-time code, then a passkey. Lively. What it keeps of the person
 * opens only with the secret that the device was given, and only calls that are signed with that device's key may go
 * on. */
#ifndef KONSAO_RECORDS_ENROLMENT_H
#define KONSAO_RECORDS_ENROLMENT_H

#include "ipis/kidc.h"
#include "store/store.h"

#define ENROLMENT_LIFE 900 /* seconds to finish in, codes' waits included */

enum enrolment_stage { ENROLMENT_CODE_SENT, ENROLMENT_PROVED };

struct enrolment {
    str key;          /* SHA-256 of its secret; not part of the record */
    uint64_t version; /* the same */
    int64_t stage;    /* enum enrolment_stage */
    str jkt;          /* thumbprint of the device's key */
    str resident, transaction_id;
    int64_t code_expires_at, expires_at; /* seconds */
    str challenge;                       /* raw bytes, for the passkey: ENROLMENT_PROVED */
    str sealed;                          /* struct enrolment_secrets, under the secret */
};

/** What only the device's secret opens. */
struct enrolment_secrets {
    struct kidc kidc;
    str kyc_token, handle; /* ENROLMENT_PROVED: of the register; the user handle of the passkey to be (raw bytes) */
};

/** Gives the secret of a new enrolment, and fills in key and end; what else it has is the caller's. */
str enrolment_new(struct arena *arena, struct enrolment *enrolment);
/** Seals what is secret into it. */
void enrolment_seal(struct arena *arena, struct enrolment *enrolment, str secret,
                    const struct enrolment_secrets *secrets);
MUST_CHECK bool enrolment_open(struct arena *arena, const struct enrolment *enrolment, str secret,
                               struct enrolment_secrets *out);

/** STORE_NOT_FOUND when there is none of that secret, or its time is over. */
MUST_CHECK enum store_result enrolment_load(struct store *store, struct arena *arena, str secret,
                                            struct enrolment *out);
/** Writes it: a new one, or one that is still as loaded (STORE_CONFLICT when it is not). */
MUST_CHECK enum store_result enrolment_save(struct store *store, struct arena *arena,
                                            const struct enrolment *enrolment);
/** Ends it, if it is still as loaded: of two that finish it at a time, one does. STORE_CONFLICT for the other. */
MUST_CHECK enum store_result enrolment_take(struct store *store, const struct enrolment *enrolment);

#endif
