#include "pages/internal.h"

struct renderer {
    const struct program *program;
    struct buf out;
};

static const char *const escapes[256] = {
    ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
};

static void add_escaped(struct buf *out, str text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *escape = escapes[(unsigned char)text.p[i]];
        if (escape) {
            buf_add(out, (str){text.p + from, i - from});
            buf_add(out, str_of(escape));
            from = i + 1;
        }
    }
    if (from < text.n) {
        buf_add(out, (str){text.p + from, text.n - from});
    }
}

static void render(struct renderer *renderer, size_t from, size_t to, const struct view *view)
{
    for (size_t i = from; i < to; i++) {
        const struct op *op = &renderer->program->ops[i];
        if (op->kind == OP_TEXT) {
            buf_add(&renderer->out, op->text);
            continue;
        }
        const struct value *value = view_find(view, op->hash, op->text);
        bool set = value_is_set(value);
        switch (op->kind) {
        case OP_VALUE:
            if (set && value->kind == VALUE_TEXT) {
                add_escaped(&renderer->out, value->text);
            }
            continue;
        case OP_SECTION:
            if (set && value->kind == VALUE_VIEWS) {
                for (const struct view *item = value->first; item; item = item->next) {
                    render(renderer, i + 1, op->end, item);
                }
                set = false;
            }
            break;
        case OP_UNLESS:
            set = !set;
            break;
        case OP_TEXT:
            break;
        }
        if (!set) {
            i = op->end - 1; /* else go on into the section */
        }
    }
}

str page_render(struct arena *arena, const struct pages *pages, enum lang lang, const char *name,
                const struct view *view)
{
    const struct page *page = page_find(pages, str_of(name));
    if (!page) {
        return STR_NONE;
    }
    const struct program *program = &page->programs[lang];
    struct renderer renderer = {.program = program, .out = buf_new(arena, program->literal + 2048)};
    render(&renderer, 0, program->count, view);
    return buf_str(&renderer.out);
}
