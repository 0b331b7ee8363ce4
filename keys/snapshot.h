/* Of this room only: the content of the ring at one moment. Immutable once it can be seen by others. */
#ifndef KONSAO_KEYS_SNAPSHOT_H
#define KONSAO_KEYS_SNAPSHOT_H

#include "keys/file.h"
#include "keys/ring.h"

#define MASTER_BYTES 32
#define ROOT_BYTES 32

struct ring_key {
    struct jose_key *key; /* released with the snapshot's arena */
    struct ring_key_info info;
};

struct root_secrets {
    size_t count;
    unsigned char (*of)[ROOT_BYTES]; /* version v is at v - 1 */
};

struct snapshot {
    struct arena *arena; /* holds all of it, itself too */
    struct snapshot *older;
    struct stat file; /* as it was when read */
    size_t count;
    struct ring_key *keys; /* newest first */
    const struct jose_key *active[ALG_RSA_OAEP_256 + 1];
    struct root_secrets roots[RING_ROOTS];
    str jwks;
    int64_t next_drop; /* when the first retired key must go; INT64_MAX: none */
};

/** An empty one, with an arena. */
struct snapshot *snapshot_new(void);
void snapshot_free(struct snapshot *snapshot);
/** For CLEANUP. */
void snapshot_release(struct snapshot **snapshot);
/** Puts `key`, which it takes over, in front of the others. */
void snapshot_add_key(struct snapshot *snapshot, struct jose_key *key, const struct ring_key_info *info);
/** Adds a version. NULL: a random one. */
void snapshot_add_root(struct snapshot *snapshot, enum ring_root root, const unsigned char *secret);

/** Reads the ring file. Keys whose time to be dropped has come by `now` are left out. */
struct snapshot *snapshot_load(const char *path, const unsigned char master[static MASTER_BYTES], int64_t now,
                               const struct problem *problem);
/** Replaces the ring file. The caller has the lock. */
MUST_CHECK bool snapshot_save(const struct snapshot *snapshot, const char *path,
                              const unsigned char master[static MASTER_BYTES], const struct problem *problem);

#endif
