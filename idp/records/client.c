#include "records/client.h"

#include <string.h>

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "records/client_media.h"
#include "records/client_metadata.h"
#include "records/client_uri.h"

#define METADATA_MAX ((size_t)256 * 1024)
#define ID_MAX 64
#define KHMER 0 /* of enum lang */
#define ENGLISH 1

/* The client and the arena that it and all of its texts live in. */
struct owned {
    struct client client;
    struct arena *arena;
};

static bool read_names(struct parsing *p)
{
    struct client *c = p->client;
    if (!metadata_text(p, "client_name#km", &c->name[KHMER]) || !metadata_text(p, "client_name", &c->name[ENGLISH]) ||
        !metadata_text(p, "purpose#km", &c->purpose[KHMER]) || !metadata_text(p, "purpose", &c->purpose[ENGLISH]))
        return false;
    if (!c->name[KHMER].p && !c->name[ENGLISH].p)
        return metadata_refuse(p, "client_name (or client_name#km) is missing: people must see who asks");
    for (int lang = 0; lang < 2; lang++) {
        if (!c->name[lang].p)
            c->name[lang] = c->name[1 - lang];
        if (!c->purpose[lang].p)
            c->purpose[lang] = c->purpose[1 - lang];
    }
    return true;
}

static bool read_id(struct parsing *p)
{
    str id = metadata_copy(p, "client_id");
    bool fine = id.n > 0 && id.n <= ID_MAX;
    for (size_t i = 0; i < id.n && fine; i++)
        fine = (id.p[i] >= 'a' && id.p[i] <= 'z') || (id.p[i] >= 'A' && id.p[i] <= 'Z') ||
               (id.p[i] >= '0' && id.p[i] <= '9') || strchr("-._~", id.p[i]);
    p->client->id = id;
    return fine || metadata_refuse(p, "client_id must be 1 to %d letters, digits, hyphens, dots, underscores or tildes",
                                   ID_MAX);
}

static bool read_logo(struct parsing *p)
{
    str uri = json_str(p->metadata, "logo_uri");
    return !uri.p || logo_read(p->own, uri, &p->client->logo_type, &p->client->logo) ||
           metadata_refuse(p,
                           "logo_uri must be a data: URI with a PNG, JPEG or WebP image of at most %zu bytes in base64",
                           LOGO_BYTES_MAX);
}

static bool read_scopes(struct parsing *p)
{
    str scope = json_str(p->metadata, "scope"), word;
    if (!scope.p && (p->client->grants & GRANT_AUTHORIZATION_CODE))
        scope = STR("openid");
    while (str_word(&scope, ' ', &word))
        if (!metadata_add(p, "scope", &p->client->scopes, word, metadata_is_word))
            return false;
    return metadata_list(p, "claims", &p->client->claims, metadata_is_word);
}

/* ---- where it is ---- */

static bool check_uri(struct parsing *p, const char *member, str item, enum uri_kind kind)
{
    str host;
    const char *why = "";
    return client_uri_check(p->arena, item, kind, &host, &why) ||
           metadata_refuse(p, "%s: \"%.*s\" %s", member, STR_FMT(str_is_printable(item) ? item : STR("the URI")), why);
}

static bool check_redirect(struct parsing *p, const char *member, str item)
{
    return check_uri(p, member, item, p->client->auth == AUTH_NONE ? URI_NATIVE : URI_WEB);
}

static bool check_resource(struct parsing *p, const char *member, str item)
{
    const char *why = "";
    return resource_uri_check(item, &why) ||
           metadata_refuse(p, "%s: \"%.*s\" %s", member, STR_FMT(str_is_printable(item) ? item : STR("the URI")), why);
}

static str host_of(struct parsing *p, str uri)
{
    str host = STR_NONE;
    const char *why;
    return client_uri_check(p->arena, uri, URI_NATIVE, &host, &why) ? host : STR_NONE;
}

static bool read_uris(struct parsing *p)
{
    struct client *c = p->client;
    c->uri = metadata_copy(p, "client_uri");
    if (c->uri.p && !check_uri(p, "client_uri", c->uri, URI_WEB))
        return false;
    if (!metadata_list(p, "redirect_uris", &c->redirect_uris, check_redirect) ||
        !metadata_list(p, "post_logout_redirect_uris", &c->post_logout_redirect_uris, check_redirect) ||
        !metadata_list(p, "audience", &c->audience, check_resource) ||
        !metadata_list(p, "resources", &c->resources, check_resource))
        return false;
    str shown = c->uri.p ? c->uri : c->redirect_uris.count > 0 ? c->redirect_uris.items[0] : STR_NONE;
    if (shown.p)
        c->host = arena_str(p->own, host_of(p, shown));
    return true;
}

/* The sector is what makes subjects pairwise: one host, or one that was named (OpenID Connect Core section 8.1). */
static bool read_sector(struct parsing *p)
{
    struct client *c = p->client;
    str type = json_str(p->metadata, "subject_type"), named = metadata_copy(p, "sector_identifier");
    int64_t version = 1;
    if (type.p && !str_is(type, "pairwise") && !str_is(type, "public"))
        return metadata_refuse(p, "subject_type must be pairwise or public");
    if (json_object_get(p->metadata, "pairwise_version") &&
        !json_int(p->metadata, "pairwise_version", 1, INT32_MAX, &version))
        return metadata_refuse(p, "pairwise_version must be a whole number from 1");
    c->pairwise = !str_is(type, "public");
    c->pairwise_version = (unsigned)version;
    if (named.p && (!c->pairwise || !is_host_name(named)))
        return metadata_refuse(p, "sector_identifier must be a host name in lower case, for subject_type pairwise");
    c->sector = named;
    if (named.p || !c->pairwise)
        return true;
    for (size_t i = 0; i < c->redirect_uris.count; i++) {
        str host = host_of(p, c->redirect_uris.items[i]);
        if (c->sector.p && !str_eq(c->sector, host))
            return metadata_refuse(
                p, "redirect_uris are on several hosts: name one of them in sector_identifier, so that people "
                   "have one subject there");
        c->sector = arena_str(p->own, host);
    }
    return true;
}

/* ---- what it may do ---- */

static bool check_response_type(struct parsing *p, const char *member, str item)
{
    return str_is(item, "code") || metadata_refuse(p, "%s may only be \"code\"", member);
}

static bool add_grant(struct parsing *p, const char *member, str item)
{
    static const struct {
        const char *name;
        unsigned grant;
    } grants[] = {{"authorization_code", GRANT_AUTHORIZATION_CODE},
                  {"refresh_token", GRANT_REFRESH_TOKEN},
                  {"client_credentials", GRANT_CLIENT_CREDENTIALS}};
    for (size_t i = 0; i < COUNT_OF(grants); i++)
        if (str_is(item, grants[i].name)) {
            p->client->grants |= grants[i].grant;
            return true;
        }
    return metadata_refuse(p, "%s may be authorization_code, refresh_token and client_credentials", member);
}

static bool read_grants(struct parsing *p)
{
    struct str_list grants = {0}, types = {0};
    if (!metadata_list(p, "grant_types", &grants, add_grant) ||
        !metadata_list(p, "response_types", &types, check_response_type))
        return false;
    if (grants.count == 0) /* RFC 7591 section 2 */
        p->client->grants = GRANT_AUTHORIZATION_CODE;
    return true;
}

static bool read_auth(struct parsing *p)
{
    static const char *const names[] = {[AUTH_NONE] = "none",
                                        [AUTH_BASIC] = "client_secret_basic",
                                        [AUTH_POST] = "client_secret_post",
                                        [AUTH_PRIVATE_KEY_JWT] = "private_key_jwt"};
    str name = json_str(p->metadata, "token_endpoint_auth_method");
    p->client->auth = AUTH_BASIC; /* RFC 7591 section 2 */
    for (unsigned i = 0; i < COUNT_OF(names); i++)
        if (str_is(name, names[i])) {
            p->client->auth = (enum client_auth)i;
            return true;
        }
    return !name.p || metadata_refuse(p, "token_endpoint_auth_method must be client_secret_basic, client_secret_post, "
                                         "private_key_jwt or none");
}

static bool read_secret(struct parsing *p, const json_t *secret)
{
    struct client *c = p->client;
    str digest, encoded = json_str(secret, "sha256");
    int64_t expires_at = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)secret, name, value)
    {
        if (strcmp(name, "sha256") != 0 && strcmp(name, "expires_at") != 0)
            return metadata_refuse(p, "client_secrets has an unknown member \"%.40s\"", name);
    }
    if (!encoded.p || !base64url_decode(p->arena, encoded, &digest) || digest.n != SHA256_BYTES)
        return metadata_refuse(p, "client_secrets must hold SHA-256 digests (sha256) in base64url");
    if (json_object_get(secret, "expires_at") && !json_int(secret, "expires_at", 0, INT64_MAX / 2, &expires_at))
        return metadata_refuse(p, "client_secrets: expires_at must be a time in seconds");
    memcpy(c->secrets[c->secret_count].hash, digest.p, SHA256_BYTES);
    c->secrets[c->secret_count++].expires_at = expires_at;
    return true;
}

static bool read_secrets(struct parsing *p)
{
    const json_t *array = json_object_get(p->metadata, "client_secrets"), *item;
    size_t i;
    if (json_array_size(array) > COUNT_OF(p->client->secrets))
        return metadata_refuse(p, "client_secrets may hold two: the one in use and the one before");
    json_array_foreach(array, i, item)
    {
        if (!read_secret(p, item))
            return false;
    }
    return true;
}

static bool read_keys(struct parsing *p)
{
    const json_t *jwks = json_object_get(p->metadata, "jwks");
    const char *why = NULL;
    if (!jwks)
        return true;
    p->client->keys = jose_keyset_from_jwks(jwks, ALG_NONE_GIVEN, &why);
    return p->client->keys || metadata_refuse(p, "jwks: %s", why);
}

static bool read_alg(struct parsing *p, const char *member, enum jose_alg *out)
{
    str name = json_str(p->metadata, member);
    if (!name.p)
        return true;
    *out = jose_alg_of(name);
    return *out != ALG_NONE_GIVEN || metadata_refuse(p, "%s must be ES256, RS256, PS256 or EdDSA", member);
}

static bool read_tokens(struct parsing *p)
{
    struct client *c = p->client;
    str format = json_str(p->metadata, "access_token_format");
    const json_t *pkce = json_object_get(p->metadata, "require_pkce");
    c->id_token_alg = ALG_RS256; /* OpenID Connect Registration section 2 */
    c->opaque_access_token = str_is(format, "opaque");
    c->require_pkce = !pkce || json_is_true(pkce);
    if (format.p && !c->opaque_access_token && !str_is(format, "jwt"))
        return metadata_refuse(p, "access_token_format must be jwt or opaque");
    return read_alg(p, "id_token_signed_response_alg", &c->id_token_alg) &&
           read_alg(p, "userinfo_signed_response_alg", &c->userinfo_alg);
}

/* ---- whose it is ---- */

static bool read_organization(struct parsing *p)
{
    str name = metadata_copy(p, "organization"), rest = name, part;
    size_t parts = 0;
    p->client->organization = name;
    if (!name.p)
        return true;
    bool fine = name.n <= WORD_MAX;
    for (size_t i = 0; i < name.n && fine; i++)
        fine = name.p[i] > 0x20 && name.p[i] < 0x7f && !strchr("%:;\\\"", name.p[i]);
    while (str_word(&rest, '/', &part)) {
        parts++;
        fine = fine && !str_is(part, ".") && !str_is(part, "..");
    }
    for (size_t i = 0; i < name.n; i++)
        parts -= name.p[i] == '/';
    return (fine && parts == 1 && str_has(name, '/')) ||
           metadata_refuse(p, "organization must be a member of CamDX, such as KH/GOV/MOI");
}

static bool read_times(struct parsing *p)
{
    static const char *const names[] = {"client_id_issued_at", "updated_at"};
    int64_t *const times[] = {&p->client->created_at, &p->client->updated_at};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (json_object_get(p->metadata, names[i]) && !json_int(p->metadata, names[i], 0, INT64_MAX / 2, times[i]))
            return metadata_refuse(p, "%s must be a time in seconds", names[i]);
    p->client->disabled = json_is_true(json_object_get(p->metadata, "disabled"));
    return true;
}

/* ---- that it fits together ---- */

static bool check_together(struct parsing *p)
{
    const struct client *c = p->client;
    bool has_code = c->grants & GRANT_AUTHORIZATION_CODE;
    bool by_secret = c->auth == AUTH_BASIC || c->auth == AUTH_POST;
    const struct {
        bool broken;
        const char *sentence;
    } rules[] = {
        {has_code && c->redirect_uris.count == 0,
         "redirect_uris is missing: grant authorization_code needs somewhere to come back to"},
        {has_code && !client_has_scope(c, STR("openid")), "scope must contain openid for grant authorization_code"},
        {(c->grants & GRANT_REFRESH_TOKEN) && !has_code, "grant refresh_token needs grant authorization_code"},
        {(c->grants & GRANT_CLIENT_CREDENTIALS) && c->auth == AUTH_NONE,
         "grant client_credentials needs a client that authenticates (not token_endpoint_auth_method none)"},
        {c->auth == AUTH_NONE && !c->require_pkce, "require_pkce cannot be false for a public client"},
        {c->auth == AUTH_PRIVATE_KEY_JWT && !c->keys,
         "jwks is missing: private_key_jwt needs the client's public keys"},
        {by_secret && c->secret_count == 0, "client_secrets is missing: the client authenticates by a secret"},
        {!by_secret && c->secret_count > 0, "client_secrets is only for clients that authenticate by a secret"},
    };
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (rules[i].broken)
            return metadata_refuse(p, "%s", rules[i].sentence);
    return true;
}

struct client *client_parse(str metadata_json, struct arena *arena, str *why)
{
    struct arena *own = arena_new();
    struct owned *owned = ARENA_NEW(own, struct owned);
    owned->arena = own;
    struct parsing p = {.client = &owned->client, .own = own, .arena = arena};
    p.metadata = json_parse_object(arena, metadata_json, METADATA_MAX);
    /* In this order: what a redirect URI may be depends on how the client authenticates, the sector on both. */
    bool fine = p.metadata
                    ? metadata_check_members(&p) && read_id(&p) && read_names(&p) && read_auth(&p) && read_uris(&p) &&
                          read_logo(&p) && read_sector(&p) && read_grants(&p) && read_scopes(&p) && read_secrets(&p) &&
                          read_keys(&p) && read_tokens(&p) && read_organization(&p) && read_times(&p) &&
                          check_together(&p)
                    : metadata_refuse(&p, "the metadata is no JSON object (or has a member twice, or is too large)");
    if (fine)
        return &owned->client;
    *why = p.why;
    client_free(&owned->client);
    return NULL;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    jose_keyset_free(client->keys);
    arena_free(((struct owned *)(void *)client)->arena);
}

bool client_has_scope(const struct client *client, str scope)
{
    return str_list_holds(&client->scopes, scope);
}
