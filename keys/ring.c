#include <inttypes.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "keys/snapshot.h"

#define ERROR_BYTES 256

struct key_ring {
    const char *path;
    unsigned char master[MASTER_BYTES];
    _Atomic(struct snapshot *) current; /* readers take no lock; older ones stay linked until ring_close */
    pthread_mutex_t change;             /* loading and replacing, one at a time */
    struct arena *arena;
    struct stat refused; /* the file that could not be read when we last complained */
    bool complained;
};

static bool read_master(const char *path, unsigned char out[static MASTER_BYTES], const struct problem *problem)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct stat info;
    str bytes;
    if (!file_read_private(arena, path, MASTER_BYTES, &bytes, &info, problem))
        return false;
    if (bytes.n != MASTER_BYTES)
        return problem_is(problem, "%s is not a master key: it must be %d bytes", path, MASTER_BYTES);
    memcpy(out, bytes.p, MASTER_BYTES);
    return true;
}

static bool make_master(const char *path, const struct problem *problem)
{
    unsigned char bytes[MASTER_BYTES];
    if (access(path, F_OK) == 0)
        return true;
    random_fill(bytes, sizeof bytes);
    bool written = file_replace(path, 0400, str_bytes(bytes, sizeof bytes), problem);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return written;
}

bool ring_create(const char *path, const char *master_path, char *error, size_t error_size)
{
    struct problem problem = {error, error_size};
    unsigned char master[MASTER_BYTES];
    CLEANUP(file_close) int lock = file_lock(path, &problem);
    if (lock < 0)
        return false;
    if (access(path, F_OK) == 0)
        return problem_is(&problem, "%s exists already", path);
    if (!make_master(master_path, &problem) || !read_master(master_path, master, &problem))
        return false;
    CLEANUP(snapshot_release) struct snapshot *snapshot = snapshot_new();
    for (unsigned root = 0; root < RING_ROOTS; root++)
        snapshot_add_root(snapshot, (enum ring_root)root, NULL);
    snapshot_complete(snapshot, clock_now());
    bool saved = snapshot_save(snapshot, path, master, &problem);
    OPENSSL_cleanse(master, sizeof master);
    return saved;
}

/* The ring as it is to be changed and saved. The caller has the file's lock. */
static struct snapshot *load_to_change(const char *path, const unsigned char master[static MASTER_BYTES], int64_t now,
                                       const struct problem *problem)
{
    struct snapshot *snapshot = snapshot_load(path, master, now, problem);
    if (snapshot)
        snapshot_complete(snapshot, now);
    return snapshot;
}

/* The ring file as it is; when an earlier version of Konsao wrote it, with what it lacked, which is then in the file
 * too. */
static struct snapshot *load_complete(const char *path, const unsigned char master[static MASTER_BYTES],
                                      const struct problem *problem)
{
    struct snapshot *snapshot = snapshot_load(path, master, clock_now(), problem);
    if (!snapshot || !snapshot_lacks(snapshot))
        return snapshot;
    snapshot_free(snapshot);
    CLEANUP(file_close) int lock = file_lock(path, problem);
    CLEANUP(snapshot_release)
    struct snapshot *fresh = lock < 0 ? NULL : load_to_change(path, master, clock_now(), problem);
    if (!fresh || !snapshot_save(fresh, path, master, problem))
        return NULL;
    return snapshot_load(path, master, clock_now(), problem);
}

struct key_ring *ring_open(const char *path, const char *master_path, char *error, size_t error_size)
{
    struct problem problem = {error, error_size};
    struct arena *arena = arena_new();
    struct key_ring *ring = ARENA_NEW(arena, struct key_ring);
    ring->arena = arena;
    ring->path = arena_cstr(arena, str_of(path));
    struct snapshot *snapshot = NULL;
    if (read_master(master_path, ring->master, &problem))
        snapshot = load_complete(path, ring->master, &problem);
    if (!snapshot) {
        arena_free(arena);
        return NULL;
    }
    pthread_mutex_init(&ring->change, NULL);
    atomic_init(&ring->current, snapshot);
    return ring;
}

void ring_close(struct key_ring *ring)
{
    if (!ring)
        return;
    for (struct snapshot *snapshot = atomic_load(&ring->current); snapshot;) {
        struct snapshot *older = snapshot->older;
        snapshot_free(snapshot);
        snapshot = older;
    }
    pthread_mutex_destroy(&ring->change);
    OPENSSL_cleanse(ring->master, sizeof ring->master);
    arena_free(ring->arena);
}

static const struct snapshot *current(const struct key_ring *ring)
{
    return atomic_load_explicit(&ring->current, memory_order_acquire);
}

static void unlock(pthread_mutex_t **mutex)
{
    pthread_mutex_unlock(*mutex);
}

/* Holds `ring->change` until the end of the scope. */
#define WHILE_CHANGING(ring)                                                                                           \
    CLEANUP(unlock) pthread_mutex_t *changing = &(ring)->change;                                                       \
    pthread_mutex_lock(changing)

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size && a->st_mode == b->st_mode &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Puts `snapshot`, which was made from the file, in force. */
static bool take(struct key_ring *ring, struct snapshot *snapshot)
{
    if (!snapshot)
        return false;
    snapshot->older = atomic_load(&ring->current);
    atomic_store_explicit(&ring->current, snapshot, memory_order_release);
    return true;
}

/* One complaint for each file that can't be read, not one a second. */
static void complain(struct key_ring *ring, const struct stat *file, const char *reason)
{
    if (ring->complained && same_file(file, &ring->refused))
        return;
    ring->complained = true;
    ring->refused = *file;
    log_error("key_ring_refused reason=\"%s\"", reason);
}

bool ring_refresh(struct key_ring *ring)
{
    char text[ERROR_BYTES];
    struct problem problem = {text, sizeof text};
    struct stat file = {0};
    WHILE_CHANGING(ring);
    bool is_same = stat(ring->path, &file) == 0 && same_file(&file, &current(ring)->file);
    if (is_same && clock_now() < current(ring)->next_drop)
        return false;
    bool taken = take(ring, load_complete(ring->path, ring->master, &problem));
    if (taken)
        ring->complained = false;
    else
        complain(ring, &file, text);
    return taken;
}

const struct jose_key *ring_signer(const struct key_ring *ring, enum jose_alg alg)
{
    return (unsigned)alg <= ALG_EDDSA ? current(ring)->active[alg] : NULL;
}

const struct jose_key *ring_find(const struct key_ring *ring, str kid)
{
    const struct snapshot *snapshot = current(ring);
    for (size_t i = 0; i < snapshot->count; i++)
        if (str_eq(snapshot->keys[i].info.kid, kid))
            return snapshot->keys[i].key;
    return NULL;
}

bool ring_decrypt(const struct key_ring *ring, struct arena *arena, str compact, size_t max, struct jwe_parts *out,
                  str *plain)
{
    const struct snapshot *snapshot = current(ring);
    if (!jwe_parse(arena, compact, max, out))
        return false;
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct ring_key *key = &snapshot->keys[i];
        if (key->info.alg == out->alg && (!out->kid.p || str_eq(out->kid, key->info.kid)) &&
            jwe_decrypt(arena, out, key->key, plain))
            return true;
    }
    return false;
}

str ring_jwks(const struct key_ring *ring)
{
    return current(ring)->jwks;
}

void ring_mac(const struct key_ring *ring, enum ring_root root, unsigned version, str data,
              unsigned char out[static 32])
{
    const struct root_secrets *secrets = &current(ring)->roots[root];
    size_t number = version > 0 ? version : secrets->count;
    if (number > secrets->count) {
        fprintf(stderr, "konsao: key root %u has no version %u\n", (unsigned)root, version);
        abort();
    }
    hmac_sha256(str_bytes(secrets->of[number - 1], ROOT_BYTES), data, out);
}

unsigned ring_root_version(const struct key_ring *ring, enum ring_root root)
{
    return (unsigned)current(ring)->roots[root].count;
}

size_t ring_list(const struct key_ring *ring, struct arena *arena, struct ring_key_info **out)
{
    const struct snapshot *snapshot = current(ring);
    *out = ARENA_ARRAY(arena, struct ring_key_info, snapshot->count);
    for (size_t i = 0; i < snapshot->count; i++) {
        (*out)[i] = snapshot->keys[i].info;
        (*out)[i].kid = arena_str(arena, snapshot->keys[i].info.kid);
    }
    return snapshot->count;
}

static bool is_ripe(const struct snapshot *snapshot, enum jose_alg alg, int64_t now, int64_t min_age,
                    const struct problem *problem)
{
    const char *name = jose_alg_name(alg);
    if (!snapshot->active[alg])
        return problem_is(problem, "the ring has no %s key", name);
    if (!ring_alg_has_next(alg))
        return true;
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct ring_key_info *info = &snapshot->keys[i].info;
        if (info->alg != alg || info->state != KEY_NEXT)
            continue;
        int64_t age = now - info->created_at;
        if (min_age == 0 || age >= min_age)
            return true;
        return problem_is(problem,
                          "the next %s key is only %" PRId64 " s old: relying parties may not know it yet; "
                          "rotate in %" PRId64 " s",
                          name, age, min_age - age);
    }
    return problem_is(problem, "the ring has no next %s key", name);
}

/* Next to active, active to retired, and a new next one (or, of an encryption key, a new active one). */
static void advance(struct snapshot *snapshot, enum jose_alg alg, int64_t now, int64_t drop_at)
{
    for (size_t i = 0; i < snapshot->count; i++) {
        struct ring_key_info *info = &snapshot->keys[i].info;
        if (info->alg != alg || info->state == KEY_RETIRED)
            continue;
        if (info->state == KEY_ACTIVE) {
            info->state = KEY_RETIRED;
            info->retired_at = now;
            info->drop_at = drop_at;
        } else {
            info->state = KEY_ACTIVE;
            info->activated_at = now;
        }
    }
    snapshot_make_key(snapshot, alg, ring_alg_has_next(alg) ? KEY_NEXT : KEY_ACTIVE, now);
}

bool ring_rotate(struct key_ring *ring, enum jose_alg alg, int64_t keep_seconds, int64_t min_age_seconds, char *error,
                 size_t error_size)
{
    struct problem problem = {error, error_size};
    int64_t now = clock_now();
    if (keep_seconds < 0 || keep_seconds > INT64_MAX - now || min_age_seconds < 0)
        return problem_is(&problem, "the time to keep a retired key, or the least age, is out of range");
    CLEANUP(file_close) int lock = file_lock(ring->path, &problem);
    if (lock < 0)
        return false;
    WHILE_CHANGING(ring);
    CLEANUP(snapshot_release) struct snapshot *fresh = load_to_change(ring->path, ring->master, now, &problem);
    if (!fresh)
        return false;
    bool chosen[COUNT_OF(fresh->active)] = {false};
    for (unsigned each = ALG_ES256; each < COUNT_OF(chosen); each++) {
        chosen[each] = alg == (enum jose_alg)each || (alg == ALG_NONE_GIVEN && fresh->active[each]);
        if (chosen[each] && !is_ripe(fresh, (enum jose_alg)each, now, min_age_seconds, &problem))
            return false;
    }
    for (unsigned each = ALG_ES256; each < COUNT_OF(chosen); each++)
        if (chosen[each])
            advance(fresh, (enum jose_alg)each, now, now + keep_seconds);
    return snapshot_save(fresh, ring->path, ring->master, &problem) &&
           take(ring, snapshot_load(ring->path, ring->master, clock_now(), &problem));
}

bool ring_add_root(struct key_ring *ring, enum ring_root root, char *error, size_t error_size)
{
    struct problem problem = {error, error_size};
    CLEANUP(file_close) int lock = file_lock(ring->path, &problem);
    if (lock < 0)
        return false;
    WHILE_CHANGING(ring);
    CLEANUP(snapshot_release)
    struct snapshot *fresh = load_to_change(ring->path, ring->master, clock_now(), &problem);
    if (!fresh)
        return false;
    snapshot_add_root(fresh, root, NULL);
    return snapshot_save(fresh, ring->path, ring->master, &problem) &&
           take(ring, snapshot_load(ring->path, ring->master, clock_now(), &problem));
}
