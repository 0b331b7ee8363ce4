/* How far a token reaches: never further than what was granted, by resource (RFC 8707) and in detail (RFC 9396). */
#include "unit/unit.h"

#include "crypto/json.h"
#include "oauth/request/authorization_details.h"
#include "oauth/request/resource.h"

#define LAND "https://land.example"
#define TAX "https://tax.example"

static struct params params_of(struct arena *arena, const char *form)
{
    static const char *const repeatable[] = {"resource", NULL};
    struct params params = params_parse(arena, str_of(form), repeatable);
    assert_int_equal(params.status, PARAMS_OK);
    return params;
}

static str chosen(struct arena *arena, const char *form, str granted)
{
    struct params params = params_of(arena, form);
    str out = STR("untouched");
    struct oauth_error error = resource_choose(arena, &params, granted, &out);
    if (error.code)
        fail_msg("%s: %s", form, error.description);
    return out;
}

static void assert_other_target(struct arena *arena, const char *form, str granted)
{
    struct params params = params_of(arena, form);
    str out;
    struct oauth_error error = resource_choose(arena, &params, granted, &out);
    if (!error.code)
        fail_msg("taken: %s", form);
    assert_string_equal(error.code, "invalid_target");
}

static void resources_that_were_granted_are_given_each_once_in_the_order_asked(void **state)
{
    (void)state;
    TEST_ARENA;
    const str both = STR(LAND " " TAX);
    assert_str(chosen(arena, "resource=https%3A%2F%2Ftax.example", both), TAX);
    assert_str(chosen(arena, "resource=" TAX "&resource=" LAND "&resource=" TAX, both), TAX " " LAND);
    assert_null(chosen(arena, "scope=openid", both).p);
    assert_null(chosen(arena, "resource=", both).p);
    assert_null(chosen(arena, "scope=openid", STR_NONE).p);
}

static void no_other_resource_is_given_and_none_beside_one_that_was_not_granted(void **state)
{
    (void)state;
    TEST_ARENA;
    const str both = STR(LAND " " TAX);
    static const char *const wrong[] = {
        "resource=https://health.example",
        "resource=" LAND "&resource=https://health.example",
        "resource=" LAND "/",
        "resource=" LAND "%20" TAX,
        "resource=HTTPS://land.example",
        "resource=https://land.exampl",
        "resource=%20" LAND,
        "resource=" LAND "%23x",
        "resource=land",
        "resource=%C3%A9",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_other_target(arena, wrong[i], both);
    assert_other_target(arena, "resource=" LAND, STR_NONE);
    assert_other_target(arena, "resource=" LAND, STR(""));
}

#define ONE "{\"type\":\"land\",\"plot\":\"KD-7\",\"may\":[\"read\",\"sign\"]}"
#define TWO "{\"type\":\"land\",\"plot\":\"KD-8\"}"

static const char *refusal(struct arena *arena, const char *asked, str granted)
{
    str out;
    return authorization_details_choose(arena, str_of(asked), granted, &out).code;
}

static void details_that_were_granted_are_given_and_all_of_them_to_who_names_none(void **state)
{
    (void)state;
    TEST_ARENA;
    const str both = STR("[" ONE "," TWO "]");
    str out;
    assert_null(authorization_details_choose(arena, STR_NONE, both, &out).code);
    assert_true(str_eq(out, both));
    assert_null(authorization_details_choose(arena, STR("[" TWO "]"), both, &out).code);
    assert_str(out, "[" TWO "]");
    /* the order of members says nothing, that of an array does */
    assert_null(refusal(arena, "[{\"may\":[\"read\",\"sign\"],\"plot\":\"KD-7\",\"type\":\"land\"}]", both));
    assert_null(authorization_details_choose(arena, STR_NONE, STR_NONE, &out).code);
    assert_null(out.p);
}

static void details_are_never_widened(void **state)
{
    (void)state;
    TEST_ARENA;
    const str both = STR("[" ONE "," TWO "]");
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "null",
        "[",
        "[null]",
        "[{}]",
        "[" ONE "]]",
        "[" ONE "],\"more\":[" TWO "]",
        "[{\"type\":\"land\"}]",
        "[{\"type\":\"land\",\"plot\":\"KD-9\"}]",
        "[{\"type\":\"land\",\"plot\":\"KD-7\",\"may\":[\"read\"]}]",
        "[{\"type\":\"land\",\"plot\":\"KD-7\",\"may\":[\"sign\",\"read\"]}]",
        "[{\"type\":\"land\",\"plot\":\"KD-8\",\"urgent\":true}]",
        "[" TWO ",{\"type\":\"health\"}]",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (!refusal(arena, wrong[i], both))
            fail_msg("taken: %s", wrong[i]);
    assert_string_equal(refusal(arena, "[" ONE "]", STR_NONE), "invalid_authorization_details");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_that_were_granted_are_given_each_once_in_the_order_asked),
        cmocka_unit_test(no_other_resource_is_given_and_none_beside_one_that_was_not_granted),
        cmocka_unit_test(details_that_were_granted_are_given_and_all_of_them_to_who_names_none),
        cmocka_unit_test(details_are_never_widened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
