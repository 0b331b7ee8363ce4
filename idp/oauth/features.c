#include "oauth/authorize/authorize.h"
#include "oauth/elsewhere/backchannel.h"
#include "oauth/elsewhere/device.h"
#include "oauth/endpoints.h"
#include "oauth/oauth.h"
#include "oauth/request/par.h"
#include "oauth/request/request.h"
#include "oauth/session/session_state.h"
#include "oauth/token/token.h"

/* Inline: bounded CPU and store reads only. What writes runs on a writer; what asks the register, on a worker. */
const struct feature oauth_features[] = {
    {NULL,
     "OpenID Connect Discovery 1.0, section 4",
     {"GET", "/.well-known/openid-configuration", RUN_INLINE, true, discovery_handle, NULL}},
    {NULL,
     "RFC 8414, section 3",
     {"GET", "/.well-known/oauth-authorization-server", RUN_INLINE, true, discovery_handle, NULL}},
    {"jwks_uri", "RFC 7517, section 5", {"GET", "/jwks", RUN_INLINE, true, jwks_handle, NULL}},
    {"authorization_endpoint",
     "OpenID Connect Core 1.0, section 3.1.2",
     {"GET", "/authorize", RUN_WORKER, false, authorize_handle, authorize_repeatable}},
    {NULL,
     "OpenID Connect Core 1.0, section 3.1.2.1",
     {"POST", "/authorize", RUN_WORKER, false, authorize_handle, authorize_repeatable}},
    {NULL,
     "OpenID Connect Core 1.0, section 3.1.2.5",
     {"GET", "/authorize/*", RUN_WORKER, false, authorize_resume, NULL}},
    {"pushed_authorization_request_endpoint",
     "RFC 9126",
     {"POST", "/par", RUN_WORKER, false, par_handle, authorize_repeatable}},
    {"device_authorization_endpoint",
     "RFC 8628, section 3.1",
     {"POST", "/device_authorization", RUN_WORKER, false, device_authorization_handle, authorize_repeatable}},
    {NULL, "RFC 8628, section 3.3", {"GET", "/device", RUN_WRITER, false, device_page_handle, NULL}},
    {NULL, "RFC 8628, section 3.3", {"POST", "/device", RUN_WORKER, false, device_enter_handle, NULL}},
    {"backchannel_authentication_endpoint",
     "OpenID Connect CIBA Core 1.0, section 7",
     {"POST", "/backchannel", RUN_WORKER, false, backchannel_handle, authorize_repeatable}},
    {NULL,
     "OpenID Connect CIBA Core 1.0, section 8",
     {"GET", "/approve/*", RUN_WORKER, false, backchannel_approve_handle, NULL}},
    {"token_endpoint",
     "RFC 6749, section 3.2",
     {"POST", "/token", RUN_WRITER, true, token_handle, authorize_repeatable}},
    {"userinfo_endpoint",
     "OpenID Connect Core 1.0, section 5.3",
     {"GET", "/userinfo", RUN_INLINE, true, userinfo_handle, NULL}},
    {NULL, "OpenID Connect Core 1.0, section 5.3.1", {"POST", "/userinfo", RUN_INLINE, true, userinfo_handle, NULL}},
    {"introspection_endpoint", "RFC 7662", {"POST", "/introspect", RUN_INLINE, false, introspect_handle, NULL}},
    {"revocation_endpoint", "RFC 7009", {"POST", "/revoke", RUN_WRITER, true, revoke_handle, NULL}},
    {"registration_endpoint", "RFC 7591", {"POST", "/register", RUN_WORKER, true, register_handle, NULL}},
    {NULL, "RFC 7592, section 2.1", {"GET", "/register/*", RUN_WRITER, true, registration_get_handle, NULL}},
    {NULL, "RFC 7592, section 2.2", {"PUT", "/register/*", RUN_WORKER, true, registration_put_handle, NULL}},
    {NULL, "RFC 7592, section 2.3", {"DELETE", "/register/*", RUN_WORKER, true, registration_delete_handle, NULL}},
    {"end_session_endpoint",
     "OpenID Connect RP-Initiated Logout 1.0",
     {"GET", "/logout", RUN_WRITER, false, logout_handle, NULL}},
    {NULL,
     "OpenID Connect RP-Initiated Logout 1.0, section 2",
     {"POST", "/logout", RUN_WRITER, false, logout_handle, NULL}},
    {NULL,
     "OpenID Connect RP-Initiated Logout 1.0, section 2",
     {"POST", "/logout/confirm", RUN_WRITER, false, logout_confirm_handle, NULL}},
    {"check_session_iframe",
     "OpenID Connect Session Management 1.0, section 3.3",
     {"GET", "/session/check", RUN_INLINE, false, session_check_handle, NULL}},
};
const size_t oauth_feature_count = COUNT_OF(oauth_features);

bool oauth_feature_on(const struct feature *feature, const struct settings *settings)
{
    bool registers = str_starts(str_of(feature->route.path), STR("/register"));
    return !registers || str_is(settings->registration_enabled, "yes");
}
