/* The reference register's state and rules, apart from HTTP: who there is, codes, tokens, reads. All of it in memory,
 * behind one lock. */
#ifndef KONSAO_CONFORMANCE_IPIS_REGISTER_H
#define KONSAO_CONFORMANCE_IPIS_REGISTER_H

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "ipis/kidc.h"

struct reg_options {
    int64_t otp_life;     /* seconds that a code is good for */
    int64_t otp_attempts; /* wrong ones in a row until the number is frozen */
    int64_t freeze;       /* seconds */
    int64_t kyc_life;     /* seconds that a kycToken is good for */
    const char *code;     /* six digits that every code is, for browsers that follow a script; NULL: random ones */
    const char *data_dir; /* reads are also appended to DIR/reads.jsonl; NULL: nowhere */
};

struct reg;

/** Loads the residents. NULL, with a sentence in `error`, when the file is not right: each number, status and attribute
 * is checked. */
struct reg *reg_new(const struct reg_options *options, const char *residents_file, char *error, size_t error_size);
void reg_free(struct reg *reg);

/** How a call ended: 200, or an error of the interface. */
struct verdict {
    int status;
    const char *code, *message;
    int64_t attempts_left; /* -1: not said */
    int64_t retry_after;   /* 0: not said */
};

#define VERDICT_OK ((struct verdict){200, NULL, NULL, -1, 0})

struct otp_sent {
    str masked_contact;
    int64_t expires_in;
};
/** Makes a code, replaces the one before it, and puts it in the outbox. */
struct verdict reg_send_otp(struct reg *reg, struct arena *arena, str kidc, struct otp_sent *out);

struct sign_in {
    str code;          /* of the otp factor; STR_NONE: `authenticator` instead */
    str authenticator; /* token, of the authenticator factor */
    str date_of_birth; /* of the demographic factor; STR_NONE: not given */
    str client;        /* who asks: X-Road-Client, or empty */
};
struct signed_in {
    str token;
    int64_t at, token_ends_at;
};
struct verdict reg_authenticate(struct reg *reg, struct arena *arena, str kidc, const struct sign_in *in,
                                struct signed_in *out);

struct read_request {
    str token, client, relying_party, consent_id, transaction_id;
    str biographic, contact; /* names, separated by spaces */
};
/** `*json`: the AttributeSet. */
struct verdict reg_read(struct reg *reg, struct arena *arena, str kidc, const struct read_request *in, str *json);
struct verdict reg_status(struct reg *reg, struct arena *arena, str kidc, str *json);

/* ---- authenticators: what a provider vouches for in place of a code ---- */

struct authenticator_given {
    str id, token;
};
/** Makes one known, by the kycToken of a sign-in. */
struct verdict reg_add_authenticator(struct reg *reg, struct arena *arena, str kidc, str kyc_token, str client,
                                     struct authenticator_given *out);
/** Takes one away, by the token of any of the same number and client. One that is not there is fine. */
struct verdict reg_remove_authenticator(struct reg *reg, str kidc, str token, str client, str id);

/* ---- for people and tests ---- */

/** A JSON array, newest first. */
str reg_outbox_json(struct reg *reg, struct arena *arena, str kidc);
str reg_reads_json(struct reg *reg, struct arena *arena);
str reg_residents_json(struct reg *reg, struct arena *arena);
void reg_outbox_reset(struct reg *reg);
struct change {
    str status; /* STR_NONE: leaves it */
    bool freeze, unfreeze;
};
/** Sets the status, freezes, forgets failures. */
struct verdict reg_change(struct reg *reg, str kidc, const struct change *change);
/** Statuses as in the file, no codes, tokens, authenticators, failures, outbox or reads. */
void reg_reset(struct reg *reg);

#endif
