/* An authorization request while it is being checked: the steps of the pipeline (pipeline.c) read the raw parameters
 * and fill in the interaction. */
#ifndef KONSAO_OAUTH_REQUEST_H
#define KONSAO_OAUTH_REQUEST_H

#include "oauth/error.h"

/* Long enough for the suite's 384 characters and for a portal that packs its own state in; short enough to store, and
 * for the redirect that brings it back, where each byte may take three. */
#define STATE_MAX 2048

/** Where a request came in. */
enum request_endpoint { AT_AUTHORIZE = 1, AT_PAR = 2, AT_DEVICE = 4, AT_BACKCHANNEL = 8 };

struct authorize_request {
    struct provider *provider;
    struct request *rq;
    enum request_endpoint at;
    const struct params *sent;      /* as they came in, without credentials */
    const struct params *params;    /* those that count: `sent`, or what was pushed, or what the request object says */
    str object;                     /* the request object's parameters, form-encoded; STR_NONE: there was none */
    const struct client *client;    /* after check_client; authenticated before, except at /authorize */
    bool is_signed;                 /* the parameters came in a signed request object */
    bool redirect_known;            /* after check_redirect_uri: errors go to the client from here on */
    struct interaction interaction; /* what the checked request says */
    str browser_secret;             /* of authorize_browser_secret, once somebody needed it */
};

/** A parameter of the request; an empty one counts as absent (RFC 6749 section 3.1). */
str authorize_param(const struct authorize_request *request, const char *name);

/** The secret of the browser that asks, made (and set as its cookie) on first use. */
str authorize_browser_secret(struct authorize_request *request);

/** The parameters that may stand more than once (RFC 8707 section 2), for the routes that take requests. */
extern const char *const authorize_repeatable[];

/* The steps, each in the file of its feature. Each checks one thing, fills in what it is about, and says what is wrong.
 */
struct oauth_error check_client(struct authorize_request *request);                /* pipeline.c */
struct oauth_error load_pushed_request(struct authorize_request *request);         /* par.c */
struct oauth_error check_pushed(struct authorize_request *request);                /* par.c */
struct oauth_error take_request_object(struct authorize_request *request);         /* request_object.c */
struct oauth_error check_signed(struct authorize_request *request);                /* request_object.c */
struct oauth_error check_parameters(struct authorize_request *request);            /* pipeline.c */
struct oauth_error check_redirect_uri(struct authorize_request *request);          /* redirect_uri.c */
struct oauth_error check_response_mode(struct authorize_request *request);         /* response_type.c */
struct oauth_error check_response_type(struct authorize_request *request);         /* response_type.c */
struct oauth_error check_registration(struct authorize_request *request);          /* pipeline.c */
struct oauth_error check_state_and_nonce(struct authorize_request *request);       /* pipeline.c */
struct oauth_error check_pkce(struct authorize_request *request);                  /* pkce.c */
struct oauth_error check_dpop_jkt(struct authorize_request *request);              /* pkce.c */
struct oauth_error check_scope(struct authorize_request *request);                 /* scope.c */
struct oauth_error check_prompt(struct authorize_request *request);                /* prompt.c */
struct oauth_error check_max_age(struct authorize_request *request);               /* prompt.c */
struct oauth_error check_claims_parameter(struct authorize_request *request);      /* claims_parameter.c */
struct oauth_error check_acr_values(struct authorize_request *request);            /* prompt.c */
struct oauth_error check_id_token_hint(struct authorize_request *request);         /* token/id_token.c */
struct oauth_error check_resource(struct authorize_request *request);              /* resource.c */
struct oauth_error check_authorization_details(struct authorize_request *request); /* authorization_details.c */
struct oauth_error check_hints(struct authorize_request *request);                 /* prompt.c */

#endif
