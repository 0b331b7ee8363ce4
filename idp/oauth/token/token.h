/* The token endpoint (RFC 6749 section 3.2): one table of grants, a file each. */
#ifndef KONSAO_OAUTH_TOKEN_H
#define KONSAO_OAUTH_TOKEN_H

#include "oauth/client/binding.h"

/** POST /token. */
http_handler token_handle;

/** A token request whose client is known. */
struct token_request {
    struct provider *provider;
    struct request *rq;
    const struct client *client;
    struct binding binding; /* what is issued is bound to this */
    int64_t expires_by;     /* seconds: its access token ends by then; 0: by its own life */
};

/** What a grant issues. */
struct token_answer {
    str access_token, refresh_token, id_token, scope; /* STR_NONE: not part of the answer */
    str authorization_details;                        /* a JSON array */
    str issued_token_type;                            /* of an exchange (RFC 8693 section 2.2.1) */
    int64_t expires_in;
};

/* The grants: each checks its own parameters, stores what it issues, and fills in the answer. */
struct oauth_error grant_authorization_code(struct token_request *request, struct token_answer *answer);
struct oauth_error grant_refresh_token(struct token_request *request, struct token_answer *answer);
struct oauth_error grant_client_credentials(struct token_request *request, struct token_answer *answer);
struct oauth_error grant_device_code(struct token_request *request, struct token_answer *answer);
struct oauth_error grant_ciba(struct token_request *request, struct token_answer *answer);
/** What a code gives that did not travel through a browser: no redirect URI, no PKCE. */
struct oauth_error grant_redeem(struct token_request *request, str code, struct token_answer *answer);
struct oauth_error grant_token_exchange(struct token_request *request, struct token_answer *answer);

/** The successor that a public client's refresh token rotates to: always the same for the same token, so that a retry
 * gets the same answer. */
str refresh_token_successor(const struct provider *provider, struct arena *arena, str token);

#endif
