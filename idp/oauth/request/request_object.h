/* Request objects: what a client asks for, as a JWT that it signed (RFC 9101, OpenID Connect Core section 6), maybe
 * encrypted to us. */
#ifndef KONSAO_OAUTH_REQUEST_OBJECT_H
#define KONSAO_OAUTH_REQUEST_OBJECT_H

#include <jansson.h>

#include "oauth/error.h"

#define REQUEST_OBJECT_BYTES_MAX ((size_t)16 * 1024)

struct request_object_rules {
    unsigned algs; /* JOSE_ALG_BIT: of the signature */
    bool exp;      /* must be there */
    bool window;   /* exp and nbf must be there, at most an hour apart, nbf at most an hour ago (FAPI 2.0 Message
                      Signing section 5.3.1) */
};

/** Opens `text`: decrypted if need be, signed by `client` under one of the algorithms, from it, for us, in date. Gives
 * its claims, which live as long as the request; else invalid_request_object. May wait (client_verify). */
struct oauth_error request_object_open(struct provider *provider, struct request *rq, const struct client *client,
                                       str text, const struct request_object_rules *rules, json_t **claims);
/** The claims that are parameters, as application/x-www-form-urlencoded text: strings as they are, numbers and booleans
 * as JSON has them, objects and authorization_details as JSON text, each resource of an array. False when something is
 * in it that is none of that, or that must not be there (request, request_uri: RFC 9101 section 4). */
MUST_CHECK bool request_object_parameters(struct arena *arena, json_t *claims, str *out);

#endif
