/* That a client's metadata fits together, and with its security profile. */
#include "records/client/client_metadata.h"

struct rule {
    bool broken;
    const char *sentence;
};

static bool check_rules(struct parsing *p, const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].broken)
            return metadata_refuse(p, "%s", rules[i].sentence);
    return true;
}

static bool has_part(const struct client *client, unsigned part)
{
    for (unsigned type = 1; type < 8; type++)
        if ((type & part) && (client->response_types & RESPONSE_TYPE_BIT(type)))
            return true;
    return false;
}

static bool check_grants(struct parsing *p)
{
    const struct client *c = p->client;
    bool has_code = c->grants & GRANT_AUTHORIZATION_CODE, implicit = c->grants & GRANT_IMPLICIT;
    const unsigned only_code = RESPONSE_TYPE_BIT(RESPONSE_CODE);
    const unsigned without_code =
        RESPONSE_TYPE_BIT(RESPONSE_ID_TOKEN) | RESPONSE_TYPE_BIT(RESPONSE_ID_TOKEN | RESPONSE_TOKEN);
    bool by_front = c->response_types & ~only_code;
    bool token_by_front = has_part(c, RESPONSE_TOKEN);
    bool other = c->grants & (GRANT_DEVICE_CODE | GRANT_CIBA);
    bool authenticates = c->auth != AUTH_NONE;
    const struct rule rules[] = {
        {(has_code || implicit) && c->redirect_uris.count == 0,
         "redirect_uris is missing: grants authorization_code and implicit need somewhere to come back to"},
        {(c->response_types & ~without_code) && !has_code, "response_types with code need grant authorization_code"},
        {by_front && !implicit, "response_types with id_token or token need grant implicit"},
        {implicit && !by_front, "grant implicit needs a response_type with id_token or token"},
        {by_front && !client_has_scope(c, STR("openid")), "response_types with id_token or token need scope openid"},
        {token_by_front && (c->dpop_bound || c->certificate_bound),
         "response_types with token give a bearer token, but the client's tokens are bound"},
        {(c->grants & GRANT_REFRESH_TOKEN) && !has_code && !other,
         "grant refresh_token needs a grant by which people sign in"},
        {(c->grants & GRANT_CLIENT_CREDENTIALS) && !authenticates,
         "grant client_credentials needs a client that authenticates (not token_endpoint_auth_method none)"},
        {(c->grants & GRANT_TOKEN_EXCHANGE) && !authenticates,
         "grant token-exchange needs a client that authenticates"},
        {(c->grants & GRANT_CIBA) && !authenticates, "grant ciba needs a client that authenticates"},
        {(c->grants & GRANT_CIBA) && !client_has_scope(c, STR("openid")), "grant ciba needs scope openid"},
        {c->delivery == DELIVERY_PING && !c->notification_endpoint.p,
         "backchannel_client_notification_endpoint is missing: delivery mode ping needs it"},
        {c->backchannel_user_code, "backchannel_user_code_parameter: user codes are not supported"},
        {c->auth == AUTH_NONE && !c->require_pkce, "require_pkce cannot be false for a public client"},
    };
    return check_rules(p, rules, COUNT_OF(rules));
}

static bool encrypts(const struct client *c)
{
    return c->id_token_encryption.alg != ALG_NONE_GIVEN || c->userinfo_encryption.alg != ALG_NONE_GIVEN ||
           c->introspection_encryption.alg != ALG_NONE_GIVEN || c->authorization_encryption.alg != ALG_NONE_GIVEN;
}

static bool check_credentials(struct parsing *p)
{
    const struct client *c = p->client;
    bool by_secret = c->auth == AUTH_BASIC || c->auth == AUTH_POST, has_keys = c->keys || c->jwks_uri.p;
    const struct rule rules[] = {
        {c->keys && c->jwks_uri.p, "jwks and jwks_uri cannot both be there"},
        {c->auth == AUTH_PRIVATE_KEY_JWT && !has_keys,
         "jwks (or jwks_uri) is missing: private_key_jwt needs the client's public keys"},
        {c->auth == AUTH_SELF_SIGNED_TLS && !has_keys,
         "jwks (or jwks_uri) is missing: self_signed_tls_client_auth finds the client's certificate there"},
        {(c->request_alg != ALG_NONE_GIVEN || c->require_signed_request ||
          c->backchannel_request_alg != ALG_NONE_GIVEN) &&
             !has_keys,
         "jwks (or jwks_uri) is missing: signed requests need the client's public keys"},
        {encrypts(c) && !has_keys,
         "jwks (or jwks_uri) is missing: what is encrypted to the client needs its public key"},
        {by_secret && c->secret_count == 0, "client_secrets is missing: the client authenticates by a secret"},
        {!by_secret && c->secret_count > 0, "client_secrets is only for clients that authenticate by a secret"},
        {(c->auth == AUTH_SECRET_JWT) != (c->sealed_secret.p != NULL),
         "sealed_client_secret is for client_secret_jwt, and needed there"},
    };
    return check_rules(p, rules, COUNT_OF(rules));
}

static bool uses_rs256(const struct client *c)
{
    return c->auth_alg == ALG_RS256 || c->request_alg == ALG_RS256 || c->backchannel_request_alg == ALG_RS256 ||
           c->id_token_alg == ALG_RS256 || c->userinfo_alg == ALG_RS256 || c->introspection_alg == ALG_RS256 ||
           c->authorization_alg == ALG_RS256;
}

static bool check_profile(struct parsing *p)
{
    const struct client *c = p->client;
    const struct profile_rules *rules = c->rules;
    bool asymmetric = c->auth == AUTH_PRIVATE_KEY_JWT || c->auth == AUTH_TLS || c->auth == AUTH_SELF_SIGNED_TLS;
    const struct rule list[] = {
        {rules->par && !c->require_par,
         "require_pushed_authorization_requests cannot be false in this security_profile"},
        {rules->signed_request && !c->require_signed_request,
         "require_signed_request_object cannot be false in this security_profile"},
        {rules->pkce && !c->require_pkce, "require_pkce cannot be false in this security_profile"},
        {rules->code_only && (c->response_types & ~RESPONSE_TYPE_BIT(RESPONSE_CODE)),
         "this security_profile knows response_type code only"},
        {rules->asymmetric_client && !asymmetric,
         "this security_profile needs private_key_jwt, tls_client_auth or self_signed_tls_client_auth"},
        {rules->sender_constraint && !c->dpop_bound && !c->certificate_bound,
         "this security_profile needs dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens"},
        {!rules->rs256 && uses_rs256(c), "RS256 must not be used in this security_profile"},
        {!rules->people && (c->grants & ~(unsigned)(GRANT_CLIENT_CREDENTIALS | GRANT_TOKEN_EXCHANGE)),
         "this security_profile knows the grants client_credentials and token-exchange only"},
        {rules->organization && !c->organization.p, "organization is missing: this security_profile needs it"},
    };
    return check_rules(p, list, COUNT_OF(list));
}

bool client_check_together(struct parsing *p)
{
    return check_grants(p) && check_credentials(p) && check_profile(p);
}
