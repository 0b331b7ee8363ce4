#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pages/internal.h"
#include "pages/pack.h"

#define PACK_LEVEL 9 /* once, at the start */

static const struct {
    str ending;
    const char *type;
} types[] = {
    {STR_INIT(".css"), "text/css; charset=utf-8"},
    {STR_INIT(".js"), "text/javascript; charset=utf-8"},
    {STR_INIT(".woff2"), "font/woff2"},
    {STR_INIT(".svg"), "image/svg+xml"},
    {STR_INIT(".png"), "image/png"},
    {STR_INIT(".ico"), "image/x-icon"},
};

bool asset_add(struct pages *pages, str path, str name, str body, struct fault *fault)
{
    const char *type = NULL;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (str_ends(name, types[i].ending)) {
            type = types[i].type;
        }
    }
    if (!type) {
        return fault_at(fault, path, 1, "a kind of file that is not served");
    }
    if (pages->asset_count == pages->asset_room) {
        size_t room = pages->asset_room ? pages->asset_room * 2 : 16;
        struct asset *assets = ARENA_ARRAY(pages->arena, struct asset, room);
        if (pages->asset_count) {
            memcpy(assets, pages->assets, pages->asset_count * sizeof(*assets));
        }
        pages->assets = assets;
        pages->asset_room = room;
    }
    pages->assets[pages->asset_count++] = (struct asset){.name = name, .body = body, .type = type};
    return true;
}

const struct asset *asset_find(const struct pages *pages, str name)
{
    for (size_t i = 0; i < pages->asset_count; i++) {
        if (str_eq(pages->assets[i].name, name)) {
            return &pages->assets[i];
        }
    }
    return NULL;
}

/* FNV-1a: it tells our own versions apart, it protects nothing. */
#define FNV_START 14695981039346656037u

static uint64_t fnv(uint64_t hash, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        hash = (hash ^ (unsigned char)text.p[i]) * 1099511628211u;
    }
    return hash;
}

/* "style.css" to "style.0123456789abcdef.css". */
static void name_by_content(struct pages *pages, struct asset *asset)
{
    uint64_t hash = fnv(FNV_START, asset->body);
    const char *dot = memrchr(asset->name.p, '.', asset->name.n);
    str stem = {asset->name.p, (size_t)(dot - asset->name.p)};
    str ending = {dot, asset->name.n - stem.n};
    asset->served = arena_printf(pages->arena, "%.*s.%016" PRIx64 "%.*s", STR_FMT(stem), hash, STR_FMT(ending));
}

/* Replaces {{asset:…}} in a style sheet. */
static bool resolve(struct pages *pages, struct asset *asset, str path, struct fault *fault)
{
    str rest = asset->body;
    struct buf out = buf_new(pages->arena, rest.n + 256);
    const char *open;
    while ((open = memmem(rest.p, rest.n, "{{asset:", 8))) {
        str before = {rest.p, (size_t)(open - rest.p)};
        str after = {open + 8, rest.n - before.n - 8};
        const char *close = memmem(after.p, after.n, "}}", 2);
        str name = {after.p, close ? (size_t)(close - after.p) : 0};
        const struct asset *named = asset_find(pages, name);
        if (!named || !named->served.p) {
            return fault_at(fault, path, line_of(asset->body, open), "no such asset: %.*s", STR_FMT(name));
        }
        buf_add(&out, before);
        buf_printf(&out, "/assets/%.*s", STR_FMT(named->served));
        rest = (str){close + 2, after.n - name.n - 2};
    }
    buf_add(&out, rest);
    asset->body = buf_str(&out);
    return true;
}

bool assets_finish(struct pages *pages, struct fault *fault)
{
    for (int styles = 0; styles < 2; styles++) {
        for (size_t i = 0; i < pages->asset_count; i++) {
            struct asset *asset = &pages->assets[i];
            if (str_ends(asset->name, STR(".css")) != (bool)styles) {
                continue;
            }
            if (styles && !resolve(pages, asset, asset->name, fault)) {
                return false;
            }
            name_by_content(pages, asset);
            if (str_ends(asset->name, STR(".css")) || str_ends(asset->name, STR(".js")) ||
                str_ends(asset->name, STR(".svg")))
                asset->packed = pack_gzip(pages->arena, asset->body, PACK_LEVEL);
        }
    }
    return true;
}

str page_asset_path(struct arena *arena, const struct pages *pages, const char *name)
{
    const struct asset *asset = asset_find(pages, str_of(name));
    return asset ? arena_printf(arena, "/assets/%.*s", STR_FMT(asset->served)) : STR_NONE;
}

str page_asset_body(const struct pages *pages, const char *name)
{
    const struct asset *asset = asset_find(pages, str_of(name));
    return asset ? asset->body : STR_NONE;
}

str pages_version(struct arena *arena, const struct pages *pages)
{
    uint64_t hash = FNV_START;
    for (size_t i = 0; i < pages->asset_count; i++)
        hash = fnv(hash, pages->assets[i].served);
    for (size_t i = 0; i < pages->count; i++)
        hash = fnv(hash, pages->items[i].source);
    for (enum lang lang = 0; lang < LANGS; lang++)
        hash = fnv(hash, pages->catalogues[lang].source);
    return arena_printf(arena, "%016" PRIx64, hash);
}

void page_asset(struct request *rq, const struct pages *pages)
{
    for (size_t i = 0; i < pages->asset_count; i++) {
        const struct asset *asset = &pages->assets[i];
        if (str_eq(asset->served, rq->tail)) {
            response_header(rq, "Cache-Control", STR("public, max-age=31536000, immutable"));
            response_header(rq, "Cross-Origin-Resource-Policy", STR("same-origin"));
            respond_packed(rq, 200, asset->type, asset->body, asset->packed);
            return;
        }
    }
    respond(rq, 404, "text/plain; charset=utf-8", STR("Not found\n"));
}
