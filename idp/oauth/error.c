#include "oauth/error.h"

#include "base/buf.h"

void oauth_respond_error(struct request *rq, struct oauth_error error)
{
    struct buf json = buf_new(rq->arena, 160);
    buf_char(&json, '{');
    buf_json_str(&json, "error", str_of(error.code));
    buf_json_str(&json, "error_description", str_of(error.description));
    buf_char(&json, '}');
    if (error.status == 401)
        response_header(rq, "WWW-Authenticate", STR("Basic realm=\"konsao\", charset=\"UTF-8\""));
    if (error.status == 503 || error.status == 429)
        response_header(rq, "Retry-After", STR("5"));
    respond_json(rq, error.status ? error.status : 400, buf_str(&json));
}

void oauth_error_page(struct provider *provider, struct request *rq, int status, struct oauth_error error)
{
    enum lang lang = lang_of_request(rq, lang_choose(params_get(&rq->query, "ui_locales"), LANG_KM));
    struct view *view = view_new(rq->arena);
    str key = arena_printf(rq->arena, "oauth_error.%s", error.code);
    view_text(view, "explanation", pages_message_or_none(provider->pages, lang, key.p));
    view_text(view, "oauth_error", str_of(error.code));
    view_text(view, "oauth_description", str_of(error.description));
    page_respond(rq, provider->pages, lang, status, "oauth/error", view, STR_NONE);
}

void oauth_over_page(struct provider *provider, struct request *rq, int status, const struct client *client)
{
    enum lang lang = lang_of_request(rq, LANG_KM);
    struct view *view = view_new(rq->arena);
    if (client) {
        view_text(view, "client_name", client->name[lang]);
        view_text(view, "client_uri", client->uri);
    }
    page_respond(rq, provider->pages, lang, status, "signin/expired", view, STR_NONE);
}
