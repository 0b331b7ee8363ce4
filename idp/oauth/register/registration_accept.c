/* Checking what a registrant will have, and telling it. */
#include "base/buf.h"
#include "crypto/json.h"
#include "oauth/register/registration.h"
#include "outbound/outbound.h"

/* The sentence for a developer: in ASCII, without what would need escapes (RFC 6749 section 5.2). */
static const char *plain(struct arena *arena, str sentence)
{
    struct buf text = buf_new(arena, sentence.n + 1);
    for (size_t i = 0; i < sentence.n; i++) {
        char c = sentence.p[i];
        buf_char(&text, c == '"' || c == '\\' ? '\'' : c >= 0x20 && c < 0x7f ? c : '?');
    }
    return arena_cstr(arena, buf_str(&text));
}

static struct oauth_error refused(struct arena *arena, str why)
{
    bool redirect = str_starts(why, STR("redirect_uris")) && !str_starts(why, STR("redirect_uris are on"));
    return OAUTH_ERROR(redirect ? "invalid_redirect_uri" : "invalid_client_metadata", plain(arena, why));
}

/* ---- addresses that we shall call ---- */

static struct oauth_error check_calls(struct provider *provider, struct arena *arena, const struct client *client)
{
    const struct {
        const char *member;
        str url;
    } calls[] = {{"jwks_uri", client->jwks_uri},
                 {"sector_identifier_uri", client->sector_identifier_uri},
                 {"backchannel_logout_uri", client->backchannel_logout_uri},
                 {"backchannel_client_notification_endpoint", client->notification_endpoint}};
    const char *why;
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        if (calls[i].url.p && !outbound_accepts(provider->outbound, calls[i].url, &why))
            return OAUTH_ERROR("invalid_client_metadata", arena_printf(arena, "%s: %s", calls[i].member, why).p);
    for (size_t i = 0; i < client->request_uris.count; i++) {
        str url, digest;
        (void)str_cut(client->request_uris.items[i], '#', &url, &digest); /* nobody is sent the digest */
        if (!outbound_accepts(provider->outbound, url, &why))
            return OAUTH_ERROR("invalid_client_metadata", arena_printf(arena, "request_uris: %s", why).p);
    }
    return OAUTH_OK;
}

/* ---- defaults, as they are in force ---- */

static void set_default(json_t *metadata, const char *name, const char *value)
{
    if (!json_object_get(metadata, name))
        json_object_set_new(metadata, name, json_string(value));
}

static void set_default_list(json_t *metadata, const char *name, const char *value)
{
    if (json_array_size(json_object_get(metadata, name)) > 0)
        return;
    json_t *list = json_array();
    if (value)
        json_array_append_new(list, json_string(value));
    json_object_set_new(metadata, name, list);
}

static void fill_defaults(json_t *metadata, const struct client *client)
{
    set_default(metadata, "token_endpoint_auth_method", "client_secret_basic");
    set_default_list(metadata, "grant_types", "authorization_code");
    set_default_list(metadata, "response_types", client->response_types ? "code" : NULL);
    set_default(metadata, "application_type", "web");
    /* A sector by itself, of several hosts, is for who did not ask for pairwise. */
    if (!str_starts(client->sector, STR("client:")) || client->redirect_uris.count < 2)
        set_default(metadata, "subject_type", client->pairwise ? "pairwise" : "public");
    set_default(metadata, "id_token_signed_response_alg", jose_alg_name(client->id_token_alg));
    if (client->id_token_encryption.alg != ALG_NONE_GIVEN)
        set_default(metadata, "id_token_encrypted_response_enc", "A128CBC-HS256");
    if (client->userinfo_encryption.alg != ALG_NONE_GIVEN)
        set_default(metadata, "userinfo_encrypted_response_enc", "A128CBC-HS256");
    if (client->grants & GRANT_CIBA)
        set_default(metadata, "backchannel_token_delivery_mode", "poll");
}

struct oauth_error registration_accept(struct provider *provider, struct request *rq, json_t *said,
                                       const struct registration_limits *limits, const json_t *current,
                                       struct registration *registration)
{
    str why;
    struct oauth_error error = registration_fill(provider, rq->arena, said, limits, current, registration);
    if (error.code)
        return error;
    const struct client *client = registration_check(provider->keys, rq->arena, registration, &why);
    if (!client)
        return refused(rq->arena, why);
    error = check_calls(provider, rq->arena, client);
    if (!error.code)
        error = registration_fetch(provider, rq, registration, client);
    fill_defaults(registration->metadata, client);
    return error;
}

struct oauth_error registration_written(struct arena *arena, enum store_result result, str why)
{
    if (why.p)
        return refused(arena, why);
    if (result == STORE_CONFLICT)
        return OAUTH_ERROR_STATUS(409, "invalid_request", "somebody else changed it meanwhile, read it again");
    return result == STORE_OK ? OAUTH_OK : OAUTH_UNAVAILABLE;
}

/* ---- the answer ---- */

void registration_respond(struct provider *provider, struct request *rq, int status,
                          const struct registration *registration, str token)
{
    json_t *view = json_copy(registration->metadata), *value;
    const char *name;
    void *next;
    arena_defer(rq->arena, (void (*)(void *))json_decref, view);
    json_object_foreach_safe(view, next, name, value)
    {
        if (client_member_is_internal(name) && !str_is(str_of(name), "client_id_issued_at"))
            json_object_del(view, name);
    }
    if (registration->secret.p) {
        json_object_set_new(view, "client_secret", json_stringn(registration->secret.p, registration->secret.n));
        json_object_set_new(view, "client_secret_expires_at", json_integer(0)); /* never */
    }
    str uri = arena_printf(rq->arena, "%.*s/register/%.*s", STR_FMT(provider->settings->issuer),
                           STR_FMT(json_str(view, "client_id")));
    json_object_set_new(view, "registration_client_uri", json_stringn(uri.p, uri.n));
    json_object_set_new(view, "registration_access_token", json_stringn(token.p, token.n));
    respond_json(rq, status, json_text(rq->arena, view));
}
