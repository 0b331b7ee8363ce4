#include "unit/webauthn/authenticator.h"
#include "webauthn/cbor.h"

static bool is_whole(str text)
{
    str item;
    return cbor_take(&text, &item) && text.n == 0;
}

#define WHOLE(literal) assert_true(is_whole(STR(literal)))
#define BROKEN(literal) assert_false(is_whole(STR(literal)))

static int64_t number(str item)
{
    int64_t out = 0;
    assert_true(is_whole(item));
    assert_true(cbor_int(item, &out));
    return out;
}

/* RFC 8949 appendix A. */
static void integers_are_read_as_the_rfc_writes_them(void **state)
{
    (void)state;
    assert_int_equal(number(STR("\x00")), 0);
    assert_int_equal(number(STR("\x17")), 23);
    assert_int_equal(number(STR("\x18\x18")), 24);
    assert_int_equal(number(STR("\x19\x03\xe8")), 1000);
    assert_int_equal(number(STR("\x1a\x00\x0f\x42\x40")), 1000000);
    assert_true(number(STR("\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00")) == 1000000000000);
    assert_int_equal(number(STR("\x20")), -1);
    assert_int_equal(number(STR("\x38\x63")), -100);
    assert_int_equal(number(STR("\x39\x01\x00")), -257);
}

static void integers_beyond_63_bits_are_no_numbers_of_ours(void **state)
{
    (void)state;
    int64_t out;
    str most = STR("\x1b\x7f\xff\xff\xff\xff\xff\xff\xff"), least = STR("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff");
    assert_true(number(most) == INT64_MAX);
    assert_true(number(least) == INT64_MIN);
    assert_false(cbor_int(STR("\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), &out));
    assert_false(cbor_int(STR("\x3b\xff\xff\xff\xff\xff\xff\xff\xff"), &out));
}

static void strings_arrays_maps_and_simple_values_are_taken(void **state)
{
    (void)state;
    WHOLE("\x40");
    WHOLE("\x44\x01\x02\x03\x04");
    WHOLE("\x60");
    WHOLE("\x62\xc3\xbc");
    WHOLE("\x80");
    WHOLE("\x83\x01\x82\x02\x03\x82\x04\x05");
    WHOLE("\xa0");
    WHOLE("\xa2\x61\x61\x01\x61\x62\x82\x02\x03");
    WHOLE("\xf4");
    WHOLE("\xf5");
    WHOLE("\xf6");
    WHOLE("\xf7");
}

static void numbers_longer_than_needed_are_refused(void **state)
{
    (void)state;
    BROKEN("\x18\x17");
    BROKEN("\x19\x00\xff");
    BROKEN("\x1a\x00\x00\xff\xff");
    BROKEN("\x1b\x00\x00\x00\x00\xff\xff\xff\xff");
    BROKEN("\x58\x04\x01\x02\x03\x04"); /* lengths as well */
    BROKEN("\xb8\x01\x01\x02");
}

static void indefinite_lengths_are_refused(void **state)
{
    (void)state;
    BROKEN("\x5f\x42\x01\x02\xff");
    BROKEN("\x7f\x61\x61\xff");
    BROKEN("\x9f\x01\xff");
    BROKEN("\xbf\x01\x02\xff");
    BROKEN("\xff");
}

static void tags_floats_and_unassigned_values_are_refused(void **state)
{
    (void)state;
    BROKEN("\xc0\x60");
    BROKEN("\xd8\x20\x60");
    BROKEN("\xf9\x3c\x00");
    BROKEN("\xfa\x47\xc3\x50\x00");
    BROKEN("\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a");
    BROKEN("\xf0");
    BROKEN("\xf8\x14"); /* false, in two bytes */
    BROKEN("\xf8\xff");
    BROKEN("\x1c");
    BROKEN("\x3e");
}

static void what_is_cut_off_anywhere_is_refused(void **state)
{
    (void)state;
    str all = STR("\xa3\x01\x19\x03\xe8\x61\x61\x44\x01\x02\x03\x04\x02\x82\xf5\x62\xc3\xbc"), item;
    assert_true(is_whole(all));
    for (size_t n = 0; n < all.n; n++) {
        str cut = {all.p, n};
        assert_false(cbor_take(&cut, &item));
    }
}

static void lengths_beyond_what_is_there_are_refused(void **state)
{
    (void)state;
    BROKEN("\x5b\xff\xff\xff\xff\xff\xff\xff\xff");
    BROKEN("\x7b\xff\xff\xff\xff\xff\xff\xff\xff");
    BROKEN("\x9b\xff\xff\xff\xff\xff\xff\xff\xff");
    BROKEN("\xbb\xff\xff\xff\xff\xff\xff\xff\xff");
    BROKEN("\x9a\x7f\xff\xff\xff\x00\x00");
    BROKEN("\x5a\x80\x00\x00\x00");
}

static void a_member_that_comes_twice_is_refused(void **state)
{
    (void)state;
    BROKEN("\xa2\x01\x02\x01\x02");
    BROKEN("\xa2\x61\x61\x01\x61\x61\x02");
    BROKEN("\x81\xa1\x01\xa2\x20\x00\x20\x00"); /* within others */
    WHOLE("\xa2\x01\x02\x20\x02");
    WHOLE("\xa2\x41\x61\x01\x61\x61\x02"); /* the bytes "a", the text "a" */
}

static void five_deep_is_too_deep(void **state)
{
    (void)state;
    WHOLE("\x81\x81\x81\x81\x00");
    BROKEN("\x81\x81\x81\x81\x80");
    WHOLE("\xa1\x01\xa1\x01\xa1\x01\xa1\x01\x02");
    BROKEN("\xa1\x01\xa1\x01\xa1\x01\xa1\x01\xa0");
    assert_false(is_whole(filled('\x81', 10000)));
}

static void maps_with_too_many_members_are_refused(void **state)
{
    (void)state;
    for (size_t n = CBOR_MEMBERS_MAX; n <= CBOR_MEMBERS_MAX + 1; n++) {
        str map = c_head(5, n);
        for (size_t i = 0; i < n; i++)
            map = join(map, join(c_int((int64_t)i), c_int(0)));
        assert_int_equal(is_whole(map), n == CBOR_MEMBERS_MAX);
    }
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    BROKEN("\x61\xff");
    BROKEN("\x62\xc0\x80");
    BROKEN("\x61\x00");
    WHOLE("\x41\xff");
}

static void items_are_of_the_type_that_they_are_of(void **state)
{
    (void)state;
    static const str items[] = {STR_INIT("\x01"),     STR_INIT("\x20"),     STR_INIT("\x41\x61"),
                                STR_INIT("\x61\x61"), STR_INIT("\x81\x01"), STR_INIT("\xa1\x01\x02"),
                                STR_INIT("\xf5")};
    struct cbor_map map;
    str text;
    size_t count;
    int64_t n;
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        assert_int_equal(cbor_int(items[i], &n), i <= 1);
        assert_int_equal(cbor_bytes(items[i], &text), i == 2);
        assert_int_equal(cbor_text(items[i], &text), i == 3);
        assert_int_equal(cbor_array(items[i], &text, &count), i == 4);
        assert_int_equal(cbor_map(items[i], &map), i == 5);
        assert_int_equal(cbor_is_true(items[i]), i == 6);
    }
}

static void members_are_found_by_text_or_number_and_by_nothing_else(void **state)
{
    (void)state;
    struct cbor_map map;
    str text = STR("\xa4\x01\x0a\x20\x0b\x61\x61\x0c\x41\x62\x0d"), item;
    assert_true(cbor_take(&text, &item) && cbor_map(item, &map));
    assert_int_equal(map.count, 4);
    assert_int_equal(number(cbor_numbered(&map, 1)), 10);
    assert_int_equal(number(cbor_numbered(&map, -1)), 11);
    assert_int_equal(number(cbor_named(&map, "a")), 12);
    assert_null(cbor_named(&map, "b").p); /* bytes */
    assert_null(cbor_named(&map, "").p);
    assert_null(cbor_numbered(&map, 0).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(integers_are_read_as_the_rfc_writes_them),
        TEST(integers_beyond_63_bits_are_no_numbers_of_ours),
        TEST(strings_arrays_maps_and_simple_values_are_taken),
        TEST(numbers_longer_than_needed_are_refused),
        TEST(indefinite_lengths_are_refused),
        TEST(tags_floats_and_unassigned_values_are_refused),
        TEST(what_is_cut_off_anywhere_is_refused),
        TEST(lengths_beyond_what_is_there_are_refused),
        TEST(a_member_that_comes_twice_is_refused),
        TEST(five_deep_is_too_deep),
        TEST(maps_with_too_many_members_are_refused),
        TEST(text_that_is_not_utf8_is_refused),
        TEST(items_are_of_the_type_that_they_are_of),
        TEST(members_are_found_by_text_or_number_and_by_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
