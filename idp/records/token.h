/* Authorization codes, access tokens and refresh tokens: each stored under the SHA-256 of what its holder presents, and
 * what they carry of the person sealed under that same secret (purpose: the kind). */
#ifndef KONSAO_RECORDS_TOKEN_H
#define KONSAO_RECORDS_TOKEN_H

#include "store/store.h"

/** What is said of the sign-in in every token of a grant. */
struct token_subject {
    str client_id, subject, scope, grant;
    str sid; /* as the client knows it */
    str acr, amr;
    int64_t auth_time;
    str resources;             /* RFC 8707: whom its tokens may be for, space-separated; STR_NONE: us alone */
    str authorization_details; /* RFC 9396: as granted, a JSON array; STR_NONE */
    str jkt, x5t;              /* what its tokens are bound to: the DPoP key's thumbprint (RFC 9449 section 6.1), the
                                  certificate's (RFC 8705 section 3.1); STR_NONE: bearer */
    str actor; /* who acts for the subject after an exchange (RFC 8693 section 4.1): a JSON object; STR_NONE */
    str officer; /* key of the right at a back office that it stands on (records/officer.h); STR_NONE: on none */
};

/** Claims as members of a JSON object, without braces: `"name":"…","gender":"female"`; empty when there are none. */
struct claim_texts {
    str id_token, userinfo;
};

struct code {
    struct token_subject of;
    str redirect_uri, nonce, code_challenge;
    str sealed_id_token, sealed_userinfo;
    bool used; /* kept after use, so that a second use is noticed (RFC 6749 section 4.1.2) */
    int64_t expires_at;
    uint64_t version;
};

struct access_token {
    struct token_subject of; /* client_credentials: subject is the client, grant STR_NONE */
    str audience;            /* space-separated */
    str jti, sealed_userinfo;
    int64_t issued_at, expires_at;
};

struct refresh_token {
    struct token_subject of;
    str nonce;
    str sealed_id_token, sealed_userinfo;
    int64_t issued_at, expires_at, rotated_at; /* rotated_at: 0 while it is the newest of its family */
    uint64_t version;
};

/** Seals `claims` under `secret` (the code, access or refresh token) for a record kind, and back. */
str claims_seal(struct arena *arena, str secret, enum record_kind kind, str claims);
MUST_CHECK bool claims_unseal(struct arena *arena, str secret, enum record_kind kind, str sealed, str *claims);

/* `secret` is the token as presented; the record's key is its digest. `code_op` keeps a used code as long as its tokens
 * can live (`keep_until`). */
MUST_CHECK enum store_result code_load(struct store *store, struct arena *arena, str secret, struct code *out);
/** A code by its record's key, for who issued it and does not know it. */
MUST_CHECK enum store_result code_find(struct store *store, struct arena *arena, str key, struct code *out);
struct store_op code_op(struct arena *arena, str secret, const struct code *code, int64_t keep_until);
MUST_CHECK enum store_result access_token_load(struct store *store, struct arena *arena, str secret,
                                               struct access_token *out);
struct store_op access_token_op(struct arena *arena, str secret, const struct access_token *token);
MUST_CHECK enum store_result refresh_token_load(struct store *store, struct arena *arena, str secret,
                                                struct refresh_token *out);
struct store_op refresh_token_op(struct arena *arena, str secret, const struct refresh_token *token);
/** The op that removes the record of `secret`. */
struct store_op token_remove_op(struct arena *arena, enum record_kind kind, str secret);

#endif
