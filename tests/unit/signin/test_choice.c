#include "unit/unit.h"

#include "signin/choice.h"

static struct interaction asked(void)
{
    return (struct interaction){.client_id = STR("portal"),
                                .resident = STR("r"),
                                .scope = STR("openid profile"),
                                .claims_userinfo = STR("name email birthdate"),
                                .claims_essential = STR("name")};
}

static void essential_and_checked_claims_are_granted_the_rest_declined(void **state)
{
    (void)state;
    TEST_ARENA;
    struct interaction interaction = asked();
    struct consent consent = choice_allow(arena, &interaction, NULL, STR(" birthdate"));
    assert_str(consent.client_id, "portal");
    assert_str(consent.resident, "r");
    assert_str(consent.scope, "openid profile");
    assert_str(consent.granted, "name birthdate");
    assert_str(consent.declined, "email");
}

static void what_was_not_asked_for_can_not_be_checked(void **state)
{
    (void)state;
    TEST_ARENA;
    struct interaction interaction = asked();
    struct consent consent = choice_allow(arena, &interaction, NULL, STR("kidc sub email nonsense"));
    assert_str(consent.granted, "name email");
    assert_str(consent.declined, "birthdate");
}

static void an_earlier_answer_stays_for_other_claims_only(void **state)
{
    (void)state;
    TEST_ARENA;
    struct interaction interaction = asked();
    struct consent before = {
        .scope = STR("openid phone"), .granted = STR("phone_number email"), .declined = STR("address birthdate")};
    struct consent consent = choice_allow(arena, &interaction, &before, STR("birthdate"));
    assert_str(consent.scope, "openid profile phone");
    assert_str(consent.granted, "phone_number name birthdate");
    assert_str(consent.declined, "address email");
}

static void resources_that_were_agreed_to_stay(void **state)
{
    (void)state;
    TEST_ARENA;
    struct interaction interaction = asked();
    interaction.resources = STR("https://land.example https://tax.example");
    struct consent before = {.resources = STR("https://tax.example https://health.example")};
    struct consent consent = choice_allow(arena, &interaction, &before, STR(""));
    assert_str(consent.resources, "https://land.example https://tax.example https://health.example");
    interaction.resources = STR_NONE;
    consent = choice_allow(arena, &interaction, NULL, STR(""));
    assert_str(consent.resources, "");
}

static void claims_are_grouped_and_none_is_lost(void **state)
{
    (void)state;
    TEST_ARENA;
    struct choice_group groups[CHOICE_GROUPS];
    choice_groups(arena, STR("kidc email birthdate unheard_of family_name name#km"), groups);
    assert_string_equal(groups[0].title, "group.name");
    assert_str(groups[0].claims, "name#km family_name");
    assert_str(groups[1].claims, "birthdate");
    assert_str(groups[2].claims, "email");
    assert_str(groups[3].claims, "");
    assert_str(groups[4].claims, "kidc");
    assert_str(groups[5].claims, "unheard_of");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(essential_and_checked_claims_are_granted_the_rest_declined),
        cmocka_unit_test(what_was_not_asked_for_can_not_be_checked),
        cmocka_unit_test(an_earlier_answer_stays_for_other_claims_only),
        cmocka_unit_test(resources_that_were_agreed_to_stay),
        cmocka_unit_test(claims_are_grouped_and_none_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
