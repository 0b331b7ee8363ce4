/* Of this room only: the three steps of a sign-in, each a page and its form. A function named …_show answers with the
 * page; …_submit with what becomes of the form, whose token was checked already. */
#ifndef KONSAO_SIGNIN_STEPS_H
#define KONSAO_SIGNIN_STEPS_H

#include "signin/otp.h"
#include "signin/visit.h"

/** STAGE_START: on without a page where the session allows it, else the KIdC. */
void start_show(struct visit *visit);

/** The page that asks for the KIdC; `notice`: one of its flags, or NULL. */
void kidc_show(struct visit *visit, const char *notice);
/** "continue" of that page. */
void kidc_submit(struct visit *visit);

/** The first page again, with what went wrong: `flag`, one of its error flags; `wait`: from when it works (STR_NONE: no
 * such time), its wait_text. */
void start_fail(struct visit *visit, int status, const char *flag, str wait);
/** "passkey" of that page, with what the browser's authenticator signed in `credential`. */
void passkey_submit(struct visit *visit);

/** Whether a one-time code is strong enough for the client, and for what it asks; and the first page again, which says
 * that it is not, whatever a form has sent. */
bool code_may_be_used(const struct visit *visit);
void code_refuse(struct visit *visit);

/** STAGE_CODE_SENT. */
void otp_show(struct visit *visit);
/** "continue" and "resend". */
void otp_submit(struct visit *visit);
void otp_resend(struct visit *visit);

/** STAGE_CONSENT; back to the start if the session that it is about is not this browser's any more. */
void consent_show(struct visit *visit);
/** "allow", "deny" and "switch" (not you?). */
void consent_allow(struct visit *visit);
void consent_deny(struct visit *visit);
void consent_switch(struct visit *visit);

/** Too many tries for this number, whether it exists or not: forgets it and says until when. */
void frozen_show(struct visit *visit, int64_t until);

/** The person is who they say, but the register does not let this number be used, for `status`: forgets it and says why.
 */
void forbidden_show(struct visit *visit, str status);

enum send_result {
    SEND_DONE,        /* to whoever looks at the page, a code is on its way */
    SEND_FROZEN,      /* until limit->until */
    SEND_LIMITED,     /* too many codes for this number, until limit->until */
    SEND_THROTTLED,   /* the register wants to be left alone, until limit->until */
    SEND_UNREACHABLE, /* it did not answer, or not as it should */
    SEND_ANSWERED,    /* the request was answered here: a failure, or another tab was faster */
};
/** Asks the register to send a code to `kidc`, and stores that it did; a second click meanwhile finds STAGE_CODE_SENT
 * and sends nothing. SEND_DONE says nothing about whether the number exists. In every other case the stage is as
 * before; a code that the register may have sent all the same stays counted. */
MUST_CHECK enum send_result code_send(struct visit *visit, const struct kidc *kidc, struct limit *limit);
/** A code as this visit asks for it. */
struct otp otp_of_visit(struct visit *visit, const struct kidc *kidc);

#endif
