#include "oauth/response.h"

#include "base/buf.h"

struct oauth_error check_response_mode(struct authorize_request *request)
{
    str asked = authorize_param(request, "response_mode");
    request->interaction.response_mode = STR("query");
    if (asked.p && !str_eq(asked, STR("query")) && !str_eq(asked, STR("form_post")))
        return OAUTH_ERROR("invalid_request", "response_mode is not supported");
    if (asked.p)
        request->interaction.response_mode = asked;
    return OAUTH_OK;
}

struct oauth_error check_response_type(struct authorize_request *request)
{
    str asked = authorize_param(request, "response_type");
    if (!asked.p)
        return OAUTH_ERROR("invalid_request", "response_type is missing");
    if (!str_eq(asked, STR("code")))
        return OAUTH_ERROR("unsupported_response_type", "only response_type=code is supported");
    return OAUTH_OK;
}

#define ANSWER_MAX 5

struct answer {
    struct param items[ANSWER_MAX];
    size_t count;
};

static void answer_add(struct answer *answer, const char *name, str value)
{
    if (value.p)
        answer->items[answer->count++] = (struct param){str_of(name), value};
}

static void send_query(struct request *rq, str redirect_uri, const struct answer *answer)
{
    struct buf url = buf_new(rq->arena, redirect_uri.n + 256);
    buf_add(&url, redirect_uri);
    char separator = str_has(redirect_uri, '?') ? '&' : '?';
    for (size_t i = 0; i < answer->count; i++) {
        buf_char(&url, separator);
        buf_add(&url, answer->items[i].name);
        buf_char(&url, '=');
        buf_add_urlencoded(&url, answer->items[i].value);
        separator = '&';
    }
    respond_redirect(rq, buf_str(&url));
}

/* OAuth 2.0 Form Post Response Mode: a page whose form goes to the client by itself, or by its button. */
static void send_form(struct provider *provider, struct request *rq, const struct interaction *interaction,
                      const struct answer *answer)
{
    struct view *view = view_new(rq->arena);
    view_text(view, "post_url", interaction->redirect_uri);
    for (size_t i = 0; i < answer->count; i++) {
        struct view *field = view_item(view, "fields");
        view_text(field, "name", answer->items[i].name);
        view_text(field, "value", answer->items[i].value);
    }
    enum lang lang = lang_of_request(rq, lang_choose(interaction->ui_locales, LANG_KM));
    page_respond(rq, provider->pages, lang, 200, "oauth/form_post", view, interaction->expected_origin);
}

static void send(struct provider *provider, struct request *rq, const struct interaction *interaction,
                 struct answer *answer)
{
    answer_add(answer, "state", interaction->state);
    answer_add(answer, "iss", provider->settings->issuer);
    if (str_eq(interaction->response_mode, STR("form_post")))
        send_form(provider, rq, interaction, answer);
    else
        send_query(rq, interaction->redirect_uri, answer);
}

void response_send_code(struct provider *provider, struct request *rq, const struct interaction *interaction, str code)
{
    struct answer answer = {.count = 0};
    answer_add(&answer, "code", code);
    send(provider, rq, interaction, &answer);
}

void response_send_error(struct provider *provider, struct request *rq, const struct interaction *interaction,
                         struct oauth_error error)
{
    struct answer answer = {.count = 0};
    answer_add(&answer, "error", str_of(error.code));
    answer_add(&answer, "error_description", str_of(error.description));
    send(provider, rq, interaction, &answer);
}

void response_go_on(struct provider *provider, struct request *rq, const char *path,
                    const struct interaction *interaction)
{
    respond_redirect(
        rq, arena_printf(rq->arena, "%.*s%s%.*s", STR_FMT(provider->settings->issuer), path, STR_FMT(interaction->id)));
}
