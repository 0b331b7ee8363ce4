#include "records/browser.h"

#include "unit/unit.h"

#define WINDOWS "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
#define WEBKIT "AppleWebKit/537.36 (KHTML, like Gecko) "

static void browsers_are_told_by_family_and_system(void **state)
{
    static const struct {
        const char *user_agent, *family;
    } cases[] = {
        {"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox, Windows"},
        {WINDOWS WEBKIT "Chrome/126.0.0.0 Safari/537.36", "Chrome, Windows"},
        {WINDOWS WEBKIT "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge, Windows"},
        {WINDOWS WEBKIT "Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0", "Opera, Windows"},
        {"Mozilla/5.0 (X11; Linux x86_64) " WEBKIT "Chrome/126.0.0.0 Safari/537.36", "Chrome, Linux"},
        {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " WEBKIT "Chrome/126.0.0.0 Safari/537.36", "Chrome, ChromeOS"},
        {"Mozilla/5.0 (Linux; Android 10; K) " WEBKIT "Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome, Android"},
        {"Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-A155F) " WEBKIT
         "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
         "Samsung Internet, Android"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/17.5 Mobile/15E148 Safari/604.1",
         "Safari, iPhone"},
        {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
         "Chrome, iPhone"},
        {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
         "Safari/605.1.15",
         "Safari, macOS"},
        {"Firefox/1", "Firefox"},
        {"curl/8 (Windows)", "Windows"},
    };
    (void)state;
    TEST_ARENA;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_str(browser_family(arena, str_of(cases[i].user_agent)), cases[i].family);
}

static void nothing_that_a_browser_says_is_passed_on(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_null(browser_family(arena, STR_NONE).p);
    assert_null(browser_family(arena, STR("")).p);
    assert_null(browser_family(arena, STR("your bank, Phnom Penh <b>")).p);
    assert_str(browser_family(arena, STR("Firefox/9 your bank, Phnom Penh Windows")), "Firefox, Windows");
}

static void phones_are_told_from_computers(void **state)
{
    (void)state;
    assert_true(browser_is_mobile(STR("Mozilla/5.0 (Linux; Android 10; K) Chrome/126.0.0.0 Mobile Safari/537.36")));
    assert_true(browser_is_mobile(STR("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)")));
    assert_false(browser_is_mobile(STR(WINDOWS WEBKIT "Chrome/126.0.0.0 Safari/537.36")));
    assert_false(browser_is_mobile(STR_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(browsers_are_told_by_family_and_system),
        cmocka_unit_test(nothing_that_a_browser_says_is_passed_on),
        cmocka_unit_test(phones_are_told_from_computers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
