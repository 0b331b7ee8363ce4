/* Where a client is: the URIs that browsers are sent to, those that Konsao calls, and the sector that they make. */
#include "crypto/json.h"
#include "records/client/client_metadata.h"
#include "records/client/client_uri.h"

#define KHMER 0 /* of enum lang */
#define ENGLISH 1

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

/* A URI that Konsao itself calls, or that lets somebody else's page begin something: https, whatever the client. */
static bool check_https(struct parsing *p, const char *member, str item)
{
    return check_uri(p, member, item, URI_WEB) &&
           (str_starts(item, STR("https://")) || metadata_refuse(p, "%s must be https", member));
}

/* A fragment, the content's digest in base64url, is allowed here alone (OpenID Connect Core section 6.2). */
static bool check_request_uri(struct parsing *p, const char *member, str item)
{
    str uri, digest;
    bool fine = true;
    (void)str_cut(item, '#', &uri, &digest);
    for (size_t i = 0; i < digest.n; i++) {
        char c = digest.p[i];
        fine = fine &&
               ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
    }
    return (fine || metadata_refuse(p, "%s: a fragment must be a digest in base64url", member)) &&
           check_https(p, member, uri);
}

static bool read_one(struct parsing *p, const char *member, item_check *check, str *out)
{
    *out = metadata_copy(p, member);
    return !out->p || check(p, member, *out);
}

static bool check_page(struct parsing *p, const char *member, str item)
{
    return check_uri(p, member, item, URI_WEB);
}

static bool read_pages(struct parsing *p)
{
    struct client *c = p->client;
    if (!read_one(p, "client_uri", check_page, &c->uri) ||
        !read_one(p, "policy_uri#km", check_page, &c->policy_uri[KHMER]) ||
        !read_one(p, "policy_uri", check_page, &c->policy_uri[ENGLISH]) ||
        !read_one(p, "tos_uri#km", check_page, &c->tos_uri[KHMER]) ||
        !read_one(p, "tos_uri", check_page, &c->tos_uri[ENGLISH]))
        return false;
    for (int lang = 0; lang < 2; lang++) {
        if (!c->policy_uri[lang].p)
            c->policy_uri[lang] = c->policy_uri[1 - lang];
        if (!c->tos_uri[lang].p)
            c->tos_uri[lang] = c->tos_uri[1 - lang];
    }
    return true;
}

static bool read_uris(struct parsing *p)
{
    struct client *c = p->client;
    str type = json_str(p->metadata, "application_type");
    if (type.p && !str_is(type, "web") && !str_is(type, "native"))
        return metadata_refuse(p, "application_type must be web or native");
    if (!metadata_list(p, "redirect_uris", &c->redirect_uris, check_redirect) ||
        !metadata_list(p, "post_logout_redirect_uris", &c->post_logout_redirect_uris, check_redirect) ||
        !metadata_list(p, "request_uris", &c->request_uris, check_request_uri) ||
        !metadata_list(p, "audience", &c->audience, check_resource) ||
        !metadata_list(p, "resources", &c->resources, check_resource) ||
        !metadata_list(p, "allowed_resources", &c->requestable, check_resource) ||
        !read_one(p, "jwks_uri", check_https, &c->jwks_uri) ||
        !read_one(p, "sector_identifier_uri", check_https, &c->sector_identifier_uri) ||
        !read_one(p, "initiate_login_uri", check_https, &c->initiate_login_uri) ||
        !read_one(p, "backchannel_logout_uri", check_https, &c->backchannel_logout_uri) ||
        !read_one(p, "frontchannel_logout_uri", check_page, &c->frontchannel_logout_uri) ||
        !read_one(p, "backchannel_client_notification_endpoint", check_https, &c->notification_endpoint))
        return false;
    metadata_flag(p, "frontchannel_logout_session_required", &c->frontchannel_session_required);
    str shown = c->uri.p ? c->uri : c->redirect_uris.count > 0 ? c->redirect_uris.items[0] : STR_NONE;
    if (shown.p)
        c->host = arena_str(p->own, host_of(p, shown));
    return true;
}

/* Whether whoever answers at the redirect URIs is who gets the tokens: then a host there is a host of the client's. A
 * stranger may name anybody's when it can have tokens without going there, and nobody owns localhost or a scheme. */
static bool proves_host(const struct client *c, bool stranger, str uri, str host)
{
    bool loopback = str_is(host, "localhost") || str_is(host, "127.0.0.1") || str_is(host, "[::1]");
    bool elsewhere = c->grants & (GRANT_DEVICE_CODE | GRANT_CIBA);
    return !stranger || (!elsewhere && !loopback && str_starts(uri, STR("https://")));
}

/* A sector of the client's own. No host has a colon in it. */
static str own_sector(struct parsing *p)
{
    return arena_printf(p->own, "client:%.*s", STR_FMT(p->client->id));
}

static bool sector_of_redirects(struct parsing *p, bool chosen)
{
    struct client *c = p->client;
    bool stranger = json_object_get(p->metadata, "registration_token_sha256");
    for (size_t i = 0; i < c->redirect_uris.count; i++) {
        str uri = c->redirect_uris.items[i], host = host_of(p, uri);
        if (!proves_host(c, stranger, uri, host) || (c->sector.p && !str_eq(c->sector, host) && !chosen)) {
            c->sector = own_sector(p);
            return true;
        }
        if (c->sector.p && !str_eq(c->sector, host))
            return metadata_refuse(
                p, "redirect_uris are on several hosts: name one of them in sector_identifier, so that people "
                   "have one subject there");
        c->sector = arena_str(p->own, host);
    }
    if (!c->sector.p)
        c->sector = own_sector(p);
    return true;
}

/* The sector is what makes subjects pairwise: one host, or one that was named (OpenID Connect Core section 8.1). Who
 * has neither is a sector by itself. */
bool client_read_sector(struct parsing *p)
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
    if (!named.p && c->sector_identifier_uri.p) /* what it lists was compared when it was registered */
        named = arena_str(p->own, host_of(p, c->sector_identifier_uri));
    if (named.p && (!c->pairwise || !is_host_name(named)))
        return metadata_refuse(p, "sector_identifier must be a host name in lower case, for subject_type pairwise");
    c->sector = named;
    return named.p || !c->pairwise || sector_of_redirects(p, type.p);
}

bool client_read_places(struct parsing *p)
{
    return read_pages(p) && read_uris(p);
}
