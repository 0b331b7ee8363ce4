/* The operator's table of levels: how it is read, and what a sign-in is good for by it. */
#include "records/assurance.h"

#include "unit/unit.h"

#include <string.h>

#define OTP (1U << WAY_OTP)
#define PASSKEY (1U << WAY_PASSKEY)
#define QR (1U << WAY_QR)

static struct assurance table_of(struct arena *arena, const char *setting)
{
    struct assurance table;
    str why;
    if (!assurance_read(arena, str_of(setting), &table, &why))
        fail_msg("%.*s", STR_FMT(why));
    return table;
}

static void a_table_is_read_weakest_first(void **state)
{
    (void)state;
    TEST_ARENA;
    struct assurance table = table_of(arena, "  low=otp   middle=qr high=passkey ");
    assert_int_equal(table.count, 3);
    assert_str(table.levels[0].acr, "low");
    assert_int_equal(table.levels[0].ways, OTP);
    assert_str(table.levels[2].acr, "high");
    assert_int_equal(table.levels[2].ways, PASSKEY);
    assert_str(assurance_names(arena, &table), "low middle high");
    table = table_of(arena, "all=passkey,otp,qr");
    assert_int_equal(table.levels[0].ways, OTP | PASSKEY | QR);
}

static void a_malformed_table_is_refused_with_the_reason(void **state)
{
    (void)state;
    TEST_ARENA;
    static const struct {
        const char *setting, *why;
    } cases[] = {
        {"", "leaves out a way"},
        {"low=otp", "leaves out a way"},
        {"low=otp,qr", "leaves out a way"},
        {"low=otp high", "\"high\""},
        {"low=otp =passkey,qr", "\"=passkey,qr\""},
        {"low=otp high=", "\"high=\""},
        {"low=otp high=passkey,qr,sms", "\"high=passkey,qr,sms\""},
        {"low=otp high=OTP", "\"high=OTP\""},
        {"low=otp high=passkey;qr", "\"high=passkey;qr\""},
        {"low=otp,otp high=passkey,qr", "\"low=otp,otp\""},
        {"low=otp high=passkey,qr,otp", "twice"},
        {"low=otp low=passkey,qr", "twice"},
        {"a=otp b=qr c=passkey d=otp", "twice"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct assurance table;
        str why = STR_NONE;
        assert_false(assurance_read(arena, str_of(cases[i].setting), &table, &why));
        if (!why.p || !memmem(why.p, why.n, cases[i].why, strlen(cases[i].why)))
            fail_msg("\"%s\": \"%.*s\" does not have %s", cases[i].setting, STR_FMT(why), cases[i].why);
    }
}

static void there_are_never_more_levels_than_have_room(void **state)
{
    (void)state;
    TEST_ARENA;
    struct assurance table;
    str why;
    assert_false(assurance_read(arena, STR("1=otp 2=qr 3=passkey 4=otp 5=otp 6=otp 7=otp 8=otp 9=otp"), &table, &why));
}

static void a_way_reaches_its_own_level_and_those_before(void **state)
{
    (void)state;
    TEST_ARENA;
    struct assurance table = table_of(arena, "low=otp middle=passkey high=qr");
    assert_str(assurance_acr(&table, WAY_OTP), "low");
    assert_str(assurance_acr(&table, WAY_PASSKEY), "middle");
    assert_str(assurance_acr(&table, WAY_QR), "high");
    static const struct {
        const char *acr, *wanted;
        bool reaches;
    } cases[] = {
        {"low", "low", true},       {"low", "middle", false},  {"low", "high", false}, {"middle", "low", true},
        {"middle", "middle", true}, {"middle", "high", false}, {"high", "low", true},  {"high", "middle", true},
        {"high", "high", true},     {"high", "gone", false},   {"gone", "low", false}, {"gone", "gone", true},
        {"gone", "other", false},   {"", "low", false},        {"high", "", false},    {"high", "HIGH", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (assurance_reaches(&table, str_of(cases[i].acr), str_of(cases[i].wanted)) != cases[i].reaches)
            fail_msg("%s reaching %s", cases[i].acr, cases[i].wanted);
}

static void a_session_without_a_level_reaches_none(void **state)
{
    (void)state;
    TEST_ARENA;
    struct assurance table = table_of(arena, "low=otp high=passkey,qr");
    assert_false(assurance_reaches(&table, STR_NONE, STR("low")));
    assert_false(assurance_suffices(&table, STR_NONE, STR("low"), STR_NONE));
    assert_false(assurance_suffices(&table, STR_NONE, STR_NONE, STR("low")));
}

static void a_sign_in_must_reach_the_minimum_and_one_of_the_values(void **state)
{
    (void)state;
    TEST_ARENA;
    struct assurance table = table_of(arena, "low=otp middle=passkey high=qr");
    static const struct {
        const char *acr, *minimum, *values;
        bool suffices;
    } cases[] = {
        {"low", NULL, NULL, true},
        {"low", "", "", true},
        {"low", "low", NULL, true},
        {"low", "middle", NULL, false},
        {"high", "middle", NULL, true},
        {"middle", "high", NULL, false},
        {"low", NULL, "middle low", true},
        {"low", NULL, "middle high", false},
        {"middle", NULL, "high middle", true},
        {"middle", NULL, "high", false},
        {"high", NULL, "low", true}, /* a stronger one does, too */
        {"middle", "middle", "high", false},
        {"middle", "high", "middle", false},
        {"high", "high", "made:up", false},
        {"high", "made:up", NULL, false},
        {"gone", "gone", "gone", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (assurance_suffices(&table, str_of(cases[i].acr), str_of(cases[i].minimum), str_of(cases[i].values)) !=
            cases[i].suffices)
            fail_msg("case %zu", i);
}

static void what_is_asked_leaves_the_ways_that_reach_it(void **state)
{
    (void)state;
    TEST_ARENA;
    struct assurance table = table_of(arena, "low=otp middle=passkey high=qr");
    assert_int_equal(assurance_ways(&table, STR_NONE, STR_NONE, false), OTP | PASSKEY | QR);
    assert_int_equal(assurance_ways(&table, STR("low"), STR_NONE, false), OTP | PASSKEY | QR);
    assert_int_equal(assurance_ways(&table, STR("middle"), STR_NONE, false), PASSKEY | QR);
    assert_int_equal(assurance_ways(&table, STR("high"), STR_NONE, false), QR);
    assert_int_equal(assurance_ways(&table, STR("gone"), STR_NONE, false), 0);
    /* a wish leaves all of them, an essential one does not */
    assert_int_equal(assurance_ways(&table, STR_NONE, STR("high"), false), OTP | PASSKEY | QR);
    assert_int_equal(assurance_ways(&table, STR_NONE, STR("high"), true), QR);
    assert_int_equal(assurance_ways(&table, STR_NONE, STR("high middle"), true), PASSKEY | QR);
    assert_int_equal(assurance_ways(&table, STR_NONE, STR("made:up low"), true), OTP | PASSKEY | QR);
    assert_int_equal(assurance_ways(&table, STR_NONE, STR("made:up"), true), 0);
    assert_int_equal(assurance_ways(&table, STR_NONE, STR_NONE, true), OTP | PASSKEY | QR);
    /* both */
    assert_int_equal(assurance_ways(&table, STR("high"), STR("low"), true), QR);
    assert_int_equal(assurance_ways(&table, STR("low"), STR("high"), true), QR);
}

static void a_client_is_told_the_strongest_of_what_it_named(void **state)
{
    (void)state;
    TEST_ARENA;
    struct assurance table = table_of(arena, "low=otp middle=passkey high=qr");
    assert_str(assurance_said(&table, STR("middle"), STR_NONE), "middle");
    assert_str(assurance_said(&table, STR("middle"), STR("low")), "low");
    assert_str(assurance_said(&table, STR("middle"), STR("low middle")), "middle");
    assert_str(assurance_said(&table, STR("middle"), STR("middle low")), "middle");
    assert_str(assurance_said(&table, STR("middle"), STR("high low")), "low");
    assert_str(assurance_said(&table, STR("middle"), STR("high made:up")), "middle"); /* never more than was reached */
    assert_str(assurance_said(&table, STR("gone"), STR("gone low")), "gone");
}

static void amr_says_honestly_how_it_went(void **state)
{
    (void)state;
    assert_str(assurance_amr(WAY_OTP, false), "otp");
    assert_str(assurance_amr(WAY_OTP, true), "otp");
    assert_str(assurance_amr(WAY_PASSKEY, true), "hwk user mfa");
    assert_str(assurance_amr(WAY_PASSKEY, false), "swk user mfa");
    assert_str(assurance_amr(WAY_QR, true), "hwk user mfa");
    assert_str(assurance_amr(WAY_QR, false), "swk user mfa");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_read_weakest_first),
        cmocka_unit_test(a_malformed_table_is_refused_with_the_reason),
        cmocka_unit_test(there_are_never_more_levels_than_have_room),
        cmocka_unit_test(a_way_reaches_its_own_level_and_those_before),
        cmocka_unit_test(a_session_without_a_level_reaches_none),
        cmocka_unit_test(a_sign_in_must_reach_the_minimum_and_one_of_the_values),
        cmocka_unit_test(what_is_asked_leaves_the_ways_that_reach_it),
        cmocka_unit_test(a_client_is_told_the_strongest_of_what_it_named),
        cmocka_unit_test(amr_says_honestly_how_it_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
