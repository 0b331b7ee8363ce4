/* What a client is told of the browser's session, and what the browser shows to the script that looks after it. */
#include "outside.h"

#include "oauth/session/session_state.h"
#include "oauth/subject.h"
#include "records/session.h"

#define HASH_CHARS 43
#define ENDS_AT 1900000000

static void a_session_state_is_the_salted_hash_that_the_page_computes(void **state)
{
    (void)state;
    assert_str(session_state_value(outside.arena, STR("portal"), STR("https://portal.example:8443"), STR("c3RhdGU"),
                                   STR("pepper_-1")),
               "d4VmxOL_eSp8ag65VqG4aYNOXoB9ms_v9WLEvxtPDVo.pepper_-1");
}

static void each_part_of_it_counts(void **state)
{
    (void)state;
    static const char *const parts[][4] = {{"portal", "https://a.example", "state", "salt"},
                                           {"bank", "https://a.example", "state", "salt"},
                                           {"portal", "https://b.example", "state", "salt"},
                                           {"portal", "https://a.example", "", "salt"},
                                           {"portal", "https://a.example", "state", "pepper"}};
    str hashes[COUNT_OF(parts)];
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        str value = session_state_value(outside.arena, str_of(parts[i][0]), str_of(parts[i][1]), str_of(parts[i][2]),
                                        str_of(parts[i][3]));
        hashes[i] = (str){value.p, HASH_CHARS};
        assert_int_equal(value.p[HASH_CHARS], '.');
        for (size_t k = 0; k < i; k++)
            assert_false(str_eq(hashes[k], hashes[i]));
    }
}

static struct interaction asked(const char *redirect_uri)
{
    return (struct interaction){.client_id = STR("portal"),
                                .redirect_uri = str_of(redirect_uri),
                                .scope = STR("openid profile"),
                                .sid = STR("the-sid")};
}

static str show(const struct interaction *interaction)
{
    outside.got.open_cookie = STR_NONE;
    return session_state_show(&outside.provider, &outside.rq, interaction, ENDS_AT);
}

/* What the page makes of the cookie for a caller at `origin`. */
static void verifies(str session_state, const char *origin)
{
    str shown, ends_at, salt = {session_state.p + HASH_CHARS + 1, session_state.n - HASH_CHARS - 1};
    assert_true(str_cut(outside.got.open_cookie, '.', &shown, &ends_at));
    assert_int_equal(shown.n, HASH_CHARS);
    assert_str(ends_at, "1900000000");
    str again = session_state_value(outside.arena, STR("portal"), str_of(origin), shown, salt);
    assert_true(str_eq(again, session_state));
}

static void the_browser_gets_what_the_clients_value_was_made_of(void **state)
{
    (void)state;
    static const char *const places[][2] = {{"https://portal.example/cb", "https://portal.example"},
                                            {"https://portal.example:8443/cb?a=b", "https://portal.example:8443"},
                                            {"https://portal.example:443/cb", "https://portal.example"},
                                            {"http://localhost:80/cb", "http://localhost"},
                                            {"http://localhost:443/cb", "http://localhost:443"}};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct interaction interaction = asked(places[i][0]);
        verifies(show(&interaction), places[i][1]);
    }
}

static void two_answers_of_one_session_have_nothing_in_common(void **state)
{
    (void)state;
    struct interaction interaction = asked("https://portal.example/cb");
    str one = show(&interaction), cookie = outside.got.open_cookie, two = show(&interaction);
    assert_true(str_eq(cookie, outside.got.open_cookie));
    assert_false(str_eq(one, two));
    assert_memory_not_equal(one.p, two.p, HASH_CHARS);
    assert_memory_not_equal(one.p + HASH_CHARS, two.p + HASH_CHARS, one.n - HASH_CHARS);
}

static void another_session_shows_another_state_which_is_no_sid(void **state)
{
    (void)state;
    struct interaction interaction = asked("https://portal.example/cb");
    show(&interaction);
    str before = outside.got.open_cookie;
    assert_false(str_starts(before, subject_sid(ring, outside.arena, STR("portal"), interaction.sid)));
    assert_false(str_starts(before, subject_sid(ring, outside.arena, STR("browser state"), interaction.sid)));
    interaction.sid = STR("the-sid-after");
    show(&interaction);
    assert_memory_not_equal(before.p, outside.got.open_cookie.p, HASH_CHARS);
}

static void nothing_is_said_or_shown_without_openid_or_a_page_to_say_it_to(void **state)
{
    (void)state;
    struct interaction app = asked("kh.gov.app:/cb"), plain = asked("https://portal.example/cb");
    plain.scope = STR("profile openid2");
    assert_null(show(&app).p);
    assert_null(outside.got.open_cookie.p);
    assert_null(show(&plain).p);
    assert_null(outside.got.open_cookie.p);
}

static void the_page_is_served_for_everybody_alike(void **state)
{
    (void)state;
    session_check_handle(&outside.rq, &outside.provider);
    assert_int_equal(outside.got.status, 200);
    assert_string_equal(outside.got.page, "oauth/session_check");
    assert_null(outside.got.open_cookie.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OUTSIDE_TEST(a_session_state_is_the_salted_hash_that_the_page_computes),
        OUTSIDE_TEST(each_part_of_it_counts),
        OUTSIDE_TEST(the_browser_gets_what_the_clients_value_was_made_of),
        OUTSIDE_TEST(two_answers_of_one_session_have_nothing_in_common),
        OUTSIDE_TEST(another_session_shows_another_state_which_is_no_sid),
        OUTSIDE_TEST(nothing_is_said_or_shown_without_openid_or_a_page_to_say_it_to),
        OUTSIDE_TEST(the_page_is_served_for_everybody_alike),
    };
    return cmocka_run_group_tests(tests, open_ring, close_ring);
}
