/* Of this room only: a one-time code of the register, for whoever asks: the sign-in pages, and an authenticator's
 * enrolment. What is counted, asked and written down about it; the caller keeps the record and gives the answer.
 * Nothing here tells a number that exists from one that does not. */
#ifndef KONSAO_SIGNIN_OTP_H
#define KONSAO_SIGNIN_OTP_H

#include "provider.h"
#include "signin/limits.h"

struct otp {
    struct provider *provider;
    struct request *rq;
    struct kidc kidc;
    str resident;               /* the internal reference of that number */
    const char *sent, *checked; /* actions in the audit record */
    struct audit_entry entry;   /* what is known of this case: client, session, request … */
    struct ipis_call call;      /* in: transaction and relying party; out: what the register said */
    struct limit limit;         /* out */
};

enum otp_sent {
    OTP_SENT,        /* as far as anybody is told */
    OTP_FROZEN,      /* the number is, here, until limit.until */
    OTP_LIMITED,     /* too many codes for this number, until limit.until */
    OTP_THROTTLED,   /* the register wants to be left alone, until limit.until (0: not said) */
    OTP_UNREACHABLE, /* the register did not answer, or not as it should */
    OTP_FAILED,      /* the store did */
};
/** Whether a code may be asked for, which is counted then: OTP_SENT, with the seconds that it will probably be good
 * for in `*life`; OTP_FROZEN, OTP_LIMITED or OTP_FAILED. To be called before otp_ask. */
MUST_CHECK enum otp_sent otp_allow(struct otp *otp, int64_t *life);
/** Asks the register to send one. OTP_SENT with its life in `*life`, also for a number that does not exist;
 * OTP_THROTTLED or OTP_UNREACHABLE: what was counted is taken back then, unless the register may have sent one all
 * the same: `*counts`. */
MUST_CHECK enum otp_sent otp_ask(struct otp *otp, int64_t *life, bool *counts);

enum otp_checked {
    OTP_RIGHT,
    OTP_BARRED,    /* right, but this number may not be used: call.code */
    OTP_WRONG,     /* or no such number, or frozen at the register: nobody can tell which. limit.left tries are left */
    OTP_TOO_OFTEN, /* not even tried: the number is frozen here, until limit.until */
    OTP_UNJUDGED,  /* the register did not answer: the same code can be tried again */
    OTP_NOT_CHECKED, /* the store failed */
};
/** Counts a try, has the register check it, and writes down what came of it: on disk before anybody is told. */
MUST_CHECK enum otp_checked otp_check(struct otp *otp, str digits, struct ipis_proof *proof);

#endif
