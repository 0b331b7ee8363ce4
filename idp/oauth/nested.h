/* What is signed for a client, and encrypted to it when it registered that: ID tokens, userinfo, introspection, JARM
 * (sign, then encrypt: RFC 7519 section 11.2). Never goes out in the clear because a key is missing. */
#ifndef KONSAO_OAUTH_NESTED_H
#define KONSAO_OAUTH_NESTED_H

#include "oauth/error.h"

struct nested {
    const struct client *client;
    enum jose_alg alg; /* ALG_NONE_GIVEN: not signed, so it must be encrypted */
    const char *typ;   /* of the signature's header; may be NULL */
    const struct client_encryption *encryption;
};

enum nested_result {
    NESTED_OK,
    NESTED_WAIT,   /* the client's keys must be fetched, which an event loop can't: request_move_to_worker */
    NESTED_NO_KEY, /* the client has no key that fits, or it could not be fetched */
};

/** Makes a compact JWS of `payload` (JSON), or a JWE with it inside. The client's key comes from its registered jwks
 * or, fetched if need be, from its jwks_uri. */
MUST_CHECK enum nested_result nested_make(const struct provider *provider, struct request *rq, const struct nested *how,
                                          str payload, str *out);
/** The same on a thread that serves no request and may wait. */
MUST_CHECK enum nested_result nested_make_aside(const struct provider *provider, struct arena *arena,
                                                const struct nested *how, str payload, str *out);
/** NESTED_NO_KEY as an answer to the client. */
struct oauth_error nested_error(enum nested_result result);

#endif
