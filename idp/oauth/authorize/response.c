#include "oauth/authorize/response.h"

#include "base/buf.h"
#include "oauth/authorize/jarm.h"

#define ANSWER_MAX 8

struct answer {
    struct param items[ANSWER_MAX];
    size_t count;
};

static void answer_add(struct answer *answer, const char *name, str value)
{
    if (value.p)
        answer->items[answer->count++] = (struct param){str_of(name), value};
}

/* application/x-www-form-urlencoded after '?' or '#'. Registered redirect URIs have no fragment. */
static void send_url(struct request *rq, str redirect_uri, char separator, const struct answer *answer)
{
    struct buf url = buf_new(rq->arena, redirect_uri.n + 256);
    buf_add(&url, redirect_uri);
    if (separator == '?' && str_has(redirect_uri, '?'))
        separator = '&';
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

/* Puts all of the answer into `response`. False, with a page for the person instead, when that can't be made: what was
 * to be signed or encrypted never goes out bare. */
static bool wrap(struct provider *provider, struct request *rq, const struct interaction *interaction,
                 struct answer *answer)
{
    str response;
    const struct client *client = client_find(provider->clients, rq->arena, interaction->client_id);
    if (!client) {
        oauth_error_page(provider, rq, 400, OAUTH_ERROR("invalid_client", "the client is not registered any more"));
        return false;
    }
    if (!jarm_make(provider, rq, client, answer->items, answer->count, &response)) {
        oauth_error_page(provider, rq, 400, NESTED_NO_KEY);
        return false;
    }
    *answer = (struct answer){.items = {{STR("response"), response}}, .count = 1};
    return true;
}

static void send(struct provider *provider, struct request *rq, const struct interaction *interaction,
                 struct answer *answer)
{
    str mode = interaction->response_mode;
    answer_add(answer, "state", interaction->state);
    if (!jarm_is_mode(mode))
        answer_add(answer, "iss", provider->settings->issuer);
    else if (!wrap(provider, rq, interaction, answer))
        return;
    if (str_starts(mode, STR("form_post")))
        send_form(provider, rq, interaction, answer);
    else
        send_url(rq, interaction->redirect_uri, str_starts(mode, STR("fragment")) ? '#' : '?', answer);
}

void response_send(struct provider *provider, struct request *rq, const struct interaction *interaction,
                   const struct issued *issued)
{
    struct answer answer = {.count = 0};
    answer_add(&answer, "code", issued->code);
    answer_add(&answer, "id_token", issued->id_token);
    if (issued->access_token.p) { /* RFC 6749 section 4.2.2 */
        answer_add(&answer, "access_token", issued->access_token);
        answer_add(&answer, "token_type", STR("Bearer"));
        answer_add(&answer, "expires_in", arena_printf(rq->arena, "%lld", (long long)issued->expires_in));
    }
    answer_add(&answer, "session_state", issued->session_state);
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
