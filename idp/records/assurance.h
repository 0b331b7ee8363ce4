/* The ways of signing in that Konsao has, as relying parties ask for them and are told of them: one table. */
#ifndef KONSAO_RECORDS_ASSURANCE_H
#define KONSAO_RECORDS_ASSURANCE_H

#include "base/arena.h"

struct assurance {
    str acr;         /* OpenID Connect Core section 2: the acr claim, and what acr_values asks for */
    str amr;         /* RFC 8176 values, space-separated: what was done to reach it */
    str description; /* in English, for the documentation */
};

/** The KIdC and a one-time code that the register sent. */
const struct assurance *assurance_otp(void);
/** The one called `acr`; NULL when there is none. */
const struct assurance *assurance_find(str acr);
/** All acr values, space-separated, weakest first: acr_values_supported. */
str assurance_names(struct arena *arena);
/** Whether any of the space-separated `acr_values` is one that can be reached here. */
bool assurance_reachable(str acr_values);

#endif
