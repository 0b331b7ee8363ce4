/* The pages for people, Khmer and English side by side. They are made from the same JSON that tests read. */
#include "server.h"

#include "crypto/json.h"

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--paper:#f6f7f9;--card:#fff;--line:#dde2e8;"
    "--accent:#1f4e8c;--warn:#9a3412}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e7ebf0;--soft:#a3aebb;--paper:#12161c;--card:#1a2028;"
    "--line:#2c3541;--accent:#8fb8ef;--warn:#f3a27a}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);line-height:1.65;"
    "font-family:'Noto Sans Khmer','Khmer OS Siemreap','Khmer UI',system-ui,sans-serif}"
    "header{background:var(--card);border-bottom:1px solid var(--line)}"
    "header div,main{max-width:68rem;margin:0 auto;padding:1rem}"
    "header strong{display:block;font-size:1.1rem}nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}"
    "a{color:var(--accent)}h1{font-size:1.35rem;margin:.5rem 0}p{max-width:44rem}.en,.soft{color:var(--soft)}"
    ".note{border-left:4px solid var(--warn);padding:.25rem 0 .25rem 1rem}"
    "ul{list-style:none;margin:1rem 0;padding:0;display:grid;gap:.6rem}"
    "li{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.7rem 1rem;display:flex;"
    "flex-wrap:wrap;gap:.15rem 1.5rem;align-items:baseline}"
    "li b{min-width:15rem}code{font:600 1.05rem ui-monospace,monospace}.code{font-size:1.6rem;letter-spacing:.15em}"
    ".bar{color:var(--warn);font-weight:600}";

void serve_style(struct request *rq, void *context)
{
    (void)context;
    response_header(rq, "Cache-Control", STR("max-age=300"));
    respond(rq, 200, "text/css; charset=utf-8", str_of(style));
}

static void add_escaped(struct buf *out, str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
            buf_printf(out, "&#%d;", c);
        else
            buf_char(out, c);
    }
}

static struct buf page_open(struct request *rq, const char *title_km, const char *title_en, bool refresh)
{
    struct buf out = buf_new(rq->arena, 8192);
    buf_printf(
        &out,
        "<!doctype html><html lang=\"km\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">%s<title>%s · %s</title>"
        "<link rel=\"stylesheet\" href=\"/style.css\"><link rel=\"icon\" href=\"data:,\"></head><body><header><div>"
        "<strong>បញ្ជីយោង IPIS <span class=\"en\" lang=\"en\">Reference register</span></strong><nav>"
        "<a href=\"/\">ទំព័រដើម <span lang=\"en\">Home</span></a>"
        "<a href=\"/outbox\">សារដែលបានផ្ញើ <span lang=\"en\">Outbox</span></a>"
        "<a href=\"/residents\">និវាសនជន <span lang=\"en\">Residents</span></a></nav></div></header><main>"
        "<h1>%s <span class=\"en\" lang=\"en\">%s</span></h1>",
        refresh ? "<meta http-equiv=\"refresh\" content=\"3\">" : "", title_km, title_en, title_km, title_en);
    return out;
}

static void page_close(struct request *rq, int status, struct buf *out)
{
    buf_add(out, STR("</main></body></html>"));
    response_header(rq, "Content-Security-Policy",
                    STR("default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'"));
    respond(rq, status, "text/html; charset=utf-8", buf_str(out));
}

static bool wants_json(struct request *rq)
{
    str accept = request_header(rq, "Accept"), one;
    while (str_word(&accept, ',', &one)) {
        str type, rest;
        str_cut(one, ';', &type, &rest);
        if (str_eq_nocase(str_trim(type), STR("application/json")))
            return true;
        if (str_eq_nocase(str_trim(type), STR("text/html")))
            return false;
    }
    return false;
}

void serve_home(struct request *rq, void *context)
{
    (void)context;
    struct buf out = page_open(rq, "បញ្ជីយោងសម្រាប់សាកល្បង", "A register to try things with", false);
    buf_add(
        &out,
        STR("<p>កម្មវិធីនេះដើរតួជាប្រព័ន្ធគ្រប់គ្រងអត្តសញ្ញាណប្រជាជន (IPIS) សម្រាប់ការសាកល្បង។ "
            "វាផ្ញើលេខកូដប្រើតែម្ដង ពិនិត្យលេខកូដ និងផ្ដល់ព័ត៌មានដែលម្ចាស់បានយល់ព្រម។</p>"
            "<p class=\"en\" lang=\"en\">This program stands in for the population register (IPIS). It sends one-time "
            "codes, checks them, and gives out the attributes that their owner has consented to.</p>"
            "<p class=\"note\">ឈ្មោះ និងលេខទាំងអស់នៅទីនេះជារឿងប្រឌិត។<br>"
            "<span lang=\"en\">Everyone in it is fictitious. It must never hold a real person.</span></p>"
            "<ul><li><b><a href=\"/outbox\">សារដែលបានផ្ញើ <span lang=\"en\">Outbox</span></a></b>"
            "<span>លេខកូដដែលនឹងទៅដល់ទូរសព្ទ <span class=\"en\" lang=\"en\">The codes that a phone would get</span>"
            "</span></li><li><b><a href=\"/residents\">និវាសនជន <span lang=\"en\">Residents</span></a></b>"
            "<span>លេខសម្គាល់សម្រាប់ចូលសាកល្បង <span class=\"en\" lang=\"en\">Numbers to sign in with</span></span>"
            "</li></ul>"));
    page_close(rq, 200, &out);
}

static void add_member(struct buf *out, const char *before, const json_t *object, const char *name, const char *after)
{
    buf_add(out, str_of(before));
    add_escaped(out, json_str(object, name));
    buf_add(out, str_of(after));
}

static void release_json(json_t **json)
{
    json_decref(*json);
}

void serve_outbox(struct request *rq, void *context)
{
    struct server *server = context;
    str json = reg_outbox_json(server->reg, rq->arena, params_nonempty(&rq->query, "kidc"));
    response_header(rq, "Vary", STR("Accept"));
    if (wants_json(rq)) {
        respond_json(rq, 200, json);
        return;
    }
    size_t i;
    json_t *message;
    CLEANUP(release_json) json_t *list = json_loadb(json.p, json.n, 0, NULL);
    struct buf out = page_open(rq, "សារដែលបានផ្ញើ", "Outbox", true);
    if (json_array_size(list) == 0)
        buf_add(&out, STR("<p>មិនទាន់មានសារទេ។ ទំព័រនេះផ្ទុកឡើងវិញដោយខ្លួនឯង។<br><span class=\"en\" lang=\"en\">"
                          "No message yet. This page reloads by itself.</span></p>"));
    buf_add(&out, STR("<ul>"));
    json_array_foreach(list, i, message)
    {
        if (i == 50)
            break;
        add_member(&out, "<li><code class=\"code\">", message, "code", "</code>");
        add_member(&out, "<code>", message, "kidc", "</code>");
        add_member(&out, "<span>", message, "contact", "</span>");
        add_member(&out, "<time class=\"soft\">", message, "sentAt", "</time></li>");
    }
    buf_add(&out, STR("</ul>"));
    page_close(rq, 200, &out);
}

static void add_status(struct buf *out, str status)
{
    static const struct {
        const char *status, *km, *en;
    } texts[] = {
        {"SUSPENDED", "បានផ្អាក", "suspended"},
        {"DECEASED_FLAGGED", "មានរាយការណ៍មរណភាព", "death reported"},
        {"CLOSED", "បានបិទ", "closed"},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (str_is(status, texts[i].status))
            buf_printf(out, "<span class=\"bar\">%s <span lang=\"en\">%s</span></span>", texts[i].km, texts[i].en);
}

static void add_resident(struct buf *out, const json_t *resident)
{
    add_member(out, "<li><code>", resident, "kidc", "</code>");
    add_member(out, "<b>", resident, "familyNameKh", " ");
    add_member(out, "", resident, "givenNameKh", " <span class=\"en\" lang=\"en\">");
    add_member(out, "", resident, "familyNameEn", " ");
    add_member(out, "", resident, "givenNameEn", "</span></b>");
    add_member(out, "<span>", resident, "dateOfBirth", "</span>");
    if (json_str(resident, "phone").p)
        add_member(out, "<span>", resident, "phone", "</span>");
    else
        buf_add(out, STR("<span class=\"bar\">គ្មានទូរសព្ទ <span lang=\"en\">no phone</span></span>"));
    add_status(out, json_str(resident, "status"));
    if (json_is_true(json_object_get(resident, "minor")))
        buf_add(out, STR("<span class=\"bar\">អនីតិជន <span lang=\"en\">minor</span></span>"));
    if (json_is_true(json_object_get(resident, "frozen")))
        buf_add(out, STR("<span class=\"bar\">ជាប់បង្កក <span lang=\"en\">frozen</span></span>"));
    buf_add(out, STR("</li>"));
}

void serve_residents(struct request *rq, void *context)
{
    struct server *server = context;
    str json = reg_residents_json(server->reg, rq->arena);
    response_header(rq, "Vary", STR("Accept"));
    if (wants_json(rq)) {
        respond_json(rq, 200, json);
        return;
    }
    size_t i;
    json_t *resident;
    CLEANUP(release_json) json_t *list = json_loadb(json.p, json.n, 0, NULL);
    struct buf out = page_open(rq, "និវាសនជន", "Residents", false);
    buf_add(&out, STR("<p>មនុស្សប្រឌិតទាំងអស់។ <span class=\"en\" lang=\"en\">All of them fictitious.</span></p><ul>"));
    json_array_foreach(list, i, resident)
    {
        add_resident(&out, resident);
    }
    buf_add(&out, STR("</ul>"));
    page_close(rq, 200, &out);
}

void serve_problem(struct request *rq, void *context, int status, const char *detail)
{
    (void)context;
    if (str_starts(rq->path, STR("/r1/")))
        respond_xroad_error(rq, status, status == 404 ? "Server.ServerProxy.UnknownService" : "Client.BadRequest",
                            detail);
    else
        respond_verdict(rq, (struct verdict){status, status == 404 ? "NOT_FOUND" : "BAD_REQUEST", detail, -1, 0});
}
