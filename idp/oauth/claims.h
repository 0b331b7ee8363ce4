/* The claims that Konsao can give, which scope asks for them, and how they are made from the register's attributes. */
#ifndef KONSAO_OAUTH_CLAIMS_H
#define KONSAO_OAUTH_CLAIMS_H

#include <jansson.h>

#include "base/arena.h"
#include "records/client/client.h"

/** Whether `scope` is one that asks for claims (or openid, offline_access): known to this server. */
bool scope_is_known(str scope);
/** All scopes, and all claims, space-separated, for discovery. */
str scopes_supported(struct arena *arena);
str claims_supported(struct arena *arena);
/** The claims that a space-separated list of scopes asks for, in the table's order. */
str claims_of_scopes(struct arena *arena, str scopes);
/** Whether `claim` is one that we have and that this client may ask for: one of its scopes has it, or it is registered
 * by name. */
bool claim_is_allowed(const struct client *client, str claim);
/** The register's names of the attributes that `claims` are made from, NULL-terminated, each once. */
const char *const *claims_attributes(struct arena *arena, str claims);
/** The claims `claims`, as far as `attributes` (from ipis_read_attributes) have them, as JSON members without braces.
 * `values`: JSON object that limits a claim to the values in an array (OpenID Connect Core section 5.5.1), or NULL: a
 * claim with another value is left out. */
str claims_members(struct arena *arena, str claims, const json_t *attributes, const json_t *values);
/** Of `members` (as claims_members made them for the scopes `from`) those that may be given under `to`, a part of
 * `from`: claims that only the scopes left out ask for go. */
str claims_narrow(struct arena *arena, str members, str from, str to);

#endif
