/* Codes drawn by ourselves are those of libqrencode, whenever that chooses our mask. */
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

#include "signin/qr/qr.h"

static bool is_same(const unsigned char *ours, const QRcode *theirs)
{
    for (int i = 0; i < theirs->width * theirs->width; i++)
        if (ours[i] != (theirs->data[i] & 1))
            return false;
    return true;
}

/* Whether both have the same format information, which names the mask: it stands beside the first finder. */
static bool same_mask(const unsigned char *ours, const QRcode *theirs)
{
    for (int x = 0; x < 9; x++)
        if (ours[8 * theirs->width + x] != (theirs->data[8 * theirs->width + x] & 1))
            return false;
    return true;
}

static void fill(char *text, size_t length, unsigned seed)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:";
    for (size_t i = 0; i < length; i++) {
        seed = seed * 1664525u + 1013904223u;
        text[i] = letters[(seed >> 16) % (sizeof letters - 1)];
    }
    text[length] = '\0';
}

static void quick_codes_are_those_of_the_library(void **state)
{
    (void)state;
    for (int version = 1; version <= 10; version++) {
        unsigned same = 0;
        for (unsigned i = 0; i < 160; i++) {
            TEST_ARENA;
            char text[256];
            size_t most = 0;
            while (qr_quick_version(most + 1) && qr_quick_version(most + 1) <= version)
                most++;
            fill(text, i % 4 ? most - i % 7 : 1 + i % most, i);
            int width = 0;
            const unsigned char *ours = qr_quick(arena, str_of(text), version, &width);
            QRcode *theirs = QRcode_encodeString8bit(text, version, QR_ECLEVEL_M);
            assert_non_null(ours);
            assert_int_equal(theirs->version, version);
            assert_int_equal(theirs->width, width);
            if (same_mask(ours, theirs)) {
                same++;
                assert_true(is_same(ours, theirs));
            } else {
                assert_false(is_same(ours, theirs));
            }
            QRcode_free(theirs);
        }
        if (same < 3)
            fail_msg("version %d: the library chose our mask %u times", version, same);
    }
}

static void the_least_version_is_that_of_the_library(void **state)
{
    (void)state;
    for (size_t length = 1; length < 260; length++) {
        char text[260];
        fill(text, length, 1);
        text[0] = '\xff'; /* bytes, not letters */
        QRcode *theirs = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
        assert_int_equal(qr_quick_version(length), theirs->version <= 10 ? theirs->version : 0);
        QRcode_free(theirs);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    TEST_ARENA;
    char text[300];
    int width = 0;
    fill(text, 299, 1);
    assert_null(qr_quick(arena, (str){text, 85}, 5, &width));
    assert_non_null(qr_quick(arena, (str){text, 84}, 5, &width));
    assert_int_equal(width, 37);
    assert_null(qr_quick(arena, (str){text, 214}, 10, &width));
    assert_non_null(qr_quick(arena, (str){text, 213}, 10, &width));
    assert_null(qr_quick(arena, (str){text, 10}, 11, &width));
    assert_null(qr_quick(arena, (str){text, 10}, 0, &width));
    assert_null(qr_quick(arena, (str){text, 10}, -1, &width));
    assert_non_null(qr_quick(arena, STR(""), 1, &width));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quick_codes_are_those_of_the_library),
        cmocka_unit_test(the_least_version_is_that_of_the_library),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
