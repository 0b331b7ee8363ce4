/* PKCE, S256 only (RFC 7636; "plain" is refused as RFC 9700 section 2.1.1 advises). */
#ifndef KONSAO_OAUTH_PKCE_H
#define KONSAO_OAUTH_PKCE_H

#include "base/arena.h"

/** Whether `challenge` has the form of an S256 challenge: 43 characters of base64url (section 4.2). */
bool pkce_challenge_is_valid(str challenge);
/** Whether a token request's `verifier` (STR_NONE: absent) fits what the authorization request brought (`challenge`
 * STR_NONE: nothing). A verifier without a challenge does not: it would let an attacker strip the challenge unnoticed
 * (RFC 9700 section 4.8.2). */
bool pkce_matches(struct arena *arena, str challenge, str verifier);

#endif
