/* What a client signed, checked with the keys that it registered: given (jwks) or published (jwks_uri). One place for
 * assertions, request objects and whatever else clients sign. */
#ifndef KONSAO_OAUTH_CLIENT_KEYS_H
#define KONSAO_OAUTH_CLIENT_KEYS_H

#include "provider.h"

/** The client's public keys; NULL when it has none, or they can't be had now. They live as long as the request. May
 * wait for a fetch where the client publishes them: see client_keys_at_hand. */
const struct jose_keyset *client_keys(struct provider *provider, struct request *rq, const struct client *client);
/** True if client_keys and client_verify will not wait for a fetch before they look at the signature: the client gave
 * its keys, or they were fetched lately and one of them fits `jws`. For who must not wait for other machines. */
bool client_keys_at_hand(struct provider *provider, struct request *rq, const struct client *client,
                         const struct jws_parts *jws);
/** True if a key of the client made the signature, under one of `algs` (JOSE_ALG_BIT). Published keys are fetched once
 * more when none of them fits the header (the client may have changed them): waits then. */
MUST_CHECK bool client_verify(struct provider *provider, struct request *rq, const struct client *client,
                              const struct jws_parts *jws, unsigned algs);
/** The algorithms by which the client may sign, where it has not registered a single one (`registered`): what its
 * profile allows (FAPI 2.0 Security Profile section 5.4: no RS256). */
unsigned client_algs(const struct client *client, enum jose_alg registered);

#endif
