#include "exchange.h"

static void template_faults_are_told_with_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"a\n{{#x}}\n", "page.html:2: a section that is not closed: {{#x}}"},
        {"{{#x}}{{/y}}", "page.html:1: closes nothing that is open here: {{/y}}"},
        {"\n{{/x}}", "page.html:2: closes nothing that is open here: {{/x}}"},
        {"{{#x}}{{#y}}{{/x}}{{/y}}", "page.html:1: closes nothing that is open here: {{/x}}"},
        {"\n\n{{name", "page.html:3: {{ without }}"},
        {"{{Name}}", "page.html:1: not a name: {{Name}}"},
        {"{{}}", "page.html:1: not a name: {{}}"},
        {"{{#a b}}{{/a b}}", "page.html:1: not a name: {{#a b}}"},
        {"{{{raw}}}", "page.html:1: not a name: {{{raw}}"},
        {"{{&raw}}", "page.html:1: not a name: {{&raw}}"},
        {"\n{{t:nothing}}", "page.html:2: no such message: {{t:nothing}}"},
        {"{{>partials/nothing}}", "page.html:1: no such template: {{>partials/nothing}}"},
        {"\n{{>page}}", "page.html:2: a template that includes itself: {{>page}}"},
        {"{{asset:nothing.css}}", "page.html:1: no such asset: {{asset:nothing.css}}"},
        {"\xff", "page.html:1: not UTF-8"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct file files[] = {{"page.html", cases[i].text}};
        assert_refused(files, 1, cases[i].error);
    }
}

static void partials_may_not_include_each_other_in_a_circle(void **state)
{
    (void)state;
    const struct file files[] = {
        {"partials/a.html", "\n{{>partials/b}}"},
        {"partials/b.html", "{{>partials/a}}"},
    };
    CLEANUP(folder_release) struct folder folder = folder_load(files, COUNT_OF(files));
    assert_null(folder.pages);
    assert_non_null(strstr(folder.error, "a template that includes itself"));
}

static void a_partial_may_not_close_the_section_around_it(void **state)
{
    (void)state;
    const struct file files[] = {{"page.html", "{{#x}}{{>partials/a}}"}, {"partials/a.html", "{{/x}}"}};
    CLEANUP(folder_release) struct folder folder = folder_load(files, COUNT_OF(files));
    assert_null(folder.pages);
    assert_non_null(strstr(folder.error, "partials/a.html:1: closes nothing that is open here"));
}

static void catalogues_hold_the_same_keys(void **state)
{
    (void)state;
    const struct file english_only[] = {{"locales/en.json", "{\n\"a\": \"x\",\n\"b\": \"y\"}"},
                                        {"locales/km.json", "{\"a\": \"x\"}"}};
    CLEANUP(folder_release) struct folder one = folder_load(english_only, 2);
    assert_null(one.pages);
    assert_non_null(strstr(one.error, "locales/en.json:3: b: not in "));
    const struct file khmer_only[] = {{"locales/km.json", "{\"a\": \"x\"}"}};
    CLEANUP(folder_release) struct folder two = folder_load(khmer_only, 1);
    assert_null(two.pages);
    assert_non_null(strstr(two.error, "locales/km.json:1: a: not in "));
}

static void catalogue_faults_are_told_with_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"[]", "locales/km.json:1: not a JSON object"},
        {"{\n\"a\": 1}", "locales/km.json:2: a: not a text, or empty"},
        {"{\"a\": \"\"}", "locales/km.json:1: a: not a text, or empty"},
        {"{\n\"a\": \"x\",\n\"a\": \"y\"}", "locales/km.json:3: duplicate object key near '\"a\"'"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct file files[] = {{"locales/km.json", cases[i].text}};
        assert_refused(files, 1, cases[i].error);
    }
}

static void messages_hold_names_only(void **state)
{
    (void)state;
    static const char *const texts[] = {"{{#x}}", "{{t:a}}", "{{>page}}", "{{/x}}", "{{X}}"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char json[64];
        snprintf(json, sizeof(json), "{\"a\": \"%s\"}", texts[i]);
        const struct file files[] = {
            {"page.html", "{{t:a}}"}, {"locales/km.json", json}, {"locales/en.json", "{\"a\": \"x\"}"}};
        CLEANUP(folder_release) struct folder folder = folder_load(files, COUNT_OF(files));
        assert_null(folder.pages);
        assert_non_null(strstr(folder.error, "a message may hold names only"));
    }
}

static void a_catalogue_must_be_there(void **state)
{
    (void)state;
    char error[256];
    assert_null(pages_load("/nonexistent", error, sizeof(error)));
    assert_string_equal(error, "/nonexistent:1: No such file or directory");
}

static void assets_are_named_by_their_content(void **state)
{
    (void)state;
    const struct file files[] = {
        {"page.html", "{{asset:style.css}}"},
        {"assets/style.css", "src: url({{asset:a.woff2}})"},
        {"assets/a.woff2", "font"},
    };
    CLEANUP(folder_release) struct folder folder = folder_load(files, COUNT_OF(files));
    assert_non_null(folder.pages);
    const struct asset *style = asset_find(folder.pages, STR("style.css"));
    const struct asset *font = asset_find(folder.pages, STR("a.woff2"));
    str sheet = arena_printf(folder.arena, "src: url(/assets/%.*s)", STR_FMT(font->served));
    assert_true(str_eq(style->body, sheet));
    assert_string_equal(style->type, "text/css; charset=utf-8");
    str link = page_render(folder.arena, folder.pages, LANG_KM, "page", view_new(folder.arena));
    assert_true(str_eq(link, arena_printf(folder.arena, "/assets/%.*s", STR_FMT(style->served))));
    assert_int_equal(style->served.n, strlen("style.0123456789abcdef.css"));
}

static void other_content_gives_an_asset_another_name(void **state)
{
    (void)state;
    const struct file one[] = {{"assets/a.js", "1"}}, two[] = {{"assets/a.js", "2"}};
    CLEANUP(folder_release) struct folder first = folder_load(one, 1);
    CLEANUP(folder_release) struct folder second = folder_load(two, 1);
    assert_false(str_eq(first.pages->assets[0].served, second.pages->assets[0].served));
}

static void asset_faults_are_told(void **state)
{
    (void)state;
    const struct file unknown[] = {{"assets/a.exe", "x"}};
    assert_refused(unknown, 1, "assets/a.exe:1: a kind of file that is not served");
    const struct file missing[] = {{"assets/style.css", "\nurl({{asset:b.woff2}})"}};
    assert_refused(missing, 1, "style.css:2: no such asset: b.woff2");
}

static void other_files_are_left_alone(void **state)
{
    (void)state;
    const struct file files[] = {{"README.md", "{{"}, {"signin/notes.txt", "{{"}};
    CLEANUP(folder_release) struct folder folder = folder_load(files, COUNT_OF(files));
    assert_non_null(folder.pages);
    assert_int_equal(folder.pages->count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_faults_are_told_with_file_and_line),
        cmocka_unit_test(partials_may_not_include_each_other_in_a_circle),
        cmocka_unit_test(a_partial_may_not_close_the_section_around_it),
        cmocka_unit_test(catalogues_hold_the_same_keys),
        cmocka_unit_test(catalogue_faults_are_told_with_file_and_line),
        cmocka_unit_test(messages_hold_names_only),
        cmocka_unit_test(a_catalogue_must_be_there),
        cmocka_unit_test(assets_are_named_by_their_content),
        cmocka_unit_test(other_content_gives_an_asset_another_name),
        cmocka_unit_test(asset_faults_are_told),
        cmocka_unit_test(other_files_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
