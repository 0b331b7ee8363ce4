/* Of this room only: what a session and an earlier consent are good for. Decisions, without HTTP and store. */
#ifndef KONSAO_SIGNIN_SSO_H
#define KONSAO_SIGNIN_SSO_H

#include "records/assurance.h"
#include "records/consent.h"
#include "records/interaction.h"
#include "records/session.h"

/** What a request wants of a sign-in's strength: the operator's levels, and the least that its client takes (STR_NONE:
 * any). */
struct sso_policy {
    const struct assurance *levels;
    str minimum;
};
/** The ways (1 << enum way, or-ed) by which a person may sign in for this request. 0: an essential acr was asked for
 * that nobody can reach here (OpenID Connect Core section 5.5.1.1). */
unsigned sso_ways(const struct sso_policy *policy, const struct interaction *interaction);
/** Whether `session` answers this request at `now` without a new sign-in: prompt, max_age, the client's minimum and an
 * essential acr allow it. A sign-in made after the request was always does as far as prompt and max_age go; one made
 * before it never answers prompt=login, select_account or create, whatever the browser does. */
bool sso_session_suffices(const struct sso_policy *policy, const struct interaction *interaction,
                          const struct session *session, int64_t now);
/** Whether a person whose `session` would do is asked for a new sign-in all the same: acr_values that are only wished for
 * are not reached by it, and some way would reach them. Not for prompt=none, and not twice for one request. */
bool sso_wants_stronger(const struct sso_policy *policy, const struct interaction *interaction,
                        const struct session *session);
/** The claims that a person is asked about, each once: those of ID token and userinfo without sub, in that order. */
str sso_claims(struct arena *arena, const struct interaction *interaction);
/** Whether `consent` (NULL: none) answers this request without asking. */
bool sso_consent_suffices(struct arena *arena, const struct interaction *interaction, const struct consent *consent);

/** Takes over who is signed in, with the acr that this request is told. Does not change the stage. */
void sso_adopt(const struct sso_policy *policy, struct interaction *interaction, const struct session *session);
/** Finishes the interaction: STAGE_DONE with what `consent` grants of what is asked. */
void sso_finish(struct arena *arena, struct interaction *interaction, const struct consent *consent);
/** Finishes it with an OAuth error. */
void sso_refuse(struct interaction *interaction, str error);

#endif
