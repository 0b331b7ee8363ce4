/* What registering a client fetches from addresses that it named. */
#include "base/log.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "oauth/register/registration.h"
#include "outbound/outbound.h"
#include "records/client/client_media.h"

#define SECTOR_BYTES_MAX ((size_t)64 * 1024)
#define SECTOR_REFUSED(text) OAUTH_ERROR("invalid_client_metadata", (text))

/* ---- sector_identifier_uri ---- */

static bool lists(const json_t *array, str uri)
{
    const json_t *item;
    size_t i;
    json_array_foreach(array, i, item)
    {
        if (json_is_string(item) && str_eq((str){json_string_value(item), json_string_length(item)}, uri))
            return true;
    }
    return false;
}

/* A JSON array, which json_parse_object takes as a member of an object. */
static const json_t *parse_array(struct arena *arena, str text)
{
    const json_t *object =
        json_parse_object(arena, arena_printf(arena, "{\"a\":%.*s}", STR_FMT(text)), SECTOR_BYTES_MAX + 16);
    const json_t *array = json_object_get(object, "a"), *item;
    size_t i;
    if (json_object_size(object) != 1)
        return NULL;
    json_array_foreach(array, i, item)
    {
        if (!json_is_string(item))
            return NULL;
    }
    return json_is_array(array) ? array : NULL;
}

/* OpenID Connect Dynamic Client Registration 1.0 section 5: who names a sector must show that it is in it, else anybody
 * could see the subjects of others. */
static struct oauth_error check_sector(struct provider *provider, struct request *rq, const struct client *client)
{
    struct outbound_request request = {
        .url = client->sector_identifier_uri, .accept = STR("application/json"), .answer_max = SECTOR_BYTES_MAX};
    struct outbound_answer answer;
    str why;
    enum outbound_result result = outbound_fetch(provider->outbound, rq->arena, &request, &answer, &why);
    if (result != OUTBOUND_ANSWERED) {
        log_info("register.sector result=%s why=\"%.*s\"", outbound_result_name(result), STR_FMT(why));
        return SECTOR_REFUSED("sector_identifier_uri could not be fetched");
    }
    const json_t *array = answer.status == 200 ? parse_array(rq->arena, answer.body) : NULL;
    if (!array)
        return SECTOR_REFUSED("sector_identifier_uri did not give a JSON array of strings with status 200");
    for (size_t i = 0; i < client->redirect_uris.count; i++)
        if (!lists(array, client->redirect_uris.items[i]))
            return SECTOR_REFUSED("sector_identifier_uri does not list all of redirect_uris");
    /* Who can have tokens without a redirect shows by its keys that the sector takes it in (CIBA Core section 4). */
    bool elsewhere = client->grants & (GRANT_DEVICE_CODE | GRANT_CIBA);
    if (elsewhere && !(client->jwks_uri.p && lists(array, client->jwks_uri)))
        return SECTOR_REFUSED("sector_identifier_uri does not list jwks_uri, as grants without a redirect need");
    return OAUTH_OK;
}

/* ---- logo_uri ---- */

/* The pages show no image from elsewhere: it would tell who signs in where, and could change. So it is fetched once. A
 * logo is no reason to refuse a client. */
static void keep_logo(struct provider *provider, struct request *rq, json_t *metadata)
{
    str uri = json_str(metadata, "logo_uri"), why = STR("no PNG, JPEG or WebP image");
    if (!str_starts(uri, STR("https://"))) {
        json_object_del(metadata, "logo_image");
        return;
    }
    struct outbound_request request = {
        .url = uri, .accept = STR("image/png, image/jpeg, image/webp"), .answer_max = LOGO_BYTES_MAX};
    struct outbound_answer answer;
    enum outbound_result result = outbound_fetch(provider->outbound, rq->arena, &request, &answer, &why);
    const char *type = result == OUTBOUND_ANSWERED && answer.status == 200 ? image_type(answer.body) : NULL;
    if (!type) {
        log_info("register.logo result=%s why=\"%.*s\"", outbound_result_name(result), STR_FMT(why));
        return;
    }
    str data = logo_write(rq->arena, type, answer.body);
    json_object_set_new(metadata, "logo_image", json_stringn(data.p, data.n));
}

struct oauth_error registration_fetch(struct provider *provider, struct request *rq, struct registration *registration,
                                      const struct client *client)
{
    struct oauth_error error = OAUTH_OK;
    if (client->sector_identifier_uri.p)
        error = check_sector(provider, rq, client);
    if (!error.code)
        keep_logo(provider, rq, registration->metadata);
    return error;
}
