#include "oauth/nested.h"

#include "base/log.h"

/* What is there without waiting; NULL when there is nothing that fits. */
static const struct jose_key *find_here(const struct provider *provider, struct arena *arena,
                                        const struct client *client, enum jose_alg alg)
{
    const struct jose_keyset *set = client->keys;
    if (client->jwks_uri.p)
        set = jwks_cache_peek(provider->jwks_cache, arena, client->jwks_uri);
    return set ? jose_keyset_find(set, STR_NONE, alg) : NULL;
}

/* As published now: a set that was fetched a while ago may lack a key that was added since. */
static const struct jose_key *fetch(const struct provider *provider, struct arena *arena, str jwks_uri,
                                    enum jose_alg alg)
{
    const struct jose_keyset *set = jwks_cache_get(provider->jwks_cache, arena, jwks_uri);
    const struct jose_key *key = set ? jose_keyset_find(set, STR_NONE, alg) : NULL;
    if (!set || key)
        return key;
    set = jwks_cache_refresh(provider->jwks_cache, arena, jwks_uri, set);
    return set ? jose_keyset_find(set, STR_NONE, alg) : NULL;
}

/* On a worker all that may be needed is done; elsewhere (`rq`) the request moves there for it. */
static const struct jose_key *find_recipient(const struct provider *provider, struct arena *arena, struct request *rq,
                                             const struct nested *how)
{
    const struct client *client = how->client;
    enum jose_alg alg = how->encryption->alg;
    if (alg == ALG_NONE_GIVEN)
        return NULL;
    const struct jose_key *key = find_here(provider, arena, client, alg);
    if (key || !client->jwks_uri.p)
        return key;
    if (!rq || request_may_call_out(rq))
        return fetch(provider, arena, client->jwks_uri, alg);
    request_move_to_call_out(rq);
    return NULL;
}

/* Signs, then encrypts. False when what must be there is not. */
static bool make(const struct provider *provider, struct arena *arena, struct request *rq, const struct nested *how,
                 str payload, str *out)
{
    bool is_signed = how->alg != ALG_NONE_GIVEN, encrypted = how->encryption->alg != ALG_NONE_GIVEN;
    const struct jose_key *recipient = find_recipient(provider, arena, rq, how);
    if (encrypted ? !recipient : !is_signed) {
        if (!rq || !request_is_moving(rq))
            log_warn("client.no_key client=%.*s alg=%s", STR_FMT(how->client->id),
                     encrypted ? jose_alg_name(how->encryption->alg) : "-");
        return false;
    }
    *out = is_signed ? jws_sign(arena, ring_signer(provider->keys, how->alg), how->typ, payload) : payload;
    if (encrypted)
        *out = jwe_encrypt(arena, recipient, how->encryption->enc, is_signed ? "JWT" : NULL, *out);
    return true;
}

bool nested_make(const struct provider *provider, struct request *rq, const struct nested *how, str payload, str *out)
{
    return make(provider, rq->arena, rq, how, payload, out);
}

bool nested_make_aside(const struct provider *provider, struct arena *arena, const struct nested *how, str payload,
                       str *out)
{
    return make(provider, arena, NULL, how, payload, out);
}

bool nested_fetch_first(const struct provider *provider, struct request *rq, const struct client *client,
                        const struct client_encryption *encryption)
{
    if (encryption->alg == ALG_NONE_GIVEN || !client->jwks_uri.p || request_may_call_out(rq) ||
        find_here(provider, rq->arena, client, encryption->alg))
        return false;
    request_move_to_call_out(rq);
    return true;
}
