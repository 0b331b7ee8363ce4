#include "records/client_media.h"

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
