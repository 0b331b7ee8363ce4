/* Grants and their tokens: what is stored of them says nothing by itself, and ending a grant ends all of it. */
#include "records/consent.h"
#include "records/grant.h"
#include "records/token.h"

#include "unit/store/fixture.h"
#include "unit/unit.h"

#include "crypto/primitives.h"

#define CLAIMS STR("\"name\":\"Sok Dara\"")

static str make_grant(struct fixture *f, const char *sid)
{
    struct grant grant = {.key = store_new_key(f->arena),
                          .client_id = STR("portal"),
                          .resident = STR("resident"),
                          .sid = sid ? str_of(sid) : STR_NONE,
                          .expires_at = clock_now() + 60};
    struct store_op op = grant_op(f->arena, &grant, IF_ABSENT);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    return grant.key;
}

static str make_access_token(struct fixture *f, str grant)
{
    str secret = random_token(f->arena, 32);
    struct access_token token = {.of = {.client_id = STR("portal"), .grant = grant},
                                 .sealed_userinfo = claims_seal(f->arena, secret, RECORD_ACCESS, CLAIMS),
                                 .expires_at = clock_now() + 60};
    struct store_op op = access_token_op(f->arena, secret, &token);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    return secret;
}

static str make_refresh_token(struct fixture *f, str grant)
{
    str secret = random_token(f->arena, 32);
    struct refresh_token token = {.of = {.client_id = STR("portal"), .grant = grant}, .expires_at = clock_now() + 60};
    struct store_op op = refresh_token_op(f->arena, secret, &token);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    return secret;
}

static bool access_token_lives(struct fixture *f, str secret)
{
    struct access_token token;
    return access_token_load(f->store, f->arena, secret, &token) == STORE_OK;
}

static void a_token_comes_back_as_it_was_stored(void **state)
{
    struct fixture *f = *state;
    str grant = make_grant(f, "session"), secret = make_access_token(f, grant), claims;
    struct access_token token;
    assert_int_equal(access_token_load(f->store, f->arena, secret, &token), STORE_OK);
    assert_str(token.of.client_id, "portal");
    assert_true(str_eq(token.of.grant, grant));
    assert_true(claims_unseal(f->arena, secret, RECORD_ACCESS, token.sealed_userinfo, &claims));
    assert_str(claims, "\"name\":\"Sok Dara\"");
}

static void what_is_sealed_opens_with_its_own_secret_and_kind_only(void **state)
{
    struct fixture *f = *state;
    str secret = random_token(f->arena, 32), claims;
    str sealed = claims_seal(f->arena, secret, RECORD_ACCESS, CLAIMS);
    assert_false(claims_unseal(f->arena, random_token(f->arena, 32), RECORD_ACCESS, sealed, &claims));
    assert_false(claims_unseal(f->arena, secret, RECORD_REFRESH, sealed, &claims));
    assert_null(memmem(sealed.p, sealed.n, "Dara", 4));
}

static void nothing_sealed_opens_as_nothing(void **state)
{
    struct fixture *f = *state;
    str claims;
    assert_null(claims_seal(f->arena, STR("secret"), RECORD_CODE, STR("")).p);
    assert_true(claims_unseal(f->arena, STR("secret"), RECORD_CODE, STR_NONE, &claims));
    assert_int_equal(claims.n, 0);
}

static void one_kind_is_never_read_as_another(void **state)
{
    struct fixture *f = *state;
    str secret = make_access_token(f, make_grant(f, NULL));
    struct refresh_token refresh;
    struct code code;
    assert_int_equal(refresh_token_load(f->store, f->arena, secret, &refresh), STORE_NOT_FOUND);
    assert_int_equal(code_load(f->store, f->arena, secret, &code), STORE_NOT_FOUND);
}

static void a_code_is_marked_as_used_by_one_only(void **state)
{
    struct fixture *f = *state;
    str secret = random_token(f->arena, 32);
    struct code code = {.of = {.client_id = STR("portal")}, .expires_at = clock_now() + 60}, one, two;
    struct store_op op = code_op(f->arena, secret, &code, code.expires_at);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(code_load(f->store, f->arena, secret, &one), STORE_OK);
    assert_int_equal(code_load(f->store, f->arena, secret, &two), STORE_OK);
    one.used = two.used = true;
    op = code_op(f->arena, secret, &one, one.expires_at);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    op = code_op(f->arena, secret, &two, two.expires_at);
    assert_int_equal(store_write(f->store, &op, 1), STORE_CONFLICT);
    assert_int_equal(code_load(f->store, f->arena, secret, &one), STORE_OK);
    assert_true(one.used);
}

static void ending_a_grant_ends_every_token_of_it_and_no_other(void **state)
{
    struct fixture *f = *state;
    str grant = make_grant(f, NULL), other = make_grant(f, NULL), tokens[150];
    for (size_t i = 0; i < COUNT_OF(tokens); i++) /* more than one batch */
        tokens[i] = make_access_token(f, grant);
    str refresh = make_refresh_token(f, grant), foreign = make_access_token(f, other);
    assert_int_equal(grant_revoke(f->store, f->arena, grant), STORE_OK);
    for (size_t i = 0; i < COUNT_OF(tokens); i++)
        assert_false(access_token_lives(f, tokens[i]));
    struct refresh_token token;
    struct grant gone;
    assert_int_equal(refresh_token_load(f->store, f->arena, refresh, &token), STORE_NOT_FOUND);
    assert_int_equal(grant_load(f->store, f->arena, grant, &gone), STORE_NOT_FOUND);
    assert_true(access_token_lives(f, foreign));
    assert_int_equal(grant_revoke(f->store, f->arena, grant), STORE_OK); /* gone already is fine */
}

static void a_refresh_token_is_written_only_while_its_grant_stands(void **state)
{
    struct fixture *f = *state;
    struct grant grant;
    assert_int_equal(grant_load(f->store, f->arena, make_grant(f, NULL), &grant), STORE_OK);
    assert_int_equal(grant_revoke(f->store, f->arena, grant.key), STORE_OK);
    struct refresh_token token = {.of = {.grant = grant.key}, .expires_at = clock_now() + 60};
    str secret = random_token(f->arena, 32);
    struct store_op ops[] = {grant_op(f->arena, &grant, IF_PRESENT), refresh_token_op(f->arena, secret, &token)};
    assert_int_equal(store_write(f->store, ops, COUNT_OF(ops)), STORE_CONFLICT);
    assert_int_equal(refresh_token_load(f->store, f->arena, secret, &token), STORE_NOT_FOUND);
}

static void ending_a_session_ends_its_grants_and_leaves_the_offline_ones(void **state)
{
    struct fixture *f = *state;
    str one = make_access_token(f, make_grant(f, "mine")), two = make_access_token(f, make_grant(f, "mine"));
    str offline = make_access_token(f, make_grant(f, NULL)), other = make_access_token(f, make_grant(f, "mine too"));
    assert_int_equal(grant_revoke_session(f->store, f->arena, STR("mine")), STORE_OK);
    assert_false(access_token_lives(f, one));
    assert_false(access_token_lives(f, two));
    assert_true(access_token_lives(f, offline));
    assert_true(access_token_lives(f, other));
}

static void a_consent_covers_what_was_answered(void **state)
{
    (void)state;
    struct consent consent = {.scope = STR("openid profile"), .granted = STR("name"), .declined = STR("birthdate")};
    assert_true(consent_covers(&consent, STR("openid"), STR("name birthdate"), STR("")));
    assert_false(consent_covers(&consent, STR("openid email"), STR("name"), STR("")));
    assert_false(consent_covers(&consent, STR("openid"), STR("name email"), STR("")));
    assert_false(
        consent_covers(&consent, STR("openid"), STR("birthdate"), STR("birthdate"))); /* essential: ask again */
    assert_true(consent_covers(&consent, STR(""), STR(""), STR("")));
}

static void a_consent_is_found_by_client_and_resident(void **state)
{
    struct fixture *f = *state;
    struct consent consent = {
        .client_id = STR("a"), .resident = STR("b"), .granted = STR("name"), .expires_at = clock_now() + 60};
    struct store_op op = consent_op(f->arena, &consent);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(consent_load(f->store, f->arena, STR("a"), STR("b"), &consent), STORE_OK);
    assert_str(consent.granted, "name");
    assert_int_equal(consent_load(f->store, f->arena, STR("ab"), STR(""), &consent), STORE_NOT_FOUND);
    assert_int_equal(consent_load(f->store, f->arena, STR("b"), STR("a"), &consent), STORE_NOT_FOUND);
}

static str grant_of(struct fixture *f, str client_id, str resident)
{
    struct grant grant = {.key = store_new_key(f->arena),
                          .client_id = client_id,
                          .resident = resident,
                          .expires_at = clock_now() + 60};
    struct store_op op = grant_op(f->arena, &grant, IF_ABSENT);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    return grant.key;
}

static bool stands(struct fixture *f, str key)
{
    struct grant grant;
    return grant_load(f->store, f->arena, key, &grant) == STORE_OK;
}

static void ending_what_a_client_has_of_a_resident_leaves_all_others(void **state)
{
    struct fixture *f = *state;
    str others = grant_of(f, STR("bank"), STR("resident")), elses = grant_of(f, STR("portal"), STR("neighbour"));
    str mine[70]; /* more than are found at once */
    for (size_t i = 0; i < COUNT_OF(mine); i++)
        mine[i] = grant_of(f, STR("portal"), STR("resident"));
    str token = make_access_token(f, mine[69]);
    assert_int_equal(grant_revoke_client(f->store, f->arena, STR("resident"), STR("portal")), STORE_OK);
    for (size_t i = 0; i < COUNT_OF(mine); i++)
        assert_false(stands(f, mine[i]));
    assert_false(access_token_lives(f, token));
    assert_true(stands(f, others));
    assert_true(stands(f, elses));
    assert_int_equal(grant_revoke_client(f->store, f->arena, STR("nobody"), STR("portal")), STORE_OK);
}

static void a_resident_s_consents_are_listed_until_they_are_removed(void **state)
{
    struct fixture *f = *state;
    struct consent list[3];
    size_t count;
    static const char *const pairs[][2] = {{"a", "r"}, {"b", "r"}, {"c", "r"}, {"a", "other"}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct consent consent = {
            .client_id = str_of(pairs[i][0]), .resident = str_of(pairs[i][1]), .expires_at = clock_now() + 60};
        struct store_op op = consent_op(f->arena, &consent);
        assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    }
    assert_int_equal(consent_list(f->store, f->arena, STR("r"), list, 2, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_int_equal(consent_list(f->store, f->arena, STR("r"), list, 3, &count), STORE_OK);
    assert_int_equal(count, 3);
    assert_str(list[1].client_id, "b");
    struct store_op op = consent_remove_op(f->arena, &list[1]);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(consent_list(f->store, f->arena, STR("r"), list, 3, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_str(list[1].client_id, "c");
    assert_int_equal(consent_list(f->store, f->arena, STR("nobody"), list, 3, &count), STORE_OK);
    assert_int_equal(count, 0);
}

#define ON_A_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_STORE(a_token_comes_back_as_it_was_stored),
        ON_A_STORE(what_is_sealed_opens_with_its_own_secret_and_kind_only),
        ON_A_STORE(nothing_sealed_opens_as_nothing),
        ON_A_STORE(one_kind_is_never_read_as_another),
        ON_A_STORE(a_code_is_marked_as_used_by_one_only),
        ON_A_STORE(ending_a_grant_ends_every_token_of_it_and_no_other),
        ON_A_STORE(a_refresh_token_is_written_only_while_its_grant_stands),
        ON_A_STORE(ending_a_session_ends_its_grants_and_leaves_the_offline_ones),
        cmocka_unit_test(a_consent_covers_what_was_answered),
        ON_A_STORE(a_consent_is_found_by_client_and_resident),
        ON_A_STORE(ending_what_a_client_has_of_a_resident_leaves_all_others),
        ON_A_STORE(a_resident_s_consents_are_listed_until_they_are_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
