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
    char *text = arena_alloc(arena, length + 1);
    memset(text, 'x', length);
    CLEANUP(free_code) QRcode *code = encode(arena, (str){text, length}, 0);
    return code ? code->version : 0;
}

/* The dark runs of one row. */
static void add_row(struct buf *path, const unsigned char *row, int width, int y)
{
    int end = -1; /* of the run before */
    for (int x = 0; x < width;) {
        int begin = x;
        while (x < width && row[x] & 1)
            x++;
        if (x == begin) {
            x++;
            continue;
        }
        if (end < 0)
            buf_printf(path, "M%d %d.5", begin + QUIET, y + QUIET);
        else
            buf_printf(path, "m%d 0", begin - end);
        buf_printf(path, "h%d", x - begin);
        end = x;
    }
}

str qr_svg(struct arena *arena, str text, int version)
{
    CLEANUP(free_code) QRcode *code = encode(arena, text, version);
    if (!code)
        return STR_NONE;
    struct buf svg = buf_new(arena, 4096);
    int size = code->width + 2 * QUIET;
    buf_printf(&svg,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
               "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path stroke=\"#000\" d=\"",
               size, size, size, size);
    for (int y = 0; y < code->width; y++)
        add_row(&svg, code->data + (ptrdiff_t)y * code->width, code->width, y);
    buf_add(&svg, STR("\"/></svg>"));
    return buf_str(&svg);
}
