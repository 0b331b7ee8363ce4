#include "signin/authenticator/app.h"

#include "base/buf.h"
#include "crypto/primitives.h"
#include "provider.h"

/* What the app is made of, besides its page. The service worker keeps them all. */
static const char *const files[] = {
    "style.css",           "app.css",          "app_store.js",        "app_api.js",
    "app_passkey.js",      "app_statement.js", "app_view.js",         "app_enrol.js",
    "app_request.js",      "app_scan.js",      "app_lists.js",        "app_news.js",
    "app_main.js",         "qr_read.js",       "qr_decode.js",        "mark.svg",
    "kbach.svg",           "icon-192.png",     "khmer-regular.woff2", "khmer-bold.woff2",
    "latin-regular.woff2", "latin-bold.woff2",
};

void app_show(struct request *rq, void *context)
{
    const struct provider *provider = context;
    page_respond_ready(rq, &provider->app[lang_of_request(rq, LANG_KM)], &(struct page_policy){.app = true});
}

/* Of everything that is in what the worker keeps: browsers fetch all of it anew when the worker's text differs. */
static str version(const struct provider *provider, struct arena *arena)
{
    const struct settings *s = provider->settings;
    str pages = pages_version(arena, provider->pages);
    return sha256_key(arena, arena_printf(arena, "%.*s %.*s %.*s %.*s", STR_FMT(pages), STR_FMT(s->issuer),
                                          STR_FMT(s->support_phone), STR_FMT(s->support_url)));
}

void app_worker(struct request *rq, void *context)
{
    const struct provider *provider = context;
    struct buf script = buf_new(rq->arena, 8192);
    str hash = version(provider, rq->arena);
    buf_add(&script, STR("'use strict';\nconst version = "));
    buf_add_json(&script, base64url_encode(rq->arena, hash));
    buf_add(&script, STR(";\nconst files = ["));
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        buf_add(&script, i > 0 ? STR(", ") : STR(""));
        buf_add_json(&script, page_asset_path(rq->arena, provider->pages, files[i]));
    }
    buf_add(&script, STR("];\n"));
    buf_add(&script, page_asset_body(provider->pages, "app_worker.js"));
    response_header(rq, "Service-Worker-Allowed", STR("/app"));
    response_header(rq, "Cache-Control", STR("no-cache"));
    response_header(rq, "Content-Security-Policy", STR("default-src 'none'; connect-src 'self'"));
    respond(rq, 200, "text/javascript; charset=utf-8", buf_str(&script));
}

static void add_icon(struct buf *json, struct arena *arena, const struct pages *pages, const char *file,
                     const char *type, const char *size, const char *purpose)
{
    buf_add(json, json->n > 0 ? STR(",{") : STR("{"));
    buf_json_str(json, "src", page_asset_path(arena, pages, file));
    buf_json_str(json, "type", str_of(type));
    buf_json_str(json, "sizes", str_of(size));
    buf_json_str(json, "purpose", str_of(purpose));
    buf_add(json, STR("}"));
}

static str icons(struct arena *arena, const struct pages *pages)
{
    struct buf json = buf_new(arena, 1024);
    add_icon(&json, arena, pages, "icon-192.png", "image/png", "192x192", "any");
    add_icon(&json, arena, pages, "icon-512.png", "image/png", "512x512", "any");
    add_icon(&json, arena, pages, "icon-maskable-512.png", "image/png", "512x512", "maskable");
    add_icon(&json, arena, pages, "mark.svg", "image/svg+xml", "any", "any");
    return arena_printf(arena, "[%.*s]", STR_FMT(buf_str(&json)));
}

void app_manifest(struct request *rq, void *context)
{
    const struct provider *provider = context;
    const struct pages *pages = provider->pages;
    enum lang lang = lang_of_request(rq, LANG_KM);
    struct buf json = buf_new(rq->arena, 2048);
    buf_add(&json, STR("{"));
    buf_json_str(&json, "name", pages_message(pages, lang, "app.name"));
    buf_json_str(&json, "short_name", pages_message(pages, lang, "app.short_name"));
    buf_json_str(&json, "description", pages_message(pages, lang, "app.description"));
    buf_json_str(&json, "lang", str_of(lang_code(lang)));
    buf_json_str(&json, "id", STR("/app"));
    buf_json_str(&json, "start_url", STR("/app"));
    buf_json_str(&json, "scope", STR("/app"));
    buf_json_str(&json, "display", STR("standalone"));
    buf_json_str(&json, "background_color", STR("#f3f1ea"));
    buf_json_str(&json, "theme_color", STR("#0e2156"));
    buf_json_raw(&json, "icons", icons(rq->arena, pages));
    buf_add(&json, STR("}"));
    response_header(rq, "Cache-Control", STR("no-cache"));
    respond(rq, 200, "application/manifest+json", buf_str(&json));
}

static void not_there(struct request *rq)
{
    respond_json(rq, 404, STR("{\"error\":\"not_found\",\"error_description\":\"there is no native authenticator\"}"));
}

void app_links_android(struct request *rq, void *context)
{
    const struct provider *provider = context;
    str fingerprints = provider->settings->app_android, package;
    if (!str_word(&fingerprints, ' ', &package)) {
        not_there(rq);
        return;
    }
    struct buf json = buf_new(rq->arena, 512);
    buf_add(&json, STR("[{\"relation\":[\"delegate_permission/common.handle_all_urls\","
                       "\"delegate_permission/common.get_login_creds\"],\"target\":{"));
    buf_json_str(&json, "namespace", STR("android_app"));
    buf_json_str(&json, "package_name", package);
    buf_json_words(&json, "sha256_cert_fingerprints", fingerprints, ' ');
    buf_add(&json, STR("}}]"));
    respond_json(rq, 200, buf_str(&json));
}

void app_links_ios(struct request *rq, void *context)
{
    const struct provider *provider = context;
    str ids = provider->settings->app_ios;
    if (ids.n == 0) {
        not_there(rq);
        return;
    }
    struct buf json = buf_new(rq->arena, 512);
    buf_add(&json, STR("{\"applinks\":{\"details\":[{"));
    buf_json_words(&json, "appIDs", ids, ' ');
    buf_add(&json, STR(",\"components\":[{\"/\":\"/q/*\"},{\"/\":\"/app\"}]}]},\"webcredentials\":{"));
    buf_json_words(&json, "apps", ids, ' ');
    buf_add(&json, STR("}}"));
    respond_json(rq, 200, buf_str(&json));
}
