/* What the request says about the person and the way of signing in: prompt, max_age, acr_values, hints (OpenID Connect
 * Core section 3.1.2.1). */
#include "crypto/primitives.h"
#include "oauth/request/request.h"

#define MAX_AGE_MAX 315360000 /* ten years: more means the same */
#define PROMPT_MAX 64
#define HINT_MAX 256

struct oauth_error check_prompt(struct authorize_request *request)
{
    str prompt = authorize_param(request, "prompt"), list = prompt, word;
    if (prompt.n > PROMPT_MAX)
        return OAUTH_ERROR("invalid_request", "prompt is too long");
    while (str_word(&list, ' ', &word))
        if (!str_list_has(STR("none login consent select_account create"), ' ', word))
            return OAUTH_ERROR("invalid_request", "prompt has a value that is not supported");
    if (str_list_has(prompt, ' ', STR("none")) && !str_eq(prompt, STR("none")))
        return OAUTH_ERROR("invalid_request", "prompt=none stands alone");
    request->interaction.prompt = prompt;
    return OAUTH_OK;
}

struct oauth_error check_max_age(struct authorize_request *request)
{
    str text = authorize_param(request, "max_age");
    uint64_t seconds = 0;
    if (text.p && !str_to_u64(text, MAX_AGE_MAX, &seconds))
        return OAUTH_ERROR("invalid_request", "max_age must be a number of seconds");
    request->interaction.max_age = text.p ? (int64_t)seconds : request->client->default_max_age;
    return OAUTH_OK;
}

struct oauth_error check_acr_values(struct authorize_request *request)
{
    str values = authorize_param(request, "acr_values");
    if (values.n > HINT_MAX || !str_is_printable(values))
        return OAUTH_ERROR("invalid_request", "acr_values is too long or not well-formed");
    request->interaction.acr_values = values.p ? values : request->client->default_acr_values;
    return OAUTH_OK;
}

/* A KIdC given as login_hint is filled in on the page; like every KIdC it is kept sealed only. Other hints say nothing
 * to us. */
static void take_login_hint(struct authorize_request *request, str hint)
{
    struct kidc kidc;
    if (kidc_parse(hint, &kidc))
        interaction_seal_kidc(request->rq->arena, authorize_browser_secret(request), &request->interaction, &kidc);
}

struct oauth_error check_hints(struct authorize_request *request)
{
    str login_hint = authorize_param(request, "login_hint");
    str ui_locales = authorize_param(request, "ui_locales");
    if (login_hint.n > HINT_MAX || ui_locales.n > HINT_MAX)
        return OAUTH_ERROR("invalid_request", "login_hint or ui_locales is too long");
    request->interaction.ui_locales = ui_locales;
    if (login_hint.p && request->at == AT_AUTHORIZE) /* sealed under the browser's secret: at /par there is none */
        take_login_hint(request, login_hint);
    return OAUTH_OK;
}
