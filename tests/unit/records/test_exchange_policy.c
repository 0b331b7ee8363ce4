/* Rules of token exchange: found for the client that they are for, whole, and for no other. */
#include "records/exchange_policy.h"

#include "unit/store/fixture.h"
#include "unit/unit.h"

static void add(struct fixture *f, str client, str name)
{
    struct exchange_policy policy = {.client_id = client,
                                     .name = name,
                                     .audience = STR("https://tax.example"),
                                     .scope = STR("tax.read tax.pay"),
                                     .subject_client = STR("portal"),
                                     .subject_scope = STR("profile"),
                                     .life = 60};
    struct store_op op = exchange_policy_op(f->arena, &policy);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
}

struct seen {
    struct exchange_policy items[8];
    size_t count, enough;
};

static bool note(const struct exchange_policy *policy, void *context)
{
    struct seen *seen = context;
    seen->items[seen->count++] = *policy;
    return seen->count < seen->enough;
}

static struct seen rules_of(struct fixture *f, str client)
{
    struct seen seen = {.enough = COUNT_OF(seen.items)};
    assert_int_equal(exchange_policy_each(f->store, f->arena, client, note, &seen), STORE_OK);
    return seen;
}

static void a_rule_comes_back_as_it_was_made(void **state)
{
    struct fixture *f = *state;
    add(f, STR("land"), STR("taxes"));
    struct seen seen = rules_of(f, STR("land"));
    assert_int_equal(seen.count, 1);
    assert_str(seen.items[0].client_id, "land");
    assert_str(seen.items[0].name, "taxes");
    assert_str(seen.items[0].audience, "https://tax.example");
    assert_str(seen.items[0].scope, "tax.read tax.pay");
    assert_str(seen.items[0].subject_client, "portal");
    assert_str(seen.items[0].subject_scope, "profile");
    assert_int_equal(seen.items[0].life, 60);
}

static void nobody_gets_the_rules_of_another_whatever_the_names(void **state)
{
    struct fixture *f = *state;
    static const char *const clients[] = {"land", "lan", "land2", "lane", "a", "z"};
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        add(f, str_of(clients[i]), STR("taxes"));
    add(f, STR("land"), STR("2taxes"));
    struct seen seen = rules_of(f, STR("land"));
    assert_int_equal(seen.count, 2);
    assert_str(seen.items[0].name, "2taxes");
    assert_str(seen.items[1].name, "taxes");
    assert_int_equal(rules_of(f, STR("lan")).count, 1);
    assert_int_equal(rules_of(f, STR("la")).count, 0);
    assert_int_equal(rules_of(f, STR("landlord")).count, 0);
    assert_int_equal(rules_of(f, STR("zz")).count, 0);
    assert_int_equal(rules_of(f, STR_NONE).count, 7);
}

static void who_has_seen_enough_is_shown_no_more(void **state)
{
    struct fixture *f = *state;
    add(f, STR("land"), STR("one"));
    add(f, STR("land"), STR("two"));
    struct seen seen = {.enough = 1};
    assert_int_equal(exchange_policy_each(f->store, f->arena, STR("land"), note, &seen), STORE_OK);
    assert_int_equal(seen.count, 1);
}

static void a_removed_rule_is_gone_and_the_others_are_not(void **state)
{
    struct fixture *f = *state;
    add(f, STR("land"), STR("one"));
    add(f, STR("land"), STR("two"));
    struct store_op op = exchange_policy_remove_op(f->arena, STR("land"), STR("one"));
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(rules_of(f, STR("land")).count, 1);
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    op = exchange_policy_remove_op(f->arena, STR("lan"), STR("two"));
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
}

static void a_rule_of_the_same_name_replaces_the_one_before(void **state)
{
    struct fixture *f = *state;
    add(f, STR("land"), STR("taxes"));
    struct exchange_policy other = {.client_id = STR("land"),
                                    .name = STR("taxes"),
                                    .audience = STR("https://tax.example"),
                                    .scope = STR("tax.read")};
    struct store_op op = exchange_policy_op(f->arena, &other);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    struct seen seen = rules_of(f, STR("land"));
    assert_int_equal(seen.count, 1);
    assert_str(seen.items[0].scope, "tax.read");
    assert_null(seen.items[0].subject_client.p);
    assert_int_equal(seen.items[0].life, 0);
}

static void a_record_that_can_not_be_read_is_no_rule(void **state)
{
    struct fixture *f = *state;
    add(f, STR("land"), STR("taxes"));
    assert_int_equal(put(f, RECORD_EXCHANGE_POLICY, STR("land\0junk"), STR("junk"), 0), STORE_OK);
    assert_int_equal(rules_of(f, STR("land")).count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_rule_comes_back_as_it_was_made),
        STORE_TEST(nobody_gets_the_rules_of_another_whatever_the_names),
        STORE_TEST(who_has_seen_enough_is_shown_no_more),
        STORE_TEST(a_removed_rule_is_gone_and_the_others_are_not),
        STORE_TEST(a_rule_of_the_same_name_replaces_the_one_before),
        STORE_TEST(a_record_that_can_not_be_read_is_no_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
