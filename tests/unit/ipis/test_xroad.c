#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ipis/xroad.h"

static void service_becomes_a_path_with_each_part_encoded(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str path;
    assert_true(xroad_service_path(arena, STR("KH/GOV/1001/IPIS/ipis"), &path));
    assert_true(str_is(path, "/r1/KH/GOV/1001/IPIS/ipis"));
    assert_true(xroad_service_path(arena, STR("KH/GOV/10 01/A?B#C/v1&x"), &path));
    assert_true(str_is(path, "/r1/KH/GOV/10%2001/A%3FB%23C/v1%26x"));
    assert_true(xroad_service_path(arena, STR("KH/GOV/ក/IPIS/ipis"), &path));
    assert_true(str_is(path, "/r1/KH/GOV/%E1%9E%80/IPIS/ipis"));
}

static void client_has_four_parts(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str value;
    assert_true(xroad_client_value(arena, STR("KH/GOV/1002/KONSAO"), &value));
    assert_true(str_is(value, "KH/GOV/1002/KONSAO"));
    assert_false(xroad_client_value(arena, STR("KH/GOV/1002"), &value));
    assert_false(xroad_client_value(arena, STR("KH/GOV/1002/KONSAO/more"), &value));
    assert_false(xroad_client_value(arena, STR_NONE, &value));
    assert_false(xroad_client_value(arena, STR("KH/GOV/1002/KONSAO\r\nX-Other: 1"), &value));
}

static void refuses_what_is_no_service(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "/",
        "KH",
        "KH/GOV/1001/IPIS",
        "KH/GOV/1001/IPIS/ipis/",
        "/KH/GOV/1001/IPIS/ipis",
        "KH/GOV//IPIS/ipis",
        "KH/GOV/1001/IPIS/ipis/v1",
        "KH/GOV/../IPIS/ipis",
        "KH/GOV/./IPIS/ipis",
        "KH/GOV/1001/IPIS/%2e%2e",
        "KH/GOV/1001/IP:IS/ipis",
        "KH/GOV/1001/IP;IS/ipis",
        "KH/GOV/1001/IP\\IS/ipis",
        "KH/GOV/1001/IPIS/ip\nis",
        "KH/GOV/1001/IPIS/\xff",
    };
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str path;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(xroad_service_path(arena, str_of(bad[i]), &path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_becomes_a_path_with_each_part_encoded),
        cmocka_unit_test(client_has_four_parts),
        cmocka_unit_test(refuses_what_is_no_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
