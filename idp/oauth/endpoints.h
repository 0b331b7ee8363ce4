/* The endpoints that need no header of their own. */
#ifndef KONSAO_OAUTH_ENDPOINTS_H
#define KONSAO_OAUTH_ENDPOINTS_H

#include "http/http.h"

/** GET and POST /userinfo (OpenID Connect Core section 5.3). */
http_handler userinfo_handle;
/** POST /introspect (RFC 7662). */
http_handler introspect_handle;
/** POST /revoke (RFC 7009). */
http_handler revoke_handle;
/** GET and POST /logout (OpenID Connect RP-Initiated Logout 1.0). */
http_handler logout_handle;
/** POST /logout/confirm: the person's own answer on the confirmation page. */
http_handler logout_confirm_handle;
/** GET /.well-known/openid-configuration and /.well-known/oauth-authorization-server. */
http_handler discovery_handle;
/** GET /jwks (RFC 7517 section 5). */
http_handler jwks_handle;
/** GET /docs/openapi.json. */
http_handler openapi_handle;
/** POST /register (RFC 7591), and GET, PUT and DELETE /register/{client_id} (RFC 7592). */
http_handler register_handle, registration_get_handle, registration_put_handle, registration_delete_handle;

#endif
