#include "ipis/ipis.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "ipis/attributes.h"
#include "ipis/breaker.h"
#include "ipis/transport.h"

struct ipis {
    struct transport *transport;
    pthread_mutex_t lock; /* over what follows */
    struct breaker breaker;
    uint64_t calls, failures, malformed;
    int64_t last_ok_at;
};

struct ipis *ipis_new(const struct ipis_options *options, char *error, size_t error_size)
{
    struct transport *transport = transport_new(options, error, error_size);
    if (!transport)
        return NULL;
    struct ipis *ipis = calloc(1, sizeof *ipis);
    if (!ipis)
        abort();
    ipis->transport = transport;
    ipis->breaker = (struct breaker){.failures_max = options->breaker_failures, .open_ms = options->breaker_open_ms};
    pthread_mutex_init(&ipis->lock, NULL);
    return ipis;
}

void ipis_free(struct ipis *ipis)
{
    if (!ipis)
        return;
    transport_free(ipis->transport);
    pthread_mutex_destroy(&ipis->lock);
    free(ipis);
}

void ipis_health(struct ipis *ipis, struct ipis_health *out)
{
    pthread_mutex_lock(&ipis->lock);
    *out = (struct ipis_health){ipis->breaker.open, ipis->calls, ipis->failures, ipis->malformed, ipis->last_ok_at};
    pthread_mutex_unlock(&ipis->lock);
}

/* ---- one call, whatever it is ---- */

struct call_state {
    struct ipis *ipis;
    const char *name; /* for the log */
    struct line *line;
    enum breaker_pass pass;
    bool away;       /* what came back, if anything, says that the register is not there */
    const char *why; /* it is IPIS_UNREACHABLE, if it is */
};

static enum ipis_result refuse(struct ipis *ipis, const char *name, const char *why)
{
    pthread_mutex_lock(&ipis->lock);
    ipis->calls++;
    ipis->failures++;
    pthread_mutex_unlock(&ipis->lock);
    log_warn("register_call call=%s result=unreachable reason=\"%s\"", name, why);
    return IPIS_UNREACHABLE;
}

/* A line first, then leave from the breaker: a trial must not be lost for want of a line. */
static bool begin(struct call_state *state, struct ipis *ipis, const char *name)
{
    *state = (struct call_state){.ipis = ipis, .name = name, .line = transport_take(ipis->transport)};
    if (!state->line) {
        refuse(ipis, name, "too many calls at a time");
        return false;
    }
    pthread_mutex_lock(&ipis->lock);
    state->pass = breaker_ask(&ipis->breaker, clock_mono_ms());
    pthread_mutex_unlock(&ipis->lock);
    if (state->pass == BREAKER_REFUSED) {
        transport_give(ipis->transport, state->line);
        refuse(ipis, name, "the breaker is open");
        return false;
    }
    return true;
}

static void end(struct call_state *state, enum ipis_result result)
{
    struct ipis *ipis = state->ipis;
    bool ok = result != IPIS_UNREACHABLE, away = !ok && state->away;
    transport_give(ipis->transport, state->line);
    pthread_mutex_lock(&ipis->lock);
    bool was_open = ipis->breaker.open;
    breaker_report(&ipis->breaker, state->pass, !away, clock_mono_ms());
    bool is_open = ipis->breaker.open;
    ipis->calls++;
    if (ok)
        ipis->last_ok_at = clock_now();
    else if (away)
        ipis->failures++;
    else
        ipis->malformed++;
    pthread_mutex_unlock(&ipis->lock);
    if (!ok)
        log_warn("register_call call=%s result=%s reason=\"%s\"", state->name, away ? "unreachable" : "malformed",
                 state->why);
    if (was_open != is_open)
        log_warn("register_breaker open=%s", is_open ? "yes" : "no");
}

/* Sends, and reads the answer as far as it is the same for all calls. */
static enum ipis_result exchange(struct call_state *state, struct ipis_call *call, const struct wanted *wanted,
                                 json_t **body)
{
    struct answer answer;
    enum delivery delivery =
        transport_send(state->ipis->transport, state->line, call->arena, wanted, &answer, &state->why);
    call->may_have_arrived = delivery != DELIVERY_UNSENT;
    state->away = delivery != DELIVERY_TOO_LARGE;
    if (delivery != DELIVERY_ANSWERED)
        return IPIS_UNREACHABLE;
    state->away = answer.status >= 500 || answer.status == 429 || answer.xroad_error.p;
    state->why = answer.xroad_error.p ? "X-Road error"
                 : state->away        ? "the register failed"
                                      : "the answer is not what the interface says";
    return answer_read(call, &answer, body);
}

static void clear(struct ipis_call *call)
{
    call->xroad_id = STR_NONE;
    call->code = STR_NONE;
    call->retry_after = 0;
    call->attempts_left = -1;
    call->may_have_arrived = false;
}

static str call_path(const struct ipis_call *call, const char *name, const struct kidc *kidc)
{
    struct buf path = buf_new(call->arena, 128);
    buf_printf(&path, "/v1/%s/", name);
    buf_add(&path, kidc_text(call->arena, kidc));
    buf_add(&path, STR("?transactionId="));
    buf_add_urlencoded(&path, call->transaction_id);
    return buf_str(&path);
}

/* ---- the calls ---- */

enum ipis_result ipis_send_otp(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc, int64_t *expires_in)
{
    struct call_state state;
    struct wanted wanted = {.path = call_path(call, "otp", kidc), .body = STR("{\"channels\":[\"phone\"]}")};
    json_t *body = NULL;
    clear(call);
    if (!begin(&state, ipis, "otp"))
        return IPIS_UNREACHABLE;
    enum ipis_result result = exchange(&state, call, &wanted, &body);
    if (result == IPIS_OK && !answer_otp(call, body, expires_in))
        result = IPIS_UNREACHABLE;
    end(&state, result);
    return result;
}

static str proof_request(const struct ipis_call *call, const char *factor_type, str value)
{
    struct buf factor = buf_new(call->arena, 64), json = buf_new(call->arena, 256);
    buf_char(&factor, '{');
    buf_json_str(&factor, "type", str_of(factor_type));
    buf_json_str(&factor, "value", value);
    buf_char(&factor, '}');
    buf_char(&json, '{');
    buf_json_raw(&json, "factors", arena_printf(call->arena, "[%.*s]", STR_FMT(buf_str(&factor))));
    buf_json_str(&json, "purpose", STR("sign-in"));
    buf_json_str(&json, "relyingParty", call->relying_party);
    buf_char(&json, '}');
    return buf_str(&json);
}

static enum ipis_result check_factor(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc,
                                     const char *factor, str value, struct ipis_proof *out)
{
    struct call_state state;
    struct wanted wanted = {.path = call_path(call, "authenticate", kidc), .body = proof_request(call, factor, value)};
    json_t *body = NULL;
    clear(call);
    if (!begin(&state, ipis, "authenticate"))
        return IPIS_UNREACHABLE;
    enum ipis_result result = exchange(&state, call, &wanted, &body);
    if (result == IPIS_OK)
        result = answer_proof(call, body, factor, out);
    end(&state, result);
    return result;
}

enum ipis_result ipis_check_otp(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc, str code,
                                struct ipis_proof *out)
{
    return check_factor(ipis, call, kidc, "otp", code, out);
}

enum ipis_result ipis_check_authenticator(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc, str token,
                                          struct ipis_proof *out)
{
    clear(call);
    return is_kyc_token(token) ? check_factor(ipis, call, kidc, "authenticator", token, out) : IPIS_WRONG;
}

static str names_asked_in(struct arena *arena, const char *const *names, const char *where)
{
    struct buf list = buf_new(arena, 256);
    for (; *names; names++) {
        const char *asked_in = attribute_asked_in(*names);
        if (!asked_in || !str_is(str_of(asked_in), where))
            continue;
        buf_add_word(&list, str_of(*names));
    }
    return buf_str(&list);
}

static str attributes_request(const struct ipis_call *call, str consent_id, const char *const *names)
{
    static const char *const lists[] = {ASK_BIOGRAPHIC, ASK_CONTACT};
    struct buf json = buf_new(call->arena, 512);
    buf_char(&json, '{');
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        buf_json_words(&json, lists[i], names_asked_in(call->arena, names, lists[i]), ' ');
    buf_json_str(&json, "relyingParty", call->relying_party);
    buf_json_str(&json, "consentId", consent_id);
    buf_char(&json, '}');
    return buf_str(&json);
}

enum ipis_result ipis_read_attributes(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc, str kyc_token,
                                      str consent_id, const char *const *names, json_t **attributes, json_t **sources)
{
    struct call_state state;
    struct wanted wanted = {
        .path = call_path(call, "attributes", kidc),
        .body = attributes_request(call, consent_id, names),
        .bearer = kyc_token,
        .repeat = true,
    };
    json_t *body = NULL;
    clear(call);
    if (!is_kyc_token(kyc_token))
        return IPIS_WRONG;
    if (!begin(&state, ipis, "attributes"))
        return IPIS_UNREACHABLE;
    enum ipis_result result = exchange(&state, call, &wanted, &body);
    if (result == IPIS_OK && !answer_attributes(call->arena, body, kidc, names, attributes, sources))
        result = IPIS_UNREACHABLE;
    end(&state, result);
    return result;
}

/* ---- authenticators ---- */

enum ipis_result ipis_add_authenticator(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc,
                                        str kyc_token, str *id, str *token)
{
    struct call_state state;
    struct buf json = buf_new(call->arena, 128);
    json_t *body = NULL;
    buf_char(&json, '{');
    buf_json_str(&json, "relyingParty", call->relying_party);
    buf_char(&json, '}');
    struct wanted wanted = {
        .path = call_path(call, "authenticators", kidc), .body = buf_str(&json), .bearer = kyc_token};
    clear(call);
    if (!is_kyc_token(kyc_token))
        return IPIS_WRONG;
    if (!begin(&state, ipis, "authenticators"))
        return IPIS_UNREACHABLE;
    enum ipis_result result = exchange(&state, call, &wanted, &body);
    if (result == IPIS_OK && !answer_authenticator(call->arena, body, id, token))
        result = IPIS_UNREACHABLE;
    end(&state, result);
    return result;
}

enum ipis_result ipis_remove_authenticator(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc,
                                           str token, str id)
{
    struct call_state state;
    json_t *body = NULL;
    clear(call);
    if (!is_kyc_token(token) || !is_authenticator_id(id))
        return IPIS_WRONG;
    str path = arena_printf(call->arena, "%.*s&authenticatorId=%.*s", STR_FMT(call_path(call, "authenticators", kidc)),
                            STR_FMT(id));
    struct wanted wanted = {.path = path, .remove = true, .bearer = token, .repeat = true};
    if (!begin(&state, ipis, "authenticators"))
        return IPIS_UNREACHABLE;
    enum ipis_result result = exchange(&state, call, &wanted, &body);
    end(&state, result);
    return result;
}
