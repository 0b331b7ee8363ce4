/* Authenticators at the reference register, through the connector, over real HTTP. */
#include "together.h"

struct enrolled {
    str id, token;
};

static struct enrolled enrol(struct ipis *ipis, const char *who)
{
    struct enrolled enrolled;
    struct ipis_proof proof;
    struct kidc kidc = number(who);
    assert_int_equal(sign_in(ipis, who, &proof), IPIS_OK);
    assert_int_equal(ipis_add_authenticator(ipis, &call, &kidc, proof.kyc_token, &enrolled.id, &enrolled.token),
                     IPIS_OK);
    return enrolled;
}

static enum ipis_result sign_in_by(struct ipis *ipis, const char *who, str token, struct ipis_proof *proof)
{
    struct kidc kidc = number(who);
    return ipis_check_authenticator(ipis, &call, &kidc, token, proof);
}

static enum ipis_result take_away(struct ipis *ipis, const char *who, str token, str id)
{
    struct kidc kidc = number(who);
    return ipis_remove_authenticator(ipis, &call, &kidc, token, id);
}

static void an_authenticator_signs_in_without_a_code_until_it_is_removed(void **state)
{
    struct ipis *ipis = *state ? *(struct ipis **)*state : direct;
    struct ipis_proof proof;
    json_t *attributes;
    struct enrolled phone = enrol(ipis, DARA), tablet = enrol(ipis, DARA);
    assert_false(str_eq(phone.token, tablet.token));
    for (int i = 0; i < 3; i++)
        assert_int_equal(sign_in_by(ipis, DARA, phone.token, &proof), IPIS_OK);
    assert_int_equal(read_with(ipis, DARA, proof.kyc_token, &attributes), IPIS_OK);
    assert_non_null(strstr(ask_json(&real, "/residents")->body, "\"authenticators\":2"));
    assert_int_equal(take_away(ipis, DARA, tablet.token, phone.id), IPIS_OK);
    assert_int_equal(sign_in_by(ipis, DARA, phone.token, &proof), IPIS_WRONG);
    assert_int_equal(call.attempts_left, -1);
    assert_int_equal(sign_in_by(ipis, DARA, tablet.token, &proof), IPIS_OK);
    assert_int_equal(take_away(ipis, DARA, tablet.token, phone.id), IPIS_OK); /* gone already */
    assert_int_equal(take_away(ipis, DARA, phone.token, tablet.id), IPIS_WRONG);
    assert_int_equal(sign_in_by(ipis, DARA, tablet.token, &proof), IPIS_OK);
}

static void an_authenticator_is_one_persons_and_one_clients(void **state)
{
    (void)state;
    struct ipis_proof proof;
    struct enrolled phone = enrol(over_xroad, DARA), other = enrol(over_xroad, SOPHEA);
    assert_int_equal(sign_in_by(over_xroad, SOPHEA, phone.token, &proof), IPIS_WRONG);
    assert_int_equal(sign_in_by(over_xroad_as_another, DARA, phone.token, &proof), IPIS_WRONG);
    assert_int_equal(sign_in_by(over_xroad, NOBODY, phone.token, &proof), IPIS_UNKNOWN);
    assert_int_equal(take_away(over_xroad, DARA, other.token, phone.id), IPIS_WRONG);
    assert_int_equal(take_away(over_xroad_as_another, DARA, phone.token, phone.id), IPIS_WRONG);
    assert_int_equal(take_away(over_xroad, SOPHEA, other.token, phone.id), IPIS_OK); /* finds none of hers */
    assert_int_equal(sign_in_by(over_xroad, DARA, phone.token, &proof), IPIS_OK);
}

static void only_a_sign_in_of_that_person_adds_an_authenticator(void **state)
{
    (void)state;
    struct ipis_proof proof;
    struct kidc dara = number(DARA);
    str id, token;
    assert_int_equal(sign_in(direct, SOPHEA, &proof), IPIS_OK);
    assert_int_equal(ipis_add_authenticator(direct, &call, &dara, proof.kyc_token, &id, &token), IPIS_WRONG);
    struct enrolled phone = enrol(direct, DARA);
    assert_int_equal(ipis_add_authenticator(direct, &call, &dara, phone.token, &id, &token), IPIS_WRONG);
    assert_int_equal(
        ask(&real, "/v1/authenticators/" DARA "?transactionId=t", "{\"relyingParty\":\"p\"}", NULL)->status, 401);
    assert_int_equal(ask(&real, "/v1/authenticators/" DARA "?transactionId=t", "{}", NULL)->status, 401);
}

static void the_register_keeps_the_last_word_on_authenticators(void **state)
{
    (void)state;
    struct ipis_proof proof;
    struct enrolled phone = enrol(direct, DARA);
    struct ipis_proof of_before;
    assert_int_equal(sign_in(direct, DARA, &of_before), IPIS_OK);
    assert_int_equal(ask(&real, "/residents/" DARA, "{\"status\":\"SUSPENDED\"}", NULL)->status, 200);
    assert_int_equal(sign_in_by(direct, DARA, phone.token, &proof), IPIS_FORBIDDEN);
    assert_true(str_is(call.code, "SUSPENDED"));
    assert_int_equal(ask(&real, "/residents/" DARA, "{\"status\":\"ACTIVE\",\"freeze\":true}", NULL)->status, 200);
    assert_int_equal(sign_in_by(direct, DARA, phone.token, &proof), IPIS_FROZEN);
    assert_true(call.retry_after > 50 && call.retry_after <= 60);
    struct kidc dara = number(DARA);
    str id, token;
    assert_int_equal(ipis_add_authenticator(direct, &call, &dara, of_before.kyc_token, &id, &token), IPIS_FROZEN);
    assert_int_equal(ask(&real, "/residents/" DARA, "{\"unfreeze\":true}", NULL)->status, 200);
    str wrong = another(phone.token);
    for (int i = 0; i < 5; i++) /* freezes nobody */
        assert_int_equal(sign_in_by(direct, DARA, wrong, &proof), IPIS_WRONG);
    assert_int_equal(sign_in_by(direct, DARA, phone.token, &proof), IPIS_OK);
    assert_int_equal(ask(&real, "/reset", "{}", NULL)->status, 200);
    assert_int_equal(sign_in_by(direct, DARA, phone.token, &proof), IPIS_WRONG);
}

static void an_authenticator_stands_alone_as_a_factor(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[{\"type\":\"authenticator\",\"value\":\"x\"},{\"type\":\"otp\",\"value\":\"123456\"}]",
        "[{\"type\":\"authenticator\",\"value\":\"x\"},{\"type\":\"authenticator\",\"value\":\"x\"}]",
        "[{\"type\":\"authenticator\"}]",
        "[{\"type\":\"authenticator\",\"value\":7}]",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        str body = arena_printf(arena, "{\"factors\":%s,\"purpose\":\"sign-in\",\"relyingParty\":\"p\"}", bad[i]);
        assert_int_equal(ask(&real, "/v1/authenticate/" DARA "?transactionId=t", body.p, NULL)->status, 400);
    }
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        TEST(an_authenticator_signs_in_without_a_code_until_it_is_removed),
        cmocka_unit_test_prestate_setup_teardown(an_authenticator_signs_in_without_a_code_until_it_is_removed, set_up,
                                                 tear_down, &over_xroad),
        TEST(an_authenticator_is_one_persons_and_one_clients),
        TEST(only_a_sign_in_of_that_person_adds_an_authenticator),
        TEST(the_register_keeps_the_last_word_on_authenticators),
        TEST(an_authenticator_stands_alone_as_a_factor),
    };
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
