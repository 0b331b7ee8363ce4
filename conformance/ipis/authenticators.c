#include "authenticators.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/primitives.h"

struct entry {
    unsigned char id[SHA256_BYTES], token[SHA256_BYTES], client[SHA256_BYTES];
    size_t who;
};

struct authenticators {
    struct entry *entries;
    size_t count, room;
};

struct authenticators *authenticators_new(void)
{
    struct authenticators *authenticators = calloc(1, sizeof *authenticators);
    if (!authenticators)
        abort();
    return authenticators;
}

void authenticators_free(struct authenticators *authenticators)
{
    free(authenticators->entries);
    free(authenticators);
}

void authenticators_clear(struct authenticators *authenticators)
{
    authenticators->count = 0;
}

void authenticators_add(struct authenticators *authenticators, str id, str token, size_t who, str client)
{
    if (authenticators->count == authenticators->room) {
        authenticators->room = 2 * authenticators->room + 64;
        authenticators->entries =
            reallocarray(authenticators->entries, authenticators->room, sizeof *authenticators->entries);
        if (!authenticators->entries)
            abort();
    }
    struct entry *entry = &authenticators->entries[authenticators->count++];
    entry->who = who;
    sha256(id, entry->id);
    sha256(token, entry->token);
    sha256(client, entry->client);
}

bool authenticators_has(const struct authenticators *authenticators, str token, size_t who, str client)
{
    unsigned char wanted[SHA256_BYTES], asked_by[SHA256_BYTES];
    sha256(token, wanted);
    sha256(client, asked_by);
    for (size_t i = 0; i < authenticators->count; i++) {
        const struct entry *entry = &authenticators->entries[i];
        if (entry->who == who && memcmp(entry->token, wanted, sizeof wanted) == 0)
            return memcmp(entry->client, asked_by, sizeof asked_by) == 0;
    }
    return false;
}

void authenticators_remove(struct authenticators *authenticators, str id, size_t who, str client)
{
    unsigned char wanted[SHA256_BYTES], asked_by[SHA256_BYTES];
    sha256(id, wanted);
    sha256(client, asked_by);
    for (size_t i = 0; i < authenticators->count; i++) {
        struct entry *entry = &authenticators->entries[i];
        if (entry->who == who && memcmp(entry->id, wanted, sizeof wanted) == 0 &&
            memcmp(entry->client, asked_by, sizeof asked_by) == 0) {
            *entry = authenticators->entries[--authenticators->count];
            return;
        }
    }
}

size_t authenticators_count(const struct authenticators *authenticators, size_t who)
{
    size_t count = 0;
    for (size_t i = 0; i < authenticators->count; i++)
        count += authenticators->entries[i].who == who;
    return count;
}
