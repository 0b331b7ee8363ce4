/* Of this room only: what a person's answer on the consent page makes of an earlier consent. */
#ifndef KONSAO_SIGNIN_CHOICE_H
#define KONSAO_SIGNIN_CHOICE_H

#include "records/consent.h"
#include "records/interaction.h"

/** The consent after "allow": all of the scope and resources; of the claims asked for, the essential ones and those in
 * `checked` (space-separated) granted, the rest declined; what `before` (NULL: none) says of others stays. Identifier
 * and times are the caller's to fill in. In `arena`. */
struct consent choice_allow(struct arena *arena, const struct interaction *interaction, const struct consent *before,
                            str checked);

struct choice_group {
    const char *title; /* message key */
    str claims;        /* space-separated, in the order to show; empty: nothing of it is asked for */
};
#define CHOICE_GROUPS 6
/** Sorts the claims asked for into the groups of the page, in its order. */
void choice_groups(struct arena *arena, str claims, struct choice_group out[static CHOICE_GROUPS]);

#endif
