/* private_key_jwt and client_secret_jwt: a JWT that the client signed to say who it is (RFC 7523 section 3, OpenID
 * Connect Core section 9). */
#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "oauth/client/client_auth.h"
#include "oauth/client/client_keys.h"
#include "records/client/client_secret.h"

#define ASSERTION_BYTES_MAX 8192
#define LIFE_MAX 3600 /* seconds until exp */
#define AHEAD_MAX 30  /* seconds that the client's clock may be ahead of ours */
#define LATE_MAX 60   /* and behind it */
#define REFUSED(why) OAUTH_ERROR_STATUS(401, "invalid_client", (why))
#define TIME_MAX 253402300799 /* the year 9999 */

str client_assertion_issuer(struct arena *arena, str assertion)
{
    struct jws_parts jws;
    return jws_parse(arena, assertion, ASSERTION_BYTES_MAX, &jws) ? json_str(jws.payload, "iss") : STR_NONE;
}

/* Whether `audience` is us: the issuer, or the URL of the token endpoint or of the endpoint that is called, by its
 * address for certificates too. */
static bool audience_is_us(struct provider *provider, struct request *rq, str audience)
{
    const str bases[] = {provider->settings->issuer, provider->settings->mtls_url};
    for (size_t i = 0; i < COUNT_OF(bases) && bases[i].n > 0; i++) {
        if (!str_starts(audience, bases[i]))
            continue;
        str path = {audience.p + bases[i].n, audience.n - bases[i].n};
        if ((i == 0 && path.n == 0) || str_is(path, "/token") || str_eq(path, rq->path))
            return true;
    }
    return false;
}

/* FAPI 2.0 Security Profile section 5.3.2.1 leaves one audience, as one string: the same assertion is then good
 * nowhere else. */
static bool audience_has_us(struct provider *provider, struct request *rq, const struct client *client,
                            const json_t *payload)
{
    const json_t *aud = json_object_get(payload, "aud");
    if (client->rules->issuer_audience)
        return str_eq(json_str(payload, "aud"), provider->settings->issuer);
    if (json_is_string(aud))
        return audience_is_us(provider, rq, json_str(payload, "aud"));
    for (size_t i = 0; i < json_array_size(aud); i++)
        if (audience_is_us(provider, rq, str_of(json_string_value(json_array_get(aud, i)))))
            return true;
    return false;
}

static const char *check_times(const json_t *payload)
{
    int64_t now = clock_now(), exp, nbf, iat;
    if (!json_int(payload, "exp", 0, TIME_MAX, &exp))
        return "the client assertion has no valid exp";
    if (exp + LATE_MAX <= now)
        return "the client assertion has expired";
    if (exp > now + LIFE_MAX + AHEAD_MAX)
        return "the client assertion is valid for too long";
    if (json_object_get(payload, "nbf") && (!json_int(payload, "nbf", 0, TIME_MAX, &nbf) || nbf > now + AHEAD_MAX))
        return "the client assertion is not valid yet";
    if (json_object_get(payload, "iat") && (!json_int(payload, "iat", 0, TIME_MAX, &iat) || iat > now + AHEAD_MAX))
        return "the client assertion was issued in the future";
    return NULL;
}

/* Marks the assertion as used, as long as it could be used again. */
static struct oauth_error consume(struct provider *provider, struct request *rq, const struct client *client,
                                  const json_t *payload)
{
    str jti = json_str(payload, "jti");
    int64_t exp;
    if (jti.n == 0 || jti.n > 256 || !json_int(payload, "exp", 0, TIME_MAX, &exp))
        return REFUSED("the client assertion has no valid jti");
    struct store_op op = {.what = STORE_PUT,
                          .kind = RECORD_REPLAY,
                          .key = sha256_key(rq->arena, arena_printf(rq->arena, "assertion\n%.*s\n%.*s",
                                                                    STR_FMT(client->id), STR_FMT(jti))),
                          .value = STR("used"),
                          .expires_at = exp + LATE_MAX + 1,
                          .condition = IF_ABSENT};
    switch (store_write(provider->store, &op, 1)) {
    case STORE_OK:
        return OAUTH_OK;
    case STORE_CONFLICT:
        return REFUSED("the client assertion was used before");
    default:
        return OAUTH_UNAVAILABLE;
    }
}

/* client_secret_jwt: an HMAC with the secret that only the client and we have. */
static bool secret_signed(struct provider *provider, struct request *rq, const struct client *client,
                          const struct jws_parts *jws)
{
    str text;
    struct jose_secret secret;
    return client_secret_open(provider->keys, rq->arena, client->id, client->sealed_secret, &text) &&
           jose_secret_of(text, &secret) && jws_verify_hmac(jws, secret);
}

static bool is_signed(struct provider *provider, struct request *rq, const struct client *client,
                      const struct jws_parts *jws)
{
    if (client->auth == AUTH_SECRET_JWT)
        return secret_signed(provider, rq, client, jws);
    return client_verify(provider, rq, client, jws, client_algs(client, client->auth_alg));
}

struct oauth_error client_assertion_check(struct provider *provider, struct request *rq, const struct client *client,
                                          str assertion)
{
    struct jws_parts jws;
    if (!jws_parse(rq->arena, assertion, ASSERTION_BYTES_MAX, &jws))
        return REFUSED("the client assertion is not a JWT");
    if (client->auth == AUTH_PRIVATE_KEY_JWT && !request_may_call_out(rq) &&
        !client_keys_at_hand(provider, rq, client, &jws)) {
        request_move_to_call_out(rq);
        return OAUTH_UNAVAILABLE; /* is not sent */
    }
    if (!is_signed(provider, rq, client, &jws))
        return REFUSED("the client assertion is not signed with a registered key");
    if (!str_eq(json_str(jws.payload, "iss"), client->id) || !str_eq(json_str(jws.payload, "sub"), client->id))
        return REFUSED("iss and sub of the client assertion must be the client_id");
    if (!audience_has_us(provider, rq, client, jws.payload))
        return REFUSED("the client assertion is for another audience");
    const char *fault = check_times(jws.payload);
    return fault ? REFUSED(fault) : consume(provider, rq, client, jws.payload);
}
