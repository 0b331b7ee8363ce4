/* What the files of this room share. Templates are compiled when they are loaded: one flat program a page and language,
 * with partials, messages and asset addresses already in it, so that rendering only copies text and looks up names. */
#ifndef KONSAO_PAGES_INTERNAL_H
#define KONSAO_PAGES_INTERNAL_H

#include "base/buf.h"
#include "pages/pages.h"

enum op_kind {
    OP_TEXT,    /* copy `text` */
    OP_VALUE,   /* the value called `text`, escaped */
    OP_SECTION, /* the ops up to `end`, if the value is set; once per item of a list */
    OP_UNLESS,  /* the ops up to `end`, if the value is not set */
};

struct op {
    enum op_kind kind;
    uint32_t hash; /* name_hash(text), but for OP_TEXT */
    size_t end;
    str text;
};

struct program {
    struct op *ops;
    size_t count, room;
    size_t literal; /* bytes of all its OP_TEXT */
};

struct page {
    str name; /* "signin/kidc" */
    str path; /* as shown in errors */
    str source;
    struct program programs[LANGS];
};

struct message {
    str key, text;
};

struct catalogue {
    str path, source;
    struct message *items; /* by key */
    size_t count;
};

struct asset {
    str name;   /* "style.css" */
    str served; /* "style.0123456789abcdef.css" */
    str body;
    str packed; /* the same, by gzip; STR_NONE: it is not shorter so */
    const char *type;
};

struct pages {
    struct arena *arena;
    struct page *items;
    size_t count, room;
    struct asset *assets;
    size_t asset_count, asset_room;
    struct catalogue catalogues[LANGS];
    struct view *defaults;
};

/** Where the first fault is told. */
struct fault {
    char *text;
    size_t size;
};

/** Writes `path:line: …`; always false. */
bool fault_at(struct fault *fault, str path, size_t line, const char *format, ...) PRINTF_LIKE(4, 5);
/** The line, from 1, of the place `at` in `text`. */
size_t line_of(str text, const char *at);

/** Reads locales/{km,en}.json below `folder` and checks that both hold the same keys. */
MUST_CHECK bool catalogues_load(struct pages *pages, const char *folder, struct fault *fault);
const struct message *catalogue_find(const struct catalogue *catalogue, str key);

/** Takes in one file of assets/, whose name must have an ending that we know. */
MUST_CHECK bool asset_add(struct pages *pages, str path, str name, str body, struct fault *fault);
/** Gives every asset its served name; style sheets come last, with the {{asset:…}} in them resolved. */
MUST_CHECK bool assets_finish(struct pages *pages, struct fault *fault);
const struct asset *asset_find(const struct pages *pages, str name);

/** Answers with `body`, or with `packed` (if any) where the browser takes it. */
void respond_packed(struct request *rq, int status, const char *type, str body, str packed);

/** A whole file in the arena; STR_NONE, with a fault, when it can't be read or is larger than 4 MB. */
str file_read(struct arena *arena, const char *path, struct fault *fault);

const struct page *page_find(const struct pages *pages, str name);
/** Compiles `page` for `lang`; everything it refers to must have been loaded. */
MUST_CHECK bool page_compile(struct pages *pages, struct page *page, enum lang lang, struct fault *fault);

/** Renders page `name`, which must exist, with `view`. The result lives in `arena`. */
str page_render(struct arena *arena, const struct pages *pages, enum lang lang, const char *name,
                const struct view *view);

/* ---- views, as the renderer sees them ---- */

enum value_kind { VALUE_TEXT, VALUE_FLAG, VALUE_VIEWS };

struct value {
    const char *name;
    uint32_t hash;
    enum value_kind kind;
    bool flag;
    str text;
    struct view *first, *last; /* VALUE_VIEWS: at least one */
};

struct view {
    struct arena *arena;
    const struct view *outside;
    struct view *next; /* in a list */
    struct value *values;
    size_t count, room;
};

uint32_t name_hash(str name);
/** The value called `name`, in `view` or around it; NULL when there is none. */
const struct value *view_find(const struct view *view, uint32_t hash, str name);
/** Whether a section of that value is entered. NULL is not set. */
bool value_is_set(const struct value *value);
/** Whether a flag of the view itself whose name starts with `prefix` is up. */
bool view_has_flag(const struct view *view, str prefix);

#endif
