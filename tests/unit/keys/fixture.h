/* What the tests of the key ring share: one test's folder and files, and a ring that is made once. */
#ifndef KONSAO_TESTS_UNIT_KEYS_FIXTURE_H
#define KONSAO_TESTS_UNIT_KEYS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/json.h"
#include "keys/ring.h"

/* One test's folder, files and last error. */
static struct arena *arena;
static char folder[64], path[96], master[96], error[256];

#define ERROR error, sizeof error
#define KEEP 3600
#define PUBLISHED (4 * 2 + 2) /* keys of a new ring: next and active to sign with, active to encrypt to */

static inline int remove_entry(const char *entry, const struct stat *info, int type, struct FTW *place)
{
    (void)info, (void)type, (void)place;
    return remove(entry);
}

static inline int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    error[0] = '\0';
    strcpy(folder, "/tmp/konsao-ring-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/keys.ring", folder);
    snprintf(master, sizeof master, "%s/master.key", folder);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void close_ring(struct key_ring **ring)
{
    ring_close(*ring);
}

#define RING CLEANUP(close_ring) struct key_ring *

static inline struct key_ring *open_ring(void)
{
    struct key_ring *ring = ring_open(path, master, ERROR);
    if (!ring)
        fail_msg("%s", error);
    return ring;
}

static inline struct key_ring *created_ring(void)
{
    if (!ring_create(path, master, ERROR))
        fail_msg("%s", error);
    return open_ring();
}

static inline void rotate(struct key_ring *ring, enum jose_alg alg, int64_t keep)
{
    if (!ring_rotate(ring, alg, keep, 0, ERROR))
        fail_msg("%s", error);
}

static inline mode_t mode_of(const char *file)
{
    struct stat info;
    assert_int_equal(stat(file, &info), 0);
    return info.st_mode & 07777;
}

static inline str content_of(const char *file)
{
    char *bytes = arena_alloc(arena, 1 << 16);
    FILE *in = fopen(file, "rb");
    assert_non_null(in);
    size_t n = fread(bytes, 1, 1 << 16, in);
    fclose(in);
    return (str){bytes, n};
}

static inline void put(const char *file, str content, mode_t mode)
{
    unlink(file);
    FILE *out = fopen(file, "wb");
    assert_non_null(out);
    assert_true(fwrite(content.p, 1, content.n, out) == content.n);
    fclose(out);
    assert_int_equal(chmod(file, mode), 0);
}

/* The files of one ring, made once: RSA keys take their time. */
static str made_ring, made_master;
static struct arena *made;

static inline int make_once(void **state)
{
    if (set_up(state) != 0 || !ring_create(path, master, ERROR))
        return -1;
    made = arena_new();
    made_ring = arena_str(made, content_of(path));
    made_master = arena_str(made, content_of(master));
    return tear_down(state);
}

static inline int forget(void **state)
{
    (void)state;
    arena_free(made);
    return 0;
}

static inline struct key_ring *fresh_ring(void)
{
    put(path, made_ring, 0600);
    put(master, made_master, 0400);
    return open_ring();
}

static inline size_t published(const struct key_ring *ring)
{
    return json_array_size(json_object_get(json_parse_object(arena, ring_jwks(ring), 1 << 20), "keys"));
}

static inline bool is_published(const struct key_ring *ring, str kid)
{
    return strstr(arena_cstr(arena, ring_jwks(ring)), arena_cstr(arena, kid)) != NULL;
}

static inline str next_of(const struct key_ring *ring, enum jose_alg alg)
{
    struct ring_key_info *keys;
    size_t count = ring_list(ring, arena, &keys);
    for (size_t i = 0; i < count; i++)
        if (keys[i].alg == alg && keys[i].state == KEY_NEXT)
            return keys[i].kid;
    return STR_NONE;
}

static inline void refuses_to_open(const char *because)
{
    error[0] = '\0';
    assert_null(ring_open(path, master, ERROR));
    if (!strstr(error, because))
        fail_msg("\"%s\" does not say \"%s\"", error, because);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
