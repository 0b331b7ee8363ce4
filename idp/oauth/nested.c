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

static const struct jose_key *find_recipient(const struct provider *provider, struct request *rq,
                                             const struct client *client, enum jose_alg alg)
{
    const struct jose_key *key = find_here(provider, rq->arena, client, alg);
    if (key || !client->jwks_uri.p)
        return key;
    if (request_may_call_out(rq))
        return fetch(provider, rq->arena, client->jwks_uri, alg);
    request_move_to_call_out(rq);
    return NULL;
}

static void warn(const struct nested *how)
{
    log_warn("client.no_key client=%.*s alg=%s", STR_FMT(how->client->id), jose_alg_name(how->encryption->alg));
}

/* Signs, then encrypts to `recipient` unless that is NULL. */
static str protect(const struct provider *provider, struct arena *arena, const struct nested *how,
                   const struct jose_key *recipient, str payload)
{
    bool is_signed = how->alg != ALG_NONE_GIVEN;
    str text = is_signed ? jws_sign(arena, ring_signer(provider->keys, how->alg), how->typ, payload) : payload;
    return recipient ? jwe_encrypt(arena, recipient, how->encryption->enc, is_signed ? "JWT" : NULL, text) : text;
}

/* Signed if need be, then encrypted to `recipient` (NULL: not). */
static str wrap(const struct provider *provider, struct arena *arena, const struct nested *how,
                const struct jose_key *recipient, str payload)
{
    bool is_signed = how->alg != ALG_NONE_GIVEN;
    str inside = is_signed ? jws_sign(arena, ring_signer(provider->keys, how->alg), how->typ, payload) : payload;
    return recipient ? jwe_encrypt(arena, recipient, how->encryption->enc, is_signed ? "JWT" : NULL, inside) : inside;
}

static void say_no_key(const struct nested *how)
{
    log_warn("client.no_key client=%.*s alg=%s", STR_FMT(how->client->id), jose_alg_name(how->encryption->alg));
}

bool nested_make(const struct provider *provider, struct request *rq, const struct nested *how, str payload, str *out)
{
    enum jose_alg alg = how->encryption->alg;
    const struct jose_key *recipient = NULL;
    if (alg == ALG_NONE_GIVEN && how->alg == ALG_NONE_GIVEN)
        return false;
    if (alg != ALG_NONE_GIVEN && !(recipient = find_recipient(provider, rq, how->client, alg))) {
        if (!request_is_moving(rq))
            say_no_key(how);
        return false;
    }
    *out = wrap(provider, rq->arena, how, recipient, payload);
    return true;
}

bool nested_make_aside(const struct provider *provider, struct arena *arena, const struct nested *how, str payload,
                       str *out)
{
    enum jose_alg alg = how->encryption->alg;
    const struct jose_key *recipient = NULL;
    if (alg != ALG_NONE_GIVEN) {
        recipient = find_here(provider, arena, how->client, alg);
        if (!recipient && how->client->jwks_uri.p)
            recipient = fetch(provider, arena, how->client->jwks_uri, alg);
        if (!recipient)
            say_no_key(how);
    }
    bool can = recipient || (alg == ALG_NONE_GIVEN && how->alg != ALG_NONE_GIVEN);
    if (can)
        *out = wrap(provider, arena, how, recipient, payload);
    return can;
}

bool nested_fetch_first(const struct provider *provider, struct request *rq, const struct client *client)
{
    enum jose_alg algs[] = {client->id_token_encryption.alg, client->introspection_encryption.alg};
    if (!client->jwks_uri.p || request_may_call_out(rq))
        return false;
    for (size_t i = 0; i < COUNT_OF(algs); i++)
        if (algs[i] != ALG_NONE_GIVEN && !find_here(provider, rq->arena, client, algs[i])) {
            request_move_to_call_out(rq);
            return true;
        }
    return false;
}
