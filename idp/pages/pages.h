/* What a browser gets: templates with a message catalogue, loaded and checked once at start, rendered per request.
 *
 * The templates are logic-less (a subset of Mustache) and escape by default; there is no way to say "raw":
 *   {{name}} a text, HTML-escaped   {{#name}}…{{/name}} once if set, once per item if a list   {{^name}}…{{/name}} if
 * not set
 *   {{asset:style.css}} the address of a file in assets/   {{! a remark }}
 *   {{>name}} another template      {{t:key}} a message in the page's language; messages may hold {{name}} too
 * Names that every page knows (lang, self, post_to, request_id, …) and each page's own are listed in
 * templates/README.md. An unknown message key, a partial that is missing or includes itself, or an unclosed section
 * stops the start, with file and line. */
#ifndef KONSAO_PAGES_PAGES_H
#define KONSAO_PAGES_PAGES_H

#include "http/http.h"

enum lang { LANG_KM, LANG_EN, LANGS }; /* Khmer first */

/** "km", "en". */
const char *lang_code(enum lang lang);
/** The first language of a space-separated BCP 47 list (ui_locales) that we have ("en-GB" is en); `fallback` when none
 * is. */
enum lang lang_choose(str locales, enum lang fallback);
/** The language of a page that no interaction fixes: `lang` parameter, else the cookie, else `fallback`. */
enum lang lang_of_request(const struct request *rq, enum lang fallback);

struct pages;

/** Loads every *.html below `folder` and `folder`/locales/{km,en}.json, and the files below `folder`/assets to serve.
 * Names have no ending: "signin/kidc". */
struct pages *pages_load(const char *folder, char *error, size_t error_size);
void pages_free(struct pages *pages);
/** A text that every view has unless it says otherwise (issuer, support_phone, support_url). Copied. Before the first
 * request only: not thread-safe. */
void pages_default(struct pages *pages, const char *name, str value);

/** What a template may show: names to texts, flags and lists. Lives in its arena; texts are not copied. */
struct view;
struct view *view_new(struct arena *arena);
void view_text(struct view *view, const char *name, str value);
void view_int(struct view *view, const char *name, int64_t value);
void view_flag(struct view *view, const char *name, bool value);
/** Appends an item to the list `name` and returns it; inside the item, names not found are looked up outside. */
struct view *view_item(struct view *view, const char *name);
/** A section that is entered once, with names of its own. */
struct view *view_child(struct view *view, const char *name);

/** A message by key (dots inside: "error.frozen"), as plain text. */
str pages_message(const struct pages *pages, enum lang lang, const char *key);
/** As pages_message for a key that may not exist (an unknown claim's name): STR_NONE then. */
str pages_message_or_none(const struct pages *pages, enum lang lang, const char *key);

/** The monogram of a name: its first letter, upper case; empty for an empty name. A view into `name` or a literal. */
str page_initial(str name);

/** Renders `name` and answers with it: text/html, strict Content-Security-Policy, no-store, no framing. `form_action`
 * (may be STR_NONE) is one more origin that forms on the page may end at (the relying party's: browsers apply
 * form-action to the redirect after a form too). */
void page_respond(struct request *rq, const struct pages *pages, enum lang lang, int status, const char *name,
                  struct view *view, str form_action);
/** What a page may do beyond the ordinary (Content Security Policy). */
struct page_policy {
    str form_action;   /* an origin that its forms may go to besides ours; STR_NONE */
    const str *frames; /* origins that it may show in frames */
    size_t frame_count;
    bool calls;    /* its script calls us */
    bool embedded; /* a script without a face, for frames of other sites: nothing to press, to see or to send */
    bool app;      /* it calls us, is installed, and has a service worker */
};
/** The same with more said. */
void page_respond_under(struct request *rq, const struct pages *pages, enum lang lang, int status, const char *name,
                        struct view *view, const struct page_policy *policy);
/** A page that is the same for everybody: it knows its language and pages_default's names, and nothing else. */
struct page_ready {
    str html, packed; /* packed by gzip; STR_NONE when that is not shorter */
};
/** Renders and packs it, once. It lives in `arena`; `name` must exist. */
struct page_ready page_prepare(struct arena *arena, const struct pages *pages, enum lang lang, const char *name);
/** Answers with it. */
void page_respond_ready(struct request *rq, const struct page_ready *page, const struct page_policy *policy);
/** Answers with the page "problem" for an HTTP status (400, 403, 404, 405, 408, 413, 414, 429, 431, 500, 503; any other
 * is shown as the nearest of its class). */
void page_problem(struct request *rq, const struct pages *pages, enum lang lang, int status);
/** The path of a file below assets/ ("/assets/style.0123456789abcdef.css"); STR_NONE when there is none called `name`. */
str page_asset_path(struct arena *arena, const struct pages *pages, const char *name);
/** Its content; STR_NONE likewise. */
str page_asset_body(const struct pages *pages, const char *name);
/** A text that differs when any template, message or asset does. */
str pages_version(struct arena *arena, const struct pages *pages);
/** Serves one of the files below assets/ (route: /assets/ and one segment), with a long cache life under a name that
 * holds a content hash ({{asset:style.css}} in templates gives it). */
void page_asset(struct request *rq, const struct pages *pages);

#endif
