#include "oauth/client/client_keys.h"

const struct jose_keyset *client_keys(struct provider *provider, struct request *rq, const struct client *client)
{
    if (client->keys || !client->jwks_uri.p)
        return client->keys;
    return jwks_cache_get(provider->jwks_cache, rq->arena, client->jwks_uri);
}

bool client_keys_at_hand(struct provider *provider, struct request *rq, const struct client *client,
                         const struct jws_parts *jws)
{
    if (client->keys || !client->jwks_uri.p)
        return true;
    const struct jose_keyset *kept = jwks_cache_peek(provider->jwks_cache, rq->arena, client->jwks_uri);
    return kept && jose_keyset_knows(kept, jws);
}

bool client_verify(struct provider *provider, struct request *rq, const struct client *client,
                   const struct jws_parts *jws, unsigned algs)
{
    const struct jose_keyset *keys = client_keys(provider, rq, client);
    if (!keys)
        return false;
    if (client->keys || jose_keyset_knows(keys, jws))
        return jose_keyset_verify(keys, jws, algs);
    keys = jwks_cache_refresh(provider->jwks_cache, rq->arena, client->jwks_uri, keys);
    return keys && jose_keyset_verify(keys, jws, algs);
}

unsigned client_algs(const struct client *client, enum jose_alg registered)
{
    if (registered != ALG_NONE_GIVEN)
        return JOSE_ALG_BIT(registered);
    return client->rules->rs256 ? JOSE_ALGS_ALL : JOSE_ALGS_FAPI;
}
