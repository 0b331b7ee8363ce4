/* The connector to IPIS, the population register: over CamDX (X-Road, REST protocol r1) or directly. Every call has a
 * deadline; only what is safe is tried again; a circuit breaker answers at once while the register is down, so that a
 * slow register starves nobody. */
#ifndef KONSAO_IPIS_IPIS_H
#define KONSAO_IPIS_IPIS_H

#include <jansson.h>

#include "base/arena.h"
#include "ipis/kidc.h"

struct ipis_options {
    const char *base_url;                       /* of the register, or of the security server */
    const char *xroad_service;                  /* "INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE"; NULL or "": no X-Road */
    const char *xroad_client;                   /* "INSTANCE/CLASS/MEMBER/SUBSYSTEM" of ours */
    const char *ca_file, *cert_file, *key_file; /* mutual TLS; NULL where not used */
    unsigned timeout_ms;                        /* of one call, all of it */
    unsigned connect_timeout_ms;
    unsigned breaker_failures; /* this many failures in a row open the breaker … */
    unsigned breaker_open_ms;  /* … for this long; then one call is let through to try */
    unsigned concurrent_max;   /* calls at a time; beyond it IPIS_UNREACHABLE at once */
};

struct ipis;

struct ipis *ipis_new(const struct ipis_options *options, char *error, size_t error_size);
void ipis_free(struct ipis *ipis);

enum ipis_result {
    IPIS_OK = 0,
    IPIS_UNKNOWN,      /* 404: no such number */
    IPIS_WRONG,        /* 401: wrong factor; or a kycToken that is not (or no longer) good */
    IPIS_EXPIRED,      /* 410: the code is too old or was never sent */
    IPIS_FROZEN,       /* 423 */
    IPIS_NOT_ENROLLED, /* 409: no contact or biometric to use */
    IPIS_FORBIDDEN,    /* 403: the number's status forbids it */
    IPIS_THROTTLED,    /* 429 */
    IPIS_UNREACHABLE,  /* time-out, no connection, 5xx, X-Road-Error, breaker open; also an answer that is not what the
                          interface says, which opens no breaker: it may be about this one person only */
};
/** "ok", "unknown", … for the audit record and the log. */
const char *ipis_result_name(enum ipis_result result);

/** One call's surroundings, given in and filled in. */
struct ipis_call {
    struct arena *arena; /* what comes out lives here */
    str transaction_id;  /* in: a UUID per sign-in */
    str relying_party;   /* in: the client_id it is for */
    str xroad_id;        /* out: X-Road-Id of the answer, for the audit record; STR_NONE without X-Road */
    str code; /* out: the register's error code, for IPIS_FORBIDDEN: SUSPENDED, DECEASED_FLAGGED, CLOSED, MINOR */
    int64_t retry_after;   /* out: seconds, for IPIS_FROZEN and IPIS_THROTTLED; 0: not said */
    int64_t attempts_left; /* out: for IPIS_WRONG; -1: not said */
    bool may_have_arrived; /* out: the register may have acted on it, whatever the result is; false: it surely did not
                              see it */
};

/** Asks the register to send a one-time code. `*expires_in`: seconds it is good for. Never repeated by itself: it sends
 * a message to a person. */
MUST_CHECK enum ipis_result ipis_send_otp(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc,
                                          int64_t *expires_in);

struct ipis_proof {
    str kyc_token;            /* proof of this one sign-in, to read attributes with; secret */
    int64_t authenticated_at; /* seconds */
    int64_t kyc_expires_at;   /* when the token ends, as the register says; 0: not said */
};
/** Checks the one-time code. Never repeated by itself: attempts are counted. */
MUST_CHECK enum ipis_result ipis_check_otp(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc, str code,
                                           struct ipis_proof *out);

/** Reads the named attributes (the interface's names, NULL-terminated: "familyNameKh", "phone" …) under a consent.
 * `*attributes`: one object, name to value, with what the register has of them (released by the arena); `*sources`:
 * name to "IPIS", "CRVS", … An attribute whose value or source is not what the interface says is left out, as if the
 * register had none; its name is logged. Tried once more on a failed connection: reading is safe. */
MUST_CHECK enum ipis_result ipis_read_attributes(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc,
                                                 str kyc_token, str consent_id, const char *const *names,
                                                 json_t **attributes, json_t **sources);

/** Makes an authenticator known to the register, by the kycToken of a sign-in of just now. `*id`: what the register
 * calls it; `*token`: a secret that stands for the person from now on, wherever the provider vouches that this
 * authenticator was used. Never repeated by itself. */
MUST_CHECK enum ipis_result ipis_add_authenticator(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc,
                                                   str kyc_token, str *id, str *token);
/** As ipis_check_otp, with an authenticator's token in place of a code: the provider verified its passkey. IPIS_WRONG
 * when the register knows it no more. */
MUST_CHECK enum ipis_result ipis_check_authenticator(struct ipis *ipis, struct ipis_call *call,
                                                     const struct kidc *kidc, str token, struct ipis_proof *out);
/** Takes an authenticator away, by its id; `token`: of any authenticator of the same person. What is gone already is
 * fine. Repeated once on a failed connection. */
MUST_CHECK enum ipis_result ipis_remove_authenticator(struct ipis *ipis, struct ipis_call *call,
                                                      const struct kidc *kidc, str token, str id);

struct ipis_health {
    bool breaker_open;
    uint64_t calls, failures; /* failures: the register was away, or left alone */
    uint64_t malformed;       /* it answered, but not as the interface says */
    int64_t last_ok_at;
};
void ipis_health(struct ipis *ipis, struct ipis_health *out);

#endif
