#include "exchange.h"

static const struct file files[] = {
    {"page.html", "{{lang}} {{self}} {{post_to}} {{request_id}} {{issuer}}{{#error}} wrong{{/error}}"},
    {"problem.html", "{{problem_status}} {{problem_title}}: {{problem_text}} {{self}}"},
    {"assets/style.css", "body{}"},
    {"locales/km.json", "{\"problem.400.title\": \"k400\", \"problem.400.text\": \"x\", \"problem.404.title\": "
                        "\"k404\", \"problem.404.text\": \"x\", \"problem.500.title\": \"k500\", "
                        "\"problem.500.text\": \"x\"}"},
    {"locales/en.json", "{\"problem.400.title\": \"Bad\", \"problem.400.text\": \"x\", \"problem.404.title\": "
                        "\"Not here\", \"problem.404.text\": \"look\", \"problem.500.title\": \"Ours\", "
                        "\"problem.500.text\": \"x\"}"},
};

static struct request request_for(struct folder *folder, const char *path)
{
    memset(&answer, 0, sizeof(answer));
    return (struct request){.arena = folder->arena, .path = str_of(path), .id = "0123"};
}

static void a_page_knows_the_common_names(void **state)
{
    struct folder *folder = *state;
    struct request rq = request_for(folder, "/signin/x");
    struct view *view = view_new(folder->arena);
    view_flag(view, "error_code_wrong", true);
    page_respond(&rq, folder->pages, LANG_EN, 200, "page", view, STR_NONE);
    assert_int_equal(answer.answers, 1);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.type, "text/html; charset=utf-8");
    assert_true(str_is(answer.body, "en /signin/x /signin/x 0123 https://id.example wrong"));
}

static void a_view_may_say_otherwise(void **state)
{
    struct folder *folder = *state;
    struct request rq = request_for(folder, "/signin/x/otp");
    struct view *view = view_new(folder->arena);
    view_text(view, "self", STR("/signin/x"));
    view_text(view, "issuer", STR("other"));
    view_flag(view, "error_code_wrong", false);
    page_respond(&rq, folder->pages, LANG_KM, 400, "page", view, STR_NONE);
    assert_int_equal(answer.status, 400);
    assert_true(str_is(answer.body, "km /signin/x /signin/x 0123 other"));
}

static void pages_are_locked_down(void **state)
{
    struct folder *folder = *state;
    struct request rq = request_for(folder, "/");
    page_respond(&rq, folder->pages, LANG_KM, 200, "page", view_new(folder->arena), STR("https://portal.example"));
    assert_true(str_is(answer_header("Content-Security-Policy"),
                       "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; script-src "
                       "'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' https://portal.example"));
    assert_true(str_is(answer_header("X-Frame-Options"), "DENY"));
    assert_true(str_is(answer_header("Cross-Origin-Opener-Policy"), "same-origin"));
    assert_null(answer_header("Cache-Control").p); /* http's no-store holds */
}

static void a_page_for_frames_of_other_sites_may_do_nothing_but_run_its_script(void **state)
{
    struct folder *folder = *state;
    struct request rq = request_for(folder, "/");
    page_respond_under(&rq, folder->pages, LANG_KM, 200, "page", view_new(folder->arena),
                       &(struct page_policy){.embedded = true});
    assert_true(str_is(answer_header("Content-Security-Policy"),
                       "default-src 'none'; script-src 'self'; frame-ancestors *; base-uri 'none'; "
                       "form-action 'none'"));
    assert_null(answer_header("X-Frame-Options").p);
}

static void the_app_may_call_us_be_installed_and_have_a_worker(void **state)
{
    struct folder *folder = *state;
    struct request rq = request_for(folder, "/app");
    page_respond_under(&rq, folder->pages, LANG_KM, 200, "page", view_new(folder->arena),
                       &(struct page_policy){.app = true});
    assert_true(str_is(answer_header("Content-Security-Policy"),
                       "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; script-src "
                       "'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; connect-src 'self'; "
                       "worker-src 'self'; manifest-src 'self'"));
}

static void assets_are_named_by_their_content(void **state)
{
    struct folder *folder = *state;
    str path = page_asset_path(folder->arena, folder->pages, "style.css");
    assert_true(str_starts(path, STR("/assets/style.")) && str_ends(path, STR(".css")));
    assert_true(str_is(page_asset_body(folder->pages, "style.css"), "body{}"));
    assert_null(page_asset_path(folder->arena, folder->pages, "nothing.css").p);
    assert_null(page_asset_body(folder->pages, "nothing.css").p);
}

static void form_action_can_not_carry_another_directive(void **state)
{
    struct folder *folder = *state;
    static const char *const hostile[] = {"https://a; script-src *", "https://a https://b", "*",
                                          "'unsafe-inline'",         "https://a,b",         "https://a\nX: y"};
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        struct request rq = request_for(folder, "/");
        page_respond(&rq, folder->pages, LANG_KM, 200, "page", view_new(folder->arena), str_of(hostile[i]));
        assert_true(str_ends(answer_header("Content-Security-Policy"), STR("; form-action 'self'")));
    }
}

static void the_switch_is_remembered_in_a_cookie(void **state)
{
    struct folder *folder = *state;
    struct param item = {STR_INIT("lang"), STR_INIT("en")};
    struct request rq = request_for(folder, "/");
    rq.query = (struct params){.items = &item, .count = 1};
    page_respond(&rq, folder->pages, LANG_EN, 200, "page", view_new(folder->arena), STR_NONE);
    assert_int_equal(answer.cookie_count, 1);
    assert_true(str_is(answer.cookies[0].value, "en"));
    item.value = STR("fr; Path=/");
    rq = request_for(folder, "/");
    rq.query = (struct params){.items = &item, .count = 1};
    page_respond(&rq, folder->pages, LANG_EN, 200, "page", view_new(folder->arena), STR_NONE);
    assert_int_equal(answer.cookie_count, 0);
}

static void a_missing_page_is_an_internal_error(void **state)
{
    struct folder *folder = *state;
    struct request rq = request_for(folder, "/");
    page_respond(&rq, folder->pages, LANG_EN, 200, "nothing", view_new(folder->arena), STR_NONE);
    assert_int_equal(answer.status, 500);
    assert_int_equal(answer.answers, 1);
}

static void problems_have_words_for_their_status(void **state)
{
    struct folder *folder = *state;
    static const struct {
        int status;
        const char *body;
    } cases[] = {{404, "404 Not here: look /"}, {418, "418 Bad: x /"}, {502, "502 Ours: x /"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct request rq = request_for(folder, "//evil.example/");
        page_problem(&rq, folder->pages, LANG_EN, cases[i].status);
        assert_int_equal(answer.status, cases[i].status);
        assert_string_equal(arena_cstr(folder->arena, answer.body), cases[i].body);
    }
}

static void assets_are_served_for_ever_under_their_hashed_name_only(void **state)
{
    struct folder *folder = *state;
    struct request rq = request_for(folder, "/assets/x");
    rq.tail = asset_find(folder->pages, STR("style.css"))->served;
    page_asset(&rq, folder->pages);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.type, "text/css; charset=utf-8");
    assert_true(str_is(answer.body, "body{}"));
    assert_true(str_is(answer_header("Cache-Control"), "public, max-age=31536000, immutable"));
    static const char *const unknown[] = {"style.css", "style.0000000000000000.css", "..", "page.html"};
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        rq = request_for(folder, "/assets/x");
        rq.tail = str_of(unknown[i]);
        page_asset(&rq, folder->pages);
        assert_int_equal(answer.status, 404);
        assert_null(answer_header("Cache-Control").p);
    }
}

static void the_language_is_the_first_we_have(void **state)
{
    (void)state;
    assert_int_equal(lang_choose(STR("fr en-GB km"), LANG_KM), LANG_EN);
    assert_int_equal(lang_choose(STR("KM-KH en"), LANG_EN), LANG_KM);
    assert_int_equal(lang_choose(STR("fr eng kmx"), LANG_KM), LANG_KM);
    assert_int_equal(lang_choose(STR(""), LANG_EN), LANG_EN);
    assert_int_equal(lang_choose(STR_NONE, LANG_KM), LANG_KM);
}

static void the_parameter_comes_before_the_cookie(void **state)
{
    struct folder *folder = *state;
    struct param item = {STR_INIT("lang"), STR_INIT("en")};
    struct request rq = request_for(folder, "/");
    assert_int_equal(lang_of_request(&rq, LANG_KM), LANG_KM);
    answer.cookie_sent = STR("en");
    assert_int_equal(lang_of_request(&rq, LANG_KM), LANG_EN);
    answer.cookie_sent = STR("km");
    rq.query = (struct params){.items = &item, .count = 1};
    assert_int_equal(lang_of_request(&rq, LANG_KM), LANG_EN);
    item.value = STR("xx");
    assert_int_equal(lang_of_request(&rq, LANG_EN), LANG_KM);
}

static void a_monogram_is_one_letter(void **state)
{
    (void)state;
    assert_true(str_is(page_initial(STR("tax portal")), "T"));
    assert_true(str_is(page_initial(STR("ក្រសួង")), "ក"));
    assert_true(str_is(page_initial(STR("Élan")), "É"));
    assert_int_equal(page_initial(STR("")).n, 0);
    assert_int_equal(page_initial(STR_NONE).n, 0);
    assert_int_equal(page_initial(STR("\xe1")).n, 1);
}

static int set_up(void **state)
{
    static struct folder folder;
    folder = folder_load(files, COUNT_OF(files));
    assert_non_null(folder.pages);
    pages_default(folder.pages, "issuer", STR("https://id.example"));
    *state = &folder;
    return 0;
}

static int tear_down(void **state)
{
    folder_release(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_knows_the_common_names),
        cmocka_unit_test(a_view_may_say_otherwise),
        cmocka_unit_test(the_app_may_call_us_be_installed_and_have_a_worker),
        cmocka_unit_test(assets_are_named_by_their_content),
        cmocka_unit_test(pages_are_locked_down),
        cmocka_unit_test(a_page_for_frames_of_other_sites_may_do_nothing_but_run_its_script),
        cmocka_unit_test(form_action_can_not_carry_another_directive),
        cmocka_unit_test(the_switch_is_remembered_in_a_cookie),
        cmocka_unit_test(a_missing_page_is_an_internal_error),
        cmocka_unit_test(problems_have_words_for_their_status),
        cmocka_unit_test(assets_are_served_for_ever_under_their_hashed_name_only),
        cmocka_unit_test(the_language_is_the_first_we_have),
        cmocka_unit_test(the_parameter_comes_before_the_cookie),
        cmocka_unit_test(a_monogram_is_one_letter),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
