/* Initial access tokens (RFC 7591 section 1.2): what an operator gives to who shall register clients, and what such
 * clients may be. The same limits stand on the client (registration_limits), so that it can't change itself beyond
 * them afterwards. Lists are space-separated words. */
#ifndef KONSAO_RECORDS_REGISTRATION_TOKEN_H
#define KONSAO_RECORDS_REGISTRATION_TOKEN_H

#include <jansson.h>

#include "store/store.h"

#define REGISTRATION_USES_MAX 1000000

struct registration_limits {
    str profiles;     /* security profiles that it may register */
    str grants;       /* grant types */
    str scope;        /* scopes; a client that names none gets all of them */
    str claims;       /* claims beyond its scopes'; the same */
    str members;      /* members that are the operator's to say, but for this one */
    str organization; /* that the client belongs to, whatever it says; STR_NONE: to none */
};

struct registration_token {
    str key;  /* SHA-256 of the token; not part of the record */
    str note; /* whom it is for, in the operator's words; STR_NONE */
    struct registration_limits limits;
    int64_t uses_left; /* clients that may still be registered by it */
    int64_t created_at, expires_at;
    uint64_t version; /* of the record; not part of it */
};

/** By the token as it is presented. STORE_NOT_FOUND when it is unknown, used up or has expired. */
MUST_CHECK enum store_result registration_token_load(struct store *store, struct arena *arena, str secret,
                                                     struct registration_token *out);
/** A record as a scan gives it; false when it is damaged. Views into the record. */
MUST_CHECK bool registration_token_read(const struct record *record, struct registration_token *out);
/** The op that stores it: a new one (version 0), or a changed one if nobody else changed it meanwhile. */
struct store_op registration_token_op(struct arena *arena, const struct registration_token *token);
/** What operators and the audit record call it: 16 hexadecimal digits that say nothing of the token. */
str registration_token_name(struct arena *arena, str key);

/** The limits as JSON, for the client's member, and back. */
json_t *registration_limits_json(const struct registration_limits *limits);
/** Views into `json`; NULL gives limits that allow nothing. */
struct registration_limits registration_limits_of(const json_t *json);

#endif
