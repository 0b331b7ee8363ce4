/* Public keys of passkeys (Web Authentication Level 3, sections 5.8.5 and 6.5.1): what is registered must be a key of
 * the algorithm that it names, written in the one way. */
#include "unit/webauthn/authenticator.h"

static enum webauthn_fault with_key(str cose)
{
    struct ceremony c = registration_of(-7);
    c.cose = cose;
    return registers(&c);
}

static str x, y;

static int set_up_point(void **state)
{
    set_up(state);
    x = x_of(key_of(-7));
    y = y_of(key_of(-7));
    return 0;
}

static void an_algorithm_that_was_not_asked_for_is_refused(void **state)
{
    (void)state;
    static const int64_t others[] = {0, 7, -9, -25, -35, -36, -37, -47, -65535, -258, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_fault(with_key(cose_ec(others[i], x, y)), WEBAUTHN_ALGORITHM);
        assert_fault(with_key(cose_okp(others[i], x)), WEBAUTHN_ALGORITHM);
        assert_fault(with_key(cose_rsa(others[i], filled('\xff', 256), STR("\1\0\1"))), WEBAUTHN_ALGORITHM);
    }
}

static void a_key_of_another_type_than_its_algorithm_is_refused(void **state)
{
    (void)state;
    str n = number_of(key_of(-257), OSSL_PKEY_PARAM_RSA_N, 256), e = STR("\1\0\1"), raw = raw_of(key_of(-8));
    assert_fault(with_key(cose_rsa(-257, n, e)), WEBAUTHN_OK);
    assert_fault(with_key(cose_okp(-8, raw)), WEBAUTHN_OK);
    assert_fault(with_key(cose_ec(-8, x, y)), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_ec(-257, x, y)), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_okp(-7, raw)), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_okp(-257, raw)), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_rsa(-7, n, e)), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_rsa(-8, n, e)), WEBAUTHN_ALGORITHM);
}

static void a_point_that_is_not_on_the_curve_is_refused(void **state)
{
    (void)state;
    assert_fault(with_key(cose_ec(-7, x, y)), WEBAUTHN_OK);
    assert_fault(with_key(cose_ec(-7, y, x)), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_ec(-7, x, turned(y, 31))), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_ec(-7, filled('\0', 32), filled('\0', 32))), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_ec(-7, filled('\xff', 32), filled('\xff', 32))), WEBAUTHN_ALGORITHM);
}

static void numbers_of_other_lengths_are_refused(void **state)
{
    (void)state;
    str n = number_of(key_of(-257), OSSL_PKEY_PARAM_RSA_N, 256);
    assert_fault(with_key(cose_ec(-7, (str){x.p, 31}, y)), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_ec(-7, join(STR("\0"), x), y)), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_ec(-7, x, STR(""))), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_okp(-8, join(x, STR("\0")))), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_okp(-8, STR(""))), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_rsa(-257, (str){n.p, 128}, STR("\1\0\1"))), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_rsa(-257, join(n, n), STR("\1\0\1"))), WEBAUTHN_ALGORITHM);
}

static void weak_rsa_keys_are_refused(void **state)
{
    (void)state;
    str n = number_of(key_of(-257), OSSL_PKEY_PARAM_RSA_N, 256);
    assert_fault(with_key(cose_rsa(-257, n, STR("\3"))), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_rsa(-257, n, STR("\0\0\3"))), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_rsa(-257, n, STR("\0\0\1"))), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_rsa(-257, n, STR("\1\0\0"))), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(cose_rsa(-257, turned(n, 255), STR("\1\0\1"))), WEBAUTHN_ALGORITHM); /* even */
    assert_fault(with_key(cose_rsa(-257, join(STR("\0"), (str){n.p, 255}), STR("\1\0\1"))), WEBAUTHN_ALGORITHM);
}

/* The five parameters of an EC2 key by label, with `i` left out or given another value. */
static str ec_with(size_t i, str value)
{
    const str names[] = {c_int(1), c_int(3), c_int(-1), c_int(-2), c_int(-3)};
    str values[] = {c_int(2), c_int(-7), c_int(1), c_bytes(x), c_bytes(y)};
    values[i] = value;
    return c_map(5, names, values);
}

static void each_parameter_is_there_and_of_its_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_fault(with_key(ec_with(i, STR_NONE)), WEBAUTHN_ALGORITHM);
        assert_fault(with_key(ec_with(i, c_text("x"))), WEBAUTHN_ALGORITHM);
        assert_fault(with_key(ec_with(i, c_int(99))), WEBAUTHN_ALGORITHM);
        assert_fault(with_key(ec_with(i, STR("\xf5"))), WEBAUTHN_ALGORITHM);
    }
    assert_fault(with_key(ec_with(2, c_int(2))), WEBAUTHN_ALGORITHM);    /* P-384 */
    assert_fault(with_key(ec_with(2, c_int(8))), WEBAUTHN_ALGORITHM);    /* secp256k1 */
    assert_fault(with_key(ec_with(4, STR("\xf5"))), WEBAUTHN_ALGORITHM); /* a compressed point */
}

static void parameters_that_are_not_needed_are_refused(void **state)
{
    (void)state;
    const str names[] = {c_int(1), c_int(2), c_int(3), c_int(4), c_int(-1), c_int(-2), c_int(-3), c_int(-4)};
    str values[] = {c_int(2), STR_NONE, c_int(-7), STR_NONE, c_int(1), c_bytes(x), c_bytes(y), STR_NONE};
    assert_fault(with_key(c_map(8, names, values)), WEBAUTHN_OK);
    values[1] = c_bytes(STR("kid"));
    assert_fault(with_key(c_map(8, names, values)), WEBAUTHN_ALGORITHM);
    values[1] = STR_NONE;
    values[3] = STR("\x81\x02"); /* key_ops */
    assert_fault(with_key(c_map(8, names, values)), WEBAUTHN_ALGORITHM);
    values[3] = STR_NONE;
    values[7] = c_bytes(x); /* the private key */
    assert_fault(with_key(c_map(8, names, values)), WEBAUTHN_ALGORITHM);
}

static void what_is_no_map_is_refused(void **state)
{
    (void)state;
    assert_fault(with_key(c_bytes(x)), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(c_int(-7)), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(STR("\xa0")), WEBAUTHN_ALGORITHM);
    assert_fault(with_key(STR("")), WEBAUTHN_MALFORMED);
    assert_fault(with_key(STR("\xa5\x01\x02")), WEBAUTHN_MALFORMED);
    assert_fault(with_key(join(STR("\x04"), join(x, y))), WEBAUTHN_FLAGS); /* a number, and bytes after it */
}

/* What the store has is believed no more than what a browser brings. */
static void a_stored_key_that_is_none_signs_nobody_in(void **state)
{
    (void)state;
    struct ceremony a = assertion_of(-7);
    struct webauthn_known known = known_of(&a.passkey);
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_OK);
    known.public_key = STR("");
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_ALGORITHM);
    known.public_key = join(a.passkey.cose, STR("\0"));
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_ALGORITHM);
    known.public_key = cose_ec(-7, y, x);
    assert_fault(asserts_as(assertion_json(&a), &known), WEBAUTHN_ALGORITHM);
}

#define KEY_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_point, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_TEST(an_algorithm_that_was_not_asked_for_is_refused),
        KEY_TEST(a_key_of_another_type_than_its_algorithm_is_refused),
        KEY_TEST(a_point_that_is_not_on_the_curve_is_refused),
        KEY_TEST(numbers_of_other_lengths_are_refused),
        KEY_TEST(weak_rsa_keys_are_refused),
        KEY_TEST(each_parameter_is_there_and_of_its_type),
        KEY_TEST(parameters_that_are_not_needed_are_refused),
        KEY_TEST(what_is_no_map_is_refused),
        KEY_TEST(a_stored_key_that_is_none_signs_nobody_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
