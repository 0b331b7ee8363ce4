#include "base/buf.h"
#include "oauth/claims.h"
#include "oauth/request.h"

/* RFC 6749 section 3.3: printable ASCII without the quote and the backslash, words with single spaces between. */
static bool is_scope_syntax(str scope)
{
    for (size_t i = 0; i < scope.n; i++)
        if (scope.p[i] < 0x20 || scope.p[i] > 0x7e || scope.p[i] == '"' || scope.p[i] == '\\')
            return false;
    return true;
}

/* Scopes that nobody knows are passed over (OpenID Connect Core section 3.1.2.1); one that we know but the client may
 * not use is an error that its developer should see. */
struct oauth_error check_scope(struct authorize_request *request)
{
    str asked = authorize_param(request, "scope"), word;
    if (!is_scope_syntax(asked))
        return OAUTH_ERROR("invalid_scope", "scope has characters that are not allowed");
    struct buf scope = buf_new(request->rq->arena, asked.n + 1);
    while (str_word(&asked, ' ', &word)) {
        if (!client_has_scope(request->client, word)) {
            if (scope_is_known(word))
                return OAUTH_ERROR("invalid_scope", "the client is not registered for one of the scopes");
            continue;
        }
        if (str_list_has(buf_str(&scope), ' ', word))
            continue;
        buf_add_word(&scope, word);
    }
    if (!str_list_has(buf_str(&scope), ' ', STR("openid")))
        return OAUTH_ERROR("invalid_scope", "scope must contain openid");
    request->interaction.scope = buf_str(&scope);
    request->interaction.claims_userinfo = claims_of_scopes(request->rq->arena, buf_str(&scope));
    return OAUTH_OK;
}
