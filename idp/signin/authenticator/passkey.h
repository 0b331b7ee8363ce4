/* Of the sign-in room only: an authenticator's passkey, used in a call of the API. */
#ifndef KONSAO_SIGNIN_AUTHENTICATOR_PASSKEY_H
#define KONSAO_SIGNIN_AUTHENTICATOR_PASSKEY_H

#include "signin/authenticator/api.h"

/** Takes the body's `credential` apart. False, and answered, when it is no AuthenticationResponseJSON. */
MUST_CHECK bool passkey_read(struct call *call, struct webauthn_assertion *out);

/** Checks that an assertion is by the passkey of `authenticator`, over a challenge of ours for "unlock" and the calling
 * device's key, which is used up; opens who it belongs to. Takes over what the passkey says of itself now (counter,
 * backup) and when it was used, in memory. False, and answered, when anything is wrong; a copied passkey is written
 * down as well. */
MUST_CHECK bool passkey_check(struct call *call, const struct webauthn_assertion *assertion,
                              struct authenticator *authenticator, struct authenticator_person *person);

/** Writes down that a copy of this authenticator's passkey is in use: for the operator and, with a notice, for the
 * resident. False when the store failed. */
bool passkey_note_clone(const struct call *call, const struct authenticator *authenticator);

/** Answers with the authenticator and a new app session of it: {authenticator, session: {token, expires_in}}. */
void passkey_answer(struct call *call, int status, const struct authenticator *authenticator,
                    const struct authenticator_person *person);

#endif
