/* POST /register: a client registers itself (RFC 7591, OpenID Connect Dynamic Client Registration 1.0). */
#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "oauth/endpoints.h"
#include "oauth/register/registration.h"
#include "oauth/token/access_token.h"
#include "records/peer.h"

#define TRIES 8 /* when several clients are registered by one token at the same moment */
#define HOUR 3600

/* What lets the caller register, and how far. */
struct permission {
    struct registration_token token; /* version 0: none is needed */
    struct registration_limits limits;
};

static struct oauth_error count_stranger(struct provider *provider, struct request *rq)
{
    uint32_t total;
    int64_t ends_at;
    str key = arena_printf(rq->arena, "register-peer:%.*s", STR_FMT(peer_network(rq->arena, rq->peer)));
    if (store_count(provider->store, RECORD_COUNTER, key, 1, HOUR, &total, &ends_at) != STORE_OK)
        return OAUTH_UNAVAILABLE;
    if (total <= (uint32_t)provider->settings->limit_registrations_per_ip)
        return OAUTH_OK;
    return OAUTH_ERROR_STATUS(429, "temporarily_unavailable", "too many registrations from this address, come later");
}

static struct oauth_error load_token(struct provider *provider, struct request *rq, str secret,
                                     struct permission *permission)
{
    switch (registration_token_load(provider->store, rq->arena, secret, &permission->token)) {
    case STORE_OK:
        permission->limits = permission->token.limits;
        return OAUTH_OK;
    case STORE_NOT_FOUND:
        return OAUTH_ERROR_STATUS(401, "invalid_token",
                                  "the initial access token is unknown, used up, revoked or has expired");
    default:
        return OAUTH_UNAVAILABLE;
    }
}

/* A token is looked at even where none is needed: it may allow more. */
static struct oauth_error permit(struct provider *provider, struct request *rq, str secret,
                                 struct permission *permission)
{
    *permission = (struct permission){.limits = {.profiles = STR("open"),
                                                 .grants = STR("authorization_code refresh_token implicit"),
                                                 .scope = provider->settings->registration_scopes}};
    return secret.p ? load_token(provider, rq, secret, permission) : count_stranger(provider, rq);
}

/* What Konsao itself says of a new client. The token's own text goes to the client alone. */
static str begin(struct arena *arena, const struct permission *permission, struct registration *out)
{
    str id = random_uuid(arena), token = random_token(arena, 32);
    str digest = base64url_encode(arena, sha256_key(arena, token));
    *out = (struct registration){.metadata = json_object(), .changed = buf_new(arena, 1)};
    arena_defer(arena, (void (*)(void *))json_decref, out->metadata);
    json_object_set_new(out->metadata, "client_id", json_stringn(id.p, id.n));
    json_object_set_new(out->metadata, "client_id_issued_at", json_integer(clock_now()));
    json_object_set_new(out->metadata, "registration_token_sha256", json_stringn(digest.p, digest.n));
    json_object_set_new(out->metadata, "registration_limits", registration_limits_json(&permission->limits));
    return token;
}

static enum store_result write_once(struct provider *provider, struct request *rq, struct permission *permission,
                                    struct registration *registration, str *why)
{
    bool by_token = permission->token.version > 0;
    str name = by_token ? registration_token_name(rq->arena, permission->token.key) : STR_NONE;
    struct registration_writing writing = {
        .store = provider->store,
        .ring = provider->keys,
        .arena = rq->arena,
        .audit = {.action = STR("client.register"),
                  .outcome = STR("ok"),
                  .actor = by_token ? arena_printf(rq->arena, "registration-token:%.*s", STR_FMT(name)) : STR("anyone"),
                  .request_id = str_of(rq->id),
                  .peer = rq->peer},
        .with_also = by_token,
    };
    if (by_token) {
        permission->token.uses_left--;
        writing.also = registration_token_op(rq->arena, &permission->token);
    }
    return registration_write(&writing, registration, why);
}

/* One use of the token and one client, in one transaction: of two registrations by a token that is good for one, one
 * wins. */
static struct oauth_error write(struct provider *provider, struct request *rq, str secret,
                                struct permission *permission, struct registration *registration)
{
    str why = STR_NONE;
    enum store_result result = write_once(provider, rq, permission, registration, &why);
    for (int i = 1; i < TRIES && result == STORE_CONFLICT && !why.p && secret.p; i++) {
        struct oauth_error error = load_token(provider, rq, secret, permission);
        if (error.code)
            return error;
        result = write_once(provider, rq, permission, registration, &why);
    }
    if (result == STORE_CONFLICT && !why.p)
        return OAUTH_UNAVAILABLE;
    return registration_written(rq->arena, result, why);
}

void register_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct permission permission;
    struct registration registration;
    json_t *said;
    str secret;
    struct oauth_error error = bearer_token(rq, &secret);
    if (!error.code && !secret.p && !str_is(provider->settings->registration_open, "yes")) {
        bearer_respond_error(rq, OAUTH_OK);
        return;
    }
    if (!error.code)
        error = permit(provider, rq, secret, &permission);
    if (error.status == 401) {
        bearer_respond_error(rq, error);
        return;
    }
    if (!error.code)
        error = registration_body(rq, &said);
    str token = error.code ? STR_NONE : begin(rq->arena, &permission, &registration);
    if (!error.code)
        error = registration_accept(provider, rq, said, &permission.limits, NULL, &registration);
    if (!error.code)
        error = write(provider, rq, secret, &permission, &registration);
    if (error.status == 401)
        bearer_respond_error(rq, error);
    else if (error.code)
        oauth_respond_error(rq, error);
    else
        registration_respond(provider, rq, 201, &registration, token);
}
