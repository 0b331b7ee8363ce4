#include "exchange.h"

static void fill_nothing(struct view *view)
{
    (void)view;
}

static void fill_hostile(struct view *view)
{
    view_text(view, "name", STR("<script>\"it's\" & more</script>"));
}

static void fill_list(struct view *view)
{
    view_text(view, "who", STR("portal"));
    view_flag(view, "required", true);
    struct view *one = view_item(view, "claims");
    view_text(one, "label", STR("Name"));
    view_flag(one, "required", false);
    struct view *two = view_item(view, "claims");
    view_text(two, "label", STR("Address"));
}

static void fill_child(struct view *view)
{
    view_text(view, "name", STR("outer"));
    view_text(view_child(view, "client"), "name", STR("inner"));
}

static void fill_unset(struct view *view)
{
    view_text(view, "none", STR_NONE);
    view_text(view, "empty", STR(""));
    view_flag(view, "down", false);
    view_text(view, "full", STR("x"));
    view_int(view, "zero", 0);
}

static void fill_replaced(struct view *view)
{
    view_text(view, "name", STR("old"));
    view_text(view, "name", STR("new"));
}

static void fill_many(struct view *view)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        view_text(view, names[i], str_of(names[i]));
    }
}

static void values_are_escaped(void **state)
{
    (void)state;
    assert_renders("<p title=\"{{name}}\">{{ name }}", fill_hostile,
                   "<p title=\"&lt;script&gt;&quot;it&#39;s&quot; &amp; more&lt;/script&gt;\">"
                   "&lt;script&gt;&quot;it&#39;s&quot; &amp; more&lt;/script&gt;");
}

static void unknown_values_render_as_nothing(void **state)
{
    (void)state;
    assert_renders("[{{name}}]{{#name}}set{{/name}}{{^name}}unset{{/name}}", fill_nothing, "[]unset");
}

static void lists_repeat_and_items_shadow_what_is_outside(void **state)
{
    (void)state;
    assert_renders("{{#claims}}{{label}} for {{who}}{{#required}}!{{/required}};{{/claims}}{{^claims}}none{{/claims}}",
                   fill_list, "Name for portal;Address for portal!;");
}

static void child_has_names_of_its_own(void **state)
{
    (void)state;
    assert_renders("{{#client}}{{name}}{{/client}} {{name}}", fill_child, "inner outer");
}

static void empty_texts_and_flags_that_are_down_are_not_set(void **state)
{
    (void)state;
    assert_renders(
        "{{#none}}1{{/none}}{{#empty}}2{{/empty}}{{#down}}3{{/down}}{{#full}}4{{/full}}{{#zero}}{{zero}}{{/zero}}"
        "{{^none}}a{{/none}}{{^empty}}b{{/empty}}{{^down}}c{{/down}}{{^full}}d{{/full}}",
        fill_unset, "40abc");
}

static void a_value_set_again_is_replaced(void **state)
{
    (void)state;
    assert_renders("{{name}}", fill_replaced, "new");
}

static void a_view_grows(void **state)
{
    (void)state;
    assert_renders("{{a}}{{h}}{{i}}{{m}}", fill_many, "ahim");
}

static void sections_nest(void **state)
{
    (void)state;
    assert_renders(
        "{{#full}}<{{#zero}}{{^down}}in{{/down}}{{#down}}no{{/down}}{{/zero}}>{{/full}}{{#down}}{{#full}}no{{/"
        "full}}{{/down}}.",
        fill_unset, "<in>.");
}

static void indentation_is_left_out_but_words_stay_apart(void **state)
{
    (void)state;
    assert_renders("<ul>\n\n    <li>a {{full}} b</li>\n  {{#down}}\n  x\n  {{/down}} y\n</ul>\n", fill_unset,
                   "<ul>\n<li>a x b</li>\ny\n</ul>\n");
    assert_renders("a{{#down}}\n{{/down}} b", fill_unset, "a b");
}

static void remarks_are_left_out(void **state)
{
    (void)state;
    assert_renders("a{{! not for the browser }}b", fill_nothing, "ab");
}

static void messages_follow_the_language_and_are_escaped(void **state)
{
    (void)state;
    const struct file files[] = {
        {"page.html", "{{t:hello}} {{t:left}}"},
        {"locales/km.json", "{\"hello\": \"សួស្តី\", \"left\": \"នៅ {{n}}\"}"},
        {"locales/en.json", "{\"hello\": \"<Hello> & 'you'\", \"left\": \"{{n}} left\"}"},
    };
    CLEANUP(folder_release) struct folder folder = folder_load(files, COUNT_OF(files));
    assert_non_null(folder.pages);
    struct view *view = view_new(folder.arena);
    view_text(view, "n", STR("<3>"));
    str km = page_render(folder.arena, folder.pages, LANG_KM, "page", view);
    str en = page_render(folder.arena, folder.pages, LANG_EN, "page", view);
    assert_true(str_is(km, "សួស្តី នៅ &lt;3&gt;"));
    assert_true(str_is(en, "&lt;Hello&gt; &amp; &#39;you&#39; &lt;3&gt; left"));
    assert_true(str_is(pages_message(folder.pages, LANG_EN, "hello"), "<Hello> & 'you'"));
    assert_true(str_is(pages_message(folder.pages, LANG_EN, "nothing"), "nothing"));
    assert_null(pages_message_or_none(folder.pages, LANG_EN, "nothing").p);
}

static void partials_see_the_view_where_they_stand(void **state)
{
    (void)state;
    const struct file files[] = {
        {"page.html", "{{#claims}}{{>partials/row}}{{/claims}}"},
        {"partials/row.html", "({{label}})"},
    };
    CLEANUP(folder_release) struct folder folder = folder_load(files, COUNT_OF(files));
    assert_non_null(folder.pages);
    struct view *view = view_new(folder.arena);
    fill_list(view);
    assert_true(str_is(page_render(folder.arena, folder.pages, LANG_KM, "page", view), "(Name)(Address)"));
}

static void a_page_that_does_not_exist_is_none(void **state)
{
    (void)state;
    CLEANUP(folder_release) struct folder folder = folder_load(NULL, 0);
    assert_non_null(folder.pages);
    assert_null(page_render(folder.arena, folder.pages, LANG_KM, "page", view_new(folder.arena)).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_escaped),
        cmocka_unit_test(unknown_values_render_as_nothing),
        cmocka_unit_test(lists_repeat_and_items_shadow_what_is_outside),
        cmocka_unit_test(child_has_names_of_its_own),
        cmocka_unit_test(empty_texts_and_flags_that_are_down_are_not_set),
        cmocka_unit_test(a_value_set_again_is_replaced),
        cmocka_unit_test(a_view_grows),
        cmocka_unit_test(sections_nest),
        cmocka_unit_test(indentation_is_left_out_but_words_stay_apart),
        cmocka_unit_test(remarks_are_left_out),
        cmocka_unit_test(messages_follow_the_language_and_are_escaped),
        cmocka_unit_test(partials_see_the_view_where_they_stand),
        cmocka_unit_test(a_page_that_does_not_exist_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
