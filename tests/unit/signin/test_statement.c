#include "unit/unit.h"

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "signin/authenticator/canonical.h"
#include "signin/authenticator/statement.h"

#define SHOWN                                                                                                          \
    "{\"claims\":[{\"label\":\"Name\",\"name\":\"name\",\"required\":false},"                                          \
    "{\"label\":\"KIdC\",\"name\":\"kidc\",\"required\":true},"                                                        \
    "{\"label\":\"Email\",\"name\":\"email\",\"required\":false}],\"client_name\":\"\xe1\x9e\x80 \\\"x\\\"\"}"

static const struct statement example = {.channel = STR_INIT("Y2hhbm5lbA"),
                                         .number = STR_INIT("07"),
                                         .claims = STR_INIT("name kidc"),
                                         .shown = STR_INIT(SHOWN)};

static void it_is_the_text_of_the_contract(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(statement_text(arena, &example), "{\"channel\":\"Y2hhbm5lbA\",\"claims\":[\"name\",\"kidc\"],"
                                                "\"decision\":\"approve\",\"number\":\"07\",\"shown\":" SHOWN "}");
    struct statement bare = example;
    bare.claims = STR("");
    bare.number = STR("");
    bare.shown = STR("{}");
    assert_str(statement_text(arena, &bare),
               "{\"channel\":\"Y2hhbm5lbA\",\"claims\":[],\"decision\":\"approve\",\"number\":\"\",\"shown\":{}}");
}

static void it_is_canonical(void **state)
{
    (void)state;
    TEST_ARENA;
    str text = statement_text(arena, &example);
    assert_true(str_eq(canonical_json(arena, json_parse_object(arena, text, text.n)), text));
}

static void the_challenge_is_its_digest(void **state)
{
    (void)state;
    TEST_ARENA;
    str challenge = statement_challenge(arena, &example);
    assert_int_equal(challenge.n, SHA256_BYTES);
    assert_true(str_eq(challenge, sha256_key(arena, statement_text(arena, &example))));
}

static void each_part_of_it_counts(void **state)
{
    (void)state;
    TEST_ARENA;
    struct statement other[] = {example, example, example, example, example};
    other[0].channel = STR("Y2hhbm5lbB");
    other[1].number = STR("70");
    other[2].claims = STR("name");
    other[3].claims = STR("kidc name");
    other[4].shown = STR("{}");
    for (size_t i = 0; i < COUNT_OF(other); i++)
        assert_false(str_eq(statement_challenge(arena, &other[i]), statement_challenge(arena, &example)));
}

static str given(struct arena *arena, const char *picked)
{
    str out;
    assert_true(statement_claims(arena, STR(SHOWN), str_of(picked), &out));
    return out;
}

static void claims_come_in_the_order_shown_with_the_required_ones(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(given(arena, "email kidc name"), "name kidc email");
    assert_str(given(arena, "email email"), "kidc email");
    assert_str(given(arena, ""), "kidc");
}

static void nothing_is_given_that_was_not_shown(void **state)
{
    (void)state;
    TEST_ARENA;
    str out;
    assert_false(statement_claims(arena, STR(SHOWN), STR("name phone_number"), &out));
    assert_false(statement_claims(arena, STR(SHOWN), STR("Name"), &out));
    assert_false(statement_claims(arena, STR("{}"), STR("name"), &out));
    assert_true(statement_claims(arena, STR("{}"), STR(""), &out));
    assert_str(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_text_of_the_contract),
        cmocka_unit_test(it_is_canonical),
        cmocka_unit_test(the_challenge_is_its_digest),
        cmocka_unit_test(each_part_of_it_counts),
        cmocka_unit_test(claims_come_in_the_order_shown_with_the_required_ones),
        cmocka_unit_test(nothing_is_given_that_was_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
