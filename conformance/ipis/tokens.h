/* kycTokens: 256 random bits, kept only as a digest, each good for one number, one client and a time. */
#ifndef KONSAO_CONFORMANCE_IPIS_TOKENS_H
#define KONSAO_CONFORMANCE_IPIS_TOKENS_H

#include "base/arena.h"

struct tokens;

struct tokens *tokens_new(void);
void tokens_free(struct tokens *tokens);
/** Remembers `token` for the resident with index `who` until `ends_ms`. There is room for about a hundred thousand;
 * then the oldest go. */
void tokens_add(struct tokens *tokens, str token, size_t who, str client, int64_t ends_ms);
/** Whether it was given out for just that, and is still good at `now_ms`. */
bool tokens_has(const struct tokens *tokens, str token, size_t who, str client, int64_t now_ms);
void tokens_clear(struct tokens *tokens);

#endif
