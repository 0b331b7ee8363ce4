#include "base/str.h"

#include <string.h>

#include "unit/unit.h"

static void cut_splits_at_the_first_separator(void **state)
{
    (void)state;
    str head, rest;
    assert_true(str_cut(STR("a=b=c"), '=', &head, &rest));
    assert_str(head, "a");
    assert_str(rest, "b=c");
    assert_false(str_cut(STR("abc"), '=', &head, &rest));
    assert_str(head, "abc");
    assert_null(rest.p);
    assert_false(str_cut(STR_NONE, '=', &head, &rest));
}

static void words_of_a_list(void **state)
{
    (void)state;
    str list = STR("  openid  profile "), word;
    assert_true(str_word(&list, ' ', &word));
    assert_str(word, "openid");
    assert_true(str_word(&list, ' ', &word));
    assert_str(word, "profile");
    assert_false(str_word(&list, ' ', &word));
    assert_true(str_list_has(STR("a bc d"), ' ', STR("bc")));
    assert_false(str_list_has(STR("a bc d"), ' ', STR("b")));
    assert_false(str_list_has(STR(""), ' ', STR("")));
}

static void numbers_are_digits_within_a_limit(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_true(str_to_u64(STR("0"), 10, &n));
    assert_int_equal(n, 0);
    assert_true(str_to_u64(STR("10"), 10, &n));
    assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &n));
    assert_true(n == UINT64_MAX);
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "1e1", "0x1", "18446744073709551616", "99999999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        n = 7;
        assert_false(str_to_u64(str_of(bad[i]), UINT64_MAX, &n));
        assert_int_equal(n, 7);
    }
    assert_false(str_to_u64(STR("11"), 10, &n));
}

static void utf8_is_well_formed_or_refused(void **state)
{
    (void)state;
    assert_true(str_is_utf8(STR("សុខ a \xf0\x9f\x94\x91")));
    static const char *const bad[] = {
        "\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(str_is_utf8(str_of(bad[i])));
    assert_false(str_is_utf8((str){"a\0b", 3}));
}

static void what_turns_writing_around_is_found_where_it_begins(void **state)
{
    (void)state;
    static const char *const turning[] = {"\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"};
    for (size_t i = 0; i < COUNT_OF(turning); i++)
        assert_true(str_turns_direction(str_of(turning[i]), 0));
    assert_false(str_turns_direction(STR("\xe2\x80\x8b"), 0)); /* between Khmer words */
    assert_false(str_turns_direction(STR("x\xe2\x80\xae"), 0));
    assert_false(str_turns_direction((str){"\xe2\x80\xae", 2}, 0));
}

static void comparisons(void **state)
{
    (void)state;
    assert_true(str_eq(STR_NONE, STR("")));
    assert_true(str_eq_nocase(STR("BeArEr"), STR("bearer")));
    assert_false(str_eq_nocase(STR("bearer"), STR("bearer ")));
    assert_true(str_starts(STR("https://x"), STR("https://")));
    assert_false(str_starts(STR("http"), STR("https://")));
    assert_true(str_ends(STR("a.png"), STR(".png")));
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
    assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
    assert_str(str_trim(STR(" \ta b\t ")), "a b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_splits_at_the_first_separator),
        cmocka_unit_test(words_of_a_list),
        cmocka_unit_test(numbers_are_digits_within_a_limit),
        cmocka_unit_test(utf8_is_well_formed_or_refused),
        cmocka_unit_test(what_turns_writing_around_is_found_where_it_begins),
        cmocka_unit_test(comparisons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
