/* A templates folder that lives for one test. */
#ifndef KONSAO_TESTS_PAGES_FOLDER_H
#define KONSAO_TESTS_PAGES_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pages/internal.h"

struct file {
    const char *name, *text;
};

struct folder {
    char path[64];
    struct arena *arena;
    struct pages *pages;
    char error[512];
};

static inline void folder_write(const struct folder *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Writes `files` over a folder with empty catalogues, and loads it. */
static inline struct folder folder_load(const struct file *files, size_t count)
{
    static const char *const below[] = {"signin", "partials", "locales", "assets"};
    struct folder folder = {.path = "/tmp/konsao-pages-XXXXXX"};
    assert_non_null(mkdtemp(folder.path));
    for (size_t i = 0; i < COUNT_OF(below); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", folder.path, below[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    folder_write(&folder, "locales/km.json", "{}");
    folder_write(&folder, "locales/en.json", "{}");
    for (size_t i = 0; i < count; i++) {
        folder_write(&folder, files[i].name, files[i].text);
    }
    folder.arena = arena_new();
    folder.pages = pages_load(folder.path, folder.error, sizeof(folder.error));
    return folder;
}

static inline void folder_release(struct folder *folder)
{
    char command[128];
    pages_free(folder->pages);
    arena_free(folder->arena);
    snprintf(command, sizeof(command), "rm -rf %s", folder->path);
    assert_int_equal(system(command), 0);
}

/* What template `text` gives with `view`, in English. */
static inline void assert_renders(const char *text, void (*fill)(struct view *view), const char *expected)
{
    const struct file files[] = {{"page.html", text}};
    CLEANUP(folder_release) struct folder folder = folder_load(files, 1);
    assert_non_null(folder.pages);
    struct view *view = view_new(folder.arena);
    fill(view);
    str html = page_render(folder.arena, folder.pages, LANG_EN, "page", view);
    assert_string_equal(arena_cstr(folder.arena, html), expected);
}

/* That these files do not load, with `error` (after the folder's path) as the reason. */
static inline void assert_refused(const struct file *files, size_t count, const char *error)
{
    CLEANUP(folder_release) struct folder folder = folder_load(files, count);
    assert_null(folder.pages);
    const char *told = folder.error;
    if (!strncmp(told, folder.path, strlen(folder.path))) {
        told += strlen(folder.path) + 1;
    }
    assert_string_equal(told, error);
}

#endif
