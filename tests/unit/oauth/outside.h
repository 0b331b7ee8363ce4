/* The oauth room between stand-ins: what it answers is looked at instead of sent, one client is registered, and its
 * jwks_uri gives what the test says. Key ring and JOSE are the real ones. */
#ifndef KONSAO_TESTS_OAUTH_OUTSIDE_H
#define KONSAO_TESTS_OAUTH_OUTSIDE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

#include <ftw.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/json.h"
#include "oauth/nested.h"
#include "pages/internal.h"

#define ISSUER "https://id.example"

static struct outside {
    struct settings settings;
    struct provider provider;
    struct client client;
    bool removed; /* the client is */
    struct arena *arena;
    struct request rq;
    bool on_worker, moves;
    const struct jose_keyset *here, *published; /* at jwks_uri: kept already; when fetched */
    unsigned fetches;
    struct jose_key *client_key; /* its private key */
    struct jose_keyset *client_keys;
    struct {
        int status, answers;
        const char *page, *type;
        struct view *view;
        str location, body;
        str open_cookie; /* that scripts may read */
    } got;
} outside;

/* ---- the http room ---- */

str request_cookie(const struct request *rq, const char *name)
{
    (void)rq, (void)name;
    return STR_NONE;
}

static str accept_header;

str request_header(const struct request *rq, const char *name)
{
    (void)rq;
    return strcmp(name, "Accept") == 0 ? accept_header : STR_NONE;
}

bool request_may_wait(const struct request *rq)
{
    (void)rq;
    return outside.on_worker;
}

bool request_may_call_out(const struct request *rq)
{
    (void)rq;
    return outside.on_worker;
}

void request_move_to_worker(struct request *rq)
{
    (void)rq;
    outside.moves = !outside.on_worker;
}

void request_move_to_call_out(struct request *rq)
{
    (void)rq;
    outside.moves = !outside.on_worker;
}

bool request_is_moving(const struct request *rq)
{
    (void)rq;
    return outside.moves;
}

void response_header(struct request *rq, const char *name, str value)
{
    (void)rq, (void)name, (void)value;
}

void response_cookie(struct request *rq, const char *name, str value, int64_t max_age)
{
    (void)rq, (void)name, (void)value, (void)max_age;
}

void response_cookie_open(struct request *rq, const char *name, str value, int64_t max_age)
{
    (void)rq, (void)max_age;
    assert_string_equal(name, "konsao_state");
    outside.got.open_cookie = value;
}

void respond(struct request *rq, int status, const char *content_type, str body)
{
    (void)rq;
    outside.got.status = status;
    outside.got.type = content_type;
    outside.got.body = body;
    outside.got.answers++;
}

void respond_json(struct request *rq, int status, str json)
{
    respond(rq, status, "application/json", json);
}

void respond_redirect(struct request *rq, str url)
{
    respond(rq, 303, NULL, STR_NONE);
    outside.got.location = url;
}

/* ---- the pages room ---- */

void page_respond(struct request *rq, const struct pages *pages, enum lang lang, int status, const char *name,
                  struct view *view, str form_action)
{
    (void)pages, (void)lang, (void)form_action;
    respond(rq, status, "text/html", STR_NONE);
    outside.got.page = name;
    outside.got.view = view;
}

void page_respond_under(struct request *rq, const struct pages *pages, enum lang lang, int status, const char *name,
                        struct view *view, const struct page_policy *policy)
{
    page_respond(rq, pages, lang, status, name, view, policy->form_action);
}

void page_problem(struct request *rq, const struct pages *pages, enum lang lang, int status)
{
    page_respond(rq, pages, lang, status, "problem", view_new(rq->arena), STR_NONE);
}

str pages_message(const struct pages *pages, enum lang lang, const char *key)
{
    (void)pages, (void)lang;
    return str_of(key);
}

str pages_message_or_none(const struct pages *pages, enum lang lang, const char *key)
{
    (void)pages, (void)lang, (void)key;
    return STR_NONE;
}

/* ---- the client and what it publishes ---- */

const struct client *client_find(struct client_registry *registry, struct arena *arena, str id)
{
    (void)registry, (void)arena;
    return !outside.removed && str_eq(id, outside.client.id) ? &outside.client : NULL;
}

const struct jose_keyset *jwks_cache_peek(struct jwks_cache *cache, struct arena *arena, str url)
{
    (void)cache, (void)arena, (void)url;
    return outside.here;
}

static inline const struct jose_keyset *fetched(void)
{
    assert_true(outside.on_worker); /* nobody else may wait for others */
    outside.fetches++;
    return outside.published;
}

const struct jose_keyset *jwks_cache_get(struct jwks_cache *cache, struct arena *arena, str url)
{
    (void)cache, (void)arena, (void)url;
    return outside.here ? outside.here : fetched();
}

const struct jose_keyset *jwks_cache_refresh(struct jwks_cache *cache, struct arena *arena, str url,
                                             const struct jose_keyset *had)
{
    (void)cache, (void)arena, (void)url;
    return fetched() == had ? NULL : outside.published;
}

/* ---- a ring for all, the rest for each test ---- */

static char folder[] = "/tmp/konsao-oauth-XXXXXX";
static struct key_ring *ring;

static inline int open_ring(void **state)
{
    (void)state;
    char error[256] = "", path[96], master[96];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/ring", folder);
    snprintf(master, sizeof master, "%s/master", folder);
    if (!ring_create(path, master, error, sizeof error) || !(ring = ring_open(path, master, error, sizeof error)))
        fail_msg("%s", error);
    return 0;
}

static inline int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static inline int close_ring(void **state)
{
    (void)state;
    ring_close(ring);
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int set_up(void **state)
{
    (void)state;
    outside = (struct outside){.arena = arena_new(), .on_worker = true};
    accept_header = STR_NONE;
    outside.settings = (struct settings){.issuer = STR(ISSUER), .life_id_token = 600};
    outside.provider.keys = ring;
    outside.provider.settings = &outside.settings;
    outside.rq = (struct request){.arena = outside.arena, .peer = STR("192.0.2.1"), .id = "0123456789abcdef"};
    outside.client =
        (struct client){.id = STR("portal"),
                        .rules = profile_rules(PROFILE_OPEN),
                        .response_types = RESPONSE_TYPE_BIT(RESPONSE_CODE) | RESPONSE_TYPE_BIT(RESPONSE_ID_TOKEN) |
                                          RESPONSE_TYPE_BIT(RESPONSE_CODE | RESPONSE_ID_TOKEN),
                        .id_token_alg = ALG_RS256,
                        .authorization_alg = ALG_ES256};
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    jose_key_free(outside.client_key);
    jose_keyset_free(outside.client_keys);
    arena_free(outside.arena);
    return 0;
}

#define OUTSIDE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Makes a key pair of the client's; answers with the set that it publishes. */
static inline const struct jose_keyset *client_keys(enum jose_alg alg)
{
    const char *why = NULL;
    jose_key_free(outside.client_key);
    jose_keyset_free(outside.client_keys);
    outside.client_key = jose_key_generate(alg);
    str jwk = jose_key_public_jwk(outside.client_key, outside.arena);
    str jwks = arena_printf(outside.arena, "{\"keys\":[%.*s]}", STR_FMT(jwk));
    outside.client_keys = jose_keyset_from_jwks(json_parse_object(outside.arena, jwks, 8192), &why);
    if (!outside.client_keys)
        fail_msg("%s", why);
    return outside.client_keys;
}

/* The client's private key opens it. */
static inline str decrypted(str jwe)
{
    struct jwe_parts parts;
    str plain = STR_NONE;
    assert_true(jwe_parse(outside.arena, jwe, 65536, &parts));
    assert_true(jwe_decrypt(outside.arena, &parts, outside.client_key, &plain));
    return plain;
}

/* What a JWT that we signed says, once its signature is right. */
static inline const json_t *verified(str jwt, enum jose_alg alg, struct jws_parts *jws)
{
    assert_true(jws_parse(outside.arena, jwt, 65536, jws));
    assert_int_equal(jws->alg, alg);
    const struct jose_key *key = ring_find(outside.provider.keys, jws->kid);
    assert_non_null(key);
    assert_true(jws_verify(jws, key));
    return jws->payload;
}

#endif
