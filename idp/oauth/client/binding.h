/* What a token is bound to, so that only its holder can use it: a DPoP key (RFC 9449), a client certificate (RFC 8705
 * section 3), or both. */
#ifndef KONSAO_OAUTH_BINDING_H
#define KONSAO_OAUTH_BINDING_H

#include "base/buf.h"
#include "oauth/error.h"
#include "records/token.h"

/** What the sender of a request has shown to have. */
struct binding {
    str jkt; /* thumbprint of its DPoP key; STR_NONE: no proof came */
    str x5t; /* of its certificate, when its client's tokens are to be bound to one; STR_NONE */
};

/** What the tokens of this request are to be bound to, at the token endpoint: its proof is checked, and what the client
 * and its profile ask for must be there. A client that registered both kinds may use either. */
struct oauth_error binding_of_request(struct provider *provider, struct request *rq, const struct client *client,
                                      struct binding *out);
/** Whether the request may use what was bound as `of` says (a refresh token, a code's dpop_jkt); NULL, or a static text
 * that says why not. */
const char *binding_fault(const struct binding *binding, str jkt, str x5t);

/** Whether the request to a protected resource may use `token`, sent with the scheme DPoP or (false) any other way.
 * Every error is 401, for resource_respond_error. Writes a replay mark when the token is bound to a DPoP key: not for
 * event loops then. */
struct oauth_error binding_check_resource(struct provider *provider, struct request *rq, str token, bool dpop_scheme,
                                          const struct token_subject *of);

/** Adds `cnf` (RFC 7800 section 3.1) for what a token is bound to; nothing for a bearer token. */
void binding_add_confirmation(struct buf *json, const struct token_subject *of);
/** The token_type of a token: "DPoP" or "Bearer", certificate-bound ones among the latter (RFC 8705 section 3). */
str binding_token_type(const struct token_subject *of);

#endif
