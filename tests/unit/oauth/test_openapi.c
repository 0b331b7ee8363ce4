#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/json.h"
#include "oauth/oauth.h"
#include "unit/unit.h"

static char folder[] = "/tmp/konsao-openapi-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char file[64];
    (void)state;
    snprintf(file, sizeof file, "%s/openapi.json", folder);
    unlink(file);
    return rmdir(folder);
}

/* What is made of a file with `text`; NULL: there is no file. */
static json_t *made_of(struct arena *arena, const char *text, struct settings settings, char error[200])
{
    char file[64];
    snprintf(file, sizeof file, "%s/openapi.json", folder);
    unlink(file);
    if (text) {
        FILE *out = fopen(file, "w");
        assert_non_null(out);
        assert_true(fputs(text, out) >= 0 && fclose(out) == 0);
    }
    *error = '\0';
    settings.templates = str_of(folder);
    settings.issuer = STR("https://id.example");
    str made = openapi_document(arena, &settings, error, 200);
    return made.p ? json_parse_object(arena, made, made.n) : NULL;
}

static const char *server(const json_t *document, size_t i)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(document, "servers"), i), "url"));
}

#define DOCUMENT                                                                                                       \
    "{\"info\":{\"title\":\"x\",\"version\":\"0\"},\"servers\":[{\"url\":\"https://elsewhere.example\"}],\"paths\":{"  \
    "\"/token\":{},\"/register\":{},\"/register/{client_id}\":{},\"/registered\":{},\"/health\":{}}}"

static void the_server_is_the_issuer(void **state)
{
    (void)state;
    TEST_ARENA;
    char error[200];
    const json_t *document = made_of(arena, DOCUMENT, (struct settings){.registration_enabled = STR("yes")}, error);
    assert_int_equal(json_array_size(json_object_get(document, "servers")), 1);
    assert_string_equal(server(document, 0), "https://id.example");
    assert_str(json_str(json_object_get(document, "info"), "version"), KONSAO_VERSION);
    assert_int_equal(json_object_size(json_object_get(document, "paths")), 5);
}

static void and_where_certificates_are_asked_for(void **state)
{
    (void)state;
    TEST_ARENA;
    char error[200];
    const json_t *document =
        made_of(arena, DOCUMENT, (struct settings){.mtls_url = STR("https://mtls.example")}, error);
    assert_int_equal(json_array_size(json_object_get(document, "servers")), 2);
    assert_string_equal(server(document, 1), "https://mtls.example");
}

static void what_is_turned_off_is_not_described(void **state)
{
    (void)state;
    TEST_ARENA;
    char error[200];
    const json_t *document = made_of(arena, DOCUMENT, (struct settings){.registration_enabled = STR("no")}, error);
    const json_t *paths = json_object_get(document, "paths");
    assert_int_equal(json_object_size(paths), 3);
    assert_null(json_object_get(paths, "/register"));
    assert_null(json_object_get(paths, "/register/{client_id}"));
    assert_non_null(json_object_get(paths, "/registered"));
}

static void a_file_that_is_missing_or_no_description_stops_the_start_with_its_name(void **state)
{
    static const char *const wrong[] = {NULL,
                                        "",
                                        "[]",
                                        "{",
                                        "{\"info\":{}}",
                                        "{\"paths\":{}}",
                                        "{\"info\":1,\"paths\":{}}",
                                        "{\"info\":{},\"info\":{},\"paths\":{}}"};
    (void)state;
    TEST_ARENA;
    char error[200];
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_null(made_of(arena, wrong[i], (struct settings){0}, error));
        assert_non_null(strstr(error, "/openapi.json: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_is_the_issuer),
        cmocka_unit_test(and_where_certificates_are_asked_for),
        cmocka_unit_test(what_is_turned_off_is_not_described),
        cmocka_unit_test(a_file_that_is_missing_or_no_description_stops_the_start_with_its_name),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
