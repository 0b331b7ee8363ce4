/* ID tokens: made here, and recognised when a client gives one back as a hint (OpenID Connect Core section 2). */
#ifndef KONSAO_OAUTH_ID_TOKEN_H
#define KONSAO_OAUTH_ID_TOKEN_H

#include "provider.h"
#include "records/token.h"

/** A signed ID token, by the client's algorithm. `nonce` may be STR_NONE; `access_token` is hashed into at_hash;
 * `claims`: further members. */
str id_token_make(const struct provider *provider, struct arena *arena, const struct client *client,
                  const struct token_subject *of, str nonce, str access_token, str claims);

/** What an ID token of ours says; it may have expired. */
struct id_token_hint {
    str subject, audience, sid;
};
/** Checks that we signed it and for which client. False when it is not an ID token of ours. */
MUST_CHECK bool id_token_read_hint(const struct provider *provider, struct arena *arena, str token,
                                   struct id_token_hint *out);

#endif
