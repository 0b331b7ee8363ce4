/* Who is told when a session ends: every client of it, once, also when it ends by itself. */
#include "records/participant.h"

#include "unit/store/fixture.h"
#include "unit/unit.h"

#include "outbound/outbox_record.h"

static struct participant one(str sid, str client, bool back, bool front)
{
    return (struct participant){.sid = sid,
                                .client_id = client,
                                .subject = STR("pairwise"),
                                .client_sid = STR("their-sid"),
                                .backchannel_uri = back ? STR("https://rp.example/backchannel") : STR_NONE,
                                .frontchannel_uri = front ? STR("https://rp.example/frontchannel") : STR_NONE};
}

static void join(struct fixture *f, struct participant participant, int64_t ends_at)
{
    struct store_op ops[] = {participant_op(f->arena, &participant), deadline_op(f->arena, participant.sid, ends_at)};
    assert_int_equal(store_write(f->store, ops, COUNT_OF(ops)), STORE_OK);
}

/* A browser's session: as far as participants look at it. */
static void start_session(struct fixture *f, str cookie, str sid, int64_t expires_at)
{
    struct store_op op = {.what = STORE_PUT,
                          .kind = RECORD_SESSION,
                          .key = cookie,
                          .value = STR("x"),
                          .expires_at = expires_at,
                          .index = {sid, STR("resident")}};
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
}

struct owed {
    struct arena *arena;
    struct outbox_notice items[64];
    size_t count;
};

static bool note(const struct record *record, void *context)
{
    struct owed *owed = context;
    struct record copy = *record;
    copy.value = arena_str(owed->arena, record->value);
    copy.key = arena_str(owed->arena, record->key);
    assert_true(outbox_record_read(&copy, &owed->items[owed->count++]));
    return owed->count < COUNT_OF(owed->items);
}

static struct owed owed(struct fixture *f)
{
    struct owed all = {.arena = f->arena};
    assert_int_equal(store_scan(f->store, RECORD_OUTBOX, -1, STR_NONE, STR_NONE, note, &all), STORE_OK);
    return all;
}

static bool count_one(const struct record *record, void *context)
{
    (void)record;
    ++*(size_t *)context;
    return true;
}

static size_t records(struct fixture *f, enum record_kind kind)
{
    size_t count = 0;
    assert_int_equal(store_scan(f->store, kind, -1, STR_NONE, STR_NONE, count_one, &count), STORE_OK);
    return count;
}

static void each_client_of_a_session_is_owed_a_notice_and_no_other_session(void **state)
{
    struct fixture *f = *state;
    int64_t later = clock_now() + 1000;
    join(f, one(STR("s1"), STR("bank"), true, false), later);
    join(f, one(STR("s1"), STR("portal"), true, true), later);
    join(f, one(STR("s1"), STR("kiosk"), false, true), later);
    join(f, one(STR("s2"), STR("bank"), true, false), later);
    join(f, one(STR("s11"), STR("bank"), true, false), later);
    struct participants shown = {0};
    assert_int_equal(participants_dismiss(f->store, f->arena, STR("s1"), &shown), STORE_OK);
    struct owed all = owed(f);
    assert_int_equal(all.count, 2);
    for (size_t i = 0; i < all.count; i++) {
        str subject, sid;
        assert_str(all.items[i].url, "https://rp.example/backchannel");
        assert_str(all.items[i].kind, NOTICE_BACKCHANNEL_LOGOUT);
        assert_true(participant_read_recipe(all.items[i].recipe, &subject, &sid));
        assert_str(subject, "pairwise");
        assert_str(sid, "their-sid");
    }
    assert_false(str_eq(all.items[0].client_id, all.items[1].client_id));
    assert_int_equal(shown.count, 2);
    assert_int_equal(records(f, RECORD_PARTICIPANT), 2);
}

static void nobody_is_told_twice(void **state)
{
    struct fixture *f = *state;
    join(f, one(STR("s"), STR("bank"), true, false), clock_now() + 1000);
    join(f, one(STR("s"), STR("bank"), true, false), clock_now() + 1000); /* it signed the person in again */
    assert_int_equal(participants_dismiss(f->store, f->arena, STR("s"), NULL), STORE_OK);
    assert_int_equal(participants_dismiss(f->store, f->arena, STR("s"), NULL), STORE_OK);
    assert_int_equal(participants_dismiss(f->store, f->arena, STR("nothing"), NULL), STORE_OK);
    assert_int_equal(owed(f).count, 1);
}

/* Misuse 50: more clients than one batch or one page of the browser holds. */
static void however_many_clients_a_session_has_all_are_told(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 40; i++)
        join(f, one(STR("s"), arena_printf(f->arena, "client-%d", i), true, true), clock_now() + 1000);
    struct participants shown = {0};
    assert_int_equal(participants_dismiss(f->store, f->arena, STR("s"), &shown), STORE_OK);
    assert_int_equal(owed(f).count, 40);
    assert_int_equal(shown.count, PARTICIPANTS_SHOWN);
    assert_int_equal(records(f, RECORD_PARTICIPANT), 0);
}

static void a_session_that_ends_by_itself_is_told_of_and_one_that_goes_on_is_not(void **state)
{
    struct fixture *f = *state;
    int64_t now = clock_now();
    join(f, one(STR("over"), STR("bank"), true, false), now - 1);
    join(f, one(STR("on"), STR("bank"), true, false), now + 100);
    start_session(f, STR("c1"), STR("on"), now + 100);
    assert_int_equal(participants_dismiss_due(f->store, now), 1);
    assert_int_equal(owed(f).count, 1);
    assert_int_equal(records(f, RECORD_PARTICIPANT), 1);
    assert_int_equal(records(f, RECORD_DEADLINE), 1);
    assert_int_equal(participants_dismiss_due(f->store, now), 0);
}

static void a_session_that_was_renewed_meanwhile_gets_its_new_deadline(void **state)
{
    struct fixture *f = *state;
    int64_t now = clock_now();
    join(f, one(STR("s"), STR("bank"), true, false), now - 1);
    start_session(f, STR("old cookie"), STR("s"), now + 10);
    start_session(f, STR("new cookie"), STR("s"), now + 500);
    assert_int_equal(participants_dismiss_due(f->store, now), 1);
    assert_int_equal(owed(f).count, 0);
    assert_int_equal(records(f, RECORD_PARTICIPANT), 1);
    assert_int_equal(records(f, RECORD_DEADLINE), 1);
    assert_int_equal(participants_dismiss_due(f->store, now + 499), 0);
    assert_int_equal(participants_dismiss_due(f->store, now + 500), 1);
    assert_int_equal(owed(f).count, 1);
    assert_int_equal(records(f, RECORD_DEADLINE), 0);
}

static void deadlines_are_met_in_the_order_of_time_also_across_bytes(void **state)
{
    struct fixture *f = *state;
    join(f, one(STR("b"), STR("bank"), true, false), 0x100);
    join(f, one(STR("a"), STR("bank"), true, false), 0xff);
    join(f, one(STR("c"), STR("bank"), true, false), 0x10000);
    assert_int_equal(participants_dismiss_due(f->store, 0xff), 1);
    assert_int_equal(participants_dismiss_due(f->store, 0x100), 1);
    assert_int_equal(participants_dismiss_due(f->store, 0xffff), 0);
    assert_int_equal(owed(f).count, 2);
}

static void a_deadline_that_was_met_by_a_logout_does_nothing_more(void **state)
{
    struct fixture *f = *state;
    join(f, one(STR("s"), STR("bank"), true, false), clock_now() - 1);
    assert_int_equal(participants_dismiss(f->store, f->arena, STR("s"), NULL), STORE_OK);
    assert_int_equal(participants_dismiss_due(f->store, clock_now()), 1);
    assert_int_equal(owed(f).count, 1);
}

static void recipes_that_are_none_are_refused(void **state)
{
    (void)state;
    str subject, sid;
    const str wrong[] = {STR(""), STR("\n"), STR("subject"), STR("subject\n"), STR("\nsid"), STR_NONE};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_false(participant_read_recipe(wrong[i], &subject, &sid));
}

static void only_who_registered_an_address_is_told(void **state)
{
    (void)state;
    assert_false(client_is_told_of_logout(&(struct client){0}));
    assert_true(client_is_told_of_logout(&(struct client){.backchannel_logout_uri = STR("https://x.example")}));
    assert_true(client_is_told_of_logout(&(struct client){.frontchannel_logout_uri = STR("https://x.example")}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(each_client_of_a_session_is_owed_a_notice_and_no_other_session),
        STORE_TEST(nobody_is_told_twice),
        STORE_TEST(however_many_clients_a_session_has_all_are_told),
        STORE_TEST(a_session_that_ends_by_itself_is_told_of_and_one_that_goes_on_is_not),
        STORE_TEST(a_session_that_was_renewed_meanwhile_gets_its_new_deadline),
        STORE_TEST(deadlines_are_met_in_the_order_of_time_also_across_bytes),
        STORE_TEST(a_deadline_that_was_met_by_a_logout_does_nothing_more),
        cmocka_unit_test(recipes_that_are_none_are_refused),
        cmocka_unit_test(only_who_registered_an_address_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
