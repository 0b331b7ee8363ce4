#include "oauth/authorize/release.h"

#include "base/buf.h"
#include "crypto/json.h"
#include "oauth/claims.h"

/* The words of `claims` that are in `granted`. */
static str granted_of(struct arena *arena, str claims, str granted)
{
    struct buf list = buf_new(arena, claims.n + 1);
    str word;
    while (str_word(&claims, ' ', &word)) {
        if (!str_list_has(granted, ' ', word))
            continue;
        buf_add_word(&list, word);
    }
    return buf_str(&list);
}

/* The words of both, each once. */
static str join(struct arena *arena, str one, str other)
{
    struct buf list = buf_new(arena, one.n + other.n + 1);
    str word;
    buf_add(&list, one);
    while (str_word(&other, ' ', &word))
        if (!str_list_has(one, ' ', word))
            buf_add_word(&list, word);
    return buf_str(&list);
}

enum ipis_result release_claims(struct provider *provider, struct request *rq, const struct interaction *interaction,
                                const struct person *person, struct claim_texts *out, str *xroad_id)
{
    *out = (struct claim_texts){STR(""), STR("")};
    *xroad_id = STR_NONE;
    str id_token = granted_of(rq->arena, interaction->claims_id_token, interaction->granted_claims);
    str userinfo = granted_of(rq->arena, interaction->claims_userinfo, interaction->granted_claims);
    if (interaction->response_type == RESPONSE_ID_TOKEN) { /* no token for userinfo (OpenID Connect Core section 5.4) */
        id_token = join(rq->arena, id_token, userinfo);
        userinfo = STR("");
    }
    const char *const *names =
        claims_attributes(rq->arena, arena_printf(rq->arena, "%.*s %.*s", STR_FMT(id_token), STR_FMT(userinfo)));
    if (!names[0])
        return IPIS_OK;
    struct ipis_call call = {
        .arena = rq->arena, .transaction_id = interaction->transaction_id, .relying_party = interaction->client_id};
    json_t *attributes, *sources;
    enum ipis_result result = ipis_read_attributes(provider->ipis, &call, &person->kidc, person->kyc_token,
                                                   interaction->consent_id, names, &attributes, &sources);
    *xroad_id = call.xroad_id;
    if (result != IPIS_OK)
        return result;
    const json_t *values = interaction->claims_values.p
                               ? json_parse_object(rq->arena, interaction->claims_values, interaction->claims_values.n)
                               : NULL;
    out->id_token = claims_members(rq->arena, id_token, attributes, values);
    out->userinfo = claims_members(rq->arena, userinfo, attributes, values);
    return IPIS_OK;
}
