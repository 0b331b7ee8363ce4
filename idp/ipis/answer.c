#include "ipis/answer.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/json.h"

bool is_kyc_token(str token)
{
    if (token.n < 16 || token.n > 1024)
        return false;
    for (size_t i = 0; i < token.n; i++) {
        char c = token.p[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && !str_has(STR("-._~+/="), c))
            return false;
    }
    return true;
}

bool is_authenticator_id(str id)
{
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && !str_has(STR("-._~"), c))
            return false;
    }
    return id.n > 0 && id.n <= 64;
}

static bool is_json(str content_type)
{
    str type, parameters;
    str_cut(content_type, ';', &type, &parameters);
    return str_eq_nocase(str_trim(type), STR("application/json"));
}

/* A status that keeps a person from signing in, by the register's name for it. */
static bool is_bar(str code)
{
    return str_list_has(STR("SUSPENDED DECEASED_FLAGGED CLOSED MINOR"), ' ', code) && !str_has(code, ' ');
}

static enum ipis_result refusal(struct ipis_call *call, long status, const json_t *body)
{
    static const struct {
        long status;
        enum ipis_result result;
    } meanings[] = {
        {401, IPIS_WRONG},   {403, IPIS_FORBIDDEN}, {404, IPIS_UNKNOWN},   {409, IPIS_NOT_ENROLLED},
        {410, IPIS_EXPIRED}, {423, IPIS_FROZEN},    {429, IPIS_THROTTLED},
    };
    str code = json_str(body, "code");
    if (!code.p || !json_str(body, "message").p)
        return IPIS_UNREACHABLE;
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (meanings[i].status != status)
            continue;
        if (status == 403 && !is_bar(code)) /* refused to us, not to the person */
            return IPIS_UNREACHABLE;
        if (status == 403)
            call->code = arena_str(call->arena, code);
        if ((status == 423 || status == 429) && !json_int(body, "retryAfter", 0, 366 * 86400, &call->retry_after))
            call->retry_after = 0;
        if (status == 401 && !json_int(body, "attemptsLeft", 0, 1000, &call->attempts_left))
            call->attempts_left = -1;
        return meanings[i].result;
    }
    return IPIS_UNREACHABLE;
}

enum ipis_result answer_read(struct ipis_call *call, const struct answer *answer, json_t **body)
{
    call->code = STR_NONE;
    call->retry_after = 0;
    call->attempts_left = -1;
    call->xroad_id = STR_NONE;
    if (answer->xroad_id.n > 0 && answer->xroad_id.n <= 128 && str_is_printable(answer->xroad_id))
        call->xroad_id = arena_str(call->arena, answer->xroad_id);
    if (answer->xroad_error.p || !is_json(answer->content_type))
        return IPIS_UNREACHABLE;
    *body = json_parse_object(call->arena, answer->body, ANSWER_BYTES_MAX);
    if (!*body)
        return IPIS_UNREACHABLE;
    return answer->status == 200 ? IPIS_OK : refusal(call, answer->status, *body);
}

bool answer_otp(const struct ipis_call *call, const json_t *body, int64_t *expires_in)
{
    return str_eq(json_str(body, "transactionId"), call->transaction_id) && json_str(body, "maskedContact").p &&
           json_int(body, "expiresIn", 1, 3600, expires_in);
}

static bool has_factor(const json_t *body, const char *name)
{
    size_t i;
    json_t *factor;
    json_array_foreach(json_object_get(body, "factors"), i, factor)
    {
        if (json_is_string(factor) && strcmp(json_string_value(factor), name) == 0)
            return true;
    }
    return false;
}

enum ipis_result answer_proof(struct ipis_call *call, const json_t *body, const char *factor, struct ipis_proof *out)
{
    static const int64_t time_max = INT64_C(253402300799); /* the end of the year 9999 */
    str status = json_str(body, "status"), token = json_str(body, "kycToken");
    int64_t authenticated_at, kyc_expires_at = 0;
    if (!json_is_true(json_object_get(body, "authenticated")) || !has_factor(body, factor))
        return IPIS_UNREACHABLE;
    if (is_bar(status)) {
        call->code = arena_str(call->arena, status);
        return IPIS_FORBIDDEN;
    }
    if (!str_is(status, "ACTIVE") || !is_kyc_token(token) ||
        !json_int(body, "authenticatedAt", 1, time_max, &authenticated_at))
        return IPIS_UNREACHABLE;
    if (json_object_get(body, "kycExpiresAt") && !json_int(body, "kycExpiresAt", 1, time_max, &kyc_expires_at))
        return IPIS_UNREACHABLE;
    *out = (struct ipis_proof){arena_str(call->arena, token), authenticated_at, kyc_expires_at};
    return IPIS_OK;
}

bool answer_authenticator(struct arena *arena, const json_t *body, str *id, str *token)
{
    str given_id = json_str(body, "authenticatorId"), given_token = json_str(body, "authenticatorToken");
    if (!is_authenticator_id(given_id) || !is_kyc_token(given_token))
        return false;
    *id = arena_str(arena, given_id);
    *token = arena_str(arena, given_token);
    return true;
}

const char *ipis_result_name(enum ipis_result result)
{
    static const char *const names[] = {
        [IPIS_OK] = "ok",
        [IPIS_UNKNOWN] = "unknown",
        [IPIS_WRONG] = "wrong",
        [IPIS_EXPIRED] = "expired",
        [IPIS_FROZEN] = "frozen",
        [IPIS_NOT_ENROLLED] = "not_enrolled",
        [IPIS_FORBIDDEN] = "forbidden",
        [IPIS_THROTTLED] = "throttled",
        [IPIS_UNREACHABLE] = "unreachable",
    };
    return names[result];
}
