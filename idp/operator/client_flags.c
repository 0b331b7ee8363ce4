/* From flags to registered metadata. */
#include <string.h>

#include "crypto/json.h"
#include "operator/client.h"
#include "records/client/client_media.h"

#define JWKS_MAX ((size_t)64 * 1024)

enum how { TEXT, LIST, JSON_FILE, IMAGE_FILE, CONSTANT, YES, NO, ELSEWHERE };

#define CLIENT_FLAGS                                                                                                   \
    {"name", "TEXT", "its name in English"}, {"name-km", "TEXT", "its name in Khmer"},                                 \
        {"purpose", "TEXT", "why it asks, in English: shown at sign-in"}, {"purpose-km", "TEXT", "the same in Khmer"}, \
        {"uri", "URL", "its home page"}, {"logo", "FILE", "PNG, JPEG or WebP, at most 64 KB"},                         \
        {"redirect-uri", "URI", "where browsers come back to (may repeat)"},                                           \
        {"post-logout-redirect-uri", "URI", "the same after signing out (may repeat)"},                                \
        {"scope", "WORDS", "what it may ask for, such as \"openid profile phone\""},                                   \
        {"claim", "NAME", "a claim beyond its scopes', such as picture (may repeat)"},                                 \
        {"auth", "METHOD", "client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, none, …"},    \
        {"profile", "NAME", "security profile: open (default), fapi2, fapi2_signed, camdx"},                           \
        {"grant", "NAME", "authorization_code, refresh_token, client_credentials … (may repeat)"},                     \
        {"jwks", "FILE", "its public keys, a JWK Set"}, {"jwks-uri", "URL", "where it publishes them instead"},        \
        {"id-token-alg", "ALG", "RS256, ES256, PS256 or EdDSA; default: the profile's"},                               \
        {"userinfo-alg", "ALG", "signs userinfo; default: plain JSON"},                                                \
        {"subject-type", "TYPE", "pairwise (default) or public"},                                                      \
        {"sector", "HOST", "whose subjects it shares; default: the redirect URIs' host"},                              \
        {"opaque", NULL, "opaque access tokens"}, {"jwt", NULL, "JWT access tokens (default)"},                        \
        {"pkce", NULL, "PKCE is required (default)"}, {"no-pkce", NULL, "PKCE is not required"},                       \
        {"audience", "URI", "whom its client_credentials tokens are for (may repeat)"},                                \
        {"resource", "URI", "what it answers to, as a protected resource (may repeat)"},                               \
        {"qr-network", "NETWORK", "QR sign-in from there alone, such as 203.0.113.0/24 (may repeat)"},                 \
        {"officers-only", NULL, "a back office: for officials alone (see konsao officer)"},                            \
        {"minimum-acr", "ACR", "the weakest sign-in that it takes, such as urn:konsao:acr:device"},                    \
    {                                                                                                                  \
        "organization", "NAME", "its CamDX member, such as KH/GOV/MOI"                                                 \
    }

const struct flag client_add_flags[] = {CLIENT_FLAGS,
                                        {"id", "ID", "its client_id; default: a random one"},
                                        {"from", "FILE", "metadata in JSON (RFC 7591); flags come on top"},
                                        {NULL, NULL, NULL}};
const struct flag client_set_flags[] = {CLIENT_FLAGS,
                                        {"from", "FILE", "members to change, in JSON; null removes; flags come on top"},
                                        {"no-officers-only", NULL, "for everybody"},
                                        {"disable", NULL, "it is refused everywhere from now on"},
                                        {"enable", NULL, "not any more"},
                                        {NULL, NULL, NULL}};

static const struct meaning {
    const char *flag, *member;
    enum how how;
    const char *constant;
} meanings[] = {
    {"id", "client_id", TEXT, NULL},
    {"name", "client_name", TEXT, NULL},
    {"name-km", "client_name#km", TEXT, NULL},
    {"purpose", "purpose", TEXT, NULL},
    {"purpose-km", "purpose#km", TEXT, NULL},
    {"uri", "client_uri", TEXT, NULL},
    {"logo", "logo_uri", IMAGE_FILE, NULL},
    {"redirect-uri", "redirect_uris", LIST, NULL},
    {"post-logout-redirect-uri", "post_logout_redirect_uris", LIST, NULL},
    {"scope", "scope", TEXT, NULL},
    {"claim", "claims", LIST, NULL},
    {"auth", "token_endpoint_auth_method", TEXT, NULL},
    {"profile", "security_profile", TEXT, NULL},
    {"grant", "grant_types", LIST, NULL},
    {"jwks", "jwks", JSON_FILE, NULL},
    {"jwks-uri", "jwks_uri", TEXT, NULL},
    {"id-token-alg", "id_token_signed_response_alg", TEXT, NULL},
    {"userinfo-alg", "userinfo_signed_response_alg", TEXT, NULL},
    {"subject-type", "subject_type", TEXT, NULL},
    {"sector", "sector_identifier", TEXT, NULL},
    {"opaque", "access_token_format", CONSTANT, "opaque"},
    {"jwt", "access_token_format", CONSTANT, "jwt"},
    {"pkce", "require_pkce", YES, NULL},
    {"no-pkce", "require_pkce", NO, NULL},
    {"audience", "audience", LIST, NULL},
    {"resource", "resources", LIST, NULL},
    {"qr-network", "qr_networks", LIST, NULL},
    {"organization", "organization", TEXT, NULL},
    {"officers-only", "officers_only", YES, NULL},
    {"no-officers-only", "officers_only", NO, NULL},
    {"minimum-acr", "minimum_acr", TEXT, NULL},
    {"disable", "disabled", YES, NULL},
    {"enable", "disabled", NO, NULL},
    {"from", NULL, ELSEWHERE, NULL},
};

static json_t *image(struct command *command, const char *path)
{
    str bytes;
    if (!command_read_file(command->arena, path, LOGO_BYTES_MAX, &bytes))
        return NULL;
    const char *type = image_type(bytes);
    if (!type) {
        command_fails("%s is no PNG, JPEG or WebP image", path);
        return NULL;
    }
    str uri = logo_write(command->arena, type, bytes);
    return json_stringn(uri.p, uri.n);
}

static json_t *json_file(struct command *command, const char *path)
{
    str text;
    if (!command_read_file(command->arena, path, JWKS_MAX, &text))
        return NULL;
    json_t *value = json_parse_object(command->arena, text, JWKS_MAX);
    if (!value)
        command_fails("%s holds no JSON object", path);
    return json_incref(value);
}

static json_t *value_of(struct command *command, const struct meaning *meaning, str given)
{
    switch (meaning->how) {
    case JSON_FILE:
        return json_file(command, given.p);
    case IMAGE_FILE:
        return image(command, given.p);
    case CONSTANT:
        return json_string(meaning->constant);
    case YES:
        return json_true();
    case NO:
        return json_false();
    case TEXT:
    case LIST:
    case ELSEWHERE:
        break;
    }
    json_t *text = json_stringn(given.p, given.n);
    if (!text)
        command_fails("--%s is not UTF-8", meaning->flag);
    return text;
}

/* The list that the flag adds to: a new one when it is named for the first time. */
static json_t *list_of(struct registration *registration, const struct meaning *meaning, bool first)
{
    json_t *list = first ? NULL : json_object_get(registration->metadata, meaning->member);
    if (!list) {
        list = json_array();
        json_object_set_new(registration->metadata, meaning->member, list);
    }
    return list;
}

static bool apply(struct command *command, struct registration *registration, const struct meaning *meaning, str given,
                  bool first)
{
    if (meaning->how == ELSEWHERE)
        return true;
    bool says_all = meaning->how == CONSTANT || meaning->how == YES || meaning->how == NO;
    if (first)
        buf_printf(&registration->changed, "%s%s", registration->changed.n > 0 ? " " : "",
                   says_all ? meaning->flag : meaning->member);
    if (given.p && given.n == 0) { /* nothing: it is taken away */
        json_object_del(registration->metadata, meaning->member);
        return true;
    }
    json_t *value = value_of(command, meaning, given);
    if (!value)
        return false;
    if (meaning->how == LIST)
        json_array_append_new(list_of(registration, meaning, first), value);
    else
        json_object_set_new(registration->metadata, meaning->member, value);
    return true;
}

bool registration_apply_flags(struct command *command, struct registration *registration)
{
    bool named[COUNT_OF(meanings)] = {0};
    for (size_t i = 0; i < command->given_count; i++)
        for (size_t j = 0; j < COUNT_OF(meanings); j++) {
            if (strcmp(command->given[i].name, meanings[j].flag) != 0)
                continue;
            if (!apply(command, registration, &meanings[j], command->given[i].value, !named[j]))
                return false;
            named[j] = true;
        }
    return true;
}
