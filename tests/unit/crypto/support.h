/* What the tests of this room share: an arena for each test, JSON from literals, keys and tokens made to measure. */
#ifndef KONSAO_TESTS_CRYPTO_SUPPORT_H
#define KONSAO_TESTS_CRYPTO_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypto/json.h"
#include "crypto/key.h"
#include "crypto/primitives.h"

#define RFC7515_EC                                                                                                     \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                          \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define RFC7515_EC_D "\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\""
#define RFC8037_OKP "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define RFC8037_OKP_D "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\""
#define RFC7638_N                                                                                                      \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj" \
    "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ" \
    "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK" \
    "nqDKgw"
#define RFC7638_RSA "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" RFC7638_N "\""

static struct arena *arena; /* of the running test */

static inline int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static inline void assert_str(str actual, const char *expected)
{
    assert_non_null(actual.p);
    assert_string_equal(arena_cstr(arena, actual), expected);
}

/* The object that the literal says. */
static inline json_t *object(const char *text)
{
    json_t *value = json_parse_object(arena, str_of(text), 1 << 20);
    assert_non_null(value);
    return value;
}

static inline void free_key(void *key)
{
    jose_key_free(key);
}

static inline struct jose_key *kept(struct jose_key *key)
{
    assert_non_null(key);
    arena_defer(arena, free_key, key);
    return key;
}

/* The key with these members, released with the test. */
static inline struct jose_key *key_of(const char *members)
{
    const char *why = NULL;
    return kept(jose_key_from_jwk(object(arena_printf(arena, "{%s}", members).p), ALG_NONE_GIVEN, &why));
}

/* A JWS with any header and payload text and a right signature. */
static inline str forge(const struct jose_key *key, str header, str payload)
{
    str head = base64url_encode(arena, header), body = base64url_encode(arena, payload);
    str input = arena_printf(arena, "%.*s.%.*s", STR_FMT(head), STR_FMT(body));
    unsigned char signature[SIGNATURE_BYTES_MAX];
    size_t n = key_sign(key, input, signature);
    str tail = base64url_encode(arena, str_bytes(signature, n));
    return arena_printf(arena, "%.*s.%.*s", STR_FMT(input), STR_FMT(tail));
}

static inline bool is_accepted(const struct jose_key *key, str token)
{
    struct jws_parts parts;
    return jws_parse(arena, token, 16384, &parts) && jws_verify(&parts, key);
}

#endif
