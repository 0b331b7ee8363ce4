#include "oauth/elsewhere/device.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/primitives.h"
#include "oauth/client/client_auth.h"
#include "oauth/elsewhere/decoupled.h"
#include "oauth/request/flood.h"
#include "oauth/request/pipeline.h"
#include "records/peer.h"

#define INTERVAL 5 /* seconds */
/* Letters that nobody takes for another, and that spell no words (section 6.1): 20^8 codes. */
#define LETTERS "BCDFGHJKLMNPQRSTVWXZ"
#define LETTER_COUNT 20
#define CODE_LETTERS 8
#define TRIES_MAX 20      /* wrong codes that an address may enter … */
#define TRIES_SECONDS 600 /* … within this */

/* ---- the device's side ---- */

static str new_user_code(struct arena *arena)
{
    struct buf code = buf_new(arena, CODE_LETTERS);
    while (code.n < CODE_LETTERS) {
        unsigned char byte;
        random_fill(&byte, 1);
        if (byte < 240) /* the largest multiple of 20: no letter is likelier than another */
            buf_char(&code, LETTERS[byte % LETTER_COUNT]);
    }
    return buf_str(&code);
}

static str shown(struct arena *arena, str code)
{
    return arena_printf(arena, "%.4s-%.4s", code.p, code.p + 4);
}

static struct oauth_error check(struct authorize_request *request)
{
    if (!(request->client->grants & GRANT_DEVICE_CODE))
        return OAUTH_ERROR("unauthorized_client", "the client is not registered for this grant");
    if (request->client->rules->code_only && request->client->profile != PROFILE_OPEN)
        return OAUTH_ERROR("unauthorized_client", "the client's security profile does not know this grant");
    if (params_get(&request->rq->form, "code_challenge").p) /* rather than to pass it over */
        return OAUTH_ERROR("invalid_request", "PKCE is not for the device grant");
    request->interaction.client_id = request->client->id;
    return pipeline_run(request);
}

/* Section 3.2. */
static void tell(const struct authorize_request *request, str device_code, str user_code, int64_t life)
{
    struct buf json = buf_new(request->rq->arena, 400);
    str issuer = request->provider->settings->issuer, code = shown(json.arena, user_code);
    buf_char(&json, '{');
    buf_json_str(&json, "device_code", device_code);
    buf_json_str(&json, "user_code", code);
    buf_json_str(&json, "verification_uri", arena_printf(json.arena, "%.*s/device", STR_FMT(issuer)));
    buf_json_str(&json, "verification_uri_complete",
                 arena_printf(json.arena, "%.*s/device?user_code=%.*s", STR_FMT(issuer), STR_FMT(code)));
    buf_json_int(&json, "expires_in", life);
    buf_json_int(&json, "interval", INTERVAL);
    buf_char(&json, '}');
    respond_json(request->rq, 200, buf_str(&json));
}

void device_authorization_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct authorize_request request = {
        .provider = provider, .rq = rq, .at = AT_DEVICE, .sent = &rq->form, .params = &rq->form};
    struct oauth_error error = client_authenticate(provider, rq, &request.client);
    if (!error.code && request.client->auth == AUTH_NONE && flood_of_requests(provider, rq))
        error = OAUTH_ERROR_STATUS(429, "temporarily_unavailable", "too many requests from this address");
    if (!error.code)
        error = check(&request);
    str parameters = decoupled_parameters(provider, rq->arena, &rq->form);
    if (!error.code && parameters.n > DECOUPLED_PARAMETERS_MAX)
        error = OAUTH_ERROR_STATUS(413, "invalid_request", "the request is too large");
    if (error.code) {
        oauth_respond_error(rq, error);
        return;
    }
    str device_code = random_token(rq->arena, 32), user_code = new_user_code(rq->arena);
    int64_t life = provider->settings->life_device;
    struct decoupled pending = {.kind = RECORD_DEVICE,
                                .client_id = request.client->id,
                                .parameters = parameters,
                                .user_code = sha256_key(rq->arena, user_code),
                                .interval = INTERVAL,
                                .expires_at = clock_now() + life};
    struct store_op op = decoupled_create_op(rq->arena, device_code, &pending);
    if (store_write(provider->store, &op, 1) == STORE_OK)
        tell(&request, device_code, user_code, life);
    else
        oauth_respond_error(rq, OAUTH_UNAVAILABLE);
}

/* ---- the person's side ---- */

/* What was typed: small letters, spaces and hyphens don't matter. STR_NONE when it can't be a code. */
static str normal(struct arena *arena, str typed)
{
    struct buf code = buf_new(arena, CODE_LETTERS);
    for (size_t i = 0; i < typed.n && code.n <= CODE_LETTERS; i++) {
        char c = (char)toupper((unsigned char)typed.p[i]);
        if (c == '-' || c == ' ')
            continue;
        if (!str_has(STR(LETTERS), c))
            return STR_NONE;
        buf_char(&code, c);
    }
    return code.n == CODE_LETTERS ? buf_str(&code) : STR_NONE;
}

static void show(struct provider *provider, struct request *rq, int status, str typed, const char *error)
{
    enum lang lang = lang_of_request(rq, LANG_KM);
    struct view *view = view_new(rq->arena);
    str code = normal(rq->arena, typed);
    view_text(view, "user_code", code.p ? shown(rq->arena, code) : STR_NONE);
    view_flag(view, "filled", code.p != NULL && !error);
    if (error)
        view_flag(view, error, true);
    view_text(view, "self", STR("/device"));
    page_respond(rq, provider->pages, lang, status, "oauth/device", view, STR_NONE);
}

void device_page_handle(struct request *rq, void *context)
{
    show(context, rq, 200, params_nonempty(&rq->query, "user_code"), NULL);
}

/* Counts the tries of an address: codes are short (section 5.1). */
static bool too_many_tries(struct provider *provider, struct request *rq, uint32_t add)
{
    uint32_t total = 0;
    int64_t ends_at;
    str name = arena_printf(rq->arena, "device:%.*s", STR_FMT(peer_network(rq->arena, rq->peer)));
    return store_count(provider->store, RECORD_COUNTER, name, add, TRIES_SECONDS, &total, &ends_at) != STORE_OK ||
           total >= TRIES_MAX;
}

void device_enter_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct decoupled pending;
    str typed = params_nonempty(&rq->form, "user_code"), code = normal(rq->arena, typed);
    str site = request_header(rq, "Sec-Fetch-Site");
    if (site.p && !str_eq(site, STR("same-origin"))) { /* the person shall see and compare it (section 3.3.1) */
        show(provider, rq, 200, typed, NULL);
        return;
    }
    if (too_many_tries(provider, rq, 0)) {
        show(provider, rq, 429, STR_NONE, "error_tries");
        return;
    }
    enum store_result result =
        code.p ? decoupled_find(provider->store, rq->arena, sha256_key(rq->arena, code), &pending) : STORE_NOT_FOUND;
    bool open = result == STORE_OK && pending.state == DECOUPLED_WAITING && pending.expires_at > clock_now();
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        oauth_error_page(provider, rq, 503, OAUTH_UNAVAILABLE);
    } else if (open) {
        decoupled_begin(provider, rq, &pending);
    } else {
        too_many_tries(provider, rq, 1);
        show(provider, rq, 400, typed, "error_code");
    }
}
