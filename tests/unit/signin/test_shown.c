#include "world.h"

#include "crypto/json.h"
#include "records/authorization_type.h"
#include "signin/authenticator/canonical.h"
#include "signin/authenticator/shown.h"

static struct visit visit;
static struct channel channel;

/* A request with everything in it, and a browser that is known. */
static void set_up(void)
{
    struct request *rq = new_request();
    visit = (struct visit){.provider = &world.provider, .rq = rq, .client = &world.client, .lang = LANG_EN};
    visit.interaction = (struct interaction){.client_id = STR("portal"),
                                             .redirect_uri = STR("https://portal.example/callback"),
                                             .scope = STR("openid profile"),
                                             .claims_id_token = STR("sub email"),
                                             .claims_userinfo = STR("sub birthdate name nationality_code email"),
                                             .claims_essential = STR("email")};
    channel = (struct channel){
        .id = STR("channel"), .browser_family = STR("Firefox, Windows"), .browser_place = STR("ភ្នំពេញ")};
    world.client.purpose[LANG_EN] = STR("To \"file\" taxes");
}

static const json_t *shown_with(const struct shown_with *with)
{
    str text = shown_text(&visit, &channel, with);
    const json_t *object = json_parse_object(visit.rq->arena, text, SHOWN_BYTES_MAX);
    assert_non_null(object);
    assert_true(str_eq(canonical_json(visit.rq->arena, object), text));
    return object;
}

static void it_says_who_asks_for_what_and_from_where(void **state)
{
    (void)state;
    set_up();
    const struct shown_with with = {.browser_known = true, .role = STR("Tax office: clerk")};
    const json_t *object = shown_with(&with);
    assert_str(json_str(object, "client_id"), "portal");
    assert_str(json_str(object, "client_name"), "Portal");
    assert_str(json_str(object, "client_host"), "portal.example");
    assert_str(json_str(object, "client_purpose"), "To \"file\" taxes");
    assert_str(json_str(object, "logo"), "");
    assert_str(json_str(object, "browser"), "Firefox, Windows");
    assert_str(json_str(object, "place"), "ភ្នំពេញ");
    assert_str(json_str(object, "scope"), "openid profile");
    assert_str(json_str(object, "binding_message"), "");
    assert_str(json_str(object, "role"), "Tax office: clerk");
    assert_true(json_is_true(json_object_get(object, "browser_known")));
    assert_true(json_is_false(json_object_get(object, "networks_differ")));
    assert_true(json_is_false(json_object_get(object, "offline")));
    assert_int_equal(json_array_size(json_object_get(object, "details")), 0);
    assert_int_equal(json_array_size(json_object_get(object, "resources")), 0);
    assert_in_range(json_integer_value(json_object_get(object, "issued_at")), clock_now() - 5, clock_now());
    assert_true(json_is_false(json_object_get(object, "from_device")));
    assert_int_equal(json_object_size(object), 19);
}

static void claims_come_in_the_order_of_the_page_and_say_which_are_required(void **state)
{
    (void)state;
    set_up();
    const struct shown_with with = {0};
    const json_t *claims = json_object_get(shown_with(&with), "claims");
    static const char *const names[] = {"name", "birthdate", "email", "nationality_code"};
    assert_int_equal(json_array_size(claims), COUNT_OF(names)); /* sub is nobody's to give */
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const json_t *claim = json_array_get(claims, i);
        assert_str(json_str(claim, "name"), names[i]);
        assert_str(json_str(claim, "label"), names[i]); /* the stand-in pages have no word for it */
        assert_int_equal(json_is_true(json_object_get(claim, "required")), strcmp(names[i], "email") == 0);
    }
}

static void what_was_declined_before_is_off_unless_it_is_required(void **state)
{
    (void)state;
    set_up();
    const struct shown_with with = {.declined = STR("birthdate email")};
    const json_t *claims = json_object_get(shown_with(&with), "claims");
    static const bool off[] = {false, true, false, false}; /* email is required */
    for (size_t i = 0; i < COUNT_OF(off); i++)
        assert_int_equal(json_is_true(json_object_get(json_array_get(claims, i), "off")), off[i]);
}

static void what_is_asked_beyond_claims_is_shown_too(void **state)
{
    (void)state;
    set_up();
    struct arena *arena = visit.rq->arena;
    const json_t *definition = json_parse_object(
        arena,
        STR("{\"type\":\"land\",\"title\":\"Transfer land\",\"fields\":[{\"name\":\"plot\",\"label\":\"Plot\","
            "\"kind\":\"string\"},{\"name\":\"price\",\"label\":\"Price\",\"kind\":\"string\"}]}"),
        4096);
    struct store_op op = authorization_type_op(arena, definition);
    assert_int_equal(store_write(world.provider.store, &op, 1), STORE_OK);
    visit.interaction.authorization_details = STR("[{\"type\":\"land\",\"plot\":\"12-A\"}]");
    visit.interaction.resources = STR("https://api.example/v1 urn:x:y");
    visit.interaction.scope = STR("openid offline_access");
    visit.interaction.binding_message = STR("K-7");
    visit.interaction.flow = FLOW_DEVICE;
    world.client.logo = STR("PNG");
    const struct shown_with with = {.networks_differ = true};
    const json_t *object = shown_with(&with);
    const json_t *detail = json_array_get(json_object_get(object, "details"), 0);
    const json_t *fields = json_object_get(detail, "fields");
    assert_str(json_str(detail, "title"), "Transfer land");
    assert_int_equal(json_array_size(fields), 1);
    assert_str(json_str(json_array_get(fields, 0), "label"), "Plot");
    assert_str(json_str(json_array_get(fields, 0), "value"), "12-A");
    const json_t *resources = json_object_get(object, "resources");
    assert_string_equal(json_string_value(json_array_get(resources, 0)), "api.example");
    assert_string_equal(json_string_value(json_array_get(resources, 1)), "urn:x:y");
    assert_true(json_is_true(json_object_get(object, "offline")));
    assert_true(json_is_true(json_object_get(object, "networks_differ")));
    assert_str(json_str(object, "binding_message"), "K-7");
    assert_true(json_is_true(json_object_get(object, "from_device")));
    assert_str(json_str(object, "logo"), ISSUER "/client-logo/portal");
}

static void no_two_are_the_same(void **state)
{
    (void)state;
    set_up();
    const struct shown_with with = {0};
    str one = shown_text(&visit, &channel, &with), other = shown_text(&visit, &channel, &with);
    assert_false(str_eq(one, other));
    str nonce = json_str(json_parse_object(visit.rq->arena, one, SHOWN_BYTES_MAX), "nonce");
    assert_int_equal(nonce.n, 22); /* 128 bits */
}

static void a_client_that_registered_itself_is_where_the_answer_goes(void **state)
{
    (void)state;
    set_up();
    world.client.registration_token[0] = 1;
    visit.interaction.redirect_uri = STR("https://other.example/callback");
    const struct shown_with with = {0};
    assert_str(json_str(shown_with(&with), "client_host"), "other.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(it_says_who_asks_for_what_and_from_where),
        WORLD_TEST(claims_come_in_the_order_of_the_page_and_say_which_are_required),
        WORLD_TEST(what_was_declined_before_is_off_unless_it_is_required),
        WORLD_TEST(what_is_asked_beyond_claims_is_shown_too),
        WORLD_TEST(no_two_are_the_same),
        WORLD_TEST(a_client_that_registered_itself_is_where_the_answer_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
