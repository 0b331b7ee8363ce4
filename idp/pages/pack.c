#include "pages/pack.h"

#define ZLIB_CONST /* what is read is const */
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's way of saying: the largest window, in gzip's clothes */
#define MEMORY_LEVEL 8

str pack_gzip(struct arena *arena, str text, int level)
{
    z_stream stream = {0};
    if (text.n == 0 || deflateInit2(&stream, level, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return STR_NONE;
    char *packed = arena_alloc(arena, text.n);
    stream.next_in = (const Bytef *)text.p;
    stream.avail_in = (uInt)text.n;
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)text.n;
    int result = deflate(&stream, Z_FINISH); /* Z_OK: there was no room left, so it is no shorter */
    size_t n = stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END ? (str){packed, n} : STR_NONE;
}

/* "q=0", "q=0.000": not at all. */
static bool is_refused(str parameters)
{
    str weight = str_trim(parameters);
    if (!str_starts(weight, STR("q=")))
        return false;
    for (size_t i = 2; i < weight.n; i++)
        if (weight.p[i] != '0' && weight.p[i] != '.')
            return false;
    return true;
}

bool pack_is_accepted(str accept_encoding)
{
    str coding;
    while (str_word(&accept_encoding, ',', &coding)) {
        str name, parameters;
        str_cut(coding, ';', &name, &parameters);
        if (str_eq_nocase(str_trim(name), STR("gzip")))
            return !is_refused(parameters);
    }
    return false;
}
