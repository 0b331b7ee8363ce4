/* What the authorization response holds, and how it travels (OAuth 2.0 Multiple Response Type Encoding Practices, Form
 * Post Response Mode, JARM section 2.3). */
#include "oauth/authorize/jarm.h"
#include "oauth/authorize/response.h"

/* Whether something other than a code would come through the browser: not to be in a query, where it would end up in
 * logs and Referer headers. True for types that we refuse, too: their errors go the same way (section 2.1). */
static bool is_by_front(const struct authorize_request *request)
{
    str type = authorize_param(request, "response_type");
    return str_list_has(type, ' ', STR("id_token")) || str_list_has(type, ' ', STR("token"));
}

/* The mode by its full name: "jwt" alone is the default of the response type (JARM section 2.3.4). STR_NONE when it is
 * none that we know. */
static str mode_of(str asked, bool by_front)
{
    static const str known[] = {STR_INIT("query"),     STR_INIT("fragment"),     STR_INIT("form_post"),
                                STR_INIT("query.jwt"), STR_INIT("fragment.jwt"), STR_INIT("form_post.jwt")};
    if (str_eq(asked, STR("jwt")))
        return by_front ? STR("fragment.jwt") : STR("query.jwt");
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_eq(asked, known[i]))
            return known[i];
    return STR_NONE;
}

struct oauth_error check_response_mode(struct authorize_request *request)
{
    const struct client *client = request->client;
    bool by_front = is_by_front(request);
    str asked = authorize_param(request, "response_mode"), mode = mode_of(asked, by_front);
    /* The default carries the errors about the mode itself, too. */
    request->interaction.response_mode = mode_of(client->require_signed_response ? STR("jwt")
                                                 : by_front                      ? STR("fragment")
                                                                                 : STR("query"),
                                                 by_front);
    if (asked.p && !mode.p)
        return OAUTH_ERROR("invalid_request", "response_mode is not supported");
    if (by_front && str_eq(mode, STR("query")))
        return OAUTH_ERROR("invalid_request", "response_mode=query is not for tokens");
    if (by_front && str_eq(mode, STR("query.jwt")) && client->authorization_encryption.alg == ALG_NONE_GIVEN)
        return OAUTH_ERROR("invalid_request", "response_mode=query.jwt is not for tokens unless it is encrypted");
    if (client->require_signed_response && !jarm_is_mode(mode))
        return OAUTH_ERROR("invalid_request", "the client is registered for signed responses: response_mode=jwt");
    if (mode.p)
        request->interaction.response_mode = mode;
    return OAUTH_OK;
}

struct oauth_error check_response_type(struct authorize_request *request)
{
    str asked = authorize_param(request, "response_type");
    unsigned type = response_type_of(asked);
    if (!asked.p)
        return OAUTH_ERROR("invalid_request", "response_type is missing");
    if (!type)
        return OAUTH_ERROR("unsupported_response_type",
                           "response_type is code, id_token, or several of code, id_token and token");
    if (!(request->client->response_types & RESPONSE_TYPE_BIT(type)))
        return OAUTH_ERROR("unauthorized_client", "the client is not registered for this response_type");
    request->interaction.response_type = type;
    if (type == RESPONSE_CODE)
        return OAUTH_OK;
    if (!str_list_has(authorize_param(request, "scope"), ' ', STR("openid")))
        return OAUTH_ERROR("invalid_scope", "a token through the browser needs scope openid");
    if ((type & RESPONSE_ID_TOKEN) && !request->interaction.nonce.p) /* OpenID Connect Core section 3.2.2.1, 3.3.2.1 */
        return OAUTH_ERROR("invalid_request", "nonce is missing: an ID token through the browser needs one");
    return OAUTH_OK;
}
