/* A QR code as an image: one path, a stroke of one module's width for each run of dark modules. */
#include <qrencode.h>
#include <string.h>

#include "base/buf.h"
#include "signin/qr/qr.h"

#define QUIET 4 /* modules around it (ISO/IEC 18004 section 6.3.8) */

static void free_code(QRcode **code)
{
    QRcode_free(*code);
}

static QRcode *encode(struct arena *arena, str text, int version)
{
    return QRcode_encodeString8bit(arena_cstr(arena, text), version, QR_ECLEVEL_M);
}

int qr_version(struct arena *arena, size_t length)
{
    int quick = qr_quick_version(length);
    if (quick)
        return quick;
    char *text = arena_alloc(arena, length + 1);
    memset(text, 'x', length);
    CLEANUP(free_code) QRcode *code = encode(arena, (str){text, length}, 0);
    return code ? code->version : 0;
}

#define WIDTH_MAX 177                     /* version 40 */
#define ROW_MAX (16 + WIDTH_MAX / 2 * 12) /* "M4 4.5", then "m1 0h1" with numbers of three digits at most */

/* printf would take longer than all the rest. */
static char *put_number(char *at, unsigned number)
{
    if (number >= 100)
        *at++ = (char)('0' + number / 100);
    if (number >= 10)
        *at++ = (char)('0' + number / 10 % 10);
    *at++ = (char)('0' + number % 10);
    return at;
}

static char *put_move(char *at, unsigned gap)
{
    *at++ = 'm';
    at = put_number(at, gap);
    *at++ = ' ';
    *at++ = '0';
    return at;
}

static char *put_begin(char *at, unsigned x, unsigned y)
{
    *at++ = 'M';
    at = put_number(at, x);
    *at++ = ' ';
    at = put_number(at, y);
    *at++ = '.';
    *at++ = '5';
    return at;
}

/* The dark runs of one row. */
static void add_row(struct buf *path, const unsigned char *row, unsigned width, unsigned y)
{
    char text[ROW_MAX], *at = text;
    unsigned end = 0; /* of the run before */
    for (unsigned x = 0; x < width;) {
        unsigned begin = x;
        while (x < width && row[x] & 1)
            x++;
        if (x == begin) {
            x++;
            continue;
        }
        at = end ? put_move(at, begin - end) : put_begin(at, begin + QUIET, y + QUIET);
        *at++ = 'h';
        at = put_number(at, x - begin);
        end = x;
    }
    buf_add(path, str_bytes(text, (size_t)(at - text)));
}

static str draw(struct arena *arena, const unsigned char *modules, int side)
{
    struct buf svg = buf_new(arena, 4096);
    unsigned width = (unsigned)side, size = width + 2 * QUIET;
    buf_printf(&svg,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" shape-rendering=\"crispEdges\">"
               "<path fill=\"#fff\" d=\"M0 0h%uv%uH0z\"/><path stroke=\"#000\" d=\"",
               size, size, size, size);
    for (unsigned y = 0; y < width; y++)
        add_row(&svg, modules + (size_t)y * width, width, y);
    buf_add(&svg, STR("\"/></svg>"));
    return buf_str(&svg);
}

str qr_svg(struct arena *arena, str text, int version)
{
    int width;
    const unsigned char *quick = qr_quick(arena, text, version, &width);
    if (quick)
        return draw(arena, quick, width);
    CLEANUP(free_code) QRcode *code = encode(arena, text, version);
    return code ? draw(arena, code->data, code->width) : STR_NONE;
}
