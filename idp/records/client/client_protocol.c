/* What a client may do, how it asks, and what it gets. */
#include "base/buf.h"
#include "crypto/json.h"
#include "records/client/client_metadata.h"

bool client_read_profile(struct parsing *p)
{
    str name = json_str(p->metadata, "security_profile");
    if (name.p && !profile_of(name, &p->client->profile))
        return metadata_refuse(p, "security_profile must be open, fapi2, fapi2_signed or camdx");
    p->client->rules = profile_rules(p->client->profile);
    return true;
}

/* ---- what it may do ---- */

struct named_bit {
    const char *name;
    unsigned bit;
};

static bool add_bit(const struct named_bit *table, size_t count, str item, unsigned *bits)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(item, table[i].name)) {
            *bits |= table[i].bit;
            return true;
        }
    return false;
}

unsigned response_type_of(str name)
{
    static const struct named_bit parts[] = {
        {"code", RESPONSE_CODE}, {"id_token", RESPONSE_ID_TOKEN}, {"token", RESPONSE_TOKEN}};
    unsigned type = 0;
    str word;
    while (str_word(&name, ' ', &word)) {
        unsigned part = 0;
        if (!add_bit(parts, COUNT_OF(parts), word, &part) || (type & part))
            return 0;
        type |= part;
    }
    return type == RESPONSE_TOKEN ? 0 : type;
}

static bool add_response_type(struct parsing *p, const char *member, str item)
{
    unsigned type = response_type_of(item);
    p->client->response_types |= RESPONSE_TYPE_BIT(type);
    return type ||
           metadata_refuse(p, "%s may have code, id_token and token, alone or together, but token alone", member);
}

static bool add_grant(struct parsing *p, const char *member, str item)
{
    static const struct named_bit grants[] = {
        {"authorization_code", GRANT_AUTHORIZATION_CODE},
        {"refresh_token", GRANT_REFRESH_TOKEN},
        {"client_credentials", GRANT_CLIENT_CREDENTIALS},
        {"implicit", GRANT_IMPLICIT},
        {"urn:ietf:params:oauth:grant-type:device_code", GRANT_DEVICE_CODE},
        {"urn:openid:params:grant-type:ciba", GRANT_CIBA},
        {"urn:ietf:params:oauth:grant-type:token-exchange", GRANT_TOKEN_EXCHANGE}};
    return add_bit(grants, COUNT_OF(grants), item, &p->client->grants) ||
           metadata_refuse(p,
                           "%s may be authorization_code, refresh_token, client_credentials, implicit, "
                           "urn:ietf:params:oauth:grant-type:device_code, urn:openid:params:grant-type:ciba and "
                           "urn:ietf:params:oauth:grant-type:token-exchange",
                           member);
}

static bool read_scopes(struct parsing *p)
{
    str scope = json_str(p->metadata, "scope"), word;
    unsigned for_people = GRANT_AUTHORIZATION_CODE | GRANT_IMPLICIT | GRANT_DEVICE_CODE | GRANT_CIBA;
    if (!scope.p && (p->client->grants & for_people))
        scope = STR("openid");
    while (str_word(&scope, ' ', &word))
        if (!metadata_add(p, "scope", &p->client->scopes, word, metadata_is_word))
            return false;
    return metadata_list(p, "claims", &p->client->claims, metadata_is_word) &&
           metadata_list(p, "authorization_details_types", &p->client->authorization_types, metadata_is_word);
}

bool client_read_grants(struct parsing *p)
{
    struct str_list grants = {0}, types = {0};
    if (!metadata_list(p, "grant_types", &grants, add_grant) ||
        !metadata_list(p, "response_types", &types, add_response_type))
        return false;
    if (grants.count == 0) /* RFC 7591 section 2 */
        p->client->grants = GRANT_AUTHORIZATION_CODE;
    if (types.count == 0 && (p->client->grants & GRANT_AUTHORIZATION_CODE))
        p->client->response_types = RESPONSE_TYPE_BIT(RESPONSE_CODE);
    return read_scopes(p);
}

/* ---- how it asks ---- */

static bool read_delivery(struct parsing *p)
{
    str mode = json_str(p->metadata, "backchannel_token_delivery_mode");
    if (mode.p && !str_is(mode, "poll") && !str_is(mode, "ping"))
        return metadata_refuse(p, "backchannel_token_delivery_mode must be poll or ping");
    p->client->delivery = str_is(mode, "ping") ? DELIVERY_PING : DELIVERY_POLL;
    metadata_flag(p, "backchannel_user_code_parameter", &p->client->backchannel_user_code);
    return metadata_alg(p, "backchannel_authentication_request_signing_alg", &p->client->backchannel_request_alg);
}

/* An array in the metadata, a space-separated list as a request has it. */
static bool read_acr_values(struct parsing *p)
{
    struct str_list list = {0};
    struct buf words = buf_new(p->own, 64);
    if (!metadata_list(p, "default_acr_values", &list, metadata_is_word))
        return false;
    for (size_t i = 0; i < list.count; i++)
        buf_add_word(&words, list.items[i]);
    p->client->default_acr_values = list.count > 0 ? buf_str(&words) : STR_NONE;
    return true;
}

static bool is_network(struct parsing *p, const char *member, str item)
{
    struct network network;
    return network_read(item, &network) ||
           metadata_refuse(p, "%s must hold networks such as 203.0.113.0/24, not \"%.*s\"", member, STR_FMT(item));
}

static bool read_qr_networks(struct parsing *p)
{
    struct client *c = p->client;
    struct str_list list = {0};
    if (!metadata_list(p, "qr_networks", &list, is_network))
        return false;
    c->qr_networks = ARENA_ARRAY(p->own, struct network, list.count);
    while (c->qr_network_count < list.count && network_read(list.items[c->qr_network_count],
                                                            &c->qr_networks[c->qr_network_count]))
        c->qr_network_count++;
    return c->qr_network_count == list.count;
}

bool client_read_requests(struct parsing *p)
{
    struct client *c = p->client;
    c->require_pkce = true;
    metadata_flag(p, "require_pkce", &c->require_pkce);
    c->require_par = c->rules->par;
    metadata_flag(p, "require_pushed_authorization_requests", &c->require_par);
    c->require_signed_request = c->rules->signed_request;
    metadata_flag(p, "require_signed_request_object", &c->require_signed_request);
    metadata_flag(p, "require_auth_time", &c->require_auth_time);
    metadata_flag(p, "officers_only", &c->officers_only);
    c->minimum_acr = metadata_copy(p, "minimum_acr");
    if (c->minimum_acr.p && !metadata_is_word(p, "minimum_acr", c->minimum_acr))
        return false;
    c->default_max_age = -1;
    if (json_object_get(p->metadata, "default_max_age") &&
        !json_int(p->metadata, "default_max_age", 0, INT32_MAX, &c->default_max_age))
        return metadata_refuse(p, "default_max_age must be a number of seconds");
    return metadata_alg(p, "request_object_signing_alg", &c->request_alg) && read_acr_values(p) && read_delivery(p) &&
           read_qr_networks(p);
}

/* ---- what it gets ---- */

/* enc is A128CBC-HS256 when only alg is registered (OpenID Connect Registration section 2). */
static bool read_encryption(struct parsing *p, const char *prefix, struct client_encryption *out)
{
    str alg = json_str(p->metadata, arena_printf(p->arena, "%s_alg", prefix).p);
    str enc = json_str(p->metadata, arena_printf(p->arena, "%s_enc", prefix).p);
    if (enc.p && !alg.p)
        return metadata_refuse(p, "%s_enc needs %s_alg", prefix, prefix);
    if (!alg.p)
        return true;
    out->alg = jose_encryption_alg_of(alg);
    out->enc = enc.p ? jwe_enc_of(enc) : ENC_A128CBC_HS256;
    if (out->alg == ALG_NONE_GIVEN)
        return metadata_refuse(p, "%s_alg must be ECDH-ES or RSA-OAEP-256", prefix);
    return out->enc != ENC_NONE_GIVEN || metadata_refuse(p, "%s_enc must be A128GCM, A256GCM or A128CBC-HS256", prefix);
}

static bool read_encryptions(struct parsing *p)
{
    struct client *c = p->client;
    struct client_encryption of_requests; /* any that we know is taken */
    return read_encryption(p, "id_token_encrypted_response", &c->id_token_encryption) &&
           read_encryption(p, "userinfo_encrypted_response", &c->userinfo_encryption) &&
           read_encryption(p, "introspection_encrypted_response", &c->introspection_encryption) &&
           read_encryption(p, "authorization_encrypted_response", &c->authorization_encryption) &&
           read_encryption(p, "request_object_encryption", &of_requests);
}

bool client_read_answers(struct parsing *p)
{
    struct client *c = p->client;
    str format = json_str(p->metadata, "access_token_format");
    c->opaque_access_token = str_is(format, "opaque");
    if (format.p && !c->opaque_access_token && !str_is(format, "jwt"))
        return metadata_refuse(p, "access_token_format must be jwt or opaque");
    metadata_flag(p, "dpop_bound_access_tokens", &c->dpop_bound);
    metadata_flag(p, "tls_client_certificate_bound_access_tokens", &c->certificate_bound);
    c->id_token_alg = c->authorization_alg = c->rules->alg;
    c->require_signed_response =
        c->rules->signed_response && json_object_get(p->metadata, "authorization_signed_response_alg");
    return metadata_alg(p, "id_token_signed_response_alg", &c->id_token_alg) &&
           metadata_alg(p, "userinfo_signed_response_alg", &c->userinfo_alg) &&
           metadata_alg(p, "introspection_signed_response_alg", &c->introspection_alg) &&
           metadata_alg(p, "authorization_signed_response_alg", &c->authorization_alg) && read_encryptions(p);
}
