/* From a template's text to a program. Partials and messages are compiled into the page that uses them. */
#include <string.h>

#include "pages/internal.h"

#define NESTING_MAX 16

struct compiler {
    struct pages *pages;
    enum lang lang;
    struct program *program;
    struct buf literal; /* text not yet emitted as an op */
    bool line_start;    /* the last thing written, however sections turn out, was a line's end */
    const struct page *including[NESTING_MAX];
    size_t depth;
    struct fault *fault;
};

/* One text being compiled. */
struct reader {
    str path, text;
    const char *at;
    bool is_message; /* values only, and its text is escaped: a message is not HTML */
};

static str rest_of(const struct reader *reader)
{
    return (str){reader->at, (size_t)(reader->text.p + reader->text.n - reader->at)};
}

static struct op *emit(struct compiler *c, enum op_kind kind, str text)
{
    struct program *program = c->program;
    if (program->count == program->room) {
        size_t room = program->room ? program->room * 2 : 64;
        struct op *ops = ARENA_ARRAY(c->pages->arena, struct op, room);
        if (program->count) {
            memcpy(ops, program->ops, program->count * sizeof(*ops));
        }
        program->ops = ops;
        program->room = room;
    }
    struct op *op = &program->ops[program->count++];
    *op = (struct op){.kind = kind, .text = text, .hash = kind == OP_TEXT ? 0 : name_hash(text)};
    return op;
}

static void flush_literal(struct compiler *c)
{
    str text = buf_str(&c->literal);
    if (text.n) {
        emit(c, OP_TEXT, arena_str(c->pages->arena, text));
        c->program->literal += text.n;
        c->literal.n = 0;
    }
}

/* Indentation and empty lines are for whoever reads the template; the browser need not load them. */
static void add_literal(struct compiler *c, str text, bool escape)
{
    for (size_t i = 0; i < text.n; i++) {
        char ch = text.p[i];
        if (c->line_start && (ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r')) {
            continue;
        }
        c->line_start = ch == '\n';
        if (escape && ch == '&') {
            buf_add(&c->literal, STR("&amp;"));
        } else if (escape && ch == '<') {
            buf_add(&c->literal, STR("&lt;"));
        } else if (escape && ch == '>') {
            buf_add(&c->literal, STR("&gt;"));
        } else if (escape && ch == '"') {
            buf_add(&c->literal, STR("&quot;"));
        } else if (escape && ch == '\'') {
            buf_add(&c->literal, STR("&#39;"));
        } else {
            buf_char(&c->literal, ch);
        }
    }
}

static bool is_name(str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char ch = name.p[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_')) {
            return false;
        }
    }
    return name.n > 0;
}

static bool wrong(struct compiler *c, const struct reader *reader, const char *at, const char *what, str tag)
{
    return fault_at(c->fault, reader->path, line_of(reader->text, at), "%s: {{%.*s}}", what, STR_FMT(tag));
}

/* The next {{…}}: what stands before it goes to the program. False, with no fault, at the end of the text. */
static bool next_tag(struct compiler *c, struct reader *reader, str *tag, bool *ok)
{
    str rest = rest_of(reader);
    const char *open = memmem(rest.p, rest.n, "{{", 2);
    *ok = true;
    if (!open) {
        add_literal(c, rest, reader->is_message);
        reader->at += rest.n;
        return false;
    }
    add_literal(c, (str){rest.p, (size_t)(open - rest.p)}, reader->is_message);
    const char *inside = open + 2;
    const char *close = memmem(inside, (size_t)(rest.p + rest.n - inside), "}}", 2);
    if (!close) {
        *ok = fault_at(c->fault, reader->path, line_of(reader->text, open), "{{ without }}");
        return false;
    }
    *tag = str_trim((str){inside, (size_t)(close - inside)});
    reader->at = close + 2;
    return true;
}

static bool compile_text(struct compiler *c, struct reader *reader, str section);

static bool compile_message(struct compiler *c, const struct reader *reader, str tag)
{
    str key = {tag.p + 2, tag.n - 2};
    const struct catalogue *catalogue = &c->pages->catalogues[c->lang];
    const struct message *message = catalogue_find(catalogue, key);
    if (!message) {
        return wrong(c, reader, tag.p, "no such message", tag);
    }
    struct reader inner = {.path = catalogue->path, .text = message->text, .at = message->text.p, .is_message = true};
    return compile_text(c, &inner, STR_NONE);
}

static bool compile_partial(struct compiler *c, const struct reader *reader, str tag)
{
    const struct page *partial = page_find(c->pages, str_trim((str){tag.p + 1, tag.n - 1}));
    if (!partial) {
        return wrong(c, reader, tag.p, "no such template", tag);
    }
    for (size_t i = 0; i < c->depth; i++) {
        if (c->including[i] == partial) {
            return wrong(c, reader, tag.p, "a template that includes itself", tag);
        }
    }
    if (c->depth == NESTING_MAX) {
        return wrong(c, reader, tag.p, "templates nested too deeply", tag);
    }
    c->including[c->depth++] = partial;
    struct reader inner = {.path = partial->path, .text = partial->source, .at = partial->source.p};
    bool ok = compile_text(c, &inner, STR_NONE);
    c->depth--;
    return ok;
}

static bool compile_section(struct compiler *c, struct reader *reader, str tag)
{
    str name = str_trim((str){tag.p + 1, tag.n - 1});
    if (!is_name(name)) {
        return wrong(c, reader, tag.p, "not a name", tag);
    }
    flush_literal(c);
    size_t start = c->program->count;
    bool line_start = c->line_start;
    emit(c, tag.p[0] == '#' ? OP_SECTION : OP_UNLESS, name);
    if (!compile_text(c, reader, tag)) {
        return false;
    }
    flush_literal(c);
    c->program->ops[start].end = c->program->count;
    c->line_start = c->line_start && line_start; /* it may have been left out */
    return true;
}

static bool compile_asset(struct compiler *c, const struct reader *reader, str tag)
{
    const struct asset *asset = asset_find(c->pages, (str){tag.p + 6, tag.n - 6});
    if (!asset) {
        return wrong(c, reader, tag.p, "no such asset", tag);
    }
    add_literal(c, STR("/assets/"), false);
    add_literal(c, asset->served, true);
    return true;
}

static bool compile_value(struct compiler *c, const struct reader *reader, str tag)
{
    if (!is_name(tag)) {
        return wrong(c, reader, tag.p, reader->is_message ? "a message may hold names only" : "not a name", tag);
    }
    flush_literal(c);
    emit(c, OP_VALUE, tag);
    c->line_start = false;
    return true;
}

/* `section` is the tag that opened what is being read, STR_NONE for a whole text. */
static bool compile_text(struct compiler *c, struct reader *reader, str section)
{
    str tag = STR_NONE;
    bool ok = true;
    while (ok && next_tag(c, reader, &tag, &ok)) {
        char first = tag.n ? tag.p[0] : '\0';
        if (first == '!') {
            continue;
        }
        if (reader->is_message || first == '\0') {
            ok = compile_value(c, reader, tag);
        } else if (first == '#' || first == '^') {
            ok = compile_section(c, reader, tag);
        } else if (first == '>') {
            ok = compile_partial(c, reader, tag);
        } else if (first == '/') {
            str name = str_trim((str){tag.p + 1, tag.n - 1});
            return (section.p && str_eq(name, str_trim((str){section.p + 1, section.n - 1}))) ||
                   wrong(c, reader, tag.p, "closes nothing that is open here", tag);
        } else if (str_starts(tag, STR("t:"))) {
            ok = compile_message(c, reader, tag);
        } else if (str_starts(tag, STR("asset:"))) {
            ok = compile_asset(c, reader, tag);
        } else {
            ok = compile_value(c, reader, tag);
        }
    }
    if (ok && section.p) {
        return wrong(c, reader, section.p, "a section that is not closed", section);
    }
    return ok;
}

bool page_compile(struct pages *pages, struct page *page, enum lang lang, struct fault *fault)
{
    struct compiler compiler = {
        .pages = pages,
        .lang = lang,
        .program = &page->programs[lang],
        .literal = buf_new(pages->arena, 4096),
        .line_start = true,
        .including = {page},
        .depth = 1,
        .fault = fault,
    };
    struct reader reader = {.path = page->path, .text = page->source, .at = page->source.p};
    if (!compile_text(&compiler, &reader, STR_NONE)) {
        return false;
    }
    flush_literal(&compiler);
    return true;
}
