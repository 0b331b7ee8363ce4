#include "ipis/xroad.h"

#include "base/buf.h"

static bool is_identifier(str part)
{
    if (part.n == 0 || part.n > 255 || !str_is_utf8(part) || str_is(part, ".") || str_is(part, ".."))
        return false;
    for (size_t i = 0; i < part.n; i++) {
        unsigned char c = (unsigned char)part.p[i];
        if (c < 0x20 || c == 0x7f || c == '%' || c == ':' || c == ';' || c == '\\')
            return false;
    }
    return true;
}

/* Adds exactly `parts` encoded parts of `text` with "/" between them. */
static bool add_parts(struct buf *out, str text, size_t parts)
{
    for (size_t i = 0; i < parts; i++) {
        str part;
        bool more = str_cut(text, '/', &part, &text);
        if (more != (i + 1 < parts) || !is_identifier(part))
            return false;
        if (i > 0)
            buf_char(out, '/');
        buf_add_urlencoded(out, part);
    }
    return true;
}

bool xroad_service_path(struct arena *arena, str service, str *path)
{
    struct buf out = buf_new(arena, service.n + 8);
    buf_add(&out, STR("/r1/"));
    if (!add_parts(&out, service, 5))
        return false;
    *path = buf_str(&out);
    return true;
}

bool xroad_client_value(struct arena *arena, str client, str *value)
{
    struct buf out = buf_new(arena, client.n);
    if (!add_parts(&out, client, 4))
        return false;
    *value = buf_str(&out);
    return true;
}
