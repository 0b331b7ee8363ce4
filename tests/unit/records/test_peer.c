#include "records/peer.h"

#include "unit/unit.h"

static void an_ipv6_network_counts_as_one_peer(void **state)
{
    (void)state;
    TEST_ARENA;
    assert_str(peer_network(arena, STR("192.0.2.7")), "192.0.2.7");
    assert_str(peer_network(arena, STR("::ffff:192.0.2.7")), "::ffff:192.0.2.7");
    assert_str(peer_network(arena, STR("2001:db8:1:2:3:4:5:6")), "20010db800010002");
    assert_str(peer_network(arena, STR("2001:db8:1:2:ffff::1")), "20010db800010002");
    assert_str(peer_network(arena, STR_NONE), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_ipv6_network_counts_as_one_peer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
