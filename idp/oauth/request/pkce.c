#include "oauth/request/pkce.h"

#include "crypto/primitives.h"
#include "oauth/request/request.h"

static bool is_base64url(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool pkce_challenge_is_valid(str challenge)
{
    if (challenge.n != 43)
        return false;
    for (size_t i = 0; i < challenge.n; i++)
        if (!is_base64url(challenge.p[i]))
            return false;
    return true;
}

/* RFC 7636 section 4.1: 43 to 128 unreserved characters. */
static bool verifier_is_valid(str verifier)
{
    if (verifier.n < 43 || verifier.n > 128)
        return false;
    for (size_t i = 0; i < verifier.n; i++)
        if (!is_base64url(verifier.p[i]) && verifier.p[i] != '.' && verifier.p[i] != '~')
            return false;
    return true;
}

bool pkce_matches(struct arena *arena, str challenge, str verifier)
{
    if (!challenge.p)
        return !verifier.p;
    return verifier.p && verifier_is_valid(verifier) &&
           secret_equal(challenge, base64url_encode(arena, sha256_key(arena, verifier)));
}

struct oauth_error check_pkce(struct authorize_request *request)
{
    str challenge = authorize_param(request, "code_challenge");
    str method = authorize_param(request, "code_challenge_method");
    if (!(request->interaction.response_type & RESPONSE_CODE)) /* there is no code */
        return OAUTH_OK;
    if (!challenge.p && (request->client->require_pkce || method.p))
        return OAUTH_ERROR("invalid_request", "code_challenge is missing: PKCE with S256 is required");
    if (!challenge.p)
        return OAUTH_OK;
    if (!str_eq(method, STR("S256"))) /* absent means plain (RFC 7636 section 4.3) */
        return OAUTH_ERROR("invalid_request", "code_challenge_method must be S256");
    if (!pkce_challenge_is_valid(challenge))
        return OAUTH_ERROR("invalid_request", "code_challenge is not a base64url SHA-256 digest");
    request->interaction.code_challenge = challenge;
    return OAUTH_OK;
}

struct oauth_error check_dpop_jkt(struct authorize_request *request)
{
    str thumbprint = authorize_param(request, "dpop_jkt");
    if (!thumbprint.p)
        return OAUTH_OK;
    if (!pkce_challenge_is_valid(thumbprint)) /* both are SHA-256 digests (RFC 9449 section 10, RFC 7638) */
        return OAUTH_ERROR("invalid_request", "dpop_jkt is not a base64url SHA-256 thumbprint");
    request->interaction.dpop_jkt = thumbprint;
    return OAUTH_OK;
}
