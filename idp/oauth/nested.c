#include "oauth/nested.h"

#include "base/log.h"

/* On whose account it is made. */
struct where {
    struct arena *arena;
    bool may_wait;
};

/* A set that was fetched a while ago may lack a key that the client has published since: it is fetched once more. */
static enum nested_result find_published(const struct provider *provider, const struct where *where,
                                         const struct nested *how, const struct jose_key **out)
{
    str uri = how->client->jwks_uri;
    const struct jose_keyset *set = jwks_cache_peek(provider->jwks_cache, where->arena, uri);
    *out = set ? jose_keyset_find(set, STR_NONE, how->encryption->alg) : NULL;
    if (*out)
        return NESTED_OK;
    if (!where->may_wait)
        return NESTED_WAIT;
    set = set ? jwks_cache_refresh(provider->jwks_cache, where->arena, uri, set)
              : jwks_cache_get(provider->jwks_cache, where->arena, uri);
    *out = set ? jose_keyset_find(set, STR_NONE, how->encryption->alg) : NULL;
    return *out ? NESTED_OK : NESTED_NO_KEY;
}

static enum nested_result find_recipient(const struct provider *provider, const struct where *where,
                                         const struct nested *how, const struct jose_key **out)
{
    const struct client *client = how->client;
    if (client->jwks_uri.p)
        return find_published(provider, where, how, out);
    *out = client->keys ? jose_keyset_find(client->keys, STR_NONE, how->encryption->alg) : NULL;
    return *out ? NESTED_OK : NESTED_NO_KEY;
}

static enum nested_result make(const struct provider *provider, const struct where *where, const struct nested *how,
                               str payload, str *out)
{
    bool is_signed = how->alg != ALG_NONE_GIVEN, encrypted = how->encryption->alg != ALG_NONE_GIVEN;
    const struct jose_key *recipient = NULL;
    enum nested_result result = encrypted ? find_recipient(provider, where, how, &recipient) : NESTED_OK;
    if (result == NESTED_OK && !encrypted && !is_signed)
        result = NESTED_NO_KEY;
    if (result == NESTED_NO_KEY)
        log_warn("client.no_encryption_key client=%.*s alg=%s", STR_FMT(how->client->id),
                 encrypted ? jose_alg_name(how->encryption->alg) : "-");
    if (result != NESTED_OK)
        return result;
    *out = is_signed ? jws_sign(where->arena, ring_signer(provider->keys, how->alg), how->typ, payload) : payload;
    if (encrypted)
        *out = jwe_encrypt(where->arena, recipient, how->encryption->enc, is_signed ? "JWT" : NULL, *out);
    return NESTED_OK;
}

enum nested_result nested_make(const struct provider *provider, struct request *rq, const struct nested *how,
                               str payload, str *out)
{
    return make(provider, &(struct where){rq->arena, request_may_wait(rq)}, how, payload, out);
}

enum nested_result nested_make_aside(const struct provider *provider, struct arena *arena, const struct nested *how,
                                     str payload, str *out)
{
    return make(provider, &(struct where){arena, true}, how, payload, out);
}

struct oauth_error nested_error(enum nested_result result)
{
    if (result == NESTED_OK)
        return OAUTH_OK;
    return OAUTH_ERROR("invalid_client", "the client has no usable key to encrypt the answer to");
}
