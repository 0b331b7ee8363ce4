#include "records/client/client.h"

#include <string.h>

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "records/client/client_media.h"
#include "records/client/client_metadata.h"
#include "records/client/client_uri.h"

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

/* Only an image that Konsao has itself is ever shown: the registered data: URI, or what was fetched when an https one
 * was registered. */
static bool read_logo(struct parsing *p)
{
    str uri = json_str(p->metadata, "logo_uri"), host;
    const char *why;
    if (str_starts(uri, STR("https://")) && client_uri_check(p->arena, uri, URI_WEB, &host, &why))
        uri = json_str(p->metadata, "logo_image");
    return !uri.p || logo_read(p->own, uri, &p->client->logo_type, &p->client->logo) ||
           metadata_refuse(
               p,
               "logo_uri must be https, or a data: URI with a PNG, JPEG or WebP image of at most %zu bytes in base64",
               LOGO_BYTES_MAX);
}

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

struct client *client_parse(str metadata_json, struct arena *arena, str *why)
{
    struct arena *own = arena_new();
    struct owned *owned = ARENA_NEW(own, struct owned);
    owned->arena = own;
    struct parsing p = {.client = &owned->client, .own = own, .arena = arena};
    p.metadata = json_parse_object(arena, metadata_json, METADATA_MAX);
    bool fine = p.metadata
                    ? metadata_check_members(&p) && read_id(&p) && read_names(&p) && client_read_profile(&p) &&
                          client_read_auth(&p) && client_read_places(&p) && read_logo(&p) && client_read_grants(&p) &&
                          client_read_sector(&p) && client_read_requests(&p) && client_read_answers(&p) &&
                          read_organization(&p) && read_times(&p) && client_check_together(&p)
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
