/* The ways of signing in that Konsao has, what each says honestly of itself (amr, RFC 8176), and the levels (acr) that
 * the operator's table lets them reach. Relying parties ask for levels and are told of them. */
#ifndef KONSAO_RECORDS_ASSURANCE_H
#define KONSAO_RECORDS_ASSURANCE_H

#include "base/arena.h"

/** How a person signed in. */
enum way {
    WAY_OTP,     /* KIdC and a one-time code that the register sent */
    WAY_PASSKEY, /* a passkey in the browser itself, user verified */
    WAY_QR,      /* the authenticator on a phone: passkey, user verified, and the number compared */
    WAYS
};

#define ASSURANCE_LEVELS_MAX 8

struct assurance_level {
    str acr;       /* OpenID Connect Core section 2: the acr claim, and what acr_values asks for */
    unsigned ways; /* 1 << enum way, or-ed: which reach it */
};

/** The operator's table, weakest level first. */
struct assurance {
    struct assurance_level levels[ASSURANCE_LEVELS_MAX];
    size_t count;
};

/** Reads the setting assurance.levels: "ACR=WAY,WAY ACR=WAY …", weakest first; each way (otp, passkey, qr) stands once,
 * and reaches all levels before its own as well. False with a sentence in `*why`. */
MUST_CHECK bool assurance_read(struct arena *arena, str setting, struct assurance *out, str *why);
/** All acr values, space-separated, weakest first: acr_values_supported. */
str assurance_names(struct arena *arena, const struct assurance *table);
/** The strongest level that a way reaches. */
str assurance_acr(const struct assurance *table, enum way way);
/** RFC 8176 values of a way, space-separated. `device_bound`: the passkey can't leave its device (not backup eligible);
 * for WAY_OTP without meaning. */
str assurance_amr(enum way way, bool device_bound);
/** Whether a sign-in that reached `acr` also reaches `wanted` (the same or a weaker level of the table; an acr that the
 * table does not have any more reaches itself alone). */
bool assurance_reaches(const struct assurance *table, str acr, str wanted);
/** Whether it reaches the client's `minimum` and one of `acr_values` (each: empty or STR_NONE, nothing is asked). */
bool assurance_suffices(const struct assurance *table, str acr, str minimum, str acr_values);
/** The ways (1 << enum way, or-ed) that a request leaves: at least the client's `minimum` (STR_NONE: none), and, when
 * `essential`, one of `acr_values`. 0: nobody can sign in as asked. */
unsigned assurance_ways(const struct assurance *table, str minimum, str acr_values, bool essential);
/** What the acr claim says for a sign-in that reached `acr`: the strongest of `acr_values` that it reaches, else `acr`
 * itself. */
str assurance_said(const struct assurance *table, str acr, str acr_values);

#endif
