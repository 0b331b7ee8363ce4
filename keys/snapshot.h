/* Of this room only: the content of the ring at one moment. Immutable once it can be seen by others. */
#ifndef KONSAO_KEYS_SNAPSHOT_H
#define KONSAO_KEYS_SNAPSHOT_H

#include "keys/file.h"
#include "keys/ring.h"

#define MASTER_BYTES 32
#define ROOT_BYTES 32
#define RING_ALGS (ALG_RSA_OAEP_256 + 1)

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
    struct ring_key *keys;                    /* newest first */
    const struct jose_key *active[RING_ALGS]; /* by algorithm */
    struct root_secrets roots[RING_ROOTS];
    bool made_roots; /* that the file does not have */
    str jwks;
    int64_t next_drop; /* when the first retired key must go; INT64_MAX: none */
};

/** An empty one, with an arena. */
struct snapshot *snapshot_new(void);
void snapshot_free(struct snapshot *snapshot);
/** For CLEANUP. */
void snapshot_release(struct snapshot **snapshot);
/** Whether the snapshot lacks a key that this version of Konsao has, which an earlier one did not; or roots, which
 * snapshot_load then made. */
bool snapshot_lacks(const struct snapshot *snapshot);
/** Makes the missing keys: an active one for each algorithm, and a next one where there is such a thing. */
void snapshot_complete(struct snapshot *snapshot, int64_t now);
/** Whether keys of `alg` are published before they are used: those that sign. */
bool ring_alg_has_next(enum jose_alg alg);
/** Puts `key`, which it takes over, in front of the others. */
void snapshot_add_key(struct snapshot *snapshot, struct jose_key *key, const struct ring_key_info *info);
/** Makes a key for `alg` and puts it in front. */
void snapshot_make_key(struct snapshot *snapshot, enum jose_alg alg, enum ring_key_state state, int64_t now);
/** Adds a version. NULL: a random one. */
void snapshot_add_root(struct snapshot *snapshot, enum ring_root root, const unsigned char *secret);

/** Reads the ring file. Keys whose time to be dropped has come by `now` are left out. */
struct snapshot *snapshot_load(const char *path, const unsigned char master[static MASTER_BYTES], int64_t now,
                               const struct problem *problem);
/** Replaces the ring file. The caller has the lock. */
MUST_CHECK bool snapshot_save(const struct snapshot *snapshot, const char *path,
                              const unsigned char master[static MASTER_BYTES], const struct problem *problem);

#endif
