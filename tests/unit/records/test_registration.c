/* Registering a client, by whomever: what the server settles, what is written together, and what goes with a client. */
#include "records/client/registration.h"

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "records/consent.h"
#include "records/grant.h"
#include "records/client/registration_token.h"
#include "records/token.h"
#include "unit/store/fixture.h"

static struct key_ring *ring;
static char ring_folder[64];

static int make_ring(void **state)
{
    char path[128], master[128], error[256];
    (void)state;
    snprintf(ring_folder, sizeof ring_folder, "/tmp/konsao-ring-XXXXXX");
    if (!mkdtemp(ring_folder))
        return -1;
    snprintf(path, sizeof path, "%s/keys.ring", ring_folder);
    snprintf(master, sizeof master, "%s/master.key", ring_folder);
    if (!ring_create(path, master, error, sizeof error))
        return -1;
    ring = ring_open(path, master, error, sizeof error);
    return ring ? 0 : -1;
}

static int end_ring(void **state)
{
    (void)state;
    ring_close(ring);
    remove_tree(ring_folder);
    return 0;
}

static struct registration_writing writing(struct fixture *f)
{
    return (struct registration_writing){
        .store = f->store,
        .ring = ring,
        .arena = f->arena,
        .audit = {.action = STR("client.test"), .outcome = STR("ok"), .actor = STR("operator:test")}};
}

static struct registration registration_of(struct fixture *f, const char *id, const char *more)
{
    str text = arena_printf(f->arena, "{\"client_id\":\"%s\",\"client_name\":\"X\"%s}", id, more);
    struct registration registration = {.metadata = json_parse_object(f->arena, text, 65536)};
    if (!registration.metadata)
        fail_msg("the test's own JSON is wrong: %.*s", STR_FMT(text));
    return registration;
}

static struct registration add(struct fixture *f, const char *id, const char *more)
{
    struct registration registration = registration_of(f, id, more);
    struct registration_writing w = writing(f);
    str why;
    assert_int_equal(registration_write(&w, &registration, &why), STORE_OK);
    return registration;
}

static struct registration stored(struct fixture *f, const char *id)
{
    struct registration registration;
    assert_int_equal(registration_read(f->store, f->arena, str_of(id), &registration), STORE_OK);
    return registration;
}

static int64_t version_of(struct fixture *f, const char *id)
{
    return json_integer_value(json_object_get(stored(f, id).metadata, "pairwise_version"));
}

#define AT(host) ",\"redirect_uris\":[\"https://" host "/cb\"]"

static void a_secret_is_made_once_and_stored_as_a_digest(void **state)
{
    struct fixture *f = *state;
    str secret = add(f, "one", AT("a.example")).secret, why;
    assert_int_equal(secret.n, 43);
    struct registration again = stored(f, "one");
    str text = json_text(f->arena, again.metadata);
    assert_null(memmem(text.p, text.n, secret.p, secret.n));
    struct registration_writing w = writing(f);
    assert_int_equal(registration_write(&w, &again, &why), STORE_OK);
    assert_null(again.secret.p);
    again = stored(f, "one");
    json_object_set_new(again.metadata, "token_endpoint_auth_method", json_string("none"));
    assert_int_equal(registration_write(&w, &again, &why), STORE_OK);
    assert_null(json_object_get(stored(f, "one").metadata, "client_secrets"));
}

static void clients_of_a_sector_share_the_version_of_the_key(void **state)
{
    struct fixture *f = *state;
    char error[256];
    add(f, "first", AT("a.example"));
    int64_t old = version_of(f, "first");
    assert_true(ring_add_root(ring, ROOT_PAIRWISE, error, sizeof error));
    add(f, "sibling", AT("a.example"));
    add(f, "stranger", AT("b.example"));
    assert_int_equal(version_of(f, "sibling"), old);
    assert_int_equal(version_of(f, "stranger"), old + 1);
    struct registration moved = stored(f, "stranger");
    struct registration_writing w = writing(f);
    str why;
    json_object_update(moved.metadata, registration_of(f, "stranger", AT("a.example")).metadata);
    assert_int_equal(registration_write(&w, &moved, &why), STORE_OK);
    assert_int_equal(version_of(f, "stranger"), old);
}

static void a_name_in_another_members_text_makes_no_sector(void **state)
{
    struct fixture *f = *state;
    char error[256];
    add(f, "first", AT("a.example") ",\"client_uri\":\"https://b.example\"");
    assert_true(ring_add_root(ring, ROOT_PAIRWISE, error, sizeof error));
    add(f, "second", AT("b.example"));
    assert_int_equal(version_of(f, "second"), version_of(f, "first") + 1);
}

static void what_is_refused_or_in_conflict_writes_nothing(void **state)
{
    struct fixture *f = *state;
    struct registration_writing w = writing(f);
    struct registration one = registration_of(f, "one", "");
    str why;
    assert_int_not_equal(registration_write(&w, &one, &why), STORE_OK);
    assert_non_null(why.p);
    assert_int_equal(registration_read(f->store, f->arena, STR("one"), &one), STORE_NOT_FOUND);
    add(f, "one", AT("a.example"));
    struct registration twice = registration_of(f, "one", AT("b.example")), stale = stored(f, "one"), fresh = stale;
    assert_int_equal(registration_write(&w, &twice, &why), STORE_CONFLICT);
    assert_null(why.p);
    assert_int_equal(registration_write(&w, &fresh, &why), STORE_OK);
    assert_int_equal(registration_write(&w, &stale, &why), STORE_CONFLICT);
    assert_int_equal(store_size(f->store, RECORD_AUDIT), 2);
}

static void a_token_is_used_with_the_client_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct registration_token token = {.key = sha256_key(f->arena, STR("secret")),
                                       .limits = {.scope = STR("openid"), .profiles = STR("open fapi2")},
                                       .uses_left = 1};
    struct store_op op = registration_token_op(f->arena, &token);
    str why;
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
    assert_int_equal(registration_token_load(f->store, f->arena, STR("secret"), &token), STORE_OK);
    assert_str(token.limits.profiles, "open fapi2");
    token.uses_left--;
    struct registration_writing w = writing(f);
    w.with_also = true;
    w.also = registration_token_op(f->arena, &token);
    struct registration one = registration_of(f, "one", AT("a.example")),
                        two = registration_of(f, "two", AT("a.example"));
    assert_int_equal(registration_write(&w, &one, &why), STORE_OK);
    assert_int_equal(registration_write(&w, &two, &why), STORE_CONFLICT);
    assert_int_equal(registration_read(f->store, f->arena, STR("two"), &two), STORE_NOT_FOUND);
    assert_int_equal(registration_token_load(f->store, f->arena, STR("secret"), &token), STORE_NOT_FOUND);
    assert_int_equal(registration_token_load(f->store, f->arena, STR("another"), &token), STORE_NOT_FOUND);
}

static void limits_come_back_as_they_were(void **state)
{
    struct fixture *f = *state;
    const struct registration_limits limits = {.profiles = STR("open"),
                                               .grants = STR("implicit"),
                                               .scope = STR("a b"),
                                               .claims = STR("c"),
                                               .members = STR("audience"),
                                               .organization = STR("KH/GOV/MOI")};
    json_t *json = registration_limits_json(&limits);
    arena_defer(f->arena, (void (*)(void *))json_decref, json);
    struct registration_limits back = registration_limits_of(json);
    assert_str(back.profiles, "open");
    assert_str(back.grants, "implicit");
    assert_str(back.scope, "a b");
    assert_str(back.claims, "c");
    assert_str(back.members, "audience");
    assert_str(back.organization, "KH/GOV/MOI");
    assert_null(registration_limits_of(NULL).scope.p);
}

static str give(struct fixture *f, const char *client_id)
{
    struct grant grant = {.key = store_new_key(f->arena),
                          .client_id = str_of(client_id),
                          .resident = STR("someone"),
                          .expires_at = clock_now() + 60};
    struct refresh_token token = {.of = {.client_id = grant.client_id, .grant = grant.key},
                                  .expires_at = clock_now() + 60};
    struct consent consent = {.client_id = grant.client_id, .resident = STR("someone"), .expires_at = clock_now() + 60};
    str secret = random_token(f->arena, 32);
    struct store_op ops[] = {grant_op(f->arena, &grant, IF_ABSENT), refresh_token_op(f->arena, secret, &token),
                             consent_op(f->arena, &consent)};
    assert_int_equal(store_write(f->store, ops, COUNT_OF(ops)), STORE_OK);
    return secret;
}

static void a_client_takes_along_what_people_gave_it_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct registration_writing w = writing(f);
    struct refresh_token token;
    struct consent consent;
    bool gone;
    add(f, "one", AT("a.example"));
    add(f, "two", AT("b.example"));
    struct registration stale = stored(f, "one"), fresh = stored(f, "one");
    str mine = give(f, "one"), others = give(f, "two"), why;
    assert_int_equal(registration_write(&w, &fresh, &why), STORE_OK);
    assert_int_equal(registration_remove(&w, &stale, STR("one"), &gone), STORE_CONFLICT);
    assert_false(gone);
    fresh = stored(f, "one");
    assert_int_equal(registration_remove(&w, &fresh, STR("one"), &gone), STORE_OK);
    assert_true(gone);
    assert_int_equal(registration_read(f->store, f->arena, STR("one"), &fresh), STORE_NOT_FOUND);
    assert_int_equal(refresh_token_load(f->store, f->arena, mine, &token), STORE_NOT_FOUND);
    assert_int_equal(consent_load(f->store, f->arena, STR("one"), STR("someone"), &consent), STORE_NOT_FOUND);
    assert_int_equal(refresh_token_load(f->store, f->arena, others, &token), STORE_OK);
    assert_int_equal(consent_load(f->store, f->arena, STR("two"), STR("someone"), &consent), STORE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_secret_is_made_once_and_stored_as_a_digest),
        STORE_TEST(clients_of_a_sector_share_the_version_of_the_key),
        STORE_TEST(a_name_in_another_members_text_makes_no_sector),
        STORE_TEST(what_is_refused_or_in_conflict_writes_nothing),
        STORE_TEST(a_token_is_used_with_the_client_or_not_at_all),
        STORE_TEST(limits_come_back_as_they_were),
        STORE_TEST(a_client_takes_along_what_people_gave_it_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, make_ring, end_ring);
}
