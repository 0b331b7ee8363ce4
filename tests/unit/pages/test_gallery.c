/* Every page, in every state, in both languages: that it renders whole, and what must hold for all of them.
 * With KONSAO_GALLERY=FOLDER it also writes them there, with the assets, to look at. */
#include "exchange.h"

struct sample {
    const char *file; /* in the gallery */
    const char *page;
    void (*fill)(struct view *view, const struct pages *pages, enum lang lang);
};

static void who(struct view *view, enum lang lang)
{
    str name = lang == LANG_KM ? STR("សេវាចុះបញ្ជីអាជីវកម្មតាមប្រព័ន្ធអេឡិចត្រូនិក") : STR("Online Business Registration");
    view_text(view, "csrf", STR("c3JmLXRva2Vu"));
    view_text(view, "client_name", name);
    view_text(view, "client_host", STR("business.eservices.example"));
    view_text(view, "client_initial", page_initial(name));
    view_text(view, "client_uri", STR("https://business.eservices.example/"));
    view_flag(view, "client_terms", true);
    view_text(view, "policy_uri", STR("https://business.eservices.example/privacy"));
    view_text(view, "policy_host", STR("business.eservices.example"));
    view_text(view, "tos_uri", STR("https://terms.eservices.example/"));
    view_text(view, "tos_host", STR("terms.eservices.example"));
    view_text(view, "client_purpose",
              lang == LANG_KM ? STR("ដើម្បីដាក់ពាក្យស្នើសុំចុះបញ្ជីអាជីវកម្ម និងតាមដានពាក្យស្នើសុំរបស់លោកអ្នក")
                              : STR("To apply for a business registration and follow your application"));
}

static void kidc(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    who(view, lang);
}

static void phone(struct view *view, const struct pages *pages, enum lang lang)
{
    kidc(view, pages, lang);
    view_flag(view, "ways_phone", true);
    view_text(view, "channel_path", STR("/channel/x"));
}

static void phone_alone(struct view *view, const struct pages *pages, enum lang lang)
{
    phone(view, pages, lang);
    view_flag(view, "ways_mobile", true);
    view_flag(view, "no_otp", true);
}

static void passkey(struct view *view, const struct pages *pages, enum lang lang)
{
    phone(view, pages, lang);
    view_flag(view, "ways_passkey", true);
    view_text(view, "passkey_path", STR("/passkey/x"));
    view_flag(view, "error_passkey", true);
    view_flag(view, "error_passkey_late", true);
    view_flag(view, "error_passkey_copied", true);
    view_flag(view, "error_passkey_waiting", true);
    view_text(view, "wait_text", STR("24/11/2026 14:35"));
}

static void passkey_alone(struct view *view, const struct pages *pages, enum lang lang)
{
    kidc(view, pages, lang);
    view_flag(view, "no_otp", true);
    view_flag(view, "ways_passkey", true);
    view_text(view, "passkey_path", STR("/passkey/x"));
}

static void no_way(struct view *view, const struct pages *pages, enum lang lang)
{
    kidc(view, pages, lang);
    view_flag(view, "no_otp", true);
}

static void elsewhere_ended(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    who(view, lang);
    view_flag(view, "ended", true);
}

static void kidc_invalid(struct view *view, const struct pages *pages, enum lang lang)
{
    kidc(view, pages, lang);
    view_text(view, "kidc_value", STR("123456789-1"));
    view_flag(view, "error_kidc_invalid", true);
}

static void kidc_missing(struct view *view, const struct pages *pages, enum lang lang)
{
    kidc(view, pages, lang);
    view_text(view, "logo_url", STR("/client-logo/business"));
    view_flag(view, "error_kidc_missing", true);
}

static void kidc_throttled(struct view *view, const struct pages *pages, enum lang lang)
{
    kidc(view, pages, lang);
    view_flag(view, "error_throttled", true);
    view_text(view, "wait_text", STR("14:35"));
    view_flag(view, "notice_switched", true);
    view_flag(view, "notice_again", true);
    view_flag(view, "notice_step_up", true);
    view_flag(view, "error_way", true);
    view_flag(view, "notice_create", true);
}

static void otp(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    who(view, lang);
    view_text(view, "kidc_masked", STR("•••••6789-0"));
    view_text(view, "expires_at_text", STR("14:32:05"));
    view_int(view, "expires_seconds", 294);
    view_flag(view, "can_resend", true);
}

static void otp_wrong(struct view *view, const struct pages *pages, enum lang lang)
{
    otp(view, pages, lang);
    view_flag(view, "error_code_wrong", true);
    view_int(view, "attempts_left", 2);
}

static void otp_resent(struct view *view, const struct pages *pages, enum lang lang)
{
    otp(view, pages, lang);
    view_flag(view, "notice_resent", true);
    view_flag(view, "can_resend", false);
}

static void otp_all_errors(struct view *view, const struct pages *pages, enum lang lang)
{
    otp(view, pages, lang);
    view_flag(view, "error_code_missing", true);
    view_flag(view, "error_code_expired", true);
    view_flag(view, "error_unreachable", true);
    view_flag(view, "error_resend_limit", true);
    view_flag(view, "error_resend_wait", true);
    view_int(view, "resend_wait_text", 20);
}

static void add_group(struct view *view, const struct pages *pages, enum lang lang, const char *group,
                      const char *const *claims, size_t required)
{
    struct view *section = view_item(view, "groups");
    char key[64];
    snprintf(key, sizeof(key), "group.%s", group);
    view_text(section, "title", pages_message(pages, lang, key));
    for (size_t i = 0; claims[i]; i++) {
        struct view *claim = view_item(section, "claims");
        snprintf(key, sizeof(key), "claim.%s", claims[i]);
        view_text(claim, "claim_name", str_of(claims[i]));
        view_text(claim, "label", pages_message(pages, lang, key));
        view_flag(claim, "required", i < required);
    }
}

static void consent(struct view *view, const struct pages *pages, enum lang lang)
{
    static const char *const names[] = {"family_name#km", "given_name#km", "family_name", "given_name", NULL};
    static const char *const personal[] = {"birthdate", "gender", "nationality", NULL};
    static const char *const contact[] = {"phone_number", "email", NULL};
    static const char *const address[] = {"address", NULL};
    static const char *const number[] = {"kidc", NULL};
    who(view, lang);
    view_text(view, "kidc_masked", STR("•••••6789-0"));
    view_flag(view, "by_code", true);
    add_group(view, pages, lang, "name", names, 2);
    add_group(view, pages, lang, "personal", personal, 1);
    add_group(view, pages, lang, "contact", contact, 0);
    add_group(view, pages, lang, "address", address, 0);
    add_group(view, pages, lang, "kidc", number, 0);
    view_flag(view, "offline_access", true);
}

static void consent_session(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    who(view, lang);
    view_text(view, "kidc_masked", STR("•••••6789-0"));
    view_flag(view, "session", true);
    view_text(view, "officer_organization", STR("ក្រសួងមហាផ្ទៃ, Ministry of Interior"));
    view_text(view, "officer_roles", STR("registrar, approver"));
    view_flag(view, "scope_only", true);
    view_flag(view, "error_stale", true);
    view_text(view, "consent_until_text", STR("21.11.2027"));
}

static void frozen(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    who(view, lang);
    view_text(view, "until_text", STR("15:02"));
}

static void unreachable_link(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    (void)lang;
    view_text(view, "retry_url", STR("/authorize/x"));
}

static void suspended(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    who(view, lang);
    view_flag(view, "status_suspended", true);
}

static void deceased(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    (void)lang;
    view_flag(view, "status_deceased", true);
}

static void minor(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    who(view, lang);
    view_flag(view, "status_minor", true);
}

static void oauth_error(struct view *view, const struct pages *pages, enum lang lang)
{
    view_text(view, "explanation", pages_message(pages, lang, "oauth_error.invalid_redirect_uri"));
    view_text(view, "oauth_error", STR("invalid_request"));
    view_text(view, "oauth_description", STR("redirect_uri is not registered for this client"));
}

static void form_post(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    who(view, lang);
    view_text(view, "post_url", STR("https://business.eservices.example/callback?a=1&b=2"));
    struct view *field = view_item(view, "fields");
    view_text(field, "name", STR("code"));
    view_text(field, "value", STR("\"><script>"));
}

static void stayed(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    (void)lang;
    view_flag(view, "stayed", true);
}

static void bare(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)view;
    (void)pages;
    (void)lang;
}

static void with_support(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    (void)lang;
    view_text(view, "support_phone", STR("1234"));
    view_text(view, "support_url", STR("https://help.example/"));
    view_text(view, "docs_url", STR("https://docs.example/"));
}

static void signing_out(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    (void)lang;
    view_text(view_item(view, "frames"), "src",
              STR("https://portal.example/logout?iss=https%3A%2F%2Fid.example&sid=x"));
    view_text(view, "next", STR("https://portal.example/bye"));
}

static void device_filled(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    (void)lang;
    view_text(view, "user_code", STR("BCDF-GHJK"));
    view_flag(view, "filled", true);
}

static void device_wrong(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    (void)lang;
    view_text(view, "user_code", STR("BCDF-GHJK"));
    view_flag(view, "error_code", true);
}

static void device_tries(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    (void)lang;
    view_flag(view, "error_tries", true);
}

static void done_device(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    (void)lang;
    view_flag(view, "approved", true);
    view_flag(view, "device", true);
}

static void done_client(struct view *view, const struct pages *pages, enum lang lang)
{
    (void)pages;
    who(view, lang);
    view_flag(view, "approved", true);
}

static void consent_detail(struct view *view, const struct pages *pages, enum lang lang)
{
    consent(view, pages, lang);
    struct view *detail = view_item(view, "details");
    view_text(detail, "title",
              lang == LANG_KM ? STR("ផ្ទេរ​ក្បាលដី") : STR("Transfer a plot of land"));
    struct view *field = view_item(detail, "fields");
    view_text(field, "label", lang == LANG_KM ? STR("លេខ​ក្បាលដី") : STR("Plot"));
    view_text(field, "value", STR("12-0345-0678"));
    field = view_item(detail, "fields");
    view_text(field, "label", lang == LANG_KM ? STR("តម្លៃ") : STR("Price"));
    view_text(field, "value", STR("25000.00 USD"));
    view_text(view_item(view, "resources"), "host", STR("api.land.example"));
    view_text(view, "binding_message", STR("W4-SCT-19"));
    view_flag(view, "from_device", true);
}

static const struct sample samples[] = {
    {"kidc", "signin/kidc", kidc},
    {"phone", "signin/kidc", phone},
    {"phone-alone", "signin/kidc", phone_alone},
    {"passkey", "signin/kidc", passkey},
    {"passkey-alone", "signin/kidc", passkey_alone},
    {"no-way", "signin/kidc", no_way},
    {"elsewhere-ended", "signin/elsewhere", elsewhere_ended},
    {"kidc-invalid", "signin/kidc", kidc_invalid},
    {"kidc-missing", "signin/kidc", kidc_missing},
    {"kidc-throttled", "signin/kidc", kidc_throttled},
    {"otp", "signin/otp", otp},
    {"otp-wrong", "signin/otp", otp_wrong},
    {"otp-resent", "signin/otp", otp_resent},
    {"otp-errors", "signin/otp", otp_all_errors},
    {"consent", "signin/consent", consent},
    {"consent-session", "signin/consent", consent_session},
    {"frozen", "signin/frozen", frozen},
    {"no-right", "signin/no_right", kidc},
    {"forbidden-suspended", "signin/forbidden", suspended},
    {"forbidden-deceased", "signin/forbidden", deceased},
    {"forbidden-minor", "signin/forbidden", minor},
    {"unreachable", "signin/unreachable", frozen},
    {"unreachable-link", "signin/unreachable", unreachable_link},
    {"expired", "signin/expired", frozen},
    {"expired-unknown", "signin/expired", bare},
    {"elsewhere", "signin/elsewhere", frozen},
    {"error", "oauth/error", oauth_error},
    {"error-bare", "oauth/error", bare},
    {"form_post", "oauth/form_post", form_post},
    {"logout", "oauth/logout", otp},
    {"logged_out", "oauth/logged_out", frozen},
    {"logged_out-stayed", "oauth/logged_out", stayed},
    {"logged_out-frames", "oauth/logged_out", signing_out},
    {"device", "oauth/device", bare},
    {"device-filled", "oauth/device", device_filled},
    {"device-wrong", "oauth/device", device_wrong},
    {"device-tries", "oauth/device", device_tries},
    {"done", "oauth/done", done_device},
    {"done-client", "oauth/done", done_client},
    {"done-denied", "oauth/done", frozen},
    {"consent-detail", "signin/consent", consent_detail},
    {"home", "home", with_support},
    {"app", "app/app", with_support},
};

static struct pages *pages;

static size_t count_of(str html, const char *part)
{
    size_t count = 0;
    const char *at = html.p;
    while ((at = memmem(at, (size_t)(html.p + html.n - at), part, strlen(part)))) {
        at += strlen(part);
        count++;
    }
    return count;
}

static void write_out(const char *name, str bytes)
{
    const char *folder = getenv("KONSAO_GALLERY");
    char path[512];
    if (!folder) {
        return;
    }
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, file), bytes.n);
    fclose(file);
}

static void check_page(struct arena *arena, str html, enum lang lang)
{
    assert_true(str_starts(html, STR("<!doctype html>\n<html lang=\"")));
    assert_true(str_contains(html, lang == LANG_KM ? "<html lang=\"km\">" : "<html lang=\"en\">"));
    assert_true(str_ends(str_trim(html), STR("</html>\n")));
    assert_int_equal(count_of(html, "<h1>"), 1);
    assert_int_equal(count_of(html, "<main id=\"main\""), 1);
    assert_int_equal(count_of(html, "name=\"lang\""), 2);
    assert_false(str_contains(html, "{{"));
    assert_false(str_contains(html, " style=")); /* the policy forbids it */
    assert_false(str_contains(html, "<script>"));
    assert_false(str_contains(html, " onclick"));
    assert_false(str_contains(html, "=\"\" class=\"button")); /* a way on that leads nowhere */
    assert_true(count_of(html, "class=\"button") >= 1 || str_contains(html, "class=\"front\""));
    assert_true(count_of(html, "name=\"csrf\" value=\"\"") == 0);
    static const char *const balanced[] = {"form",    "section", "fieldset", "label", "p",
                                           "details", "div",     "ol",       "li",    "svg"};
    for (size_t i = 0; i < COUNT_OF(balanced); i++) {
        str bare_tag = arena_printf(arena, "<%s>", balanced[i]), with = arena_printf(arena, "<%s ", balanced[i]),
            end = arena_printf(arena, "</%s>", balanced[i]);
        assert_int_equal(count_of(html, bare_tag.p) + count_of(html, with.p), count_of(html, end.p));
    }
}

static void every_page_renders_whole_in_both_languages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        for (enum lang lang = 0; lang < LANGS; lang++) {
            CLEANUP(arena_release) struct arena *arena = arena_new();
            memset(&answer, 0, sizeof(answer));
            struct request rq = {.arena = arena, .path = STR("/signin/x"), .id = "5f0c1d2e3f405162738495a6b7c8d9e0"};
            struct view *view = view_new(arena);
            samples[i].fill(view, pages, lang);
            page_respond(&rq, pages, lang, 200, samples[i].page, view, STR_NONE);
            assert_int_equal(answer.status, 200);
            check_page(arena, answer.body, lang);
            write_out(arena_printf(arena, "%s.%s.html", samples[i].file, lang_code(lang)).p, answer.body);
        }
    }
}

static void every_problem_has_words(void **state)
{
    (void)state;
    static const int statuses[] = {400, 403, 404, 405, 408, 413, 414, 429, 431, 500, 503};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        for (enum lang lang = 0; lang < LANGS; lang++) {
            CLEANUP(arena_release) struct arena *arena = arena_new();
            memset(&answer, 0, sizeof(answer));
            struct request rq = {.arena = arena, .path = STR("/x"), .id = "5f0c1d2e3f405162738495a6b7c8d9e0"};
            page_problem(&rq, pages, lang, statuses[i]);
            assert_int_equal(answer.status, statuses[i]);
            assert_false(str_contains(answer.body, "problem."));
            check_page(arena, answer.body, lang);
            write_out(arena_printf(arena, "problem-%d.%s.html", statuses[i], lang_code(lang)).p, answer.body);
        }
    }
}

static void every_page_is_in_the_gallery(void **state)
{
    (void)state;
    for (size_t i = 0; i < pages->count; i++) {
        bool found = str_starts(pages->items[i].name, STR("partials/")) || str_is(pages->items[i].name, "problem") ||
                     str_is(pages->items[i].name, "oauth/session_check"); /* nobody sees it */
        for (size_t k = 0; k < COUNT_OF(samples); k++) {
            found = found || str_is(pages->items[i].name, samples[k].page);
        }
        assert_true(found);
    }
}

static void what_automation_relies_on_is_there(void **state)
{
    (void)state;
    static const struct {
        void (*fill)(struct view *view, const struct pages *of, enum lang lang);
        const char *page;
        const char *parts[8];
    } cases[] = {
        {kidc, "signin/kidc", {"name=\"kidc\"", "value=\"continue\"", "value=\"cancel\""}},
        {otp,
         "signin/otp",
         {"name=\"otp\"", "value=\"continue\"", "value=\"resend\"", "value=\"cancel\"", "one-time-code",
          "data-seconds=\"294\""}},
        {consent,
         "signin/consent",
         {"value=\"allow\"", "value=\"deny\"", "value=\"switch\"", "name=\"claim\" value=\"phone_number\" checked",
          "name=\"claim\" value=\"given_name\" checked"}},
        {form_post, "oauth/form_post", {"id=\"answer\"", "value=\"&quot;&gt;&lt;script&gt;\"", "a=1&amp;b=2"}},
    };
    CLEANUP(arena_release) struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct view *view = view_new(arena);
        cases[i].fill(view, pages, LANG_EN);
        str html = page_render(arena, pages, LANG_EN, cases[i].page, view);
        for (size_t k = 0; k < COUNT_OF(cases[i].parts) && cases[i].parts[k]; k++) {
            assert_true(str_contains(html, cases[i].parts[k]));
        }
    }
}

static void required_claims_can_not_be_unchecked(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct view *view = view_new(arena);
    consent(view, pages, LANG_EN);
    str html = page_render(arena, pages, LANG_EN, "signin/consent", view);
    assert_false(str_contains(html, "value=\"birthdate\""));
    assert_false(str_contains(html, "value=\"family_name#km\""));
    assert_int_equal(count_of(html, "checked disabled"), 3);
    assert_int_equal(count_of(html, "name=\"claim\""), 8);
}

static void web_fonts_are_small(void **state)
{
    (void)state;
    size_t bytes = 0, fonts = 0;
    for (size_t i = 0; i < pages->asset_count; i++) {
        const struct asset *asset = &pages->assets[i];
        bool is_font = str_ends(asset->name, STR(".woff2"));
        bytes += is_font ? asset->body.n : 0;
        fonts += is_font;
        char name[128];
        snprintf(name, sizeof(name), "assets/%.*s", STR_FMT(asset->served));
        write_out(name, asset->body);
    }
    assert_int_equal(fonts, 4);
    assert_in_range(bytes, 20000, 120000);
}

static int set_up(void **state)
{
    char error[512];
    (void)state;
    pages = pages_load(TEMPLATES, error, sizeof(error));
    if (!pages) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    pages_default(pages, "issuer", STR("https://id.example"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pages_free(pages);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_renders_whole_in_both_languages),
        cmocka_unit_test(every_problem_has_words),
        cmocka_unit_test(every_page_is_in_the_gallery),
        cmocka_unit_test(what_automation_relies_on_is_there),
        cmocka_unit_test(required_claims_can_not_be_unchecked),
        cmocka_unit_test(web_fonts_are_small),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
