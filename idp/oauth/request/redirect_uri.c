#include "oauth/request/redirect_uri.h"

#include "oauth/request/request.h"

bool redirect_uri_is_registered(const struct str_list *registered, str uri)
{
    for (size_t i = 0; i < registered->count; i++)
        if (str_eq(registered->items[i], uri))
            return true;
    return false;
}

str redirect_uri_origin(str uri)
{
    str scheme = str_starts(uri, STR("https://")) ? STR("https://") : STR("http://");
    if (!str_starts(uri, scheme))
        return STR_NONE;
    size_t end = scheme.n;
    while (end < uri.n && uri.p[end] != '/' && uri.p[end] != '?')
        end++;
    return (str){uri.p, end};
}

struct oauth_error check_redirect_uri(struct authorize_request *request)
{
    str uri = authorize_param(request, "redirect_uri");
    if (!uri.p)
        return OAUTH_ERROR("invalid_request", "redirect_uri is missing");
    if (!redirect_uri_is_registered(&request->client->redirect_uris, uri))
        return OAUTH_ERROR("invalid_request", "redirect_uri is not registered for this client");
    request->interaction.redirect_uri = uri;
    request->interaction.expected_origin = redirect_uri_origin(uri);
    /* state goes back with every answer, errors included, so it is taken as soon as there is somewhere to send it. One
     * that is too long would make an answer that can't be sent: the error about it goes without. */
    str state = params_get(request->params, "state");
    request->interaction.state = state.n <= STATE_MAX ? state : STR_NONE;
    request->redirect_known = true;
    return OAUTH_OK;
}
