#include "base/buf.h"
#include "base/log.h"
#include "pages/internal.h"
#include "pages/pack.h"

#define PACK_LEVEL 9 /* once, at the start */
#define LANG_COOKIE_LIFE ((int64_t)365 * 24 * 3600)
#define EMBEDDED_CSP "default-src 'none'; script-src 'self'; frame-ancestors *; base-uri 'none'; form-action 'none'"

/* What may be added to form-action: an origin, or the scheme of an app's redirect URI. Anything that could end the
 * directive is left out. */
static bool is_source(str source)
{
    for (size_t i = 0; i < source.n; i++) {
        char c = source.p[i];
        if (c <= ' ' || c >= 0x7f || c == ';' || c == ',' || c == '\'' || c == '*') {
            return false;
        }
    }
    return source.n > 0;
}

static void add_security_headers(struct request *rq, const struct page_policy *policy)
{
    struct buf csp = buf_new(rq->arena, 512);
    if (policy->embedded) {
        response_header(rq, "Content-Security-Policy", STR(EMBEDDED_CSP));
        return;
    }
    buf_add(&csp, STR("default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'self'; "
                      "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"));
    if (is_source(policy->form_action))
        buf_printf(&csp, " %.*s", STR_FMT(policy->form_action));
    for (size_t i = 0; i < policy->frame_count; i++)
        if (is_source(policy->frames[i]))
            buf_printf(&csp, "%s %.*s", i == 0 ? "; frame-src" : "", STR_FMT(policy->frames[i]));
    if (policy->app || policy->calls)
        buf_add(&csp, STR("; connect-src 'self'"));
    if (policy->app)
        buf_add(&csp, STR("; worker-src 'self'; manifest-src 'self'"));
    response_header(rq, "Content-Security-Policy", buf_str(&csp));
    response_header(rq, "X-Frame-Options", STR("DENY"));
    response_header(rq, "Cross-Origin-Opener-Policy", STR("same-origin"));
}

static void add_lang(struct view *view, enum lang lang)
{
    view_text(view, "lang", str_of(lang_code(lang)));
    view_flag(view, "lang_km", lang == LANG_KM);
    view_flag(view, "lang_en", lang == LANG_EN);
}

/* The names that every page knows, around the page's own. */
static struct view *common_view(struct request *rq, const struct pages *pages, enum lang lang, const struct view *view)
{
    struct view *common = view_new(rq->arena);
    common->outside = pages->defaults;
    const struct value *self = view_find(view, name_hash(STR("self")), STR("self"));
    str here = value_is_set(self) && self->kind == VALUE_TEXT ? self->text : rq->path;
    add_lang(common, lang);
    view_text(common, "self", here);
    view_text(common, "post_to", here);
    view_text(common, "request_id", str_of(rq->id));
    view_flag(common, "error", view_has_flag(view, STR("error_")));
    return common;
}

/* A language that was chosen by the switch holds for the pages that no interaction fixes. */
static void remember_lang(struct request *rq)
{
    str chosen = params_get(&rq->query, "lang");
    for (enum lang lang = 0; lang < LANGS; lang++) {
        if (str_is(chosen, lang_code(lang))) {
            response_cookie(rq, "lang", str_of(lang_code(lang)), LANG_COOKIE_LIFE);
        }
    }
}

void respond_packed(struct request *rq, int status, const char *type, str body, str packed)
{
    if (packed.p)
        response_header(rq, "Vary", STR("Accept-Encoding"));
    bool accepted = packed.p && pack_is_accepted(request_header(rq, "Accept-Encoding"));
    if (accepted)
        response_header(rq, "Content-Encoding", STR("gzip"));
    respond(rq, status, type, accepted ? packed : body);
}

void page_respond(struct request *rq, const struct pages *pages, enum lang lang, int status, const char *name,
                  struct view *view, str form_action)
{
    page_respond_under(rq, pages, lang, status, name, view, &(struct page_policy){.form_action = form_action});
}

void page_respond_under(struct request *rq, const struct pages *pages, enum lang lang, int status, const char *name,
                        struct view *view, const struct page_policy *policy)
{
    view->outside = common_view(rq, pages, lang, view);
    str html = page_render(rq->arena, pages, lang, name, view);
    if (!html.p) {
        log_error("page.missing name=%s", name);
        respond(rq, 500, "text/plain; charset=utf-8", STR("Internal error\n"));
        return;
    }
    add_security_headers(rq, policy);
    remember_lang(rq);
    respond(rq, status, "text/html; charset=utf-8", html);
}

struct page_ready page_prepare(struct arena *arena, const struct pages *pages, enum lang lang, const char *name)
{
    struct view *view = view_new(arena);
    view->outside = pages->defaults;
    add_lang(view, lang);
    struct page_ready page = {.html = page_render(arena, pages, lang, name, view)};
    page.packed = pack_gzip(arena, page.html, PACK_LEVEL);
    return page;
}

void page_respond_ready(struct request *rq, const struct page_ready *page, const struct page_policy *policy)
{
    add_security_headers(rq, policy);
    remember_lang(rq);
    respond_packed(rq, 200, "text/html; charset=utf-8", page->html, page->packed);
}

void page_problem(struct request *rq, const struct pages *pages, enum lang lang, int status)
{
    static const int known[] = {400, 403, 404, 405, 408, 413, 414, 429, 431, 500, 503};
    int shown = status >= 500 ? 500 : 400;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (known[i] == status) {
            shown = status;
        }
    }
    struct view *view = view_new(rq->arena);
    str title = arena_printf(rq->arena, "problem.%d.title", shown);
    str text = arena_printf(rq->arena, "problem.%d.text", shown);
    view_text(view, "problem_title", pages_message(pages, lang, title.p));
    view_text(view, "problem_text", pages_message(pages, lang, text.p));
    view_int(view, "problem_status", status);
    view_flag(view, "problem_ours", shown >= 500);
    view_text(view, "self", STR("/")); /* what was asked for may not answer a GET */
    page_respond(rq, pages, lang, status, "problem", view, STR_NONE);
}

str page_initial(str name)
{
    static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (!name.n) {
        return STR("");
    }
    unsigned char c = (unsigned char)name.p[0];
    if (c >= 'a' && c <= 'z') {
        return (str){capitals + (c - 'a'), 1};
    }
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return (str){name.p, n < name.n ? n : name.n};
}
