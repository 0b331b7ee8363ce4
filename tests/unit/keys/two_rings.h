/* Two key rings in a folder of their own under /tmp, gone with the test: what one made, the other must not take. */
#ifndef KONSAO_TESTS_KEYS_TWO_RINGS_H
#define KONSAO_TESTS_KEYS_TWO_RINGS_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "keys/ring.h"

static char rings_folder[64];
static struct key_ring *ring, *other;

static inline struct key_ring *new_ring(const char *name)
{
    char path[128], master[128], error[256];
    snprintf(path, sizeof path, "%s/%s.ring", rings_folder, name);
    snprintf(master, sizeof master, "%s/%s.key", rings_folder, name);
    return ring_create(path, master, error, sizeof error) ? ring_open(path, master, error, sizeof error) : NULL;
}

static inline int rings_set_up(void **state)
{
    (void)state;
    snprintf(rings_folder, sizeof rings_folder, "/tmp/konsao-rings-XXXXXX");
    if (!mkdtemp(rings_folder))
        return -1;
    ring = new_ring("one");
    other = new_ring("other");
    return ring && other ? 0 : -1;
}

static inline int remove_ring(const char *entry, const struct stat *info, int type, struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(entry);
}

static inline int rings_tear_down(void **state)
{
    (void)state;
    ring_close(ring);
    ring_close(other);
    return nftw(rings_folder, remove_ring, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
