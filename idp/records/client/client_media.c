#include "records/client/client_media.h"

#include "crypto/primitives.h"

const char *image_type(str bytes)
{
    if (str_starts(bytes, STR("\x89PNG\r\n\x1a\n")))
        return "image/png";
    if (str_starts(bytes, STR("\xff\xd8\xff")))
        return "image/jpeg";
    if (bytes.n > 12 && str_starts(bytes, STR("RIFF")) && str_is((str){bytes.p + 8, 4}, "WEBP"))
        return "image/webp";
    return NULL;
}

bool logo_read(struct arena *arena, str uri, str *type, str *bytes)
{
    str head, data, name;
    if (!str_starts(uri, STR("data:")) || !str_cut((str){uri.p + 5, uri.n - 5}, ',', &head, &data) ||
        !str_ends(head, STR(";base64")) || data.n > LOGO_BYTES_MAX / 3 * 4 + 4 || !base64_decode(arena, data, bytes))
        return false;
    name = (str){head.p, head.n - STR(";base64").n};
    *type = str_of(image_type(*bytes));
    return type->p && bytes->n <= LOGO_BYTES_MAX && str_eq(*type, name);
}

/* Padded base64 (RFC 4648 section 4), as data: URIs have it. */
static str base64(struct arena *arena, str bytes)
{
    str url = base64url_encode(arena, bytes);
    char *text = arena_alloc(arena, url.n + 4);
    size_t n = 0;
    for (; n < url.n; n++)
        text[n] = url.p[n] == '-' ? '+' : url.p[n] == '_' ? '/' : url.p[n];
    while (n % 4 != 0)
        text[n++] = '=';
    return (str){text, n};
}

str logo_write(struct arena *arena, const char *type, str bytes)
{
    return arena_printf(arena, "data:%s;base64,%.*s", type, STR_FMT(base64(arena, bytes)));
}
