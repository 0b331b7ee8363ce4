#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static bool is_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void memory_is_zeroed_and_aligned_also_when_reused(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 15, 16, 17, 1000, 4000, 4096, 5000, 100000, 0, 3};
    for (int round = 0; round < 20; round++) {
        struct arena *arena = arena_new();
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            unsigned char *memory = arena_alloc(arena, sizes[i]);
            assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
            assert_true(is_zero(memory, sizes[i]));
            memset(memory, 0xa5, sizes[i]);
        }
        arena_free(arena);
    }
}

static void text_is_copied_with_a_nul_behind_it(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    char text[] = "text";
    str copy = arena_str(arena, str_bytes(text, 2));
    text[0] = 'x';
    assert_true(str_is(copy, "te"));
    assert_int_equal(copy.p[2], '\0');
    assert_null(arena_str(arena, STR_NONE).p);
    assert_null(arena_cstr(arena, STR_NONE));
    assert_non_null(arena_str(arena, STR("")).p);
    assert_true(str_is(arena_printf(arena, "%d-%s", 7, "x"), "7-x"));
}

/* Arenas may end on another thread than they began on; what a thread keeps goes with it (the sanitizer's leak check
 * sees). */
static void *end_arenas(void *arenas)
{
    struct arena **each = arenas;
    for (; *each; each++)
        arena_free(*each);
    struct arena *own = arena_new();
    memset(arena_alloc(own, 100), 1, 100);
    arena_free(own);
    return NULL;
}

static void arenas_may_change_threads(void **state)
{
    (void)state;
    struct arena *arenas[33] = {NULL};
    for (size_t i = 0; i < 32; i++) {
        arenas[i] = arena_new();
        memset(arena_alloc(arenas[i], 3000), 1, 3000);
        memset(arena_alloc(arenas[i], 3000), 1, 3000);
    }
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, end_arenas, arenas), 0);
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned_also_when_reused),
        cmocka_unit_test(text_is_copied_with_a_nul_behind_it),
        cmocka_unit_test(arenas_may_change_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
