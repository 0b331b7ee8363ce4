#include "base/buf.h"

#include <string.h>

#include "unit/unit.h"

static void memory_is_zeroed_aligned_and_separate(void **state)
{
    (void)state;
    TEST_ARENA;
    unsigned char *last = NULL;
    for (size_t n = 1; n < 9000; n = n * 2 + 1) {
        unsigned char *p = arena_alloc(arena, n);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        assert_true(p != last);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n);
        last = p;
    }
}

static int released;

static void release(void *object)
{
    assert_int_equal(*(int *)object, released);
    released++;
}

static void what_was_deferred_runs_newest_first(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    int order[] = {2, 1, 0};
    released = 0;
    for (size_t i = 0; i < COUNT_OF(order); i++)
        arena_defer(arena, release, &order[i]);
    arena_free(arena);
    assert_int_equal(released, 3);
}

static void what_came_after_a_mark_is_wiped_and_gone(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    int order[] = {2, 1, 0};
    char *kept = arena_cstr(arena, STR("kept"));
    released = 0;
    arena_defer(arena, release, &order[0]);
    struct arena_mark mark = arena_mark(arena);
    for (int round = 0; round < 2; round++) {
        char *first = arena_alloc(arena, 64);
        assert_int_equal(first[0], 0);
        memset(first, 's', 64);
        memset(arena_alloc(arena, 100000), 's', 100000);
        if (round == 0) {
            arena_defer(arena, release, &order[1]);
            arena_defer(arena, release, &order[2]);
        }
        arena_rewind(arena, mark);
        assert_int_equal(released, 2);
        for (size_t i = 0; i < 64; i++)
            assert_int_equal(first[i], 0); /* of the first block, which stays */
        assert_ptr_equal(arena_alloc(arena, 1), first);
        arena_rewind(arena, mark);
    }
    assert_string_equal(kept, "kept");
    arena_free(arena);
    assert_int_equal(released, 3);
}

static void json_is_escaped_and_separated(void **state)
{
    (void)state;
    TEST_ARENA;
    struct buf json = buf_new(arena, 1);
    buf_char(&json, '{');
    buf_json_str(&json, "a", STR("\"\\\n\x01ក"));
    buf_json_str(&json, "left out", STR_NONE);
    buf_json_int(&json, "b", -5);
    buf_json_bool(&json, "c", true);
    buf_json_words(&json, "d", STR("x  y"), ' ');
    buf_json_raw(&json, "e", STR("{}"));
    buf_char(&json, '}');
    assert_str(buf_str(&json), "{\"a\":\"\\\"\\\\\\u000a\\u0001ក\",\"b\":-5,\"c\":true,\"d\":[\"x\",\"y\"],\"e\":{}}");
}

static void url_encoding_leaves_only_unreserved_characters(void **state)
{
    (void)state;
    TEST_ARENA;
    struct buf url = buf_new(arena, 1);
    buf_add_urlencoded(&url, STR("aZ0-._~ +&=%/?#\"<>\nក"));
    assert_str(buf_str(&url), "aZ0-._~%20%2B%26%3D%25%2F%3F%23%22%3C%3E%0A%E1%9E%80");
}

static void a_builder_grows(void **state)
{
    (void)state;
    TEST_ARENA;
    struct buf text = buf_new(arena, 1);
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "%04d", i);
    assert_int_equal(buf_str(&text).n, 4000);
    assert_memory_equal(text.p + 3996, "0999", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_separate),
        cmocka_unit_test(what_was_deferred_runs_newest_first),
        cmocka_unit_test(what_came_after_a_mark_is_wiped_and_gone),
        cmocka_unit_test(json_is_escaped_and_separated),
        cmocka_unit_test(url_encoding_leaves_only_unreserved_characters),
        cmocka_unit_test(a_builder_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
