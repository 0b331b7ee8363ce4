/* Making access tokens: JWTs (RFC 9068) or opaque, by the client's registration; and finding them again. */
#ifndef KONSAO_OAUTH_ACCESS_TOKEN_H
#define KONSAO_OAUTH_ACCESS_TOKEN_H

#include "oauth/error.h"
#include "records/token.h"

struct issued_token {
    str text;           /* what the client gets; its digest is the record's key */
    struct store_op op; /* stores the record (lively) */
    int64_t expires_in; /* seconds */
};

/** Makes an access token for `client`. `userinfo_claims` is what it will open at userinfo ("" for none). Nothing is
 * stored yet. */
struct issued_token access_token_make(const struct provider *provider, struct arena *arena, const struct client *client,
                                      const struct token_subject *of, str userinfo_claims);

/** Stores an access token by `ops` (its own op among them), in one batch, and takes it back when its grant has ended:
 * STORE_NOT_FOUND then. */
MUST_CHECK enum store_result access_token_store(struct store *store, struct arena *arena, const struct store_op *ops,
                                                size_t count, const struct issued_token *token, str grant);

/** The bearer token of a request to a protected resource: from the Authorization header, or (POST) the form's
 * access_token, never both (RFC 6750 section 2). STR_NONE: none. */
struct oauth_error bearer_token(struct request *rq, str *token);
/** Answers a resource's error with a WWW-Authenticate challenge (RFC 6750 section 3). An error without a code: no token
 * was sent. */
void bearer_respond_error(struct request *rq, struct oauth_error error);

#endif
