#include "base/buf.h"
#include "oauth/claims.h"
#include "oauth/request/request.h"

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
static struct oauth_error read_scope(const struct authorize_request *request, str asked, struct buf *scope)
{
    str word;
    while (str_word(&asked, ' ', &word)) {
        if (!client_has_scope(request->client, word)) {
            if (scope_is_known(word))
                return OAUTH_ERROR("invalid_scope", "the client is not registered for one of the scopes");
            continue;
        }
        if (str_list_has(buf_str(scope), ' ', word))
            continue;
        buf_add_word(scope, word);
    }
    return OAUTH_OK;
}

/* Without openid it is a request of plain OAuth: there will be no ID token and no userinfo, so nothing is asked of the
 * person for them. */
static void take_plain_oauth(struct interaction *interaction)
{
    interaction->claims_userinfo = interaction->nonce = STR_NONE;
}

struct oauth_error check_scope(struct authorize_request *request)
{
    struct interaction *interaction = &request->interaction;
    str asked = authorize_param(request, "scope");
    if (!is_scope_syntax(asked))
        return OAUTH_ERROR("invalid_scope", "scope has characters that are not allowed");
    struct buf scope = buf_new(request->rq->arena, asked.n + 1);
    struct oauth_error error = read_scope(request, asked, &scope);
    if (error.code)
        return error;
    if (scope.n == 0 && !authorize_param(request, "authorization_details").p)
        return OAUTH_ERROR("invalid_scope", "scope names nothing that this server knows");
    interaction->scope = buf_str(&scope);
    interaction->claims_userinfo = claims_of_scopes(request->rq->arena, interaction->scope);
    if (!str_list_has(interaction->scope, ' ', STR("openid")))
        take_plain_oauth(interaction);
    return OAUTH_OK;
}
