/* Authenticators that providers vouch for: an id and a token each, the token kept only as a digest. */
#ifndef KONSAO_CONFORMANCE_IPIS_AUTHENTICATORS_H
#define KONSAO_CONFORMANCE_IPIS_AUTHENTICATORS_H

#include "base/arena.h"

struct authenticators;

struct authenticators *authenticators_new(void);
void authenticators_free(struct authenticators *authenticators);
/** Remembers one of the resident with index `who`, for the client that asked. */
void authenticators_add(struct authenticators *authenticators, str id, str token, size_t who, str client);
/** Whether the token was given out for just that and is still good. */
bool authenticators_has(const struct authenticators *authenticators, str token, size_t who, str client);
/** Forgets it, if it is there. */
void authenticators_remove(struct authenticators *authenticators, str id, size_t who, str client);
size_t authenticators_count(const struct authenticators *authenticators, size_t who);
void authenticators_clear(struct authenticators *authenticators);

#endif
