/* Networks, where they are, and which are near each other. */
#include "records/places.h"

#include <string.h>

#include "unit/unit.h"

#include "records/network.h"

#define TABLE                                                                                                          \
    "# Cambodia\n"                                                                                                     \
    "203.0.113.0/24  KH  Phnom Penh\r\n"                                                                               \
    "\n"                                                                                                               \
    "198.51.100.0/24\tKH\tPhnom Penh\n"                                                                                \
    "203.0.113.128/25 KH ខេត្ត​សៀមរាប\n"                                                       \
    "2001:db8::/32 KH Phnom Penh\n"                                                                                    \
    "192.0.2.7 TH Bangkok"

static struct places *table(struct arena *arena, const char *text)
{
    struct places *places;
    str why = STR_NONE;
    if (!places_read(arena, str_of(text), &places, &why))
        fail_msg("not taken: %.*s", STR_FMT(why));
    return places;
}

static void assert_place(const struct places *places, const char *peer, const char *country, const char *name)
{
    struct place place;
    if (!place_find(places, str_of(peer), &place))
        fail_msg("nobody knows %s", peer);
    assert_str(place.country, country);
    assert_str(place.name, name);
}

static void the_smallest_network_says_where_an_address_is(void **state)
{
    (void)state;
    TEST_ARENA;
    const struct places *places = table(arena, TABLE);
    assert_place(places, "203.0.113.127", "KH", "Phnom Penh");
    assert_place(places, "203.0.113.128", "KH", "ខេត្ត​សៀមរាប");
    assert_place(places, "::ffff:203.0.113.1", "KH", "Phnom Penh");
    assert_place(places, "2001:db8:9::1", "KH", "Phnom Penh");
    assert_place(places, "192.0.2.7", "TH", "Bangkok");
}

static void nobody_knows_where_other_addresses_are(void **state)
{
    static const char *const peers[] = {"203.0.112.255", "203.0.114.0", "192.0.2.6", "192.0.2.8",
                                        "2001:db9::",    "::1",         "unix",      ""};
    struct place place;
    (void)state;
    TEST_ARENA;
    const struct places *places = table(arena, TABLE);
    for (size_t i = 0; i < COUNT_OF(peers); i++)
        assert_false(place_find(places, str_of(peers[i]), &place));
    assert_false(place_find(NULL, STR("203.0.113.1"), &place));
    assert_false(place_find(table(arena, "# nothing\n"), STR("203.0.113.1"), &place));
    assert_false(place_find(places, STR_NONE, &place));
}

static void a_faulty_table_is_refused_with_the_line(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"203.0.113.0/24 KH", "line 1: the name"},
        {"203.0.113.0/24", "line 1: the country"},
        {"203.0.113.0/24 kh Phnom Penh", "line 1: the country"},
        {"203.0.113.0/24 KHM Phnom Penh", "line 1: the country"},
        {"# x\n203.0.113.1/24 KH Phnom Penh", "line 2: the network"},
        {"203.0.113.0/33 KH Phnom Penh", "line 1: the network"},
        {"2001:db8::/129 KH Phnom Penh", "line 1: the network"},
        {"203.0.113.0/ KH Phnom Penh", "line 1: the network"},
        {"203.0.113.0/-1 KH Phnom Penh", "line 1: the network"},
        {"203.0.113/24 KH Phnom Penh", "line 1: the network"},
        {"example.gov.kh KH Phnom Penh", "line 1: the network"},
        {"fe80::1%eth0 KH Phnom Penh", "line 1: the network"},
        {"203.0.113.0/24 KH Phnom\x01", "line 1: the name"},
        {"203.0.113.0/24 KH \xe2\x80\xaehneP", "line 1: the name"}, /* turned around */
        {"203.0.113.0/24 KH \xff", "line 1: the name"},
        {"203.0.113.0/24 KH A\n203.0.113.0/24 TH B", "twice"},
    };
    (void)state;
    TEST_ARENA;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct places *places;
        str why = STR_NONE;
        if (places_read(arena, str_of(cases[i].text), &places, &why))
            fail_msg("taken: %s", cases[i].text);
        if (!why.p || !memmem(why.p, why.n, cases[i].why, strlen(cases[i].why)))
            fail_msg("%s: \"%.*s\"", cases[i].text, STR_FMT(why));
    }
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    TEST_ARENA;
    struct places *places;
    str why;
    assert_false(places_load(arena, "/nonexistent/places", &places, &why));
    assert_str(why, "/nonexistent/places can't be read: No such file or directory");
}

static void near_is_the_same_prefix_this_machine_or_one_known_place(void **state)
{
    static const struct {
        const char *a, *b;
        bool differ;
    } cases[] = {
        {"10.1.2.3", "10.1.200.9", false},
        {"10.1.2.3", "10.2.2.3", true},
        {"::ffff:10.1.2.3", "10.1.9.9", false},
        {"2001:db9:1::1", "2001:db9:ffff::1", false},
        {"2001:db9::1", "2001:dba::1", true},
        {"127.0.0.1", "::1", false},
        {"127.0.0.1", "127.200.0.1", false},
        {"::1", "::2", false}, /* one prefix */
        {"127.0.0.1", "10.1.2.3", true},
        {"203.0.113.1", "198.51.100.1", false},  /* one place */
        {"203.0.113.1", "2001:db8::1", false},   /* the same, by the other protocol */
        {"203.0.113.1", "203.0.113.200", false}, /* one prefix, though two places */
        {"198.51.100.1", "203.0.113.200", true}, /* two places */
        {"198.51.100.1", "192.0.2.7", true},
        {"198.51.100.1", "8.8.8.8", true}, /* of one nobody knows */
        {"unix", "unix", true},
        {"unix", "127.0.0.1", true},
        {"", "", true},
    };
    (void)state;
    TEST_ARENA;
    const struct places *places = table(arena, TABLE);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (networks_differ(places, str_of(cases[i].a), str_of(cases[i].b)) != cases[i].differ ||
            networks_differ(places, str_of(cases[i].b), str_of(cases[i].a)) != cases[i].differ)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
    }
    assert_true(networks_differ(NULL, STR("203.0.113.1"), STR("198.51.100.1")));
    assert_false(networks_differ(NULL, STR("203.0.113.1"), STR("203.0.9.9")));
}

static void a_network_has_what_begins_as_it_does(void **state)
{
    struct network network;
    struct address address;
    (void)state;
    assert_true(network_read(STR("10.16.0.0/12"), &network));
    assert_true(address_read(STR("10.31.255.255"), &address) && network_has(&network, &address));
    assert_true(address_read(STR("10.32.0.0"), &address) && !network_has(&network, &address));
    assert_true(address_read(STR("::10.16.0.1"), &address) && !network_has(&network, &address));
    assert_true(network_read(STR("0.0.0.0/0"), &network));
    assert_true(address_read(STR("255.1.1.1"), &address) && network_has(&network, &address));
    assert_true(address_read(STR("2001:db8::1"), &address) && !network_has(&network, &address));
    assert_true(network_read(STR("::/0"), &network) && network_has(&network, &address));
    assert_true(network_read(STR("192.0.2.7"), &network));
    assert_true(address_read(STR("192.0.2.6"), &address) && !network_has(&network, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_network_says_where_an_address_is),
        cmocka_unit_test(nobody_knows_where_other_addresses_are),
        cmocka_unit_test(a_faulty_table_is_refused_with_the_line),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(near_is_the_same_prefix_this_machine_or_one_known_place),
        cmocka_unit_test(a_network_has_what_begins_as_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
