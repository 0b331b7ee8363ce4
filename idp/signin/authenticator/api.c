#include "signin/authenticator/api.h"

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "crypto/proof.h"

#define JTI_MAX 128
#define TIME_MAX 253402300799 /* the year 9999 */
#define ID_MAX 64

/* ---- answers ---- */

void api_answer(struct call *call, int status, str json)
{
    respond_json(call->rq, status, json);
}

static struct buf open_error(struct call *call, enum api_fault fault)
{
    struct buf json = buf_new(call->rq->arena, 256);
    if (api_errors[fault].status == 401)
        response_header(call->rq, "WWW-Authenticate", STR("DPoP algs=\"ES256\""));
    buf_char(&json, '{');
    buf_json_str(&json, "error", str_of(api_errors[fault].code));
    buf_json_str(&json, "error_description", str_of(api_errors[fault].description));
    return json;
}

static void close_error(struct call *call, enum api_fault fault, struct buf *json)
{
    buf_char(json, '}');
    api_answer(call, api_errors[fault].status, buf_str(json));
}

void api_fail(struct call *call, enum api_fault fault)
{
    struct buf json = open_error(call, fault);
    close_error(call, fault, &json);
}

void api_fail_text(struct call *call, enum api_fault fault, const char *name, str value)
{
    struct buf json = open_error(call, fault);
    buf_json_str(&json, name, value);
    close_error(call, fault, &json);
}

void api_fail_int(struct call *call, enum api_fault fault, const char *name, int64_t value)
{
    struct buf json = open_error(call, fault);
    buf_json_int(&json, name, value);
    if (str_is(STR("retry_after"), name))
        response_header(call->rq, "Retry-After", arena_printf(call->rq->arena, "%lld", (long long)value));
    close_error(call, fault, &json);
}

static bool fail(struct call *call, enum api_fault fault)
{
    api_fail(call, fault);
    return false;
}

/* A store that does not find is `missing`; one that fails, a failure. */
static bool found(struct call *call, enum store_result result, enum api_fault missing)
{
    if (result == STORE_OK)
        return true;
    return fail(call, result == STORE_NOT_FOUND ? missing : API_UNAVAILABLE);
}

/* ---- the request ---- */

/* "en-GB,en;q=0.9": in the order in which it stands, which is that of browsers. */
static enum lang read_lang(const struct request *rq)
{
    struct buf tags = buf_new(rq->arena, 64);
    str list = request_header(rq, "Accept-Language"), item, tag, weight;
    while (str_word(&list, ',', &item)) {
        str_cut(item, ';', &tag, &weight);
        buf_add_word(&tags, str_trim(tag));
    }
    return lang_choose(buf_str(&tags), LANG_KM);
}

static bool read_body(struct call *call)
{
    const struct request *rq = call->rq;
    if (str_is(rq->method, "GET"))
        call->body = json_parse_object(rq->arena, STR("{}"), API_BODY_MAX);
    else if (rq->body_type == BODY_JSON)
        call->body = json_parse_object(rq->arena, rq->body, API_BODY_MAX);
    return call->body ? true : fail(call, API_INVALID_REQUEST);
}

/* An optional member that is there has to be a string. */
static bool read_text(const struct call *call, const char *name, size_t most, str *out)
{
    const json_t *member = json_object_get(call->body, name);
    *out = json_str(call->body, name);
    return (!member || json_is_null(member) || out->p) && out->n <= most;
}

bool api_text(struct call *call, const char *name, size_t most, str *out)
{
    return read_text(call, name, most, out) && out->n > 0 ? true : fail(call, API_INVALID_REQUEST);
}

bool api_text_or_none(struct call *call, const char *name, size_t most, str *out)
{
    return read_text(call, name, most, out) ? true : fail(call, API_INVALID_REQUEST);
}

bool api_object(struct call *call, const char *name, const json_t **out)
{
    *out = json_object_get(call->body, name);
    return json_is_object(*out) ? true : fail(call, API_INVALID_REQUEST);
}

/* ---- the proof ---- */

/* RFC 9449 section 4.3, points 8 to 12: the claims of a proof whose signature holds. The place is compared as it is
 * written: whoever speaks this API was told the issuer. */
static bool claims_fit(const struct call *call, const json_t *claims, str token, str *jti)
{
    const struct request *rq = call->rq;
    str place = arena_printf(rq->arena, "%.*s%.*s", STR_FMT(call->provider->settings->issuer), STR_FMT(rq->path));
    int64_t iat, now = clock_now();
    *jti = json_str(claims, "jti");
    if (jti->n == 0 || jti->n > JTI_MAX || !json_int(claims, "iat", 0, TIME_MAX, &iat))
        return false;
    if (!str_eq(json_str(claims, "htm"), rq->method) || !str_eq(json_str(claims, "htu"), place))
        return false;
    if (token.p && !str_eq(json_str(claims, "ath"), base64url_encode(rq->arena, sha256_key(rq->arena, token))))
        return false;
    return request_was_parked(rq) || (iat >= now - API_PROOF_AGE && iat <= now + API_PROOF_AHEAD);
}

/* One that was parked had its proof checked, and used up, before it waited. */
static bool use_up(struct call *call, str jti)
{
    struct arena *arena = call->rq->arena;
    str what = arena_printf(arena, "device\n%.*s\n%.*s", STR_FMT(call->jkt), STR_FMT(jti));
    struct store_op op = {.what = STORE_PUT,
                          .kind = RECORD_REPLAY,
                          .key = sha256_key(arena, what),
                          .value = STR("used"),
                          .expires_at = clock_now() + API_PROOF_AGE + API_PROOF_AHEAD + 1,
                          .condition = IF_ABSENT};
    if (request_was_parked(call->rq))
        return true;
    enum store_result result = store_write(call->provider->store, &op, 1);
    if (result == STORE_OK)
        return true;
    return fail(call, result == STORE_CONFLICT ? API_INVALID_PROOF : API_UNAVAILABLE);
}

/* `token`: the app session's; STR_NONE where the call has none. */
static bool check_proof(struct call *call, str token)
{
    str header = request_header(call->rq, "DPoP"), jti;
    struct proof proof;
    const char *why;
    if (!header.p || !proof_verify(call->rq->arena, header, JOSE_ALG_BIT(ALG_ES256), &proof, &why) ||
        !claims_fit(call, proof.payload, token, &jti))
        return fail(call, API_INVALID_PROOF);
    call->jkt = proof.thumbprint;
    return use_up(call, jti);
}

/* ---- who calls ---- */

/* Whoever has another key than the authenticator's learns no more than that there is none on this device. */
static bool load_device(struct call *call)
{
    str id;
    if (!api_text(call, "authenticator", ID_MAX, &id) ||
        !found(call, authenticator_load_id(call->provider->store, call->rq->arena, id, &call->authenticator),
               API_UNKNOWN_AUTHENTICATOR))
        return false;
    return str_eq(call->authenticator.jkt, call->jkt) ? true : fail(call, API_UNKNOWN_AUTHENTICATOR);
}

static str session_token(const struct request *rq)
{
    str scheme, token = STR_NONE;
    bool cut = str_cut(request_header(rq, "Authorization"), ' ', &scheme, &token);
    return cut && str_eq_nocase(scheme, STR("DPoP")) && token.n > 0 ? token : STR_NONE;
}

static bool load_session(struct call *call, str token)
{
    struct store *store = call->provider->store;
    struct arena *arena = call->rq->arena;
    if (!found(call, app_session_load(store, arena, token, &call->session), API_UNAUTHORIZED) ||
        !found(call, authenticator_load(store, arena, call->session.authenticator, &call->authenticator),
               API_UNAUTHORIZED))
        return false;
    if (!str_eq(call->session.jkt, call->jkt) || !str_eq(call->authenticator.jkt, call->jkt) ||
        !app_session_person(arena, &call->session, token, &call->person))
        return fail(call, API_UNAUTHORIZED);
    return true;
}

bool api_is_waiting(const struct call *call)
{
    return call->authenticator.active_at > clock_now();
}

bool api_open(struct call *call, struct provider *provider, struct request *rq, enum api_proof proof)
{
    bool in_session = proof == API_SESSION || proof == API_SESSION_WAITING;
    str token = in_session ? session_token(rq) : STR_NONE;
    *call = (struct call){.provider = provider, .rq = rq, .lang = read_lang(rq)};
    if (!read_body(call))
        return false;
    if (in_session && !token.p)
        return fail(call, API_UNAUTHORIZED);
    if (!check_proof(call, token) || (proof == API_DEVICE && !load_device(call)) ||
        (in_session && !load_session(call, token)))
        return false;
    if (proof == API_SESSION && api_is_waiting(call)) {
        api_fail_int(call, API_WAITING_AUTHENTICATOR, "active_at", call->authenticator.active_at);
        return false;
    }
    return true;
}

/* ---- what is told of it ---- */

struct audit_entry api_entry(const struct call *call, const char *action, str outcome, str resident)
{
    struct arena *arena = call->rq->arena;
    return (struct audit_entry){.action = str_of(action),
                                .outcome = outcome,
                                .actor =
                                    resident.n > 0 ? arena_printf(arena, "resident:%.*s", STR_FMT(resident)) : STR_NONE,
                                .request_id = str_of(call->rq->id),
                                .peer = call->rq->peer};
}

struct ipis_call api_register_call(const struct call *call, str transaction)
{
    return (struct ipis_call){.arena = call->rq->arena,
                              .transaction_id = transaction,
                              .relying_party = call->provider->settings->issuer,
                              .attempts_left = -1};
}
