/* Security profiles: what a client must do beyond the ordinary, as data, so that one issuer serves a commune's portal
 * and a bank. */
#ifndef KONSAO_RECORDS_PROFILE_H
#define KONSAO_RECORDS_PROFILE_H

#include "base/str.h"
#include "crypto/jose.h"

enum security_profile {
    PROFILE_OPEN,         /* OpenID Connect Core 1.0, with RFC 9700's advice */
    PROFILE_FAPI2,        /* FAPI 2.0 Security Profile Final */
    PROFILE_FAPI2_SIGNED, /* and FAPI 2.0 Message Signing Final: signed requests and responses */
    PROFILE_CAMDX,        /* a ministry's back end: organization tokens for calls over CamDX, no sign-in of people */
    SECURITY_PROFILES
};

struct profile_rules {
    const char *name;       /* of the metadata member security_profile */
    bool par;               /* requests come by PAR only */
    bool signed_request;    /* as signed request objects (RFC 9101) */
    bool signed_response;   /* and are answered by JARM alone, once authorization_signed_response_alg is registered */
    bool pkce;              /* required */
    bool code_only;         /* of the response types */
    bool asymmetric_client; /* private_key_jwt or mutual TLS only */
    bool sender_constraint; /* tokens are bound to a DPoP key or a certificate */
    bool issuer_audience;   /* an assertion's or request object's aud: the issuer, as one string for an assertion */
    bool rs256;             /* may be used */
    bool people;            /* may let people sign in */
    bool organization;      /* must be registered */
    enum jose_alg alg;      /* of ID tokens, unless another is registered */
    int64_t code_life_max;  /* seconds */
};

/** The rules of a profile. */
const struct profile_rules *profile_rules(enum security_profile profile);
/** By name; false when there is none of that name. */
MUST_CHECK bool profile_of(str name, enum security_profile *out);

/** Whether a profile asks for everything that another one asks for: going over to it gives nothing up. */
MUST_CHECK bool profile_keeps(enum security_profile profile, enum security_profile other);

#endif
