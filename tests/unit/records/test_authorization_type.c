/* Types of rich authorization requests: which definitions are taken, what fits them, how people read it. */
#include "records/authorization_type.h"

#include <stdio.h>
#include <string.h>

#include "unit/store/fixture.h"
#include "unit/unit.h"

#include "crypto/json.h"

#define FIELDS                                                                                                         \
    "{\"name\":\"plot\",\"label\":\"Plot\",\"label#km\":\"ដី\",\"kind\":\"string\",\"required\":true},"            \
    "{\"name\":\"for\",\"label\":\"For\",\"kind\":\"amount\"},{\"name\":\"years\",\"label\":\"Years\",\"kind\":"       \
    "\"number\"},{\"name\":\"urgent\",\"label\":\"Urgent\",\"kind\":\"boolean\"},"                                     \
    "{\"name\":\"may\",\"label\":\"May\",\"kind\":\"strings\",\"values\":{\"read\":\"read it\",\"sign\":{\"label\":"   \
    "\"sign it\",\"label#km\":\"ចុះ\"}}}"
#define DEFINITION "{\"type\":\"land\",\"title\":\"Land\",\"title#km\":\"ដីធ្លី\",\"fields\":[" FIELDS "]}"

static const json_t *parse(struct arena *arena, const char *text)
{
    const json_t *object = json_parse_object(arena, str_of(text), AUTHORIZATION_TYPE_BYTES_MAX);
    if (!object)
        fail_msg("no JSON object: %s", text);
    return object;
}

static void assert_refused(struct arena *arena, const char *definition, const char *why_part)
{
    str why;
    if (authorization_type_check(arena, parse(arena, definition), &why))
        fail_msg("taken: %s", definition);
    if (!why.p || !memmem(why.p, why.n, why_part, strlen(why_part)))
        fail_msg("%s: \"%.*s\" does not say \"%s\"", definition, STR_FMT(why), why_part);
}

static void a_whole_definition_is_taken(void **state)
{
    (void)state;
    TEST_ARENA;
    str why;
    assert_true(authorization_type_check(arena, parse(arena, DEFINITION), &why));
    assert_true(authorization_type_check(
        arena, parse(arena, "{\"type\":\"https://x.example/t\",\"title\":\"T\",\"fields\":[]}"), &why));
}

static void definitions_that_say_too_little_or_too_much_are_refused(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_refused(arena, "{}", "type");
    assert_refused(arena, "{\"type\":\"\",\"title\":\"T\",\"fields\":[]}", "type");
    assert_refused(arena, "{\"type\":1,\"title\":\"T\",\"fields\":[]}", "type");
    assert_refused(arena, "{\"type\":\"two words\",\"title\":\"T\",\"fields\":[]}", "type");
    assert_refused(arena, "{\"type\":\"ដី\",\"title\":\"T\",\"fields\":[]}", "type");
    assert_refused(arena, arena_printf(arena, "{\"type\":\"%0201d\",\"title\":\"T\",\"fields\":[]}", 7).p, "type");
    assert_refused(arena, "{\"type\":\"t\",\"fields\":[]}", "title");
    assert_refused(arena, "{\"type\":\"t\",\"title\":\"\",\"fields\":[]}", "title");
    assert_refused(arena, "{\"type\":\"t\",\"title\":\"T\",\"title#km\":1,\"fields\":[]}", "title");
    assert_refused(arena, "{\"type\":\"t\",\"title\":\"two\\nlines\",\"fields\":[]}", "title");
    assert_refused(arena, "{\"type\":\"t\",\"title\":\"T\"}", "fields");
    assert_refused(arena, "{\"type\":\"t\",\"title\":\"T\",\"fields\":{}}", "fields");
    assert_refused(arena, "{\"type\":\"t\",\"title\":\"T\",\"fields\":[],\"locations\":[]}", "nothing else");
}

static void fields_that_could_not_be_shown_or_checked_are_refused(void **state)
{
    (void)state;
    TEST_ARENA;
    static const char *const wrong[] = {
        "1",
        "{}",
        "{\"name\":\"a\",\"label\":\"A\"}",
        "{\"name\":\"a\",\"kind\":\"string\"}",
        "{\"label\":\"A\",\"kind\":\"string\"}",
        "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"text\"}",
        "{\"name\":\"type\",\"label\":\"A\",\"kind\":\"string\"}",
        "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"string\",\"required\":\"yes\"}",
        "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"string\",\"values\":{}}",
        "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"string\",\"values\":[\"x\"]}",
        "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"string\",\"values\":{\"x\":1}}",
        "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"string\",\"values\":{\"x\":{\"label#km\":\"A\"}}}",
        "{\"name\":\"a\",\"label\":\"A\",\"kind\":\"string\",\"more\":1}",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_refused(arena, arena_printf(arena, "{\"type\":\"t\",\"title\":\"T\",\"fields\":[%s]}", wrong[i]).p,
                       "field 1");
}

static const char *fault(struct arena *arena, const char *detail)
{
    const char *why = "";
    return authorization_detail_fits(parse(arena, DEFINITION), parse(arena, detail), &why) ? NULL : why;
}

static void what_a_type_describes_fits(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_null(fault(arena, "{\"type\":\"land\",\"plot\":\"KD-7\"}"));
    assert_null(fault(arena, "{\"type\":\"land\",\"plot\":\"ភ្នំពេញ\",\"years\":-3,\"urgent\":false,\"may\":[\"read\"],"
                             "\"for\":{\"amount\":\"123456789012345.1234\",\"currency\":\"KHR\"}}"));
}

static void what_it_does_not_describe_never_fits(void **state)
{
    (void)state;
    TEST_ARENA;
    static const char *const wrong[] = {
        "\"plot\":\"\"",
        "\"plot\":7",
        "\"plot\":null",
        "\"plot\":\"a\\u0007b\"",
        "\"plot\":[\"KD-7\"]",
        "\"plot\":\"x\",\"more\":\"y\"",
        "\"plot\":\"x\",\"Plot\":\"y\"",
        "\"plot\":\"x\",\"years\":1.0",
        "\"plot\":\"x\",\"years\":\"1\"",
        "\"plot\":\"x\",\"urgent\":1",
        "\"plot\":\"x\",\"may\":[]",
        "\"plot\":\"x\",\"may\":[\"steal\"]",
        "\"plot\":\"x\",\"may\":[\"read\",[\"read\"]]",
        "\"plot\":\"x\",\"may\":\"read\"",
        "\"plot\":\"x\",\"for\":\"1 USD\"",
        "\"plot\":\"x\",\"for\":{\"amount\":1,\"currency\":\"USD\"}",
        "\"plot\":\"x\",\"for\":{\"amount\":\"1\",\"currency\":\"usd\"}",
        "\"plot\":\"x\",\"for\":{\"amount\":\"1\",\"currency\":\"USDT\"}",
        "\"plot\":\"x\",\"for\":{\"amount\":\"\",\"currency\":\"USD\"}",
        "\"plot\":\"x\",\"for\":{\"amount\":\".5\",\"currency\":\"USD\"}",
        "\"plot\":\"x\",\"for\":{\"amount\":\"5.\",\"currency\":\"USD\"}",
        "\"plot\":\"x\",\"for\":{\"amount\":\"1.2.3\",\"currency\":\"USD\"}",
        "\"plot\":\"x\",\"for\":{\"amount\":\"1.23456\",\"currency\":\"USD\"}",
        "\"plot\":\"x\",\"for\":{\"amount\":\"1234567890123456\",\"currency\":\"USD\"}",
        "\"plot\":\"x\",\"for\":{\"amount\":\"1\"}",
        "\"years\":1",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (!fault(arena, arena_printf(arena, "{\"type\":\"land\",%s}", wrong[i]).p))
            fail_msg("it fits: %s", wrong[i]);
    assert_non_null(strstr(fault(arena, "{\"type\":\"land\"}"), "requires"));
    assert_non_null(strstr(fault(arena, "{\"type\":\"land\",\"plot\":\"x\",\"y\":1}"), "does not know"));
}

static void a_value_that_no_screen_could_show_is_refused(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_null(fault(arena, arena_printf(arena, "{\"type\":\"land\",\"plot\":\"%0300d\"}", 7).p));
    assert_non_null(fault(arena, arena_printf(arena, "{\"type\":\"land\",\"plot\":\"%0301d\"}", 7).p));
}

static str shown(struct arena *arena, const char *name, const char *detail, bool khmer)
{
    const json_t *fields = json_object_get(parse(arena, DEFINITION), "fields");
    for (size_t i = 0; i < json_array_size(fields); i++)
        if (str_is(json_str(json_array_get(fields, i), "name"), name))
            return authorization_value(arena, json_array_get(fields, i), parse(arena, detail), khmer);
    return STR_NONE;
}

static void people_read_labels_in_their_language(void **state)
{
    (void)state;
    TEST_ARENA;
    const char *detail = "{\"plot\":\"KD-7\",\"may\":[\"sign\",\"read\"],\"years\":99,\"urgent\":true,"
                         "\"for\":{\"amount\":\"1.50\",\"currency\":\"USD\"}}";
    assert_str(shown(arena, "plot", detail, true), "KD-7");
    assert_str(shown(arena, "may", detail, false), "sign it, read it");
    assert_str(shown(arena, "may", detail, true), "ចុះ, read it");
    assert_str(shown(arena, "years", detail, false), "99");
    assert_str(shown(arena, "urgent", detail, false), "✓");
    assert_str(shown(arena, "urgent", "{\"urgent\":false}", false), "✗");
    assert_str(shown(arena, "for", detail, true), "1.50 USD");
    assert_null(shown(arena, "plot", "{}", false).p);
    const json_t *definition = parse(arena, DEFINITION);
    assert_str(authorization_text(arena, definition, "title", true), "ដីធ្លី");
    assert_str(authorization_text(arena, definition, "title", false), "Land");
    assert_str(authorization_text(arena, parse(arena, "{\"title\":\"T\"}"), "title", true), "T");
}

static void a_type_is_found_by_its_name_and_by_no_other(void **state)
{
    struct fixture *f = *state;
    struct store_op op = authorization_type_op(f->arena, parse(f->arena, DEFINITION));
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_true(json_equal(authorization_type_load(f->store, f->arena, STR("land")), parse(f->arena, DEFINITION)));
    const str others[] = {
        STR("Land"), STR("lan"), STR("land2"), STR("land\0x"), STR(""), STR_NONE, arena_printf(f->arena, "%0600d", 1)};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_null(authorization_type_load(f->store, f->arena, others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_definition_is_taken),
        cmocka_unit_test(definitions_that_say_too_little_or_too_much_are_refused),
        cmocka_unit_test(fields_that_could_not_be_shown_or_checked_are_refused),
        cmocka_unit_test(what_a_type_describes_fits),
        cmocka_unit_test(what_it_does_not_describe_never_fits),
        cmocka_unit_test(a_value_that_no_screen_could_show_is_refused),
        cmocka_unit_test(people_read_labels_in_their_language),
        STORE_TEST(a_type_is_found_by_its_name_and_by_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
