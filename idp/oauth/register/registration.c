/* GET, PUT and DELETE /register/{client_id}: a client that registered itself reads, replaces and removes what is
 * registered (RFC 7592), with the token that it got for that. */
#include "oauth/register/registration.h"

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "oauth/endpoints.h"
#include "oauth/token/access_token.h"
#include "outbound/jwks_cache.h"
#include "records/client/client_secret.h"

#define HOUR 3600
/* RFC 7592 section 3: also for clients that are gone, so that nobody learns which there are. */
#define INVALID_TOKEN OAUTH_ERROR_STATUS(401, "invalid_token", "this is not the client's registration access token")

struct managed {
    struct registration registration;
    const struct client *client; /* parsed; lives until the request's arena goes */
    str token;
};

/* A client that an operator disabled, or registered without a token, has nothing to say here. */
static struct oauth_error load(struct provider *provider, struct request *rq, struct managed *out)
{
    static const unsigned char none[SHA256_BYTES];
    struct oauth_error error = bearer_token(rq, &out->token);
    if (error.code || !out->token.p)
        return error;
    enum store_result result = registration_read(provider->store, rq->arena, rq->tail, &out->registration);
    if (result != STORE_OK)
        return result == STORE_NOT_FOUND ? INVALID_TOKEN : OAUTH_UNAVAILABLE;
    out->client = client_find(provider->clients, rq->arena, rq->tail);
    str hash = out->client ? str_bytes(out->client->registration_token, SHA256_BYTES) : str_bytes(none, SHA256_BYTES);
    bool right = secret_equal(hash, sha256_key(rq->arena, out->token));
    if (!right || secret_equal(hash, str_bytes(none, SHA256_BYTES)))
        return INVALID_TOKEN;
    return OAUTH_OK;
}

/* False when it was answered that the caller may not. */
static bool may(struct provider *provider, struct request *rq, struct managed *out)
{
    struct oauth_error error = load(provider, rq, out);
    if (error.code && error.status != 401)
        oauth_respond_error(rq, error);
    else if (error.code || !out->token.p)
        bearer_respond_error(rq, error);
    return !error.code && out->token.p;
}

static struct registration_writing writing_of(struct provider *provider, struct request *rq, const char *action)
{
    return (struct registration_writing){
        .store = provider->store,
        .ring = provider->keys,
        .arena = rq->arena,
        .audit = {.action = str_of(action),
                  .outcome = STR("ok"),
                  .actor = arena_printf(rq->arena, "client:%.*s", STR_FMT(rq->tail)),
                  .request_id = str_of(rq->id),
                  .peer = rq->peer},
    };
}

void registration_get_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct managed managed = {0};
    if (may(provider, rq, &managed))
        registration_respond(provider, rq, 200, &managed.registration, managed.token);
}

/* ---- PUT ---- */

static bool is_secret(const struct provider *provider, const struct client *client, struct arena *arena, str given)
{
    str sealed;
    bool right = client->sealed_secret.p &&
                 client_secret_open(provider->keys, arena, client->id, client->sealed_secret, &sealed) &&
                 secret_equal(sealed, given);
    for (size_t i = 0; i < client->secret_count; i++)
        right |= secret_equal(str_bytes(client->secrets[i].hash, SHA256_BYTES), sha256_key(arena, given));
    return right;
}

/* RFC 7592 section 2.2: what must, may and must not come with the client's own words. */
static struct oauth_error check_identity(const struct provider *provider, struct request *rq,
                                         const struct client *client, const json_t *said)
{
    static const char *const never[] = {"registration_access_token", "registration_client_uri",
                                        "client_secret_expires_at", "client_id_issued_at"};
    for (size_t i = 0; i < COUNT_OF(never); i++)
        if (json_object_get(said, never[i]))
            return OAUTH_ERROR("invalid_client_metadata",
                               arena_printf(rq->arena, "%s must not be in an update", never[i]).p);
    if (!str_eq(json_str(said, "client_id"), client->id))
        return OAUTH_ERROR("invalid_client_metadata", "client_id must be there, and the client's own");
    if (json_object_get(said, "client_secret") &&
        !is_secret(provider, client, rq->arena, json_str(said, "client_secret")))
        return OAUTH_ERROR("invalid_client_metadata", "client_secret must be left out, or be the one in use");
    return OAUTH_OK;
}

static str with_words(struct arena *arena, str list, const json_t *current, const char *member)
{
    struct buf out = buf_new(arena, 128);
    const json_t *item, *array = json_object_get(current, member);
    str more = json_str(current, member), word;
    size_t i;
    while (str_word(&list, ' ', &word))
        buf_add_word(&out, word);
    while (str_word(&more, ' ', &word))
        if (!str_list_has(buf_str(&out), ' ', word))
            buf_add_word(&out, word);
    json_array_foreach(array, i, item)
    {
        word = (str){json_string_value(item), json_string_length(item)};
        if (!str_list_has(buf_str(&out), ' ', word))
            buf_add_word(&out, word);
    }
    return buf_str(&out);
}

/* The client's profile, and of those that it may have the ones that ask for as much: an update weakens nothing, neither
 * what the operator settled since nor what the client itself began with. */
static str profiles_from(struct arena *arena, str allowed, const json_t *current)
{
    str name = json_str(current, "security_profile"), word;
    enum security_profile now = PROFILE_OPEN, other;
    if (name.p && !profile_of(name, &now))
        return name;
    struct buf out = buf_new(arena, 64);
    buf_add_word(&out, str_of(profile_rules(now)->name));
    while (str_word(&allowed, ' ', &word))
        if (profile_of(word, &other) && other != now && profile_keeps(other, now))
            buf_add_word(&out, word);
    return buf_str(&out);
}

/* What the client was allowed to register, and what an operator gave it since. */
static struct registration_limits limits_of(struct arena *arena, const json_t *current)
{
    struct registration_limits limits = registration_limits_of(json_object_get(current, "registration_limits"));
    limits.profiles = profiles_from(arena, limits.profiles, current);
    limits.grants = with_words(arena, limits.grants, current, "grant_types");
    limits.scope = with_words(arena, limits.scope, current, "scope");
    limits.claims = with_words(arena, limits.claims, current, "claims");
    if (json_object_get(current, "organization"))
        limits.organization = json_str(current, "organization");
    return limits;
}

/* The members that only Konsao writes go on; all others are the client's to say again, or to leave out. */
static struct registration begin(struct arena *arena, const struct registration *before, const json_t *said)
{
    struct registration next = {.metadata = json_object(), .version = before->version, .changed = buf_new(arena, 1)};
    const char *name;
    json_t *value;
    arena_defer(arena, (void (*)(void *))json_decref, next.metadata);
    json_object_foreach(before->metadata, name, value)
    {
        if (client_member_is_internal(name) || str_is(str_of(name), "client_id"))
            json_object_set(next.metadata, name, value);
    }
    if (!str_eq(json_str(said, "logo_uri"), json_str(before->metadata, "logo_uri")))
        json_object_del(next.metadata, "logo_image");
    return next;
}

/* A change makes us call what the client names: not more often than strangers may make us. */
static struct oauth_error count_change(struct provider *provider, struct request *rq)
{
    uint32_t total;
    int64_t ends_at;
    str key = arena_printf(rq->arena, "register-change:%.*s", STR_FMT(rq->tail));
    if (store_count(provider->store, RECORD_COUNTER, key, 1, HOUR, &total, &ends_at) != STORE_OK)
        return OAUTH_UNAVAILABLE;
    if (total <= (uint32_t)provider->settings->limit_registrations_per_ip)
        return OAUTH_OK;
    return OAUTH_ERROR_STATUS(429, "temporarily_unavailable", "too many changes of this client, come later");
}

static struct oauth_error replace(struct provider *provider, struct request *rq, const struct managed *managed,
                                  struct registration *next)
{
    json_t *said, *current = managed->registration.metadata;
    str why = STR_NONE;
    struct oauth_error error = count_change(provider, rq);
    if (!error.code)
        error = registration_body(rq, &said);
    if (!error.code)
        error = check_identity(provider, rq, managed->client, said);
    if (error.code)
        return error;
    struct registration_limits limits = limits_of(rq->arena, current);
    *next = begin(rq->arena, &managed->registration, said);
    error = registration_accept(provider, rq, said, &limits, current, next);
    if (error.code)
        return error;
    struct registration_writing writing = writing_of(provider, rq, "client.update");
    enum store_result result = registration_write(&writing, next, &why);
    if (result == STORE_OK && managed->client->jwks_uri.p)
        jwks_cache_forget(provider->jwks_cache, managed->client->jwks_uri);
    return registration_written(rq->arena, result, why);
}

void registration_put_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct managed managed = {0};
    struct registration next;
    if (!may(provider, rq, &managed))
        return;
    struct oauth_error error = replace(provider, rq, &managed, &next);
    if (error.code)
        oauth_respond_error(rq, error);
    else
        registration_respond(provider, rq, 200, &next, managed.token);
}

/* ---- DELETE ---- */

void registration_delete_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct managed managed = {0};
    bool gone;
    if (!may(provider, rq, &managed))
        return;
    struct registration_writing writing = writing_of(provider, rq, "client.unregister");
    enum store_result result = registration_remove(&writing, &managed.registration, rq->tail, &gone);
    struct oauth_error error = registration_written(rq->arena, result, STR_NONE);
    if (error.code)
        oauth_respond_error(rq, error);
    else
        respond(rq, 204, NULL, STR(""));
}
