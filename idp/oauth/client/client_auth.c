#include "oauth/client/client_auth.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "oauth/client/client_tls.h"
#include "oauth/nested.h"
#include "records/peer.h"

#define FAILURE_WINDOW 60 /* seconds */
#define SECRET_MAX 256

static const struct oauth_error failed = {"invalid_client", "client authentication failed", 401};

/* What the request brings to prove who calls. A certificate counts for nothing here: it comes with the connection, also
 * when the client is known by something else. */
struct credentials {
    str id, secret, assertion;
    enum { BY_NAME, BY_HEADER, BY_FORM, BY_ASSERTION } by;
    size_t methods; /* how many were used at once */
};

static const int proper[] = {[AUTH_NONE] = BY_NAME,
                             [AUTH_BASIC] = BY_HEADER,
                             [AUTH_POST] = BY_FORM,
                             [AUTH_PRIVATE_KEY_JWT] = BY_ASSERTION,
                             [AUTH_SECRET_JWT] = BY_ASSERTION,
                             [AUTH_TLS] = BY_NAME,
                             [AUTH_SELF_SIGNED_TLS] = BY_NAME};

/* HTTP Basic with both parts form-encoded (RFC 6749 section 2.3.1). */
static bool read_basic(struct arena *arena, str header, struct credentials *out)
{
    str scheme, encoded, pair, id, secret;
    if (!str_cut(header, ' ', &scheme, &encoded) || !str_eq_nocase(scheme, STR("Basic")))
        return true; /* another scheme proves nothing here */
    out->methods++;
    out->by = BY_HEADER;
    return base64_decode(arena, str_trim(encoded), &pair) && str_cut(pair, ':', &id, &secret) &&
           percent_decode(arena, id, true, &out->id) && percent_decode(arena, secret, true, &out->secret) &&
           out->id.n > 0;
}

static bool read_credentials(struct request *rq, struct credentials *out)
{
    *out = (struct credentials){.by = BY_NAME};
    str named = params_nonempty(&rq->form, "client_id");
    str header = request_header(rq, "Authorization");
    if (header.p && !read_basic(rq->arena, header, out))
        return false;
    if (params_get(&rq->form, "client_secret").p) {
        out->methods++;
        out->by = BY_FORM;
        out->secret = params_get(&rq->form, "client_secret");
        out->id = named;
    }
    if (params_get(&rq->form, "client_assertion").p || params_get(&rq->form, "client_assertion_type").p) {
        out->methods++;
        out->by = BY_ASSERTION;
        out->assertion = params_get(&rq->form, "client_assertion");
        if (!str_eq(params_get(&rq->form, "client_assertion_type"),
                    STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")))
            return false;
        out->id = client_assertion_issuer(rq->arena, out->assertion);
    }
    if (out->methods == 0)
        out->id = named;
    return out->methods <= 1 && out->id.p && (!named.p || str_eq(named, out->id));
}

/* Each stored secret is compared, whatever the ones before gave: the time tells nothing. */
static bool secret_is_right(const struct client *client, str secret)
{
    unsigned char digest[SHA256_BYTES];
    sha256(secret, digest);
    bool right = false;
    for (size_t i = 0; i < client->secret_count; i++) {
        bool live = client->secrets[i].expires_at == 0 || client->secrets[i].expires_at > clock_now();
        right |=
            secret_equal(str_bytes(digest, sizeof digest), str_bytes(client->secrets[i].hash, SHA256_BYTES)) && live;
    }
    return right && secret.n <= SECRET_MAX;
}

static str failure_key(struct request *rq, str id)
{
    str network = peer_network(rq->arena, rq->peer);
    return sha256_key(rq->arena, arena_printf(rq->arena, "client failure\n%.*s\n%.*s", STR_FMT(network), STR_FMT(id)));
}

static bool too_many_failures(struct provider *provider, struct request *rq, str id, uint32_t add)
{
    uint32_t total = 0;
    int64_t ends_at;
    if (store_count(provider->store, RECORD_COUNTER, failure_key(rq, id), add, FAILURE_WINDOW, &total, &ends_at) !=
        STORE_OK)
        return false;
    return total > (uint32_t)provider->settings->limit_client_failures;
}

/* Whether it is the client. `*why` says for the audit record what the caller is not told. */
static struct oauth_error check(struct provider *provider, struct request *rq, const struct client *client,
                                const struct credentials *credentials, const char **why)
{
    *why = "no such client, or disabled";
    if (!client)
        return failed;
    *why = "another method than the client is registered for";
    if (proper[client->auth] != (int)credentials->by)
        return failed;
    *why = "wrong secret";
    if (credentials->by == BY_HEADER || credentials->by == BY_FORM)
        return secret_is_right(client, credentials->secret) ? OAUTH_OK : failed;
    struct oauth_error error = OAUTH_OK;
    if (credentials->by == BY_ASSERTION)
        error = client_assertion_check(provider, rq, client, credentials->assertion);
    else if (client->auth != AUTH_NONE)
        error = client_tls_check(provider, rq, client);
    *why = error.description;
    return error;
}

static struct oauth_error refuse(struct provider *provider, struct request *rq, str id, struct oauth_error error,
                                 const char *why)
{
    if (too_many_failures(provider, rq, id, 1))
        return OAUTH_ERROR_STATUS(429, "invalid_client", "too many failed attempts, wait a minute");
    struct audit_entry entry = {.action = STR("client.authenticate"),
                                .outcome = str_of(why),
                                .client_id = id,
                                .request_id = str_of(rq->id),
                                .peer = rq->peer};
    audit_later(provider->audit, &entry);
    return error;
}

struct oauth_error client_authenticate(struct provider *provider, struct request *rq, const struct client **client)
{
    struct credentials credentials;
    *client = NULL;
    if (rq->body_type != BODY_FORM || rq->form.status != PARAMS_OK)
        return OAUTH_ERROR("invalid_request", "the body must be a form without repeated or malformed parameters");
    if (!read_credentials(rq, &credentials))
        return refuse(provider, rq, STR("unknown"), failed, "no credentials that can be read");
    const struct client *found = client_find(provider->clients, rq->arena, credentials.id);
    /* Before an assertion or a proof is used up. */
    if (found && (nested_fetch_first(provider, rq, found, &found->id_token_encryption) ||
                  nested_fetch_first(provider, rq, found, &found->introspection_encryption)))
        return failed;
    const char *why;
    struct oauth_error error = check(provider, rq, found, &credentials, &why);
    if (error.code && request_is_moving(rq)) /* nothing is decided */
        return error;
    if (error.code)
        return refuse(provider, rq, found ? found->id : STR("unknown"), error, why);
    *client = found;
    return OAUTH_OK;
}

bool client_authenticate_by_secret(struct provider *provider, struct request *rq, const struct client **client)
{
    struct credentials credentials;
    if (rq->body_type != BODY_FORM || rq->form.status != PARAMS_OK || !read_credentials(rq, &credentials) ||
        (credentials.by != BY_HEADER && credentials.by != BY_FORM))
        return false;
    const struct client *found = client_find(provider->clients, rq->arena, credentials.id);
    const char *why;
    if (check(provider, rq, found, &credentials, &why).code)
        return false;
    *client = found;
    return true;
}
