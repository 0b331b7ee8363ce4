/* ID tokens: made here, and recognised when a client gives one back as a hint (OpenID Connect Core section 2). */
#ifndef KONSAO_OAUTH_ID_TOKEN_H
#define KONSAO_OAUTH_ID_TOKEN_H

#include "oauth/error.h"
#include "records/officer.h"
#include "records/token.h"

/** What an ID token says of one sign-in; STR_NONE: nothing. */
struct id_token {
    const struct token_subject *of;
    str nonce;
    str access_token, code, state; /* hashed into at_hash, c_hash, s_hash */
    str claims;                    /* further members, as of struct claim_texts */
    const struct officer *officer; /* of a back office's: the person's right there; NULL: none is told */
};

/** Makes the client's ID token: signed by its algorithm, encrypted to it if it registered that. An error when there is
 * no key to encrypt to (see nested_make): make it before anything is used up or stored. */
struct oauth_error id_token_make(const struct provider *provider, struct request *rq, const struct client *client,
                                 const struct id_token *what, str *out);

/** What an ID token of ours says; it may have expired. */
struct id_token_hint {
    str subject, audience, sid;
};
/** Checks that we signed it and for which client. False when it is not an ID token of ours. */
MUST_CHECK bool id_token_read_hint(const struct provider *provider, struct arena *arena, str token,
                                   struct id_token_hint *out);

#endif
