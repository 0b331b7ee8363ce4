#include "tokens.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/primitives.h"

#define BUCKETS 16384
#define BUCKET_TOKENS 8

struct entry {
    unsigned char token[SHA256_BYTES], client[SHA256_BYTES];
    size_t who;
    int64_t ends_ms; /* 0: empty */
};

struct tokens {
    struct entry entries[BUCKETS][BUCKET_TOKENS];
};

struct tokens *tokens_new(void)
{
    struct tokens *tokens = calloc(1, sizeof *tokens);
    if (!tokens)
        abort();
    return tokens;
}

void tokens_free(struct tokens *tokens)
{
    free(tokens);
}

void tokens_clear(struct tokens *tokens)
{
    memset(tokens, 0, sizeof *tokens);
}

static size_t bucket_of(const unsigned char *digest)
{
    return ((size_t)digest[0] << 8 | digest[1]) % BUCKETS;
}

void tokens_add(struct tokens *tokens, str token, size_t who, str client, int64_t ends_ms)
{
    struct entry entry = {.who = who, .ends_ms = ends_ms};
    sha256(token, entry.token);
    sha256(client, entry.client);
    struct entry *bucket = tokens->entries[bucket_of(entry.token)], *oldest = bucket;
    for (size_t i = 1; i < BUCKET_TOKENS; i++)
        if (bucket[i].ends_ms < oldest->ends_ms)
            oldest = &bucket[i];
    *oldest = entry;
}

bool tokens_has(const struct tokens *tokens, str token, size_t who, str client, int64_t now_ms)
{
    unsigned char wanted[SHA256_BYTES], asked_by[SHA256_BYTES];
    sha256(token, wanted);
    sha256(client, asked_by);
    const struct entry *bucket = tokens->entries[bucket_of(wanted)];
    for (size_t i = 0; i < BUCKET_TOKENS; i++)
        if (bucket[i].ends_ms > now_ms && memcmp(bucket[i].token, wanted, sizeof wanted) == 0)
            return bucket[i].who == who && memcmp(bucket[i].client, asked_by, sizeof asked_by) == 0;
    return false;
}
