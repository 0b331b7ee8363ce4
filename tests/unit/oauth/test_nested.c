/* Signing and encrypting for a client; signed introspection; the hashes in ID tokens. */
#include "outside.h"

#include "oauth/token/id_token.h"
#include "oauth/token/introspect_jwt.h"

#define PAYLOAD "{\"iss\":\"https://id.example\"}"

static struct client_encryption encryption;
static const struct nested both = {&outside.client, ALG_ES256, "JWT", &encryption};

static bool make(const struct nested *how, str *out)
{
    *out = STR_NONE;
    return nested_make(&outside.provider, &outside.rq, how, STR(PAYLOAD), out);
}

static int set_up_encrypted(void **state)
{
    encryption = (struct client_encryption){ALG_ECDH_ES, ENC_A128GCM};
    return set_up(state);
}

static void it_is_signed_then_encrypted_by_each_algorithm(void **state)
{
    (void)state;
    static const enum jose_alg algs[] = {ALG_ECDH_ES, ALG_RSA_OAEP_256};
    static const enum jwe_enc encs[] = {ENC_A128CBC_HS256, ENC_A128GCM, ENC_A256GCM};
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        outside.client.keys = NULL;
        const struct jose_keyset *keys = client_keys(algs[i]);
        outside.client.keys = outside.client_keys;
        assert_non_null(keys);
        for (size_t j = 0; j < COUNT_OF(encs); j++) {
            str jwe;
            struct jwe_parts parts;
            struct jws_parts jws;
            encryption = (struct client_encryption){algs[i], encs[j]};
            assert_true(make(&both, &jwe));
            assert_true(jwe_parse(outside.arena, jwe, 65536, &parts));
            assert_int_equal(parts.alg, algs[i]);
            assert_int_equal(parts.enc, encs[j]);
            assert_str(parts.cty, "JWT");
            assert_true(str_eq(parts.kid, jose_key_id(outside.client_key)));
            assert_str(json_str(verified(decrypted(jwe), ALG_ES256, &jws), "iss"), ISSUER);
        }
    }
}

static void encrypted_without_a_signature_it_holds_the_json(void **state)
{
    (void)state;
    const struct nested how = {&outside.client, ALG_NONE_GIVEN, NULL, &encryption};
    struct jwe_parts parts;
    str jwe;
    client_keys(ALG_ECDH_ES);
    outside.client.keys = outside.client_keys;
    assert_true(make(&how, &jwe));
    assert_true(jwe_parse(outside.arena, jwe, 65536, &parts));
    assert_null(parts.cty.p);
    assert_str(decrypted(jwe), PAYLOAD);
}

static void without_signature_and_encryption_there_is_nothing(void **state)
{
    (void)state;
    static const struct client_encryption none;
    const struct nested how = {&outside.client, ALG_NONE_GIVEN, NULL, &none};
    str out;
    assert_false(make(&how, &out));
    assert_null(out.p);
}

static void without_a_key_that_fits_nothing_goes_out(void **state)
{
    (void)state;
    str out;
    assert_false(make(&both, &out));
    client_keys(ALG_ES256); /* to sign with, on the same curve */
    outside.client.keys = outside.client_keys;
    assert_false(make(&both, &out));
    client_keys(ALG_RSA_OAEP_256);
    outside.client.keys = outside.client_keys;
    assert_false(make(&both, &out));
    assert_null(out.p);
    assert_false(outside.moves);
}

static void published_keys_are_fetched_on_a_worker_alone(void **state)
{
    (void)state;
    str out;
    outside.client.jwks_uri = STR("https://portal.example/jwks");
    outside.published = client_keys(ALG_ECDH_ES);
    outside.on_worker = false;
    assert_false(make(&both, &out));
    assert_true(outside.moves);
    assert_int_equal(outside.fetches, 0);
    outside.on_worker = true;
    outside.moves = false;
    assert_true(make(&both, &out));
    assert_int_equal(outside.fetches, 1);
    outside.here = outside.published;
    outside.on_worker = false;
    assert_true(make(&both, &out));
    assert_false(outside.moves);
}

static void a_kept_set_without_the_key_is_fetched_once_more(void **state)
{
    (void)state;
    const char *why;
    str out;
    struct jose_keyset *old = jose_keyset_from_jwks(
        json_parse_object(
            outside.arena,
            arena_printf(outside.arena, "{\"keys\":[%.*s]}",
                         STR_FMT(jose_key_public_jwk(ring_signer(outside.provider.keys, ALG_ES256), outside.arena))),
            8192),
        &why);
    assert_non_null(old);
    outside.client.jwks_uri = STR("https://portal.example/jwks");
    outside.here = outside.published = old;
    assert_false(make(&both, &out)); /* still none in it */
    outside.published = client_keys(ALG_ECDH_ES);
    assert_true(make(&both, &out));
    outside.published = NULL; /* it does not answer */
    assert_false(make(&both, &out));
    jose_keyset_free(old);
}

static bool fetch_first(const struct client_encryption *how)
{
    return nested_fetch_first(&outside.provider, &outside.rq, &outside.client, how);
}

static void a_request_moves_before_it_uses_anything_up(void **state)
{
    (void)state;
    outside.on_worker = false;
    outside.client.jwks_uri = STR("https://portal.example/jwks");
    assert_false(fetch_first(&outside.client.id_token_encryption)); /* nothing is encrypted */
    assert_true(fetch_first(&encryption));
    assert_true(outside.moves);
    outside.here = client_keys(ALG_ECDH_ES);
    assert_false(fetch_first(&encryption));
    outside.here = NULL;
    outside.on_worker = true;
    assert_false(fetch_first(&encryption));
    assert_int_equal(outside.fetches, 0); /* it only asks whether */
}

static void keys_are_found_aside_from_requests_too(void **state)
{
    (void)state;
    str out;
    outside.client.jwks_uri = STR("https://portal.example/jwks");
    assert_false(nested_make_aside(&outside.provider, outside.arena, &both, STR(PAYLOAD), &out));
    outside.published = client_keys(ALG_ECDH_ES);
    assert_true(nested_make_aside(&outside.provider, outside.arena, &both, STR(PAYLOAD), &out));
    assert_false(outside.moves);
}

/* ---- introspection (RFC 9701) ---- */

static void introspection_is_signed_for_who_asks_or_is_registered(void **state)
{
    (void)state;
    struct jws_parts jws;
    introspect_respond(&outside.provider, &outside.rq, &outside.client, STR("{\"active\":false}"));
    assert_string_equal(outside.got.type, "application/json");
    assert_str(outside.got.body, "{\"active\":false}");
    accept_header = STR("application/json;q=0.5, Application/Token-Introspection+JWT;q=0.9");
    introspect_respond(&outside.provider, &outside.rq, &outside.client, STR("{\"active\":true,\"sub\":\"x\"}"));
    assert_string_equal(outside.got.type, "application/token-introspection+jwt");
    const json_t *payload = verified(outside.got.body, ALG_RS256, &jws);
    assert_str(jws.typ, "token-introspection+jwt");
    assert_str(json_str(payload, "iss"), ISSUER);
    assert_str(json_str(payload, "aud"), "portal");
    assert_true(json_is_true(json_object_get(json_object_get(payload, "token_introspection"), "active")));
    assert_int_equal(json_object_size(payload), 4); /* and iat: nothing that an access token has */
    accept_header = STR_NONE;
    outside.client.introspection_alg = ALG_PS256;
    introspect_respond(&outside.provider, &outside.rq, &outside.client, STR("{\"active\":false}"));
    verified(outside.got.body, ALG_PS256, &jws);
}

static void introspection_is_encrypted_or_refused(void **state)
{
    (void)state;
    struct jws_parts jws;
    outside.client.introspection_encryption = encryption;
    introspect_respond(&outside.provider, &outside.rq, &outside.client, STR("{\"active\":true}"));
    assert_int_equal(outside.got.status, 400);
    assert_false(str_starts(outside.got.body, STR("{\"active\"")));
    client_keys(ALG_ECDH_ES);
    outside.client.keys = outside.client_keys;
    introspect_respond(&outside.provider, &outside.rq, &outside.client, STR("{\"active\":true}"));
    verified(decrypted(outside.got.body), ALG_RS256, &jws);
}

static void only_the_named_media_type_asks_for_a_jwt(void **state)
{
    (void)state;
    assert_false(introspect_wants_jwt(STR_NONE));
    assert_false(introspect_wants_jwt(STR("*/*")));
    assert_false(introspect_wants_jwt(STR("application/jwt, application/token-introspection+jwts")));
    assert_true(introspect_wants_jwt(STR("application/token-introspection+jwt")));
}

/* ---- ID tokens ---- */

/* The vectors of OpenID Connect Core appendix A.4 (c_hash) and A.3 (at_hash). */
static void half_hashes_are_made_with_the_algorithms_own_digest(void **state)
{
    (void)state;
    static const struct token_subject of = {.subject = STR_INIT("s")};
    const struct id_token what = {.of = &of,
                                  .access_token = STR("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
                                  .code = STR("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"),
                                  .state = STR("af0ifjsldkj")};
    static const enum jose_alg algs[] = {ALG_RS256, ALG_ES256, ALG_PS256};
    struct jws_parts jws;
    str token;
    for (size_t i = 0; i < COUNT_OF(algs); i++) {
        outside.client.id_token_alg = algs[i];
        assert_null(id_token_make(&outside.provider, &outside.rq, &outside.client, &what, &token).code);
        const json_t *payload = verified(token, algs[i], &jws);
        assert_str(json_str(payload, "at_hash"), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_str(json_str(payload, "c_hash"), "LDktKdoQak3Pk0cnXxCltA");
        assert_str(json_str(payload, "s_hash"), "bOhtX8F73IMjSPeVAqxyTQ");
    }
    outside.client.id_token_alg = ALG_EDDSA; /* SHA-512: 32 bytes are half of it */
    assert_null(id_token_make(&outside.provider, &outside.rq, &outside.client, &what, &token).code);
    const json_t *payload = verified(token, ALG_EDDSA, &jws);
    assert_str(json_str(payload, "c_hash"), "E9z1C-c0Az4eTEzE0Nm3OQ3BS2BhMgxuP7x5JAQj1_4");
    assert_int_equal(json_str(payload, "at_hash").n, 43);
}

static void an_id_token_is_not_made_when_it_can_not_be_encrypted(void **state)
{
    (void)state;
    static const struct token_subject of = {.subject = STR_INIT("s")};
    str token = STR_NONE;
    outside.client.id_token_encryption = encryption;
    assert_non_null(
        id_token_make(&outside.provider, &outside.rq, &outside.client, &(struct id_token){.of = &of}, &token).code);
    assert_null(token.p);
}

#define ENCRYPTED_TEST(test) cmocka_unit_test_setup_teardown(test, set_up_encrypted, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENCRYPTED_TEST(it_is_signed_then_encrypted_by_each_algorithm),
        ENCRYPTED_TEST(encrypted_without_a_signature_it_holds_the_json),
        ENCRYPTED_TEST(without_signature_and_encryption_there_is_nothing),
        ENCRYPTED_TEST(without_a_key_that_fits_nothing_goes_out),
        ENCRYPTED_TEST(published_keys_are_fetched_on_a_worker_alone),
        ENCRYPTED_TEST(a_kept_set_without_the_key_is_fetched_once_more),
        ENCRYPTED_TEST(a_request_moves_before_it_uses_anything_up),
        ENCRYPTED_TEST(keys_are_found_aside_from_requests_too),
        ENCRYPTED_TEST(introspection_is_signed_for_who_asks_or_is_registered),
        ENCRYPTED_TEST(introspection_is_encrypted_or_refused),
        ENCRYPTED_TEST(only_the_named_media_type_asks_for_a_jwt),
        ENCRYPTED_TEST(half_hashes_are_made_with_the_algorithms_own_digest),
        ENCRYPTED_TEST(an_id_token_is_not_made_when_it_can_not_be_encrypted),
    };
    return cmocka_run_group_tests(tests, open_ring, close_ring);
}
