#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/internal.h"

#define BUCKETS 1024

struct entry {
    struct entry *next;
    unsigned char key[16];
    unsigned count;
};

struct census {
    pthread_mutex_t lock;
    struct entry *buckets[BUCKETS];
};

struct census *census_new(void)
{
    struct census *census = calloc(1, sizeof *census);
    if (!census)
        abort();
    pthread_mutex_init(&census->lock, NULL);
    return census;
}

void census_free(struct census *census)
{
    if (!census)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (census->buckets[i]) {
            struct entry *entry = census->buckets[i];
            census->buckets[i] = entry->next;
            free(entry);
        }
    pthread_mutex_destroy(&census->lock);
    free(census);
}

/* One subscriber has a whole IPv6 network of 64 bits. */
static void key_of(const struct in6_addr *address, unsigned char key[16])
{
    memcpy(key, address, 16);
    if (!IN6_IS_ADDR_V4MAPPED(address))
        memset(key + 8, 0, 8);
}

static struct entry **find(struct census *census, const unsigned char key[16])
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < 16; i++)
        h = (h ^ key[i]) * 16777619u;
    struct entry **at = &census->buckets[h % BUCKETS];
    while (*at && memcmp((*at)->key, key, 16) != 0)
        at = &(*at)->next;
    return at;
}

unsigned census_of(struct census *census, const struct in6_addr *address)
{
    unsigned char key[16];
    key_of(address, key);
    pthread_mutex_lock(&census->lock);
    struct entry **at = find(census, key);
    unsigned count = *at ? (*at)->count : 0;
    pthread_mutex_unlock(&census->lock);
    return count;
}

void census_add(struct census *census, const struct in6_addr *address, int by)
{
    unsigned char key[16];
    key_of(address, key);
    pthread_mutex_lock(&census->lock);
    struct entry **at = find(census, key);
    if (!*at && by > 0) {
        *at = calloc(1, sizeof **at);
        if (!*at)
            abort();
        memcpy((*at)->key, key, 16);
    }
    struct entry *entry = *at;
    if (entry && by > 0) {
        entry->count++;
    } else if (entry && --entry->count == 0) {
        *at = entry->next;
        free(entry);
    }
    pthread_mutex_unlock(&census->lock);
}
