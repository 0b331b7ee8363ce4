#include <string.h>

#include "base/buf.h"
#include "oauth/claims.h"
#include "oauth/client/dpop.h"
#include "oauth/endpoints.h"
#include "oauth/oauth.h"

static const char cache_an_hour[] = "public, max-age=3600";

/* The algorithms that the ring can sign with. */
static str signing_algs(struct arena *arena, const struct key_ring *keys)
{
    static const enum jose_alg algs[] = {ALG_RS256, ALG_ES256, ALG_PS256, ALG_EDDSA};
    struct buf list = buf_new(arena, 64);
    for (size_t i = 0; i < COUNT_OF(algs); i++)
        if (ring_signer(keys, algs[i]))
            buf_printf(&list, "%s ", jose_alg_name(algs[i]));
    return buf_str(&list);
}

static void add_endpoints(struct buf *json, const struct settings *settings)
{
    for (size_t i = 0; i < oauth_feature_count; i++)
        if (oauth_features[i].metadata && oauth_feature_on(&oauth_features[i], settings))
            buf_json_str(json, oauth_features[i].metadata,
                         arena_printf(json->arena, "%.*s%s", STR_FMT(settings->issuer), oauth_features[i].route.path));
}

/* How what goes out can be signed and encrypted. */
static void add_protection(struct buf *json, str signing)
{
    static const char *const answers[] = {"id_token", "userinfo", "authorization", "introspection"};
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        buf_json_words(json, arena_printf(json->arena, "%s_signing_alg_values_supported", answers[i]).p, signing, ' ');
        buf_json_words(json, arena_printf(json->arena, "%s_encryption_alg_values_supported", answers[i]).p,
                       STR("ECDH-ES RSA-OAEP-256"), ' ');
        buf_json_words(json, arena_printf(json->arena, "%s_encryption_enc_values_supported", answers[i]).p,
                       STR("A128GCM A256GCM A128CBC-HS256"), ' ');
    }
}

/* Certificates count only where clients are asked for one. */
static void add_client_authentication(struct buf *json, const struct settings *settings)
{
    static const char *const endpoints[] = {"token", "introspection", "revocation"};
    str tls = settings->mtls_url.n == 0        ? STR("")
              : settings->tls_client_ca.n == 0 ? STR(" self_signed_tls_client_auth")
                                               : STR(" tls_client_auth self_signed_tls_client_auth");
    for (size_t i = 0; i < COUNT_OF(endpoints); i++) {
        bool public = strcmp(endpoints[i], "introspection") != 0;
        buf_json_words(json, arena_printf(json->arena, "%s_endpoint_auth_methods_supported", endpoints[i]).p,
                       arena_printf(json->arena,
                                    "client_secret_basic client_secret_post client_secret_jwt private_key_jwt%.*s%s",
                                    STR_FMT(tls), public ? " none" : ""),
                       ' ');
        buf_json_words(json, arena_printf(json->arena, "%s_endpoint_auth_signing_alg_values_supported", endpoints[i]).p,
                       STR("ES256 RS256 PS256 EdDSA HS256"), ' ');
    }
}

/* The endpoints that clients call themselves, where they are asked for a certificate (RFC 8705 section 5); never those
 * that browsers go to. */
static void add_aliases(struct buf *json, const struct settings *settings)
{
    struct buf aliases = buf_new(json->arena, 512);
    buf_char(&aliases, '{');
    for (size_t i = 0; i < oauth_feature_count; i++) {
        const struct feature *feature = &oauth_features[i];
        bool called = feature->metadata && (strcmp(feature->route.method, "POST") == 0 ||
                                            strcmp(feature->metadata, "userinfo_endpoint") == 0);
        if (called && oauth_feature_on(feature, settings))
            buf_json_str(&aliases, feature->metadata,
                         arena_printf(json->arena, "%.*s%s", STR_FMT(settings->mtls_url), feature->route.path));
    }
    buf_char(&aliases, '}');
    buf_json_raw(json, "mtls_endpoint_aliases", buf_str(&aliases));
}

/* RFC 9449 section 5.1, RFC 8705 section 3.3. */
static void add_binding(struct buf *json, const struct settings *settings)
{
    buf_json_words(json, "dpop_signing_alg_values_supported", STR(DPOP_ALG_NAMES), ' ');
    buf_json_bool(json, "tls_client_certificate_bound_access_tokens", settings->mtls_url.n > 0);
    if (settings->mtls_url.n > 0)
        add_aliases(json, settings);
}

static void add_backchannel(struct buf *json)
{
    buf_json_words(json, "backchannel_token_delivery_modes_supported", STR("poll ping"), ' ');
    buf_json_words(json, "backchannel_authentication_request_signing_alg_values_supported",
                   STR("ES256 PS256 EdDSA RS256"), ' ');
    buf_json_bool(json, "backchannel_user_code_parameter_supported", false);
}

static void add_logout(struct buf *json)
{
    buf_json_bool(json, "backchannel_logout_supported", true);
    buf_json_bool(json, "backchannel_logout_session_supported", true);
    buf_json_bool(json, "frontchannel_logout_supported", true);
    buf_json_bool(json, "frontchannel_logout_session_supported", true);
}

/* RFC 9101 section 10.5, RFC 9126 section 5, OpenID Connect Discovery section 3. Which clients must push or sign is
 * registered with them. */
static void add_requests(struct buf *json)
{
    buf_json_bool(json, "require_pushed_authorization_requests", false);
    buf_json_bool(json, "request_parameter_supported", true);
    buf_json_bool(json, "request_uri_parameter_supported", true);
    buf_json_bool(json, "require_request_uri_registration", true);
    buf_json_words(json, "request_object_signing_alg_values_supported", STR("ES256 RS256 PS256 EdDSA"), ' ');
    buf_json_words(json, "request_object_encryption_alg_values_supported", STR("ECDH-ES RSA-OAEP-256"), ' ');
    buf_json_words(json, "request_object_encryption_enc_values_supported", STR("A128CBC-HS256 A128GCM A256GCM"), ' ');
}

str discovery_document(struct arena *arena, const struct settings *settings, const struct assurance *assurance,
                       const struct key_ring *keys)
{
    struct buf json = buf_new(arena, 4096);
    buf_char(&json, '{');
    buf_json_str(&json, "issuer", settings->issuer);
    add_endpoints(&json, settings);
    buf_json_words(&json, "scopes_supported", scopes_supported(arena), ' ');
    buf_json_words(&json, "claims_supported",
                   arena_printf(arena, "sub acr auth_time organization roles %.*s", STR_FMT(claims_supported(arena))), ' ');
    buf_json_raw(
        &json, "response_types_supported",
        STR("[\"code\",\"id_token\",\"id_token token\",\"code id_token\",\"code token\",\"code id_token token\"]"));
    buf_json_words(&json, "response_modes_supported",
                   STR("query fragment form_post jwt query.jwt fragment.jwt form_post.jwt"), ' ');
    buf_json_words(&json, "grant_types_supported",
                   STR("authorization_code implicit refresh_token client_credentials "
                       "urn:ietf:params:oauth:grant-type:token-exchange "
                       "urn:ietf:params:oauth:grant-type:device_code urn:openid:params:grant-type:ciba"),
                   ' ');
    buf_json_words(&json, "code_challenge_methods_supported", STR("S256"), ' ');
    buf_json_words(&json, "subject_types_supported", STR("pairwise public"), ' ');
    add_protection(&json, signing_algs(arena, keys));
    buf_json_words(&json, "acr_values_supported", assurance_names(arena, assurance), ' ');
    buf_json_words(&json, "prompt_values_supported", STR("none login consent select_account create"), ' ');
    buf_json_words(&json, "display_values_supported", STR("page"), ' ');
    buf_json_words(&json, "claim_types_supported", STR("normal"), ' ');
    buf_json_words(&json, "ui_locales_supported", STR("km en"), ' ');
    buf_json_words(&json, "claims_locales_supported", STR("km en"), ' ');
    add_client_authentication(&json, settings);
    add_binding(&json, settings);
    buf_json_bool(&json, "claims_parameter_supported", true);
    add_requests(&json);
    buf_json_bool(&json, "authorization_response_iss_parameter_supported", true);
    add_logout(&json);
    add_backchannel(&json);
    buf_char(&json, '}');
    return buf_str(&json);
}

void discovery_handle(struct request *rq, void *context)
{
    const struct provider *provider = context;
    response_header(rq, "Cache-Control", STR(cache_an_hour));
    respond_json(rq, 200, provider->discovery);
}

void jwks_handle(struct request *rq, void *context)
{
    const struct provider *provider = context;
    response_header(rq, "Cache-Control", STR(cache_an_hour));
    respond(rq, 200, "application/jwk-set+json", ring_jwks(provider->keys));
}
