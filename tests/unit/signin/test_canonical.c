/* RFC 8785, with its own examples as far as they are of our kinds. */
#include "unit/unit.h"

#include "crypto/json.h"
#include "signin/authenticator/canonical.h"

static str canonical(struct arena *arena, const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(value);
    str out = canonical_json(arena, value);
    json_decref(value);
    return out;
}

static void members_come_in_order_and_without_white_space(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(
        canonical(arena, "{ \"b\" : [ true , false, {} , [] ], \"a\": 1, \"B\": \"\", \"aa\": {\"z\":0,\"y\":-5} }"),
        "{\"B\":\"\",\"a\":1,\"aa\":{\"y\":-5,\"z\":0},\"b\":[true,false,{},[]]}");
}

static void strings_are_escaped_in_the_one_way(void **state)
{
    (void)state;
    TEST_ARENA;
    /* section 3.2.2.2: the example's string */
    assert_str(canonical(arena, "\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\""),
               "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
    assert_str(canonical(arena, "\"\\b\\t\\n\\f\\r\\u0000\\u001f\\u007f\""), "\"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\"");
}

static void khmer_stays_as_it_is(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(canonical(arena, "{\"ឈ្មោះ\":\"\\u1780\"}"), "{\"ឈ្មោះ\":\"ក\"}");
}

static void what_we_never_say_has_no_form(void **state)
{
    (void)state;
    TEST_ARENA;
    static const char *const others[] = {
        "null", "1.5", "[null]", "{\"a\":1e3}", "9007199254740992", "{\"a\":[{\"b\":null}]}"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(canonical(arena, others[i]).p);
    assert_null(canonical_json(arena, NULL).p);
    assert_str(canonical(arena, "9007199254740991"), "9007199254740991");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_in_order_and_without_white_space),
        cmocka_unit_test(strings_are_escaped_in_the_one_way),
        cmocka_unit_test(khmer_stays_as_it_is),
        cmocka_unit_test(what_we_never_say_has_no_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
