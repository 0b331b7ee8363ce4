#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pages/internal.h"

#define FILE_MAX ((size_t)4 << 20)
#define FOLDERS_MAX 4

bool fault_at(struct fault *fault, str path, size_t line, const char *format, ...)
{
    int n = snprintf(fault->text, fault->size, "%.*s:%zu: ", STR_FMT(path), line);
    if (n >= 0 && (size_t)n < fault->size) {
        va_list args;
        va_start(args, format);
        vsnprintf(fault->text + n, fault->size - (size_t)n, format, args);
        va_end(args);
    }
    return false;
}

size_t line_of(str text, const char *at)
{
    size_t line = 1;
    for (const char *p = text.p; p < at; p++) {
        line += *p == '\n';
    }
    return line;
}

static void close_file(FILE **file)
{
    if (*file) {
        fclose(*file);
    }
}

str file_read(struct arena *arena, const char *path, struct fault *fault)
{
    CLEANUP(close_file) FILE *file = fopen(path, "rbe");
    struct stat about;
    if (!file || fstat(fileno(file), &about)) {
        fault_at(fault, str_of(path), 1, "%s", strerror(errno));
        return STR_NONE;
    }
    if (about.st_size < 0 || (size_t)about.st_size > FILE_MAX) {
        fault_at(fault, str_of(path), 1, "too large");
        return STR_NONE;
    }
    char *bytes = arena_alloc(arena, (size_t)about.st_size + 1);
    size_t n = fread(bytes, 1, (size_t)about.st_size, file);
    if (n != (size_t)about.st_size) {
        fault_at(fault, str_of(path), 1, "can't be read whole");
        return STR_NONE;
    }
    return (str){bytes, n};
}

static bool page_add(struct pages *pages, str path, str name, str source, struct fault *fault)
{
    if (!str_is_utf8(source)) {
        return fault_at(fault, path, 1, "not UTF-8");
    }
    if (pages->count == pages->room) {
        size_t room = pages->room ? pages->room * 2 : 32;
        struct page *items = ARENA_ARRAY(pages->arena, struct page, room);
        if (pages->count) {
            memcpy(items, pages->items, pages->count * sizeof(*items));
        }
        pages->items = items;
        pages->room = room;
    }
    pages->items[pages->count++] = (struct page){.name = name, .path = path, .source = source};
    return true;
}

/* Takes in one file, called `name` below the templates' folder: a template, an asset, or none of our business. */
static bool take_file(struct pages *pages, str path, str name, struct fault *fault)
{
    bool is_asset = str_starts(name, STR("assets/"));
    if (!is_asset && !str_ends(name, STR(".html"))) {
        return true;
    }
    str text = file_read(pages->arena, path.p, fault);
    if (!text.p) {
        return false;
    }
    if (is_asset) {
        return asset_add(pages, path, (str){name.p + 7, name.n - 7}, text, fault);
    }
    return page_add(pages, path, (str){name.p, name.n - 5}, text, fault);
}

static void close_folder(DIR **folder)
{
    if (*folder) {
        closedir(*folder);
    }
}

/* `below` is what comes before names: "" or "signin/". */
static bool walk(struct pages *pages, str folder, str below, unsigned depth, struct fault *fault)
{
    CLEANUP(close_folder) DIR *entries = opendir(folder.p);
    if (!entries) {
        return fault_at(fault, folder, 1, "%s", strerror(errno));
    }
    for (struct dirent *entry; (entry = readdir(entries));) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        str path = arena_printf(pages->arena, "%.*s/%s", STR_FMT(folder), entry->d_name);
        str name = arena_printf(pages->arena, "%.*s%s", STR_FMT(below), entry->d_name);
        struct stat about;
        if (stat(path.p, &about)) {
            return fault_at(fault, path, 1, "%s", strerror(errno));
        }
        bool ok = true;
        if (S_ISREG(about.st_mode)) {
            ok = take_file(pages, path, name, fault);
        } else if (S_ISDIR(about.st_mode) && depth < FOLDERS_MAX) {
            ok = walk(pages, path, arena_printf(pages->arena, "%.*s/", STR_FMT(name)), depth + 1, fault);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool load_all(struct pages *pages, const char *folder, struct fault *fault)
{
    if (!walk(pages, arena_str(pages->arena, str_of(folder)), STR(""), 0, fault) || !assets_finish(pages, fault) ||
        !catalogues_load(pages, folder, fault)) {
        return false;
    }
    for (size_t i = 0; i < pages->count; i++) {
        for (enum lang lang = 0; lang < LANGS; lang++) {
            if (!page_compile(pages, &pages->items[i], lang, fault)) {
                return false;
            }
        }
    }
    return true;
}

struct pages *pages_load(const char *folder, char *error, size_t error_size)
{
    struct arena *arena = arena_new();
    struct pages *pages = ARENA_NEW(arena, struct pages);
    pages->arena = arena;
    pages->defaults = view_new(arena);
    struct fault fault = {error, error_size};
    if (!load_all(pages, folder, &fault)) {
        pages_free(pages);
        return NULL;
    }
    return pages;
}

void pages_free(struct pages *pages)
{
    if (pages) {
        arena_free(pages->arena);
    }
}

void pages_default(struct pages *pages, const char *name, str value)
{
    view_text(pages->defaults, arena_cstr(pages->arena, str_of(name)), arena_str(pages->arena, value));
}

const struct page *page_find(const struct pages *pages, str name)
{
    for (size_t i = 0; i < pages->count; i++) {
        if (str_eq(pages->items[i].name, name)) {
            return &pages->items[i];
        }
    }
    return NULL;
}
