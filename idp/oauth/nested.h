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

/** What the client is told when nested_make fails. */
#define NESTED_NO_KEY OAUTH_ERROR("invalid_client", "the client has no usable key to encrypt the answer to")

/** Makes a compact JWS of `payload` (JSON), or a JWE with it inside. The client's key comes from its registered jwks or
 * its jwks_uri. False when it has none that fits, or none could be fetched; or the keys are not here and the request
 * moves to a worker, where they are fetched: what is answered in this run is not sent then. */
MUST_CHECK bool nested_make(const struct provider *provider, struct request *rq, const struct nested *how, str payload,
                            str *out);
/** The same on a thread that serves no request and may wait for others. */
MUST_CHECK bool nested_make_aside(const struct provider *provider, struct arena *arena, const struct nested *how,
                                  str payload, str *out);
/** True when what is to be encrypted so can't be before the client's keys are fetched: the request moves to a worker.
 * To be asked before a request uses something up (an assertion, a proof), since it is run again. */
MUST_CHECK bool nested_fetch_first(const struct provider *provider, struct request *rq, const struct client *client,
                                   const struct client_encryption *encryption);

#endif
