#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/unit.h"

static bool contains(str text, const char *part)
{
    return text.n > 0 && memmem(text.p, text.n, part, strlen(part)) != NULL;
}

#define assert_contains(text, part)                                                                                    \
    do {                                                                                                               \
        if (!contains((text), (part)))                                                                                 \
            fail_msg("\"%.*s\" lacks \"%s\"", STR_FMT(text), (part));                                                  \
    } while (0)

/* Loads with one flag, `pair` being "key=value"; NULL: none. What was wrong. */
static str load_flag(struct arena *arena, const char *pair, struct settings *out)
{
    struct setting_override flag;
    str problems;
    if (pair)
        str_cut(str_of(pair), '=', &flag.key, &flag.value);
    return settings_load(arena, NULL, &flag, pair != NULL, out, &problems) ? STR_NONE : problems;
}

static str load_text(struct arena *arena, const char *text, struct settings *out)
{
    char path[] = "/tmp/konsao-settings-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    str problems;
    bool fine = settings_load(arena, path, NULL, 0, out, &problems);
    unlink(path);
    return fine ? STR_NONE : problems;
}

static void without_anything_the_defaults_fit_together(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings s;
    assert_null(load_flag(arena, NULL, &s).p);
    assert_str(s.issuer, "http://localhost:8080");
    assert_str(s.listen_address, "127.0.0.1");
    assert_str(s.master_key, "./data/master.key");
    assert_int_equal(s.workers, 128);
    assert_int_equal(s.register_concurrent_max, 96);
    assert_int_equal(s.limit_signins_per_ip, 300);
    assert_int_equal(s.life_interaction, 900);
    assert_int_equal(s.life_refresh, 30 * 86400);
    assert_int_equal(s.life_consent, 365 * 86400);
    assert_true(s.loops > 0);
    assert_true(s.key_keep >= s.life_access + 86400);
}

static void a_file_gives_way_to_the_environment_and_that_to_flags(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings s;
    const char *text = "# a remark\n\n; another\nlisten.port = 9001\n  workers=8\r\nsupport.phone = 023 000 = 1\n";
    assert_null(load_text(arena, text, &s).p);
    assert_int_equal(s.listen_port, 9001);
    assert_str(s.issuer, "http://localhost:9001");
    assert_int_equal(s.workers, 8);
    assert_int_equal(s.register_concurrent_max, 6);
    assert_str(s.support_phone, "023 000 = 1");

    setenv("KONSAO_LISTEN_PORT", "9002", 1);
    assert_null(load_text(arena, text, &s).p);
    assert_int_equal(s.listen_port, 9002);
    assert_contains(settings_explain(arena, &s), "environment KONSAO_LISTEN_PORT");
    assert_null(load_flag(arena, "listen.port=9003", &s).p);
    assert_int_equal(s.listen_port, 9003);
    unsetenv("KONSAO_LISTEN_PORT");
}

static void every_fault_is_told_with_its_line(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings s;
    str problems = load_text(arena, "workers = many\nisuer = x\njust words\nlisten.port = 65536\nworkers = 4\n", &s);
    assert_contains(problems, ":1: workers must be a whole number");
    assert_contains(problems, ":2: isuer is no setting (did you mean issuer?)");
    assert_contains(problems, ":3: not of the form key = value");
    assert_contains(problems, ":4: listen.port must be from 0 to 65535");
    assert_contains(problems, ":5: workers stands there a second time");
    assert_true(problems.p[problems.n - 1] != '\n');
}

static void a_missing_file_and_an_unknown_variable_stop_the_start(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings s;
    str problems;
    assert_false(settings_load(arena, "/nowhere/konsao.conf", NULL, 0, &s, &problems));
    assert_contains(problems, "/nowhere/konsao.conf: cannot be read");
    setenv("KONSAO_LIFE_ACESS", "5", 1);
    assert_contains(load_flag(arena, NULL, &s), "KONSAO_LIFE_ACESS is no setting");
    unsetenv("KONSAO_LIFE_ACESS");
    setenv("KONSAO_BUILD_FOLDER", "of somebody else", 1);
    assert_null(load_flag(arena, NULL, &s).p);
    unsetenv("KONSAO_BUILD_FOLDER");
}

static void times_have_units(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings s;
    assert_null(load_flag(arena, "life.access=90", &s).p);
    assert_int_equal(s.life_access, 90);
    assert_null(load_flag(arena, "life.access=2h", &s).p);
    assert_int_equal(s.life_access, 7200);
    static const char *const wrong[] = {"life.access=",
                                        "life.access=h",
                                        "life.access=1.5h",
                                        "life.access=-5",
                                        "life.access=5w",
                                        "life.access=5 m",
                                        "life.access=99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_contains(load_flag(arena, wrong[i], &s), "must be a time like 30s");
    assert_contains(load_flag(arena, "life.access=2d", &s), "must be from 10s to 1d");
}

static void an_issuer_is_scheme_host_and_port(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings s;
    static const char *const fine[] = {"issuer=https://id.gov.kh", "issuer=https://id.gov.kh:8443",
                                       "issuer=http://localhost:8080", "issuer=http://127.0.0.1:1",
                                       "issuer=http://[::1]:8080"};
    for (size_t i = 0; i < COUNT_OF(fine); i++)
        assert_null(load_flag(arena, fine[i], &s).p);
    static const char *const wrong[] = {
        "issuer=",
        "issuer=id.gov.kh",
        "issuer=ftp://id.gov.kh",
        "issuer=http://id.gov.kh",
        "issuer=http://localhost.evil.example",
        "issuer=https://id.gov.kh/",
        "issuer=https://id.gov.kh/path",
        "issuer=https://id.gov.kh?x",
        "issuer=https://id.gov.kh#x",
        "issuer=https://user@id.gov.kh",
        "issuer=https://ID.gov.kh",
        "issuer=https://id.gov.kh:0",
        "issuer=https://id.gov.kh:080",
        "issuer=https://id.gov.kh:65536",
        "issuer=https://",
        "issuer=https://[::1",
        "issuer=https://[x]",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_contains(load_flag(arena, wrong[i], &s), "issuer must");
}

static void addresses_and_choices_are_checked(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings s;
    assert_null(load_flag(arena, "trusted_proxy=::1", &s).p);
    assert_null(load_flag(arena, "trusted_proxy=", &s).p);
    assert_contains(load_flag(arena, "listen.address=", &s), "must not be empty");
    assert_contains(load_flag(arena, "listen.address=localhost", &s), "must be an IP address");
    assert_contains(load_flag(arena, "log.level=loud", &s), "must be one of: error warn info debug");
    assert_contains(load_flag(arena, "support.phone=1\r2", &s), "control characters");
    assert_null(load_flag(arena, "register.url=https://register.example/base/path", &s).p);
    assert_contains(load_flag(arena, "register.url=http://register.example", &s), "must be https");
}

static void what_does_not_fit_together_is_explained(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings s;
    static const char *const pairs[][2] = {
        {"key.keep=1d", "a day longer than life.id_token"},
        {"register.connect_timeout_ms=9000", "register.connect_timeout_ms must not"},
        {"register.concurrent_max=128", "smaller than workers"},
        {"register.cert=/etc/cert.pem", "register.cert and register.key go together"},
        {"register.xroad_client=KH/GOV/GDI/KONSAO", "go together: whom to ask"},
        {"otp.resend_wait=5m", "the last code could never be used"},
        {"life.session=1m", "signing out would leave tokens behind"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        assert_contains(load_flag(arena, pairs[i][0], &s), pairs[i][1]);
}

/* As load_flag, with several pairs, separated by spaces. */
static str load_flags(struct arena *arena, const char *pairs, struct settings *out)
{
    struct setting_override flags[8];
    size_t count = 0;
    str rest = str_of(pairs), pair, problems;
    while (str_word(&rest, ' ', &pair)) {
        assert_true(count < COUNT_OF(flags));
        str_cut(pair, '=', &flags[count].key, &flags[count].value);
        count++;
    }
    return settings_load(arena, NULL, flags, count, out, &problems) ? STR_NONE : problems;
}

#define FILES "tls.certificate=/c.pem tls.key=/k.pem "

static void tls_brings_its_addresses(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings s;
    assert_null(load_flags(arena, FILES "tls.port=8443", &s).p);
    assert_str(s.issuer, "https://localhost:8443");
    assert_int_equal(s.mtls_url.n, 0);
    assert_null(
        load_flags(arena, FILES "issuer=https://id.gov.kh tls.port=443 tls.mtls_port=8443 listen.port=0", &s).p);
    assert_str(s.mtls_url, "https://id.gov.kh:8443");
    assert_contains(settings_explain(arena, &s), "default, from issuer and tls.mtls_port");
    assert_null(load_flags(arena, FILES "issuer=https://[::1]:9443 tls.port=9443 tls.mtls_port=9444", &s).p);
    assert_str(s.mtls_url, "https://[::1]:9444");
    assert_null(
        load_flags(arena, FILES "issuer=https://id.gov.kh tls.mtls_port=8443 tls.mtls_url=https://mtls.id.gov.kh", &s)
            .p);
    assert_str(s.mtls_url, "https://mtls.id.gov.kh");
    assert_null(load_flags(arena,
                           "issuer=https://id.gov.kh listen.socket=/run/a listen.mtls_socket=/run/b "
                           "tls.mtls_url=https://id.gov.kh:8443 listen.port=0",
                           &s)
                    .p);
    assert_str(settings_host(STR("https://id.gov.kh:8443")), "id.gov.kh");
    assert_str(settings_host(STR("https://[2001:db8::1]:8443")), "2001:db8::1");
}

static void ways_in_that_do_not_fit_together_are_explained(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings s;
    static const char *const pairs[][2] = {
        {"listen.port=0", "nobody could come in"},
        {FILES "tls.port=8080", "must differ"},
        {"authenticator.android=kh.example.konsao", "authenticator.android must be a package and"},
        {FILES "tls.port=8443 tls.mtls_port=8443", "must differ"},
        {FILES "issuer=https://a tls.mtls_port=8080", "must differ"},
        {"tls.port=8443 tls.certificate=/c.pem", "tls.certificate and tls.key go together"},
        {"tls.port=8443", "need tls.certificate and tls.key"},
        {"issuer=https://a tls.mtls_port=8443", "need tls.certificate and tls.key"},
        {FILES, "nothing would use it"},
        {FILES "tls.port=8443 tls.address=", "tls.address must not be empty"},
        {FILES "tls.port=8443 issuer=http://localhost:8080", "issuer must be https where there is TLS"},
        {FILES "tls.mtls_port=8443", "issuer must be https where there is TLS"},
        {"listen.socket=konsao.sock", "paths that begin with a slash"},
        {"listen.socket=/run/a listen.mtls_socket=/run/a tls.mtls_url=https://a", "what is believed on them does"},
        {"listen.mtls_socket=/run/a", "needs tls.mtls_url"},
        {"tls.mtls_url=https://a", "tls.mtls_url needs"},
        {"listen.mtls_socket=/run/a tls.mtls_url=http://localhost", "tls.mtls_url must be https"},
        {"listen.mtls_socket=/run/a tls.mtls_url=https://a/path", "must end after host and port"},
        {"issuer=https://a listen.mtls_socket=/run/a tls.mtls_url=https://a", "browsers would be asked"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        assert_contains(load_flags(arena, pairs[i][0], &s), pairs[i][1]);
    setenv("KONSAO_TLS_PROT", "443", 1);
    assert_contains(load_flag(arena, NULL, &s), "KONSAO_TLS_PROT is no setting");
    unsetenv("KONSAO_TLS_PROT");
}

static void the_printed_reference_is_a_file_that_loads(void **state)
{
    (void)state;
    TEST_ARENA;
    struct settings printed, plain;
    str reference = settings_reference(arena, false);
    char *text = arena_cstr(arena, reference);
    for (char *at = text; *at; at++) /* take the # off the settings, as an operator would */
        if (*at == '#' && at[1] != ' ')
            *at = ' ';
    assert_contains(str_of(text), " otp.attempts = 5");
    static const char *const open[] = {" issuer =\n", " loops =\n", " master_key =\n", " templates =\n",
                                       " register.concurrent_max =\n"};
    for (size_t i = 0; i < COUNT_OF(open); i++) /* what has no fixed default stays a remark */
        *strstr(text, open[i]) = '#';
    str problems = load_text(arena, text, &printed);
    if (problems.p)
        fail_msg("%.*s", STR_FMT(problems));
    assert_null(load_flag(arena, NULL, &plain).p);
    assert_int_equal(printed.key_keep, plain.key_keep);
    assert_str(printed.register_url, "http://localhost:8090");
    assert_contains(settings_reference(arena, true), "| `otp.freeze` | `15m` |");
    assert_contains(settings_json(arena, &plain), "\"otp.attempts\":{\"value\":5,\"origin\":\"default\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_anything_the_defaults_fit_together),
        cmocka_unit_test(a_file_gives_way_to_the_environment_and_that_to_flags),
        cmocka_unit_test(every_fault_is_told_with_its_line),
        cmocka_unit_test(a_missing_file_and_an_unknown_variable_stop_the_start),
        cmocka_unit_test(times_have_units),
        cmocka_unit_test(an_issuer_is_scheme_host_and_port),
        cmocka_unit_test(addresses_and_choices_are_checked),
        cmocka_unit_test(what_does_not_fit_together_is_explained),
        cmocka_unit_test(tls_brings_its_addresses),
        cmocka_unit_test(ways_in_that_do_not_fit_together_are_explained),
        cmocka_unit_test(the_printed_reference_is_a_file_that_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
