/* Of this room only: what a session and an earlier consent are good for. Decisions, without HTTP and store. */
#ifndef KONSAO_SIGNIN_SSO_H
#define KONSAO_SIGNIN_SSO_H

#include "records/consent.h"
#include "records/interaction.h"
#include "records/session.h"

/** Whether an essential acr was asked for that nobody can reach here (OpenID Connect Core section 5.5.1.1). */
bool sso_acr_is_unmet(const struct interaction *interaction);
/** Whether `session` answers this request at `now` without a new sign-in: prompt, max_age and an essential acr allow
 * it. A sign-in made after the request was always does as far as prompt and max_age go; one made before it never
 * answers prompt=login, select_account or create, whatever the browser does. */
bool sso_session_suffices(const struct interaction *interaction, const struct session *session, int64_t now);
/** The claims that a person is asked about, each once: those of ID token and userinfo without sub, in that order. */
str sso_claims(struct arena *arena, const struct interaction *interaction);
/** Whether `consent` (NULL: none) answers this request without asking. */
bool sso_consent_suffices(struct arena *arena, const struct interaction *interaction, const struct consent *consent);

/** Takes over who is signed in. Does not change the stage. */
void sso_adopt(struct interaction *interaction, const struct session *session);
/** Finishes the interaction: STAGE_DONE with what `consent` grants of what is asked. */
void sso_finish(struct arena *arena, struct interaction *interaction, const struct consent *consent);
/** Finishes it with an OAuth error. */
void sso_refuse(struct interaction *interaction, str error);

#endif
