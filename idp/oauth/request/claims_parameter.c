/* The claims parameter: single claims for the ID token or userinfo, essential or not, and with which values (OpenID
 * Connect Core section 5.5). */
#include "base/buf.h"
#include "crypto/json.h"
#include "oauth/claims.h"
#include "oauth/request/request.h"

#define CLAIMS_BYTES_MAX 4096
#define CLAIMS_COUNT_MAX 64

/* Gathers what the parameter's two members ask for. */
struct asked {
    struct authorize_request *request;
    struct buf names[2]; /* of the ID token, of userinfo */
    struct buf essential;
    json_t *values; /* claim to the array of values that will do */
};

static void add_once(struct buf *list, str word)
{
    if (!str_list_has(buf_str(list), ' ', word))
        buf_add_word(list, word);
}

/* One claim's wish: null, or an object with essential, value, values; other members are not understood and passed over.
 */
static bool wish_is_valid(const json_t *wish)
{
    if (json_is_null(wish))
        return true;
    const json_t *essential = json_object_get(wish, "essential"), *values = json_object_get(wish, "values");
    return json_is_object(wish) && (!essential || json_is_boolean(essential)) && (!values || json_is_array(values));
}

/* The values that a wish limits its claim to, as a new array; NULL for none. */
static json_t *wished_values(const json_t *wish)
{
    json_t *value = json_object_get(wish, "value"), *values = json_object_get(wish, "values");
    if (values)
        return json_incref(values);
    return value ? json_pack("[O]", value) : NULL;
}

/* The wished values as a list of words; false when one is not a word: a condition must not be passed over. */
static bool wished_words(struct arena *arena, const json_t *wish, str *out)
{
    json_t *values = wished_values(wish);
    struct buf list = buf_new(arena, 64);
    bool valid = true;
    for (size_t i = 0; values && i < json_array_size(values); i++) {
        str value = str_of(json_string_value(json_array_get(values, i)));
        valid = valid && value.n > 0 && str_is_printable(value) && !str_has(value, ' ');
        if (valid)
            add_once(&list, value);
    }
    valid = valid && (!values || list.n > 0);
    json_decref(values);
    *out = buf_str(&list);
    return valid;
}

/* sub and acr are not attributes to give but conditions on the sign-in (sections 5.5.1 and 5.5.1.1). */
static bool take_sub(struct asked *asked, const json_t *wish)
{
    str subjects;
    if (!wished_words(asked->request->rq->arena, wish, &subjects))
        return false;
    if (subjects.n > 0)
        asked->request->interaction.subject_hint = subjects;
    return true;
}

static bool take_acr(struct asked *asked, const json_t *wish)
{
    struct interaction *interaction = &asked->request->interaction;
    str values;
    if (!wished_words(asked->request->rq->arena, wish, &values))
        return false;
    if (values.n > 0) {
        interaction->acr_values = values;
        interaction->acr_essential = json_is_true(json_object_get(wish, "essential"));
    }
    return true;
}

static bool take_claim(struct asked *asked, size_t target, str name, const json_t *wish)
{
    if (!claim_is_allowed(asked->request->client, name))
        return true; /* what we don't have or may not give is left out, not an error (section 5.5.1) */
    add_once(&asked->names[target], name);
    if (json_is_true(json_object_get(wish, "essential")))
        add_once(&asked->essential, name);
    json_t *values = wished_values(wish);
    return !values || json_object_setn_new(asked->values, name.p, name.n, values) == 0;
}

static bool take_member(struct asked *asked, size_t target, json_t *member)
{
    if (!member)
        return true;
    if (!json_is_object(member) || json_object_size(member) > CLAIMS_COUNT_MAX)
        return false;
    const char *key;
    json_t *wish;
    json_object_foreach(member, key, wish)
    {
        str name = str_of(key);
        bool taken = wish_is_valid(wish) && (str_eq(name, STR("sub"))   ? take_sub(asked, wish)
                                             : str_eq(name, STR("acr")) ? take_acr(asked, wish)
                                                                        : take_claim(asked, target, name, wish));
        if (!taken)
            return false;
    }
    return true;
}

static void release_json(void *json)
{
    json_decref(json);
}

struct oauth_error check_claims_parameter(struct authorize_request *request)
{
    str text = authorize_param(request, "claims");
    if (!text.p || !str_list_has(request->interaction.scope, ' ', STR("openid"))) /* it is OpenID Connect's alone */
        return OAUTH_OK;
    struct arena *arena = request->rq->arena;
    struct interaction *interaction = &request->interaction;
    struct asked asked = {request, {buf_new(arena, 128), buf_new(arena, 128)}, buf_new(arena, 64), json_object()};
    arena_defer(arena, release_json, asked.values);
    add_once(&asked.names[1], interaction->claims_userinfo); /* what the scopes ask for comes first */
    json_t *claims = json_parse_object(arena, text, CLAIMS_BYTES_MAX);
    if (!claims || !take_member(&asked, 0, json_object_get(claims, "id_token")) ||
        !take_member(&asked, 1, json_object_get(claims, "userinfo")))
        return OAUTH_ERROR("invalid_request", "the claims parameter is not a valid claims request");
    interaction->claims_id_token = buf_str(&asked.names[0]);
    interaction->claims_userinfo = buf_str(&asked.names[1]);
    interaction->claims_essential = buf_str(&asked.essential);
    if (json_object_size(asked.values) > 0)
        interaction->claims_values = json_text(arena, asked.values);
    return OAUTH_OK;
}
