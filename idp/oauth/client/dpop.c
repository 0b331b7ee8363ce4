#include "oauth/client/dpop.h"

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "crypto/proof.h"

#define JTI_MAX 512
#define TIME_MAX 253402300799 /* the year 9999 */

struct target {
    str scheme, host, port, path;
};

/* An absolute http or https URL without user information. */
static bool target_of(str url, struct target *out)
{
    size_t end = 0;
    while (end < url.n && url.p[end] != '?' && url.p[end] != '#')
        end++;
    url.n = end;
    str rest;
    if (!str_cut(url, ':', &out->scheme, &rest) || !str_starts(rest, STR("//")))
        return false;
    rest = (str){rest.p + 2, rest.n - 2};
    size_t slash = 0;
    while (slash < rest.n && rest.p[slash] != '/')
        slash++;
    str authority = {rest.p, slash};
    out->path = slash < rest.n ? (str){rest.p + slash, rest.n - slash} : STR("/");
    size_t colon = authority.n; /* before the port; an IPv6 address in brackets has colons of its own */
    while (colon > 0 && authority.p[colon - 1] >= '0' && authority.p[colon - 1] <= '9')
        colon--;
    bool ported = colon > 0 && authority.p[colon - 1] == ':';
    out->host = (str){authority.p, ported ? colon - 1 : authority.n};
    out->port = ported ? (str){authority.p + colon, authority.n - colon} : STR("");
    if (out->port.n == 0)
        out->port = str_eq_nocase(out->scheme, STR("https")) ? STR("443") : STR("80");
    return out->host.n > 0 && !str_has(authority, '@') &&
           (str_eq_nocase(out->scheme, STR("https")) || str_eq_nocase(out->scheme, STR("http")));
}

bool dpop_same_place(str a, str b)
{
    struct target one, other;
    return target_of(a, &one) && target_of(b, &other) && str_eq_nocase(one.scheme, other.scheme) &&
           str_eq_nocase(one.host, other.host) && str_eq(one.port, other.port) && str_eq(one.path, other.path);
}

static bool is_one_of(const struct dpop_expected *expected, str htu)
{
    for (size_t i = 0; i < expected->url_count; i++)
        if (dpop_same_place(htu, expected->urls[i]))
            return true;
    return false;
}

/* Points 8 to 10 of section 4.3, and that the claims of section 4.2 are there. */
static const char *check_request(const json_t *claims, const struct dpop_expected *expected, str *jti)
{
    int64_t iat;
    *jti = json_str(claims, "jti");
    if (jti->n == 0 || jti->n > JTI_MAX)
        return "the DPoP proof has no valid jti";
    if (!str_eq(json_str(claims, "htm"), expected->method))
        return "the DPoP proof's htm is not the request's method";
    if (!is_one_of(expected, json_str(claims, "htu")))
        return "the DPoP proof's htu is not this endpoint";
    if (!json_int(claims, "iat", 0, TIME_MAX, &iat))
        return "the DPoP proof has no valid iat";
    return NULL;
}

static enum dpop_verdict check_nonce(const json_t *claims, const struct dpop_expected *expected, bool *lately,
                                     const char **why)
{
    str nonce = json_str(claims, "nonce");
    *lately = false;
    if (!json_object_get(claims, "nonce")) {
        *why = "the DPoP proof must have a nonce of this server";
        return expected->nonce_required ? DPOP_NEEDS_NONCE : DPOP_RIGHT;
    }
    for (size_t i = 0; i < DPOP_NONCES; i++)
        *lately = *lately || (nonce.n > 0 && str_eq(nonce, expected->nonces[i]));
    *why = "the DPoP proof's nonce is not one of this server, or is too old";
    return *lately ? DPOP_RIGHT : DPOP_NEEDS_NONCE;
}

/* Point 12: the proof is of the key that shows the token, and of this token. */
static bool is_for_token(struct arena *arena, const json_t *claims, str token)
{
    return !token.p || str_eq(json_str(claims, "ath"), base64url_encode(arena, sha256_key(arena, token)));
}

enum dpop_verdict dpop_check(struct arena *arena, str compact, const struct dpop_expected *expected,
                             struct dpop_proof *out, const char **why)
{
    struct proof proof;
    bool lately;
    *out = (struct dpop_proof){0};
    if (!proof_verify(arena, compact, DPOP_ALGS, &proof, why))
        return DPOP_WRONG;
    const char *fault = check_request(proof.payload, expected, &out->jti);
    if (fault) {
        *why = fault;
        return DPOP_WRONG;
    }
    enum dpop_verdict verdict = check_nonce(proof.payload, expected, &lately, why);
    if (verdict != DPOP_RIGHT)
        return verdict;
    int64_t iat = json_integer_value(json_object_get(proof.payload, "iat"));
    *why = "the DPoP proof was made too long ago, or in the future";
    if (!lately && (iat < expected->now - DPOP_AGE_MAX || iat > expected->now + DPOP_AHEAD_MAX))
        return DPOP_WRONG;
    *why = "the DPoP proof's ath is not of this access token";
    if (!is_for_token(arena, proof.payload, expected->access_token))
        return DPOP_WRONG;
    out->jkt = proof.thumbprint;
    return DPOP_RIGHT;
}

/* ---- in a request ---- */

/* As long as the same proof could pass again: until its iat is too old, or its nonce. */
#define REPLAY_SECONDS                                                                                                 \
    (DPOP_AGE_MAX + DPOP_AHEAD_MAX > DPOP_NONCES * DPOP_NONCE_WINDOW ? DPOP_AGE_MAX + DPOP_AHEAD_MAX                   \
                                                                     : DPOP_NONCES * DPOP_NONCE_WINDOW)

static struct oauth_error consume(struct provider *provider, struct request *rq, const struct dpop_proof *proof)
{
    str what = arena_printf(rq->arena, "dpop\n%.*s\n%.*s", STR_FMT(proof->jkt), STR_FMT(proof->jti));
    struct store_op op = {.what = STORE_PUT,
                          .kind = RECORD_REPLAY,
                          .key = sha256_key(rq->arena, what),
                          .value = STR("used"),
                          .expires_at = clock_now() + REPLAY_SECONDS + 1,
                          .condition = IF_ABSENT};
    switch (store_write(provider->store, &op, 1)) {
    case STORE_OK:
        return OAUTH_OK;
    case STORE_CONFLICT:
        return OAUTH_ERROR("invalid_dpop_proof", "the DPoP proof was used before");
    default:
        return OAUTH_UNAVAILABLE;
    }
}

struct oauth_error dpop_check_request(struct provider *provider, struct request *rq, str access_token, str *jkt)
{
    const struct settings *settings = provider->settings;
    str header = request_header(rq, "DPoP");
    *jkt = STR_NONE;
    if (!header.p)
        return OAUTH_OK;
    const str urls[] = {arena_printf(rq->arena, "%.*s%.*s", STR_FMT(settings->issuer), STR_FMT(rq->path)),
                        arena_printf(rq->arena, "%.*s%.*s", STR_FMT(settings->mtls_url), STR_FMT(rq->path))};
    struct dpop_expected expected = {.method = rq->method,
                                     .urls = urls,
                                     .url_count = settings->mtls_url.n > 0 ? 2 : 1,
                                     .access_token = access_token,
                                     .nonce_required = str_is(settings->dpop_nonce_required, "yes"),
                                     .now = clock_now()};
    struct dpop_proof proof;
    const char *why = NULL;
    dpop_nonces(provider->keys, rq->arena, expected.now, expected.nonces);
    response_header(rq, "DPoP-Nonce", expected.nonces[0]);
    enum dpop_verdict verdict = dpop_check(rq->arena, header, &expected, &proof, &why);
    if (verdict != DPOP_RIGHT)
        return OAUTH_ERROR(verdict == DPOP_WRONG ? "invalid_dpop_proof" : "use_dpop_nonce", why);
    struct oauth_error error = consume(provider, rq, &proof);
    if (!error.code)
        *jkt = proof.jkt;
    return error;
}
