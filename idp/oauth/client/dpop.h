/* DPoP: a request that is signed with the key which its tokens are bound to (RFC 9449). */
#ifndef KONSAO_OAUTH_DPOP_H
#define KONSAO_OAUTH_DPOP_H

#include "oauth/client/dpop_nonce.h"
#include "oauth/error.h"

#define DPOP_ALGS JOSE_ALGS_FAPI
#define DPOP_ALG_NAMES "ES256 PS256 EdDSA" /* the same, for metadata and challenges */
#define DPOP_AGE_MAX 60                    /* seconds that a proof is good for, unless a nonce of ours is in it */
#define DPOP_AHEAD_MAX 30                  /* seconds that a client's clock may be ahead */

/** What a proof must say. */
struct dpop_expected {
    str method;
    const str *urls; /* of the endpoint, any of them */
    size_t url_count;
    str access_token;        /* STR_NONE: none comes with it */
    str nonces[DPOP_NONCES]; /* that are good now */
    bool nonce_required;
    int64_t now; /* seconds */
};

struct dpop_proof {
    str jkt, jti;
};

enum dpop_verdict { DPOP_RIGHT, DPOP_WRONG, DPOP_NEEDS_NONCE };

/** Checks all of RFC 9449 section 4.3 but the number of headers, which http checks, and whether the jti was used
 * before: pure. Unless the proof is right, `*why` is a static text. A proof with a nonce of ours may have any iat
 * (section 11.1); one with another nonce is never right. */
MUST_CHECK enum dpop_verdict dpop_check(struct arena *arena, str compact, const struct dpop_expected *expected,
                                        struct dpop_proof *out, const char **why);
/** Whether two URLs name one place: scheme and host in any case, the scheme's port said or not, query and fragment
 * passed over (section 4.3 point 9; RFC 3986 section 6.2). */
bool dpop_same_place(str a, str b);

/** Checks the DPoP header of a request to the endpoint that it came to, marks its jti as used, and has the answer carry
 * a nonce. `*jkt`: the key's thumbprint; STR_NONE when there is no such header, which is no error here. With
 * `access_token` it must be the proof for this token; STR_NONE where none is presented. Writes to the store: not for
 * event loops. Errors: invalid_dpop_proof, use_dpop_nonce (400; a resource answers them with 401). */
struct oauth_error dpop_check_request(struct provider *provider, struct request *rq, str access_token, str *jkt);

#endif
