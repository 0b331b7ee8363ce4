#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ipis/kidc.h"

static bool parses(const char *text)
{
    struct kidc kidc;
    return kidc_parse(str_of(text), &kidc);
}

/* A valid number from nine digits. */
static void make(unsigned seed, char out[static KIDC_DIGITS + 1])
{
    char nine[16];
    snprintf(nine, sizeof nine, "%09u", seed % 1000000000u);
    memcpy(out, nine, 9);
    out[9] = kidc_check_digit(nine);
    out[10] = '\0';
}

static void check_digit_of_a_known_number(void **state)
{
    (void)state;
    assert_int_equal(kidc_check_digit("000000572"), '4'); /* Damm's own example, 572 has check digit 4 */
    assert_int_equal(kidc_check_digit("000000000"), '0');
}

static void accepts_each_way_to_write_a_number(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0000005724",
        "000000572-4",
        "000 000 572 - 4",
        "  000000572-4\t\r\n",
        "០០០០០០៥៧២-៤",
        "០០០០០០៥៧២៤",
        "000000៥៧២-4",
        ("000\xc2\xa0"
         "000\xe2\x80\x8b"
         "572\xe2\x80\x93"
         "4"),
        ("000000572\xe2\x80\x91"
         "4"),
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct kidc kidc;
        assert_true(kidc_parse(str_of(good[i]), &kidc));
        assert_string_equal(kidc.digits, "0000005724");
    }
}

static void refuses_everything_else(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "-",
        "000000572",
        "00000057244",
        "000000572-5",
        "00000057-24",
        "-0000005724",
        "0000005724-",
        "000000572--4",
        "000-000-572-4",
        "000000572_4",
        "000000572.4",
        "+000000572-4",
        "00000057O-4",
        "000000572-x",
        "๐๐๐๐๐๐๕๗๒-๔", /* Thai digits */
        "០០០០០០៥៧២-\xe1\x9f",
        "០០០០០០៥៧២-\xe1\x9f\xaa",
        "000000572-4%",
        "../000000572-4",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct kidc kidc = {"untouched"};
        assert_false(kidc_parse(str_of(bad[i]), &kidc));
        assert_string_equal(kidc.digits, "untouched");
    }
    struct kidc kidc;
    assert_false(kidc_parse(str_bytes("0000005724\0", 11), &kidc));
    assert_false(kidc_parse(STR_NONE, &kidc));
}

static void catches_every_single_digit_error(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed < 1000000000u; seed += 4999999u) {
        char number[KIDC_DIGITS + 1];
        make(seed, number);
        assert_true(parses(number));
        for (size_t at = 0; at < KIDC_DIGITS; at++) {
            char right = number[at];
            for (char wrong = '0'; wrong <= '9'; wrong++) {
                number[at] = wrong;
                assert_int_equal(parses(number), wrong == right);
            }
            number[at] = right;
        }
    }
}

static void catches_every_swap_of_neighbours(void **state)
{
    (void)state;
    for (unsigned seed = 7; seed < 1000000000u; seed += 4999999u) {
        char number[KIDC_DIGITS + 1];
        make(seed, number);
        for (size_t at = 0; at + 1 < KIDC_DIGITS; at++) {
            char swapped[KIDC_DIGITS + 1];
            memcpy(swapped, number, sizeof swapped);
            swapped[at] = number[at + 1];
            swapped[at + 1] = number[at];
            assert_int_equal(parses(swapped), number[at] == number[at + 1]);
        }
    }
}

static void shows_only_the_end(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    char number[KIDC_DIGITS + 1];
    make(123456789, number);
    struct kidc kidc;
    assert_true(kidc_parse(str_of(number), &kidc));
    char full[16], masked[32];
    snprintf(full, sizeof full, "123456789-%c", number[9]);
    snprintf(masked, sizeof masked, "•••••6789-%c", number[9]);
    assert_true(str_is(kidc_text(arena, &kidc), full));
    assert_true(str_is(kidc_masked(arena, &kidc), masked));
}

static void reads_one_time_codes(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str digits;
    assert_true(otp_parse(arena, STR("123456"), &digits) && str_is(digits, "123456"));
    assert_true(otp_parse(arena, STR(" ១២៣ ៤៥៦ "), &digits) && str_is(digits, "123456"));
    assert_true(otp_parse(arena, STR("0000"), &digits) && str_is(digits, "0000"));
    assert_true(otp_parse(arena, STR("1234567890"), &digits) && str_is(digits, "1234567890"));
    static const char *const bad[] = {"",        "   ",     "123",    "12345678901", "12345a",
                                      "123-456", "-123456", "1e5000", "12.456"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(otp_parse(arena, str_of(bad[i]), &digits));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_digit_of_a_known_number),
        cmocka_unit_test(accepts_each_way_to_write_a_number),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(catches_every_single_digit_error),
        cmocka_unit_test(catches_every_swap_of_neighbours),
        cmocka_unit_test(shows_only_the_end),
        cmocka_unit_test(reads_one_time_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
