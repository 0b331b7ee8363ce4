/* Of the sign-in room only: one call of the authenticator's API, with what was loaded and checked for it, and the ways
 * to answer it. JSON in and out; no cookies, so nothing that a foreign page could make a browser send.
 *
 * Every call is signed with the device's own key, by a proof as in RFC 9449 (DPoP header: ES256; htm; htu = the issuer
 * and the path; iat; a jti that works once; ath with an app session). Each function that answers does so exactly once;
 * its caller returns. Handlers run where they may wait: a proof is marked as used in the store. */
#ifndef KONSAO_SIGNIN_AUTHENTICATOR_API_H
#define KONSAO_SIGNIN_AUTHENTICATOR_API_H

#include "provider.h"
#include "records/app_session.h"
#include "records/history.h"

#define API_BODY_MAX ((size_t)64 * 1024)
#define API_PROOF_AGE 60   /* seconds that a proof is good for */
#define API_PROOF_AHEAD 30 /* seconds that a phone's clock may be ahead */

/* ---- what may go wrong: one table (errors.c), the same in docs/qr.md ---- */

enum api_fault {
    API_INVALID_REQUEST,
    API_INVALID_PROOF,
    API_UNAVAILABLE,
    API_UNAUTHORIZED,
    API_UNKNOWN_AUTHENTICATOR,
    API_WAITING_AUTHENTICATOR,
    API_THROTTLED,
    API_FROZEN,
    API_FORBIDDEN,
    API_UNREACHABLE,
    /* enrolment and passkeys */
    API_INVALID_KIDC,
    API_INVALID_ENROLMENT,
    API_WRONG_CODE,
    API_EXPIRED_CODE,
    API_INVALID_NAME,
    API_INVALID_PASSKEY,
    API_CLONED,
    API_TOO_MANY_AUTHENTICATORS,
    /* requests to sign in */
    API_INVALID_CODE,
    API_STALE_CODE,
    API_SCANNED_TWICE,
    API_ENDED,
    API_TOO_MANY_REQUESTS,
    API_NO_RIGHT,
    API_WRONG_NUMBER,
    API_ALTERED,
    /* what is the resident's */
    API_UNKNOWN_ENTRY,
    API_FAULTS
};

struct api_error {
    const char *code; /* "invalid_request" … */
    int status;       /* HTTP */
    const char *description;
};
/** The table. */
extern const struct api_error api_errors[API_FAULTS];

/* ---- a call ---- */

enum api_proof {
    API_KEY,             /* any ES256 key: its owner may have no authenticator yet */
    API_DEVICE,          /* the key of the body's `authenticator`, which may still be waiting */
    API_SESSION,         /* and an app session of it; not while it is waiting */
    API_SESSION_WAITING, /* the same, also while it is waiting */
};

struct call {
    struct provider *provider;
    struct request *rq;
    enum lang lang;     /* of names in the answer: Accept-Language */
    const json_t *body; /* an object; of a GET an empty one */
    str jkt;            /* the thumbprint of the key that the proof was made with */
    /* From API_DEVICE on: the authenticator, whose key that is. */
    struct authenticator authenticator;
    /* API_SESSION and API_SESSION_WAITING */
    struct app_session session;
    struct authenticator_person person;
};

/** Reads the request, checks its proof (which is used up, but not again when the request waited, see request_park), and
 * loads who calls. False when there is nothing to go on with: answered then. */
MUST_CHECK bool api_open(struct call *call, struct provider *provider, struct request *rq, enum api_proof proof);
/** Whether the calling authenticator must not answer or show anything yet: `active_at` lies ahead. */
bool api_is_waiting(const struct call *call);

/** A member of the body that must be a text of 1 to `most` bytes; false, and answered, when it is not. */
MUST_CHECK bool api_text(struct call *call, const char *name, size_t most, str *out);
/** The same for one that may be absent or null (STR_NONE), or empty. */
MUST_CHECK bool api_text_or_none(struct call *call, const char *name, size_t most, str *out);
/** A member that must be an object. */
MUST_CHECK bool api_object(struct call *call, const char *name, const json_t **out);

/** Answers with an object: JSON text of a whole one. */
void api_answer(struct call *call, int status, str json);
/** Answers with the error. */
void api_fail(struct call *call, enum api_fault fault);
/** The same with one more member, a text or a number (retry_after, seconds, also goes into Retry-After). */
void api_fail_text(struct call *call, enum api_fault fault, const char *name, str value);
void api_fail_int(struct call *call, enum api_fault fault, const char *name, int64_t value);

/** An audit entry with all that is known of this call; `resident`: STR_NONE where nobody is named. */
struct audit_entry api_entry(const struct call *call, const char *action, str outcome, str resident);
/** What the register's calls need: `transaction` is a UUID, the relying party Konsao itself. */
struct ipis_call api_register_call(const struct call *call, str transaction);

#endif
