/* gzip for browsers: what comes out can be unpacked, and who takes it. */
#include "exchange.h"

#define ZLIB_CONST /* what is read is const */
#include <zlib.h>

#include "pages/pack.h"

static void what_is_packed_unpacks_to_the_same(void **state)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    (void)state;
    char text[5000], out[6000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)("konsao "[i % 7] + (char)(i % 91 == 0));
    for (int level = 1; level <= 9; level++) {
        str packed = pack_gzip(arena, (str){text, sizeof text}, level);
        assert_non_null(packed.p);
        assert_true(packed.n < sizeof text / 4);
        z_stream stream = {.next_in = (const Bytef *)packed.p, .avail_in = (uInt)packed.n};
        stream.next_out = (Bytef *)out;
        stream.avail_out = sizeof out;
        assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        assert_int_equal(stream.total_out, sizeof text);
        assert_memory_equal(out, text, sizeof text);
        inflateEnd(&stream);
    }
}

static void what_is_not_shorter_is_not_packed(void **state)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    (void)state;
    assert_null(pack_gzip(arena, STR(""), 9).p);
    assert_null(pack_gzip(arena, STR("x"), 9).p);
    assert_null(pack_gzip(arena, STR("body{}"), 9).p);
}

static void who_takes_gzip_says_so(void **state)
{
    (void)state;
    static const char *const yes[] = {"gzip", "gzip, deflate, br", "deflate,GZIP", "br;q=1.0, gzip;q=0.8",
                                      "gzip ;q=0.01"};
    static const char *const no[] = {"", "br", "identity", "gzip;q=0", "gzip; q=0.000", "x-gzip2", "*", "gzipped, br"};
    for (size_t i = 0; i < COUNT_OF(yes); i++)
        assert_true(pack_is_accepted(str_of(yes[i])));
    for (size_t i = 0; i < COUNT_OF(no); i++)
        assert_false(pack_is_accepted(str_of(no[i])));
    assert_false(pack_is_accepted(STR_NONE));
}

static void only_who_takes_it_gets_it_packed(void **state)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    (void)state;
    static const char *const accepted[] = {"gzip", "br"};
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        memset(&answer, 0, sizeof answer);
        answer.accept_encoding = str_of(accepted[i]);
        struct request rq = {.arena = arena, .path = STR("/assets/x.css")};
        respond_packed(&rq, 200, "text/css", STR("whole"), STR("packed"));
        assert_true(str_is(answer.body, i == 0 ? "packed" : "whole"));
        assert_true(str_is(answer_header("Vary"), "Accept-Encoding"));
        assert_int_equal(answer_header("Content-Encoding").p != NULL, i == 0);
    }
}

static void pages_with_something_of_their_own_are_never_packed(void **state)
{
    struct folder *folder = *state;
    memset(&answer, 0, sizeof answer);
    answer.accept_encoding = STR("gzip");
    struct request rq = {.arena = folder->arena, .path = STR("/"), .id = "0123"};
    page_respond_under(&rq, folder->pages, LANG_EN, 200, "page", view_new(folder->arena),
                       &(struct page_policy){.app = true});
    assert_null(answer_header("Content-Encoding").p);
}

static void a_page_for_everybody_is_made_once_and_packed(void **state)
{
    struct folder *folder = *state;
    struct page_ready page = page_prepare(folder->arena, folder->pages, LANG_EN, "page");
    assert_true(str_starts(page.html, STR("en xx")));
    for (int packed = 0; packed < 2; packed++) {
        memset(&answer, 0, sizeof answer);
        answer.accept_encoding = packed ? STR("gzip") : STR_NONE;
        struct request rq = {.arena = folder->arena, .path = STR("/"), .id = "0123"};
        page_respond_ready(&rq, &page, &(struct page_policy){.app = true});
        assert_int_equal(answer.status, 200);
        assert_true(str_eq(answer.body, packed ? page.packed : page.html));
        assert_int_equal(answer_header("Content-Encoding").p != NULL, packed);
        assert_true(str_starts(answer_header("Content-Security-Policy"), STR("default-src 'none'")));
    }
}

static int set_up(void **state)
{
    static struct folder folder;
    static char page[2000];
    memset(page, 'x', sizeof page - 1);
    memcpy(page, "{{lang}} ", 9);
    const struct file files[] = {{"page.html", page}};
    folder = folder_load(files, COUNT_OF(files));
    assert_non_null(folder.pages);
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
        cmocka_unit_test(what_is_packed_unpacks_to_the_same),
        cmocka_unit_test(what_is_not_shorter_is_not_packed),
        cmocka_unit_test(who_takes_gzip_says_so),
        cmocka_unit_test(only_who_takes_it_gets_it_packed),
        cmocka_unit_test(pages_with_something_of_their_own_are_never_packed),
        cmocka_unit_test(a_page_for_everybody_is_made_once_and_packed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
