/* The picture of a code: what is drawn is what libqrencode says, with a quiet zone. */
#include <qrencode.h>
#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

#include "signin/qr/qr.h"

#define URL "https://id.example.gov.kh/q/AAAAAAAAAAAAAAAAAAAAAA.59.BBBBBBBBBBBBBBBBBBBBBBBB"
#define SIDE_MAX 185

static char drawn[SIDE_MAX][SIDE_MAX];

/* Plays the path as SVG says (section 9.3), with strokes of one module's width. */
static void draw(const char *path)
{
    int x = 0, y = 0, n = 0, length, gap;
    memset(drawn, 0, sizeof drawn);
    while (*path != '"') {
        if (sscanf(path, "M%d %d.5%n", &x, &y, &n) == 2) {
        } else if (sscanf(path, "m%d 0%n", &gap, &n) == 1) {
            x += gap;
        } else if (sscanf(path, "h%d%n", &length, &n) == 1) {
            for (int i = 0; i < length; i++)
                drawn[y][x + i] = 1;
            x += length;
        } else {
            fail_msg("not understood: %.20s", path);
        }
        path += n;
    }
}

static void a_code_is_drawn_as_it_was_encoded_with_a_quiet_zone_of_four_modules(void **state)
{
    (void)state;
    TEST_ARENA;
    str svg = qr_svg(arena, STR(URL), 0);
    QRcode *code = QRcode_encodeString8bit(URL, 0, QR_ECLEVEL_M);
    int width = code->width;
    const char *path = strstr(svg.p, "stroke=\"#000\" d=\"");
    assert_non_null(path);
    draw(path + sizeof "stroke=\"#000\" d=\"" - 1);
    for (int y = 0; y < width + 8; y++)
        for (int x = 0; x < width + 8; x++) {
            bool inside = x >= 4 && y >= 4 && x < width + 4 && y < width + 4;
            int expected = inside ? code->data[(y - 4) * width + x - 4] & 1 : 0;
            if (drawn[y][x] != expected)
                fail_msg("module %d, %d", x, y);
        }
    str box = arena_printf(arena, "viewBox=\"0 0 %d %d\"", width + 8, width + 8);
    assert_non_null(strstr(svg.p, box.p));
    QRcode_free(code);
}

static void the_picture_is_small_and_of_one_path(void **state)
{
    (void)state;
    TEST_ARENA;
    str svg = qr_svg(arena, STR(URL), 0);
    assert_true(svg.n < 3500);
    assert_null(strstr(svg.p, "style="));
    assert_null(strstr(svg.p, "<rect"));
}

static void codes_of_one_channel_have_one_size(void **state)
{
    (void)state;
    TEST_ARENA;
    /* 84 bytes are the most that version 5 holds at M: a step of two digits makes it 6 (ISO/IEC 18004 table 7) */
    assert_int_equal(qr_version(arena, 84), 5);
    assert_int_equal(qr_version(arena, 85), 6);
    char text[85];
    memset(text, 'a', 84);
    text[84] = '\0';
    assert_non_null(strstr(qr_svg(arena, str_of(text), qr_version(arena, 85)).p, "viewBox=\"0 0 49 49\""));
    assert_non_null(strstr(qr_svg(arena, str_of(text), 0).p, "viewBox=\"0 0 45 45\""));
}

static void what_fits_in_no_code_gives_none(void **state)
{
    (void)state;
    TEST_ARENA;
    char *text = arena_alloc(arena, 4001);
    memset(text, 'a', 4000);
    assert_null(qr_svg(arena, (str){text, 4000}, 0).p);
    assert_int_equal(qr_version(arena, 4000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_drawn_as_it_was_encoded_with_a_quiet_zone_of_four_modules),
        cmocka_unit_test(the_picture_is_small_and_of_one_path),
        cmocka_unit_test(codes_of_one_channel_have_one_size),
        cmocka_unit_test(what_fits_in_no_code_gives_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
