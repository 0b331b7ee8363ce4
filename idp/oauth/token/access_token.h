/* Making access tokens: JWTs (RFC 9068) or opaque, by the client's registration; and finding them again. */
#ifndef KONSAO_OAUTH_ACCESS_TOKEN_H
#define KONSAO_OAUTH_ACCESS_TOKEN_H

#include "oauth/client/presented.h"
#include "oauth/token/token.h"

struct issued_token {
    str text;           /* what the client gets; its digest is the record's key */
    struct store_op op; /* stores the record (lively) */
    int64_t expires_in; /* seconds */
};

/** Makes an access token for the client that asks, bound to what it has shown to have (request->binding), whatever `of`
 * says of that. `userinfo_claims` is what it will open at userinfo ("" for none). Nothing is stored yet. */
struct issued_token access_token_make(const struct token_request *request, const struct token_subject *of,
                                      str userinfo_claims);

/** Whether a token is a client's to ask about, or to exchange: it was issued to it, or is for it as a protected
 * resource. */
bool access_token_concerns(const struct access_token *token, const struct client *client);

/** Stores an access token by `ops` (its own op among them), in one batch, and takes it back when its grant has ended:
 * STORE_NOT_FOUND then. */
MUST_CHECK enum store_result access_token_store(struct store *store, struct arena *arena, const struct store_op *ops,
                                                size_t count, const struct issued_token *token, str grant);

#endif
