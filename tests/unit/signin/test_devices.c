/* Names of devices, and which entries of the history are notices for whom. */
#include "world.h"

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "signin/authenticator/devices.h"

static void names_that_can_be_read_are_fine(void **state)
{
    (void)state;
    static const char *const fine[] = {"a", "ទូរសព្ទ របស់ សុខា", "Sokha's phone (2)", "📱", "a\342\200\213b", "x y", "ñ"};
    for (size_t i = 0; i < COUNT_OF(fine); i++)
        assert_true(device_name_ok(str_of(fine[i])));
}

static void names_that_show_nothing_or_something_else_are_not(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "   ",
        "\xc2\xa0",                 /* U+00A0 */
        "\xe2\x80\x8b\xe2\x80\x8d", /* zero width */
        "\xe3\x80\x80",             /* U+3000 */
        "\xef\xbb\xbf",             /* U+FEFF */
        "a\nb",
        "a\tb",
        "a\x7f",
        "a\xc2\x85", /* U+0085 */
        "a\xc2\x9f", /* U+009F */
        "a\xe2\x80\xae"
        "b", /* U+202E */
        "\xe2\x81\xa6"
        "a",            /* U+2066 */
        "a\xff",        /* not UTF-8 */
        "\xe1\x9e",     /* cut */
        "\xed\xa0\x80", /* a surrogate */
        "12345678901234567890123456789012345678901",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (device_name_ok(str_of(bad[i])))
            fail_msg("%zu: %s", i, bad[i]);
    assert_false(device_name_ok((str){"a\0b", 3}));
    assert_false(device_name_ok(STR_NONE));
}

static void length_is_counted_in_characters(void **state)
{
    (void)state;
    TEST_ARENA;
    struct buf name = buf_new(arena, 256);
    for (int i = 0; i < DEVICE_NAME_MAX; i++)
        buf_add(&name, STR("ក"));
    assert_true(device_name_ok(buf_str(&name)));
    buf_add(&name, STR("ក"));
    assert_false(device_name_ok(buf_str(&name)));
}

static void add(struct arena *arena, enum history_event event, str by, const char *name)
{
    const struct authenticator about = {.resident = STR("r"), .name = str_of(name)};
    struct history entry = device_event(&about, event, by);
    struct store_op op = history_op(arena, &entry, 3600);
    assert_int_equal(store_write(world.provider.store, &op, 1), STORE_OK);
}

/* A key that sorts before or after those of now. */
static str key_at(struct arena *arena, char first)
{
    char *key = arena_alloc(arena, 16);
    key[0] = first;
    return (str){key, 16};
}

static json_t *notices(struct arena *arena, const struct authenticator *mine)
{
    str json;
    assert_int_equal(authenticator_notices(world.provider.store, arena, mine, &json), STORE_OK);
    return json_object_get(json_parse_object(arena, arena_printf(arena, "{\"n\":%.*s}", STR_FMT(json)), 65536), "n");
}

static void others_are_told_of_what_they_did_not_do_themselves(void **state)
{
    (void)state;
    TEST_ARENA;
    const struct authenticator mine = {.key = key_at(arena, 0), .resident = STR("r"), .active_at = 1};
    add(arena, HISTORY_ADDED, mine.key, "mine");
    add(arena, HISTORY_ADDED, STR("another"), "tablet");
    add(arena, HISTORY_SIGNED_IN, STR("another"), "tablet");
    add(arena, HISTORY_DECLINED, STR("another"), "tablet");
    add(arena, HISTORY_CLONED, STR_NONE, "mine");
    json_t *list = notices(arena, &mine);
    assert_int_equal(json_array_size(list), 2);
    bool cloned_first = str_is(json_str(json_array_get(list, 0), "event"), "cloned"); /* or in the same millisecond */
    assert_true(str_is(json_str(json_array_get(list, cloned_first ? 0 : 1), "event"), "cloned"));
    assert_true(str_is(json_str(json_array_get(list, cloned_first ? 1 : 0), "event"), "added"));
    assert_true(str_is(json_str(json_array_get(list, cloned_first ? 1 : 0), "authenticator_name"), "tablet"));
}

static void nobody_is_told_of_what_was_before_or_seen_or_of_anything_while_waiting(void **state)
{
    (void)state;
    TEST_ARENA;
    add(arena, HISTORY_ADDED, STR("another"), "tablet");
    struct authenticator mine = {.key = key_at(arena, 0), .resident = STR("r"), .active_at = 1};
    assert_int_equal(json_array_size(notices(arena, &mine)), 1);
    mine.seen = key_at(arena, 127);
    assert_int_equal(json_array_size(notices(arena, &mine)), 0);
    mine.seen = key_at(arena, 0);
    assert_int_equal(json_array_size(notices(arena, &mine)), 1);
    mine.key = key_at(arena, 127);
    assert_int_equal(json_array_size(notices(arena, &mine)), 0);
    mine.key = key_at(arena, 0);
    mine.active_at = clock_now() + 60;
    assert_int_equal(json_array_size(notices(arena, &mine)), 0);
    mine.active_at = 1;
    mine.resident = STR("somebody else");
    assert_int_equal(json_array_size(notices(arena, &mine)), 0);
}

static void every_event_has_a_name(void **state)
{
    (void)state;
    for (int64_t event = HISTORY_SIGNED_IN; event <= HISTORY_CLONED; event++)
        for (int64_t before = 0; before < event; before++)
            assert_string_not_equal(history_event_name(event), history_event_name(before));
    assert_string_equal(history_event_name(0), "");
    assert_string_equal(history_event_name(-1), "");
    assert_string_equal(history_event_name(HISTORY_CLONED + 1), "");
}

static void every_error_has_a_code_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < API_FAULTS; i++) {
        assert_non_null(api_errors[i].code);
        assert_in_range(api_errors[i].status, 400, 503);
        assert_true(str_is_printable(str_of(api_errors[i].description)) && !strpbrk(api_errors[i].description, "\"\\"));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(api_errors[i].code, api_errors[j].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_can_be_read_are_fine),
        cmocka_unit_test(names_that_show_nothing_or_something_else_are_not),
        cmocka_unit_test(length_is_counted_in_characters),
        WORLD_TEST(others_are_told_of_what_they_did_not_do_themselves),
        WORLD_TEST(nobody_is_told_of_what_was_before_or_seen_or_of_anything_while_waiting),
        cmocka_unit_test(every_event_has_a_name),
        cmocka_unit_test(every_error_has_a_code_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
