#include "records/client/client.h"

#include <stdio.h>
#include <string.h>

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "records/client/client_uri.h"
#include "unit/unit.h"

/* SHA-256 of nothing in particular, in base64url. */
#define DIGEST "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

/* A confidential client that is right, with members changed or (by null) left out. */
static str metadata_with(struct arena *arena, const char *changes)
{
    json_t *all =
        json_parse_object(arena,
                          STR("{\"client_id\":\"portal\",\"client_name\":\"Portal\",\"client_name#km\":\"ច្រក\","
                              "\"redirect_uris\":[\"https://portal.example.gov.kh/cb\"],\"scope\":\"openid profile\","
                              "\"client_secrets\":[{\"sha256\":\"" DIGEST "\"}]}"),
                          4096);
    json_t *some = json_parse_object(arena, str_of(changes), 65536);
    assert_non_null(all);
    if (!some)
        fail_msg("the test's own JSON is wrong: %s", changes);
    json_object_update(all, some);
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(all, next, name, value)
    {
        if (json_is_null(value))
            json_object_del(all, name);
    }
    return json_text(arena, all);
}

static struct client *parse(struct arena *arena, const char *changes)
{
    str why = STR_NONE;
    struct client *client = client_parse(metadata_with(arena, changes), arena, &why);
    if (!client)
        fail_msg("%s: %.*s", changes, STR_FMT(why));
    return client;
}

static void assert_refused(const char *changes, const char *expected)
{
    TEST_ARENA;
    str why = STR_NONE;
    struct client *client = client_parse(metadata_with(arena, changes), arena, &why);
    client_free(client);
    if (client)
        fail_msg("%s was accepted", changes);
    if (!memmem(why.p, why.n, expected, strlen(expected)))
        fail_msg("%s: \"%.*s\" lacks \"%s\"", changes, STR_FMT(why), expected);
}

static void a_profile_is_left_only_for_one_that_asks_for_as_much(void **state)
{
    (void)state;
    assert_true(profile_keeps(PROFILE_FAPI2, PROFILE_OPEN));
    assert_true(profile_keeps(PROFILE_FAPI2_SIGNED, PROFILE_FAPI2));
    assert_true(profile_keeps(PROFILE_FAPI2, PROFILE_FAPI2));
    assert_false(profile_keeps(PROFILE_OPEN, PROFILE_FAPI2));
    assert_false(profile_keeps(PROFILE_FAPI2, PROFILE_FAPI2_SIGNED));
    assert_false(profile_keeps(PROFILE_FAPI2_SIGNED, PROFILE_CAMDX));
}

static void without_a_host_of_its_own_a_client_is_a_sector_by_itself(void **state)
{
    (void)state;
    TEST_ARENA;
    static const char *const alone[] = {
        "{\"grant_types\":[\"urn:ietf:params:oauth:grant-type:device_code\"],\"redirect_uris\":null}",
        "{\"grant_types\":[\"authorization_code\",\"urn:ietf:params:oauth:grant-type:device_code\"],"
        "\"registration_token_sha256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"redirect_uris\":[\"http://127.0.0.1:9/cb\"],"
        "\"registration_token_sha256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
    };
    for (size_t i = 0; i < COUNT_OF(alone); i++) {
        struct client *client = parse(arena, alone[i]);
        assert_str(client->sector, "client:portal");
        client_free(client);
    }
}

static void the_least_that_is_needed_gets_safe_defaults(void **state)
{
    (void)state;
    TEST_ARENA;
    struct client *client = parse(arena, "{}");
    assert_str(client->id, "portal");
    assert_str(client->name[0], "ច្រក");
    assert_str(client->name[1], "Portal");
    assert_int_equal(client->auth, AUTH_BASIC);
    assert_int_equal(client->grants, GRANT_AUTHORIZATION_CODE);
    assert_int_equal(client->id_token_alg, ALG_RS256);
    assert_int_equal(client->userinfo_alg, ALG_NONE_GIVEN);
    assert_true(client->pairwise);
    assert_true(client->require_pkce);
    assert_false(client->opaque_access_token);
    assert_str(client->sector, "portal.example.gov.kh");
    assert_str(client->host, "portal.example.gov.kh");
    assert_int_equal(client->pairwise_version, 1);
    assert_true(client_has_scope(client, STR("profile")));
    assert_false(client_has_scope(client, STR("kidc")));
    assert_int_equal(client->secret_count, 1);
    client_free(client);
}

static void everything_that_can_be_said_is_read(void **state)
{
    (void)state;
    TEST_ARENA;
    struct client *client = parse(
        arena,
        "{\"client_name#km\":null,\"purpose#km\":\"ដើម្បី\",\"client_uri\":\"https://www.example.gov.kh/\","
        "\"logo_uri\":\"data:image/png;base64,iVBORw0KGgo=\",\"post_logout_redirect_uris\":[\"https://a.kh/bye\"],"
        "\"grant_types\":[\"authorization_code\",\"refresh_token\",\"client_credentials\"],"
        "\"response_types\":[\"code\"],\"token_endpoint_auth_method\":\"client_secret_post\","
        "\"id_token_signed_response_alg\":\"ES256\",\"userinfo_signed_response_alg\":\"RS256\","
        "\"subject_type\":\"pairwise\",\"sector_identifier\":\"example.gov.kh\",\"pairwise_version\":3,"
        "\"claims\":[\"picture\"],\"access_token_format\":\"opaque\",\"require_pkce\":false,"
        "\"audience\":[\"https://api.interior.example\"],\"resources\":[\"urn:test\"],"
        "\"organization\":\"KH/GOV/MOI\",\"client_id_issued_at\":5,\"updated_at\":6,"
        "\"client_secrets\":[{\"sha256\":\"" DIGEST "\"},{\"sha256\":\"" DIGEST "\",\"expires_at\":99}]}");
    assert_str(client->name[0], "Portal"); /* the one falls back to the other */
    assert_str(client->purpose[1], "ដើម្បី");
    assert_str(client->host, "www.example.gov.kh");
    assert_str(client->logo_type, "image/png");
    assert_int_equal(client->logo.n, 8);
    assert_int_equal(client->grants, GRANT_AUTHORIZATION_CODE | GRANT_REFRESH_TOKEN | GRANT_CLIENT_CREDENTIALS);
    assert_int_equal(client->auth, AUTH_POST);
    assert_int_equal(client->id_token_alg, ALG_ES256);
    assert_int_equal(client->userinfo_alg, ALG_RS256);
    assert_str(client->sector, "example.gov.kh");
    assert_int_equal(client->pairwise_version, 3);
    assert_str(client->claims.items[0], "picture");
    assert_true(client->opaque_access_token);
    assert_false(client->require_pkce);
    assert_str(client->resources.items[0], "urn:test");
    assert_str(client->organization, "KH/GOV/MOI");
    assert_int_equal(client->secret_count, 2);
    assert_int_equal(client->secrets[1].expires_at, 99);
    client_free(client);
}

static void unknown_members_are_passed_over_and_can_be_named(void **state)
{
    (void)state;
    TEST_ARENA;
    client_free(parse(arena, "{\"redirect_uri\":7,\"software_statement_of_tomorrow\":{}}"));
    json_t *metadata = json_parse_object(arena, STR("{\"client_name\":\"P\",\"redirect_uri\":\"x\"}"), 4096);
    assert_string_equal(client_unknown_member(metadata), "redirect_uri");
    json_object_del(metadata, "redirect_uri");
    assert_null(client_unknown_member(metadata));
}

static void some_members_are_for_konsao_alone_to_write(void **state)
{
    (void)state;
    static const char *const ours[] = {"client_secrets",
                                       "sealed_client_secret",
                                       "registration_token_sha256",
                                       "pairwise_version",
                                       "logo_image",
                                       "disabled",
                                       "client_id_issued_at",
                                       "updated_at"};
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        assert_true(client_member_is_internal(ours[i]));
    assert_false(client_member_is_internal("client_name"));
    assert_false(client_member_is_internal("unheard_of"));
}

static void repeated_and_mistyped_members_are_refused(void **state)
{
    (void)state;
    assert_refused("{\"redirect_uris\":\"https://x.kh/\"}", "redirect_uris must be an array");
    assert_refused("{\"redirect_uris\":[7]}", "redirect_uris must be an array of strings");
    assert_refused("{\"client_name\":7}", "client_name must be a string");
    assert_refused("{\"require_pkce\":\"false\"}", "require_pkce must be true or false");
    TEST_ARENA;
    str why = STR_NONE;
    assert_null(client_parse(STR("{\"client_id\":\"a\",\"client_id\":\"b\"}"), arena, &why));
    assert_null(client_parse(STR("[]"), arena, &why));
    assert_null(client_parse(STR(""), arena, &why));
    assert_str(why, "the metadata is no JSON object (or has a member twice, or is too large)");
}

static void qr_networks_are_networks(void **state)
{
    (void)state;
    TEST_ARENA;
    struct address inside;
    struct client *client = parse(arena, "{\"qr_networks\":[\"203.0.113.0/24\",\"2001:db8::/32\"]}");
    assert_int_equal(client->qr_network_count, 2);
    assert_true(address_read(STR("203.0.113.77"), &inside) && network_has(&client->qr_networks[0], &inside));
    assert_true(address_read(STR("2001:db8:1::1"), &inside) && network_has(&client->qr_networks[1], &inside));
    client_free(client);
    client = parse(arena, "{}");
    assert_int_equal(client->qr_network_count, 0);
    client_free(client);
    assert_refused("{\"qr_networks\":[\"203.0.113.1/24\"]}", "qr_networks must hold networks such as");
    assert_refused("{\"qr_networks\":[\"office\"]}", "qr_networks must hold networks such as");
    assert_refused("{\"qr_networks\":\"203.0.113.0/24\"}", "qr_networks must be an array");
}

static void names_that_could_deceive_are_refused(void **state)
{
    (void)state;
    assert_refused("{\"client_name\":null,\"client_name#km\":null}", "people must see who asks");
    assert_refused("{\"client_name\":\"\"}", "client_name must be a text");
    assert_refused("{\"client_name\":\" Portal\"}", "without spaces around it");
    assert_refused("{\"client_name\":\"a\\nb\"}", "control characters");
    assert_refused("{\"client_name\":\"Bank\\u202eknab\"}", "control characters");
    assert_refused("{\"purpose\":\"\\u2067x\"}", "control characters");
    assert_refused("{\"client_id\":\"a/b\"}", "client_id must be");
    assert_refused("{\"client_id\":\"\"}", "client_id must be");
    assert_refused("{\"client_id\":null}", "client_id must be");
}

static void what_does_not_fit_together_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"redirect_uris\":null}", "redirect_uris is missing");
    assert_refused("{\"grant_types\":[\"implicit\"]}", "grant implicit needs a response_type");
    assert_refused("{\"grant_types\":[\"authorization_code\",\"authorization_code\"]}", "twice");
    assert_refused("{\"response_types\":[\"code\",\"token\"]}", "response_types may have");
    assert_refused("{\"grant_types\":[\"refresh_token\"]}", "refresh_token needs a grant by which people sign in");
    assert_refused("{\"token_endpoint_auth_method\":\"none\",\"client_secrets\":null,"
                   "\"grant_types\":[\"authorization_code\",\"client_credentials\"]}",
                   "client_credentials needs a client that authenticates");
    assert_refused("{\"token_endpoint_auth_method\":\"none\",\"client_secrets\":null,\"require_pkce\":false}",
                   "require_pkce cannot be false");
    assert_refused("{\"token_endpoint_auth_method\":\"none\"}", "client_secrets is only for");
    assert_refused("{\"token_endpoint_auth_method\":\"private_key_jwt\",\"client_secrets\":null}",
                   "private_key_jwt needs");
    assert_refused("{\"token_endpoint_auth_method\":\"unheard_of\"}", "token_endpoint_auth_method must be");
    assert_refused("{\"client_secrets\":null}", "client_secrets is missing");
    assert_refused("{\"client_secrets\":[{\"sha256\":\"c2hvcnQ\"}]}", "SHA-256 digests");
    assert_refused("{\"client_secrets\":[{\"secret\":\"x\"}]}", "unknown member");
    assert_refused("{\"id_token_signed_response_alg\":\"none\"}", "id_token_signed_response_alg must be");
    assert_refused("{\"id_token_signed_response_alg\":\"HS256\"}", "id_token_signed_response_alg must be");
    assert_refused("{\"subject_type\":\"ephemeral\"}", "subject_type must be");
    assert_refused("{\"subject_type\":\"pairwise\",\"redirect_uris\":[\"https://a.kh/\",\"https://b.kh/\"]}",
                   "on several hosts");
    assert_refused("{\"sector_identifier\":\"https://a.kh\"}", "sector_identifier must be a host");
    assert_refused("{\"scope\":\"openid a\\\"b\"}", "scope may only");
    assert_refused("{\"claims\":[\"a b\"]}", "claims may only");
    assert_refused("{\"organization\":\"MOI\"}", "organization must be");
    assert_refused("{\"organization\":\"KH//MOI\"}", "organization must be");
    assert_refused("{\"audience\":[\"api\"]}", "audience: \"api\" must be an absolute URI");
    assert_refused("{\"resources\":[\"https://a.kh/#x\"]}", "fragment");
}

#define NO_SECRET "\"client_secrets\":null,"

static void each_way_to_authenticate_has_what_it_needs_and_no_more(void **state)
{
    (void)state;
    TEST_ARENA;
    struct client *client = parse(arena, "{" NO_SECRET "\"token_endpoint_auth_method\":\"client_secret_jwt\","
                                         "\"token_endpoint_auth_signing_alg\":\"HS256\","
                                         "\"sealed_client_secret\":\"AQ\"}");
    assert_int_equal(client->auth, AUTH_SECRET_JWT);
    assert_str(client->sealed_secret, "AQ");
    client_free(client);
    client = parse(arena, "{" NO_SECRET "\"token_endpoint_auth_method\":\"tls_client_auth\","
                          "\"tls_client_auth_san_dns\":\"api.bank.kh\"}");
    assert_int_equal(client->certificate_by, CERTIFICATE_DNS);
    assert_str(client->certificate_name, "api.bank.kh");
    client_free(client);
    assert_refused("{" NO_SECRET "\"token_endpoint_auth_method\":\"client_secret_jwt\"}", "sealed_client_secret");
    assert_refused("{\"sealed_client_secret\":\"AQ\"}", "sealed_client_secret");
    assert_refused("{" NO_SECRET "\"token_endpoint_auth_method\":\"tls_client_auth\"}", "tls_client_auth needs one of");
    assert_refused("{" NO_SECRET "\"token_endpoint_auth_method\":\"tls_client_auth\","
                   "\"tls_client_auth_san_dns\":\"a.kh\",\"tls_client_auth_san_uri\":\"https://a.kh\"}",
                   "tls_client_auth needs one of");
    assert_refused("{" NO_SECRET "\"token_endpoint_auth_method\":\"tls_client_auth\","
                   "\"tls_client_auth_subject_dn\":\"api.bank.kh\"}",
                   "distinguished name");
    assert_refused("{\"tls_client_auth_san_dns\":\"a.kh\"}", "only for token_endpoint_auth_method tls_client_auth");
    assert_refused("{" NO_SECRET "\"token_endpoint_auth_method\":\"self_signed_tls_client_auth\"}", "jwks");
}

static void keys_must_be_public(void **state)
{
    (void)state;
    TEST_ARENA;
    struct jose_key *key = jose_key_generate(ALG_ES256);
    str text = arena_printf(arena,
                            "{\"token_endpoint_auth_method\":\"private_key_jwt\",\"client_secrets\":null,"
                            "\"jwks\":{\"keys\":[%.*s]}}",
                            STR_FMT(jose_key_public_jwk(key, arena)));
    jose_key_free(key);
    struct client *client = parse(arena, text.p);
    assert_non_null(client->keys);
    client_free(client);
    assert_refused("{\"jwks\":{\"keys\":[]}}", "jwks:");
    assert_refused("{\"jwks\":{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}}", "symmetric");
}

static void a_logo_is_an_image_of_the_type_it_says(void **state)
{
    (void)state;
    TEST_ARENA;
    struct client *client = parse(arena, "{\"logo_uri\":\"https://tracker.example/logo.png\"}");
    assert_null(client->logo.p); /* nobody's browser is sent there */
    client_free(client);
    assert_refused("{\"logo_uri\":\"http://tracker.example/logo.png\"}", "logo_uri must be https, or a data: URI");
    assert_refused("{\"logo_uri\":\"data:image/svg+xml;base64,PHN2Zz4=\"}", "logo_uri must be https, or a data: URI");
    assert_refused("{\"logo_uri\":\"data:image/jpeg;base64,iVBORw0KGgo=\"}", "logo_uri must be https, or a data: URI");
    assert_refused("{\"logo_uri\":\"data:image/png;base64,!!!!\"}", "logo_uri must be https, or a data: URI");
    assert_refused("{\"logo_uri\":\"data:image/png,plain\"}", "logo_uri must be https, or a data: URI");
}

static bool uri_is_fine(struct arena *arena, const char *uri, enum uri_kind kind, str *host)
{
    const char *why = NULL;
    bool fine = client_uri_check(arena, str_of(uri), kind, host, &why);
    assert_true(fine || why);
    return fine;
}

static void plain_redirect_uris_are_accepted(void **state)
{
    (void)state;
    TEST_ARENA;
    static const struct {
        const char *uri, *host;
    } fine[] = {
        {"https://portal.example.gov.kh/cb", "portal.example.gov.kh"},
        {"https://portal.example.gov.kh", "portal.example.gov.kh"},
        {"https://portal.example.gov.kh:8443/cb?tenant=1", "portal.example.gov.kh"},
        {"https://portal.example.gov.kh/a/b;v=1/c.d?x=%2F..%2F", "portal.example.gov.kh"},
        {"https://portal.example.gov.kh/%E1%9E%80", "portal.example.gov.kh"},
        {"https://192.0.2.7/cb", "192.0.2.7"},
        {"https://[2001:db8::1]/cb", "[2001:db8::1]"},
        {"http://localhost:9999/callback", "localhost"},
        {"http://127.0.0.1/cb", "127.0.0.1"},
        {"http://[::1]:8000/cb", "[::1]"},
    };
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        str host;
        if (!uri_is_fine(arena, fine[i].uri, URI_WEB, &host))
            fail_msg("%s was refused", fine[i].uri);
        assert_str(host, fine[i].host);
    }
}

/* Line by line: misuse.md 1 to 8. */
static void tricks_with_redirect_uris_are_refused(void **state)
{
    (void)state;
    TEST_ARENA;
    static const char *const tricks[] = {
        /* 1: wildcards and prefixes */
        "https://*.example.gov.kh/cb",
        "https://portal.example.gov.kh/*",
        "*",
        "https://*",
        /* 2: traversal, plain, encoded, doubly encoded, with path parameters */
        "https://a.kh/cb/../x",
        "https://a.kh/..",
        "https://a.kh/./cb",
        "https://a.kh/cb/%2e%2e/x",
        "https://a.kh/cb/.%2E/x",
        "https://a.kh/cb/..;/x",
        "https://a.kh/cb/%2e%2e;a=b/x",
        "https://a.kh/%252e%252e/x",
        "https://a.kh/cb%2f..%2fx",
        "https://a.kh/cb%5c..%5cx",
        /* 3: user names, hosts read in two ways, backslashes, controls */
        "https://localhost@evil.example/",
        "https://user:pass@a.kh/",
        "https://@a.kh/",
        "https://a.kh\\@evil.example/",
        "https://a.kh\\.evil.example/",
        "https:\\\\a.kh/",
        "https:/\\a.kh/",
        "https://a.kh\t/",
        "https://a.kh\r\n/",
        "https://a.kh /",
        " https://a.kh/",
        "https://a.kh/%00",
        "https://a.kh/%0d%0aSet-Cookie:x",
        "https://a%2ekh/",
        "https://a.kh%23.evil.example/",
        "https:///evil.example/",
        "https:a.kh/cb",
        "//a.kh/cb",
        "/cb",
        "a.kh/cb",
        "https://",
        "https://:443/",
        "https://a.kh:/cb",
        "https://a.kh:0/",
        "https://a.kh:080/",
        "https://a.kh:65536/",
        "https://a.kh:80:80/",
        "https://[::1/",
        "https://[::1%25lo]/",
        "https://[zz]/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://a..kh/",
        "https://.a.kh/",
        "https://a.kh./",
        "https://a_b.kh/",
        "https://-a.kh/",
        "https://ដ.kh/",
        "https://a.kh/ដ",
        "https://a.kh/%zz",
        "https://a.kh/%",
        /* 4 and 5: what an expression or a careless comparison would let through */
        "HTTPS://a.kh/cb",
        "https://A.kh/cb",
        "https://a.KH/cb",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://LOCALHOST/",
        "http://a.kh/cb",
        /* 6: the same function guards post_logout_redirect_uris; 7: our own parameters, and repeated ones */
        "https://a.kh/cb?code=x",
        "https://a.kh/cb?a=1&state=x",
        "https://a.kh/cb?iss=x",
        "https://a.kh/cb?a=1&a=2",
        "https://a.kh/cb?error=x",
        "https://a.kh/cb?%63ode=x",
        /* 8: other schemes, and markup */
        "javascript:alert(1)",
        "javascript://a.kh/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://a.kh/",
        "urn:ietf:wg:oauth:2.0:oob",
        "about:blank",
        "blob:https://a.kh/x",
        "https://a.kh/\"><script>",
        "https://a.kh/'`",
        "https://a.kh/<b>",
        "https://a.kh/{x}",
        "https://a.kh/cb#",
        "https://a.kh/cb#x",
        "",
    };
    for (size_t i = 0; i < COUNT_OF(tricks); i++) {
        str host;
        if (uri_is_fine(arena, tricks[i], URI_WEB, &host))
            fail_msg("%s was accepted", tricks[i]);
    }
    const char *why;
    str host;
    assert_false(client_uri_check(arena, STR("https://a.kh/\0.evil"), URI_WEB, &host, &why));
}

static void schemes_of_apps_are_for_public_clients(void **state)
{
    (void)state;
    TEST_ARENA;
    str host;
    assert_true(uri_is_fine(arena, "kh.gov.example.app:/callback", URI_NATIVE, &host));
    assert_str(host, "kh.gov.example.app");
    assert_true(uri_is_fine(arena, "kh.gov.example.app://callback", URI_NATIVE, &host));
    assert_false(uri_is_fine(arena, "kh.gov.example.app:/callback", URI_WEB, &host));
    static const char *const wrong[] = {"myapp:/cb",      "javascript:/x",     "data:/x",
                                        "kh.gov.app:cb",  "kh.gov.app:/../x",  "kh.gov.app:/cb#x",
                                        "KH.gov.app:/cb", "kh.gov.app://u@h/", "1.a:/cb"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        if (uri_is_fine(arena, wrong[i], URI_NATIVE, &host))
            fail_msg("%s was accepted", wrong[i]);
    struct client *client = parse(arena, "{\"token_endpoint_auth_method\":\"none\",\"client_secrets\":null,"
                                         "\"redirect_uris\":[\"kh.gov.example.app:/callback\"]}");
    assert_str(client->sector, "kh.gov.example.app");
    client_free(client);
    assert_refused("{\"redirect_uris\":[\"kh.gov.example.app:/callback\"]}", "for public clients");
    assert_refused("{\"post_logout_redirect_uris\":[\"javascript:alert(1)\"]}", "post_logout_redirect_uris:");
    assert_refused("{\"client_uri\":\"http://a.kh/\"}", "client_uri:");
    assert_refused("{\"redirect_uris\":[\"https://a.kh/\",\"https://a.kh/\"]}", "twice");
}

static void a_very_long_uri_is_refused(void **state)
{
    (void)state;
    TEST_ARENA;
    char uri[1002] = "https://a.kh/";
    str host;
    memset(uri + 13, 'x', 1000 - 13);
    assert_true(uri_is_fine(arena, uri, URI_WEB, &host));
    uri[1000] = 'x';
    assert_false(uri_is_fine(arena, uri, URI_WEB, &host));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_is_left_only_for_one_that_asks_for_as_much),
        cmocka_unit_test(without_a_host_of_its_own_a_client_is_a_sector_by_itself),
        cmocka_unit_test(the_least_that_is_needed_gets_safe_defaults),
        cmocka_unit_test(everything_that_can_be_said_is_read),
        cmocka_unit_test(unknown_members_are_passed_over_and_can_be_named),
        cmocka_unit_test(some_members_are_for_konsao_alone_to_write),
        cmocka_unit_test(repeated_and_mistyped_members_are_refused),
        cmocka_unit_test(qr_networks_are_networks),
        cmocka_unit_test(names_that_could_deceive_are_refused),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
        cmocka_unit_test(each_way_to_authenticate_has_what_it_needs_and_no_more),
        cmocka_unit_test(keys_must_be_public),
        cmocka_unit_test(a_logo_is_an_image_of_the_type_it_says),
        cmocka_unit_test(plain_redirect_uris_are_accepted),
        cmocka_unit_test(tricks_with_redirect_uris_are_refused),
        cmocka_unit_test(schemes_of_apps_are_for_public_clients),
        cmocka_unit_test(a_very_long_uri_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
