/* The guard: which addresses and URLs are called at all. No packet is sent. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "outbound/address.h"
#include "outbound/outbound.h"
#include "unit/unit.h"

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_is_public((struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return address_is_public((struct sockaddr *)&v6);
}

static void special_addresses_are_not_public(void **state)
{
    static const char *const addresses[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        /* IPv6 */
        "::",
        "::1",
        "::2",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a00:1::",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456:789a::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++)
        if (is_public(addresses[i]))
            fail_msg("%s is taken for public", addresses[i]);
}

static void what_lies_beside_them_is_public(void **state)
{
    static const char *const addresses[] = {
        "1.1.1.1",     "9.255.255.255",   "11.0.0.0",    "100.63.255.255", "100.128.0.0",  "126.255.255.255",
        "128.0.0.0",   "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",   "192.0.1.0",
        "192.0.3.0",   "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",   "223.255.255.255",
        "2001:200::1", "2001:db9::1",     "2003::1",     "2400:cb00::1",   "2a00:1450::1", "3ffe::1",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(addresses); i++)
        if (!is_public(addresses[i]))
            fail_msg("%s is not taken for public", addresses[i]);
}

static void other_families_are_never_public(void **state)
{
    const struct sockaddr_storage address = {.ss_family = AF_UNIX};
    (void)state;
    assert_false(address_is_public((const struct sockaddr *)&address));
}

static struct outbound *open_with(const char *allow)
{
    const struct outbound_options options = {.allow = allow, .timeout_ms = 1000};
    char error[256] = "";
    struct outbound *outbound = outbound_new(&options, error, sizeof error);
    if (!outbound)
        fail_msg("%s", error);
    return outbound;
}

static void assert_refused(struct outbound *outbound, str url)
{
    TEST_ARENA;
    const char *why = NULL;
    struct outbound_answer answer;
    str reason = STR_NONE;
    if (outbound_accepts(outbound, url, &why))
        fail_msg("%.*s is accepted", STR_FMT(url));
    assert_non_null(why);
    const struct outbound_request request = {.url = url, .answer_max = 10};
    enum outbound_result result = outbound_fetch(outbound, arena, &request, &answer, &reason);
    assert_true(result == OUTBOUND_BAD_URL || result == OUTBOUND_FORBIDDEN);
    assert_true(reason.n > 0);
}

static void tricky_urls_are_refused(void **state)
{
    static const char *const urls[] = {
        /* other schemes, and what only looks like one */
        "",
        "https",
        "https:",
        "https:/",
        "https://",
        "https:///x",
        "http://bank.example/",
        "HTTP://bank.example/",
        "ftp://bank.example/",
        "file:///etc/passwd",
        "gopher://bank.example/",
        "javascript:alert(1)",
        "//bank.example/",
        "bank.example",
        " https://bank.example/",
        "https:bank.example",
        "https:\\\\bank.example",
        /* user info, fragments, characters */
        "https://user@bank.example/",
        "https://user:pass@bank.example/",
        "https://bank.example@127.0.0.1/",
        "https://bank.example:443@127.0.0.1/",
        "https://@bank.example/",
        "https://bank.example/#f",
        "https://bank.example#@127.0.0.1/",
        "https://bank.example/ x",
        "https://bank.example/\r\nX: y",
        "https://bank.example/\tx",
        "https://bank.example\\@127.0.0.1/",
        "https://bank.example/\x7f",
        "https://bank.example/\xc3\xa9",
        "https://b\xc3\xa4nk.example/",
        "https://bank.example/<x>",
        /* addresses, in every spelling */
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1./",
        "https://0/",
        "https://0.0.0.0/",
        "https://10.0.0.1:8443/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://256.256.256.256/",
        "https://1.2.3.4.5/",
        "https://1.2.3/",
        "https://8.8.8.010/",
        "https://bank.0x7f/",
        "https://bank.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[fd00::1]/",
        "https://[::1",
        "https://::1/",
        "https://[]/",
        "https://[127.0.0.1]/",
        "https://[v1.x]/",
        "https://[2400:cb00::1]x/",
        "https://[2400:cb00::1].bank.example/",
        /* names */
        "https://localhost/",
        "https://LOCALHOST:8443/",
        "https://bank/",
        "https://bank.example./",
        "https://.example/",
        "https://bank..example/",
        "https://-bank.example/",
        "https://bank-.example/",
        "https://bank_.example/",
        "https://bank%2eexample/",
        "https://bank.example%00.evil.example/",
        "https://*.example/",
        /* ports */
        "https://bank.example:0/",
        "https://bank.example:65536/",
        "https://bank.example:/",
        "https://bank.example:-1/",
        "https://bank.example:+1/",
        "https://bank.example:443:443/",
        "https://bank.example:0x50/",
        "https://bank.example:4294967739/",
    };
    struct outbound *outbound = open_with(NULL);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++)
        assert_refused(outbound, str_of(urls[i]));
    assert_refused(outbound, STR("https://bank.example/\0x"));
    outbound_free(outbound);
}

static void names_and_urls_that_are_too_long_are_refused(void **state)
{
    TEST_ARENA;
    struct outbound *outbound = open_with(NULL);
    char text[OUTBOUND_URL_MAX + 1];
    (void)state;
    memset(text, 'a', sizeof text);
    assert_refused(outbound, arena_printf(arena, "https://%.*s.example/", 64, text));
    assert_refused(outbound,
                   arena_printf(arena, "https://%.50s.%.50s.%.50s.%.50s.%.50s.example/", text, text, text, text, text));
    assert_refused(outbound, arena_printf(arena, "https://bank.example/%.*s", OUTBOUND_URL_MAX - 20, text));
    outbound_free(outbound);
}

static void ordinary_urls_are_accepted(void **state)
{
    static const char *const urls[] = {
        "https://bank.example",
        "https://bank.example/",
        "https://bank.example:8443/jwks?x=1&y=%20",
        "https://BANK.example/Path/../x",
        "https://xn--j1ay.xn--p1ai/",
        "https://a-b.c0.example/~x/@y;z,(1)*!$'",
        "https://8.8.8.8/",
        "https://[2400:cb00::1]:443/",
        "https://bank.example?x",
        "https://1bank.2example.com/",
    };
    struct outbound *outbound = open_with(NULL);
    const char *why;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++)
        if (!outbound_accepts(outbound, str_of(urls[i]), &why))
            fail_msg("%s %s", urls[i], why);
    outbound_free(outbound);
}

static void allowed_hosts_are_matched_whole_with_their_port(void **state)
{
    static const char *const in[] = {
        "https://localhost:8443/x",        "https://LocalHost:8443/", "https://10.1.2.3/",
        "https://10.1.2.3:9000/",          "https://[::1]:444/",      "https://[0:0::1]:444/",
        "https://suite.ministry.example/",
    };
    static const char *const out[] = {
        "https://localhost/", "https://localhost:8444/",      "https://xlocalhost:8443/", "https://10.1.2.4/",
        "https://[::1]/",     "https://110.1.2.3.example.0/", "https://127.0.0.1:8443/",
    };
    struct outbound *outbound = open_with("localhost:8443  10.1.2.3 [::1]:444 Suite.Ministry.Example");
    const char *why;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(in); i++)
        if (!outbound_accepts(outbound, str_of(in[i]), &why))
            fail_msg("%s %s", in[i], why);
    for (size_t i = 0; i < COUNT_OF(out); i++)
        assert_refused(outbound, str_of(out[i]));
    outbound_free(outbound);
}

static void a_list_of_hosts_that_makes_no_sense_stops_the_start(void **state)
{
    static const char *const lists[] = {"bank.example/x",
                                        "https://bank.example",
                                        "*.example",
                                        "a b:0",
                                        "10.0.0.0/8",
                                        "user@host",
                                        "::1",
                                        "bank.example,other.example"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const struct outbound_options options = {.allow = lists[i], .timeout_ms = 1000};
        char error[256] = "";
        assert_null(outbound_new(&options, error, sizeof error));
        assert_non_null(strstr(error, "outbound.allow"));
    }
    const struct outbound_options options = {.ca_file = "/nowhere/ca.pem", .timeout_ms = 1000};
    char error[256] = "";
    assert_null(outbound_new(&options, error, sizeof error));
    assert_non_null(strstr(error, "/nowhere/ca.pem"));
}

static void a_destination_is_the_host_and_port_alone(void **state)
{
    TEST_ARENA;
    (void)state;
    assert_str(outbound_destination(arena, STR("https://Bank.Example/secret?token=x")), "bank.example:443");
    assert_str(outbound_destination(arena, STR("https://[2400:CB00:0::1]:8443/x")), "[2400:cb00::1]:8443");
    assert_null(outbound_destination(arena, STR("http://bank.example/")).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_addresses_are_not_public),
        cmocka_unit_test(what_lies_beside_them_is_public),
        cmocka_unit_test(other_families_are_never_public),
        cmocka_unit_test(tricky_urls_are_refused),
        cmocka_unit_test(names_and_urls_that_are_too_long_are_refused),
        cmocka_unit_test(ordinary_urls_are_accepted),
        cmocka_unit_test(allowed_hosts_are_matched_whole_with_their_port),
        cmocka_unit_test(a_list_of_hosts_that_makes_no_sense_stops_the_start),
        cmocka_unit_test(a_destination_is_the_host_and_port_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
