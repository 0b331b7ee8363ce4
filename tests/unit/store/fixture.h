/* A store in a folder of its own under /tmp, gone with the test. */
#ifndef KONSAO_TESTS_STORE_FIXTURE_H
#define KONSAO_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ftw.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"

struct fixture {
    char path[64];
    struct store *store;
    struct arena *arena;
};

static inline struct store *open_store(const char *path)
{
    char error[256] = "";
    struct store *store = store_open(path, error, sizeof error);
    if (!store)
        fail_msg("%s", error);
    return store;
}

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->path, sizeof f->path, "/tmp/konsao-store-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    f->store = open_store(f->path);
    f->arena = arena_new();
    *state = f;
    return 0;
}

static inline int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static inline void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    arena_free(f->arena);
    remove_tree(f->path);
    free(f);
    return 0;
}

static inline void reopen_store(struct fixture *f)
{
    store_close(f->store);
    f->store = open_store(f->path);
}

static inline struct store_op put_op(enum record_kind kind, str key, str value)
{
    return (struct store_op){.what = STORE_PUT, .kind = kind, .key = key, .value = value};
}

static inline enum store_result put(struct fixture *f, enum record_kind kind, str key, str value, int64_t expires_at)
{
    struct store_op op = put_op(kind, key, value);
    op.expires_at = expires_at;
    return store_write(f->store, &op, 1);
}

static inline void assert_str(str got, const char *expected)
{
    if (!str_is(got, expected))
        fail_msg("got \"%.*s\", expected \"%s\"", STR_FMT(got), expected);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

#endif
