/* Which response types and modes are taken, and how each answer travels. */
#include "outside.h"

#include "oauth/authorize/jarm.h"
#include "oauth/authorize/response.h"

#define CALLBACK "https://portal.example/cb"

/* ---- the request ---- */

struct asked {
    const char *type, *mode, *nonce, *scope;
};

static struct authorize_request request;
static struct params params;

static struct oauth_error check(struct asked asked)
{
    const struct param items[] = {{STR("response_type"), str_of(asked.type)},
                                  {STR("response_mode"), str_of(asked.mode)},
                                  {STR("scope"), str_of(asked.scope ? asked.scope : "openid")}};
    params = (struct params){.items = ARENA_ARRAY(outside.arena, struct param, COUNT_OF(items))};
    for (size_t i = 0; i < COUNT_OF(items); i++)
        if (items[i].value.p)
            params.items[params.count++] = items[i];
    request = (struct authorize_request){
        .provider = &outside.provider, .rq = &outside.rq, .params = &params, .client = &outside.client};
    request.interaction.nonce = str_of(asked.nonce);
    struct oauth_error error = check_response_mode(&request);
    return error.code ? error : check_response_type(&request);
}

/* Refused, and told to the client in `mode`. */
static void refused(struct asked asked, const char *code, const char *mode)
{
    struct oauth_error error = check(asked);
    if (!error.code)
        fail_msg("%s in %s was taken", asked.type, asked.mode);
    assert_string_equal(error.code, code);
    assert_str(request.interaction.response_mode, mode);
}

static void taken(struct asked asked, int64_t type, const char *mode)
{
    struct oauth_error error = check(asked);
    if (error.code)
        fail_msg("%s in %s was refused: %s", asked.type, asked.mode, error.description);
    assert_int_equal(request.interaction.response_type, type);
    assert_str(request.interaction.response_mode, mode);
}

static void the_words_of_a_response_type_have_no_order(void **state)
{
    (void)state;
    taken((struct asked){.type = "code"}, RESPONSE_CODE, "query");
    taken((struct asked){.type = "id_token", .nonce = "n"}, RESPONSE_ID_TOKEN, "fragment");
    taken((struct asked){.type = "code id_token", .nonce = "n"}, RESPONSE_CODE | RESPONSE_ID_TOKEN, "fragment");
    taken((struct asked){.type = "id_token code", .nonce = "n"}, RESPONSE_CODE | RESPONSE_ID_TOKEN, "fragment");
}

static void unknown_and_repeated_words_are_unsupported(void **state)
{
    (void)state;
    refused((struct asked){.type = "none"}, "unsupported_response_type", "query");
    refused((struct asked){.type = "CODE"}, "unsupported_response_type", "query");
    refused((struct asked){.type = "code code"}, "unsupported_response_type", "query");
    refused((struct asked){.type = "token"}, "unsupported_response_type", "fragment");
    refused((struct asked){.type = "id_token token id_token"}, "unsupported_response_type", "fragment");
    refused((struct asked){.type = NULL}, "invalid_request", "query");
}

static void what_is_not_registered_is_unauthorized(void **state)
{
    (void)state;
    refused((struct asked){.type = "code token", .nonce = "n"}, "unauthorized_client", "fragment");
    refused((struct asked){.type = "token id_token", .nonce = "n"}, "unauthorized_client", "fragment");
    refused((struct asked){.type = "code id_token token", .nonce = "n"}, "unauthorized_client", "fragment");
    outside.client.response_types = RESPONSE_TYPE_BIT(RESPONSE_CODE);
    refused((struct asked){.type = "id_token", .nonce = "n"}, "unauthorized_client", "fragment");
    refused((struct asked){.type = "code id_token", .nonce = "n"}, "unauthorized_client", "fragment");
    outside.client.response_types = RESPONSE_TYPE_BIT(RESPONSE_CODE | RESPONSE_ID_TOKEN);
    refused((struct asked){.type = "code"}, "unauthorized_client", "query");
    refused((struct asked){.type = "id_token", .nonce = "n"}, "unauthorized_client", "fragment");
}

static void an_id_token_through_the_browser_needs_a_nonce_and_openid(void **state)
{
    (void)state;
    refused((struct asked){.type = "id_token"}, "invalid_request", "fragment");
    refused((struct asked){.type = "code id_token"}, "invalid_request", "fragment");
    refused((struct asked){.type = "code id_token", .nonce = "n", .scope = "profile"}, "invalid_scope", "fragment");
}

static void each_mode_is_taken_and_jwt_is_the_types_default(void **state)
{
    (void)state;
    static const char *const modes[] = {"query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt"};
    for (size_t i = 0; i < COUNT_OF(modes); i++)
        taken((struct asked){.type = "code", .mode = modes[i]}, RESPONSE_CODE, modes[i]);
    taken((struct asked){.type = "code", .mode = "jwt"}, RESPONSE_CODE, "query.jwt");
    taken((struct asked){.type = "id_token", .mode = "jwt", .nonce = "n"}, RESPONSE_ID_TOKEN, "fragment.jwt");
    taken((struct asked){.type = "code id_token", .mode = "form_post", .nonce = "n"}, RESPONSE_CODE | RESPONSE_ID_TOKEN,
          "form_post");
}

static void an_unknown_mode_is_refused_in_the_default_one(void **state)
{
    (void)state;
    refused((struct asked){.type = "code", .mode = "web_message"}, "invalid_request", "query");
    refused((struct asked){.type = "code", .mode = ".jwt"}, "invalid_request", "query");
    refused((struct asked){.type = "id_token", .mode = "Fragment", .nonce = "n"}, "invalid_request", "fragment");
}

static void tokens_never_travel_in_a_query(void **state)
{
    (void)state;
    refused((struct asked){.type = "id_token", .mode = "query", .nonce = "n"}, "invalid_request", "fragment");
    refused((struct asked){.type = "id_token code", .mode = "query", .nonce = "n"}, "invalid_request", "fragment");
    refused((struct asked){.type = "token", .mode = "query"}, "invalid_request", "fragment");
    refused((struct asked){.type = "id_token", .mode = "query.jwt", .nonce = "n"}, "invalid_request", "fragment");
    outside.client.authorization_encryption = (struct client_encryption){ALG_ECDH_ES, ENC_A256GCM};
    taken((struct asked){.type = "id_token", .mode = "query.jwt", .nonce = "n"}, RESPONSE_ID_TOKEN, "query.jwt");
}

static void a_client_of_signed_responses_gets_no_other(void **state)
{
    (void)state;
    outside.client.require_signed_response = true;
    taken((struct asked){.type = "code", .mode = "jwt"}, RESPONSE_CODE, "query.jwt");
    taken((struct asked){.type = "code", .mode = "form_post.jwt"}, RESPONSE_CODE, "form_post.jwt");
    refused((struct asked){.type = "code"}, "invalid_request", "query.jwt");
    refused((struct asked){.type = "code", .mode = "query"}, "invalid_request", "query.jwt");
    refused((struct asked){.type = "code", .mode = "form_post"}, "invalid_request", "query.jwt");
}

/* ---- the answer ---- */

static struct interaction interaction_in(const char *mode)
{
    return (struct interaction){.client_id = STR("portal"),
                                .redirect_uri = STR(CALLBACK),
                                .response_mode = str_of(mode),
                                .state = STR("a b&c")};
}

static void send_code(const struct interaction *interaction)
{
    outside.got.answers = 0;
    response_send(&outside.provider, &outside.rq, interaction, &(struct issued){.code = STR("the-code")});
    assert_int_equal(outside.got.answers, 1);
}

static str form_value(const char *name)
{
    const struct value *fields = view_find(outside.got.view, name_hash(STR("fields")), STR("fields"));
    for (const struct view *field = fields->first; field; field = field->next)
        if (str_is(view_find(field, name_hash(STR("name")), STR("name"))->text, name))
            return view_find(field, name_hash(STR("value")), STR("value"))->text;
    return STR_NONE;
}

static void query_and_fragment_are_form_encoded(void **state)
{
    (void)state;
    struct interaction interaction = interaction_in("query");
    send_code(&interaction);
    assert_str(outside.got.location, CALLBACK "?code=the-code&state=a%20b%26c&iss=https%3A%2F%2Fid.example");
    interaction.redirect_uri = STR(CALLBACK "?tenant=1");
    send_code(&interaction);
    assert_str(outside.got.location, CALLBACK "?tenant=1&code=the-code&state=a%20b%26c&iss=https%3A%2F%2Fid.example");
    interaction.response_mode = STR("fragment");
    response_send(&outside.provider, &outside.rq, &interaction,
                  &(struct issued){.code = STR("c"), .id_token = STR("a.b.c")});
    assert_str(outside.got.location,
               CALLBACK "?tenant=1#code=c&id_token=a.b.c&state=a%20b%26c&iss=https%3A%2F%2Fid.example");
}

static void an_error_travels_like_an_answer_and_invents_no_state(void **state)
{
    (void)state;
    struct interaction interaction = interaction_in("fragment");
    interaction.state = STR_NONE;
    response_send_error(&outside.provider, &outside.rq, &interaction, OAUTH_ERROR("access_denied", "no way"));
    assert_str(outside.got.location,
               CALLBACK "#error=access_denied&error_description=no%20way&iss=https%3A%2F%2Fid.example");
}

static void form_post_puts_nothing_into_the_url(void **state)
{
    (void)state;
    struct interaction interaction = interaction_in("form_post");
    send_code(&interaction);
    assert_null(outside.got.location.p);
    assert_string_equal(outside.got.page, "oauth/form_post");
    assert_str(view_find(outside.got.view, name_hash(STR("post_url")), STR("post_url"))->text, CALLBACK);
    assert_str(form_value("code"), "the-code");
    assert_str(form_value("state"), "a b&c");
    assert_str(form_value("iss"), ISSUER);
}

static const json_t *jarm_at(const char *before, struct jws_parts *jws)
{
    assert_true(str_starts(outside.got.location, str_of(before)));
    str jwt = {outside.got.location.p + strlen(before), outside.got.location.n - strlen(before)};
    assert_false(str_has(jwt, '&')); /* nothing beside it */
    return verified(jwt, ALG_ES256, jws);
}

static void jarm_is_one_signed_parameter(void **state)
{
    (void)state;
    struct interaction interaction = interaction_in("query.jwt");
    struct jws_parts jws;
    int64_t exp;
    send_code(&interaction);
    const json_t *payload = jarm_at(CALLBACK "?response=", &jws);
    assert_str(json_str(payload, "iss"), ISSUER);
    assert_str(json_str(payload, "aud"), "portal");
    assert_str(json_str(payload, "code"), "the-code");
    assert_str(json_str(payload, "state"), "a b&c");
    assert_true(json_int(payload, "exp", clock_now() + 1, clock_now() + 600, &exp));
    assert_int_equal(json_object_size(payload), 5);
    interaction.response_mode = STR("fragment.jwt");
    response_send_error(&outside.provider, &outside.rq, &interaction, OAUTH_ERROR("access_denied", "no"));
    payload = jarm_at(CALLBACK "#response=", &jws);
    assert_str(json_str(payload, "error"), "access_denied");
    assert_null(json_object_get(payload, "code"));
    outside.got.location = STR_NONE;
    interaction.response_mode = STR("form_post.jwt");
    send_code(&interaction);
    assert_null(outside.got.location.p);
    verified(form_value("response"), ALG_ES256, &jws);
    assert_null(form_value("code").p);
    assert_null(form_value("iss").p);
}

static void jarm_is_encrypted_or_not_sent(void **state)
{
    (void)state;
    struct interaction interaction = interaction_in("query.jwt");
    struct jws_parts jws;
    outside.client.authorization_encryption = (struct client_encryption){ALG_RSA_OAEP_256, ENC_A128CBC_HS256};
    send_code(&interaction);
    assert_null(outside.got.location.p);
    assert_string_equal(outside.got.page, "oauth/error");
    client_keys(ALG_RSA_OAEP_256);
    outside.client.keys = outside.client_keys;
    send_code(&interaction);
    str before = STR(CALLBACK "?response=");
    assert_true(str_starts(outside.got.location, before));
    str jwe = {outside.got.location.p + before.n, outside.got.location.n - before.n};
    assert_str(json_str(verified(decrypted(jwe), ALG_ES256, &jws), "code"), "the-code");
}

static void jarm_for_a_client_that_is_gone_is_a_page(void **state)
{
    (void)state;
    struct interaction interaction = interaction_in("query.jwt");
    outside.removed = true;
    send_code(&interaction);
    assert_null(outside.got.location.p);
    assert_string_equal(outside.got.page, "oauth/error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTSIDE_TEST(the_words_of_a_response_type_have_no_order),
        OUTSIDE_TEST(unknown_and_repeated_words_are_unsupported),
        OUTSIDE_TEST(what_is_not_registered_is_unauthorized),
        OUTSIDE_TEST(an_id_token_through_the_browser_needs_a_nonce_and_openid),
        OUTSIDE_TEST(each_mode_is_taken_and_jwt_is_the_types_default),
        OUTSIDE_TEST(an_unknown_mode_is_refused_in_the_default_one),
        OUTSIDE_TEST(tokens_never_travel_in_a_query),
        OUTSIDE_TEST(a_client_of_signed_responses_gets_no_other),
        OUTSIDE_TEST(query_and_fragment_are_form_encoded),
        OUTSIDE_TEST(an_error_travels_like_an_answer_and_invents_no_state),
        OUTSIDE_TEST(form_post_puts_nothing_into_the_url),
        OUTSIDE_TEST(jarm_is_one_signed_parameter),
        OUTSIDE_TEST(jarm_is_encrypted_or_not_sent),
        OUTSIDE_TEST(jarm_for_a_client_that_is_gone_is_a_page),
    };
    return cmocka_run_group_tests(tests, open_ring, close_ring);
}
