/* A relying party: its registered metadata (RFC 7591 section 2 names), parsed once, shared, never changed in place. */
#ifndef KONSAO_RECORDS_CLIENT_H
#define KONSAO_RECORDS_CLIENT_H

#include "crypto/jose.h"
#include "store/store.h"

enum client_auth { AUTH_NONE, AUTH_BASIC, AUTH_POST, AUTH_PRIVATE_KEY_JWT };
enum client_grants { GRANT_AUTHORIZATION_CODE = 1, GRANT_REFRESH_TOKEN = 2, GRANT_CLIENT_CREDENTIALS = 4 };

struct str_list {
    str *items;
    size_t count;
};

struct client {
    str id;
    str name[2], purpose[2];    /* by enum lang: client_name#km, client_name; purpose#km, purpose. [0] falls back to [1] and back */
    str uri;                    /* client_uri */
    str logo_type, logo;        /* image/png, image/jpeg or image/webp, and its bytes; STR_NONE: none */
    str host;                   /* shown on the pages: of client_uri, else of the first redirect URI */
    struct str_list redirect_uris, post_logout_redirect_uris;
    unsigned grants;            /* enum client_grants, or-ed */
    enum client_auth auth;      /* token_endpoint_auth_method */
    struct { unsigned char hash[32]; int64_t expires_at; } secrets[2]; /* SHA-256 of a 256-bit secret; the second: the previous one after a rotation */
    size_t secret_count;
    struct jose_keyset *keys;   /* from jwks; NULL */
    enum jose_alg id_token_alg; /* id_token_signed_response_alg; RS256 by default (OpenID Connect Registration section 2) */
    enum jose_alg userinfo_alg; /* ALG_NONE_GIVEN: plain JSON */
    bool pairwise;              /* subject_type */
    str sector;                 /* sector identifier: a host (OpenID Connect Core section 8.1) */
    unsigned pairwise_version;  /* of the key its subjects are made with */
    struct str_list scopes;     /* it may ask for */
    struct str_list claims;     /* it may ask for beyond its scopes' */
    bool opaque_access_token;
    bool require_pkce;          /* always for AUTH_NONE */
    struct str_list audience;   /* whom its client_credentials tokens are for */
    struct str_list resources;  /* identifiers that it answers to, as a protected resource */
    str organization;           /* "KH/GOV/MOI": the CamDX member that it belongs to; STR_NONE */
    bool disabled;
    int64_t created_at, updated_at;
};

/** Parses and checks registered metadata, everything: URI syntax (absolute, no fragment, https or a loopback http or a private-use scheme for AUTH_NONE), that things fit
 *  together (a grant's needs, an algorithm's, a sector for several hosts), sizes, unknown members. The client owns an arena of its own. NULL with a sentence in `*why` (in `arena`). */
struct client *client_parse(str metadata_json, struct arena *arena, str *why);
void client_free(struct client *client);

bool client_has_scope(const struct client *client, str scope);

/** All clients by id, parsed on first use and again when the stored record's version changed; one read of the store per look-up. Thread-safe. */
struct client_registry;
struct client_registry *client_registry_new(struct store *store);
void client_registry_free(struct client_registry *registry);
/** A registered, enabled client, held until `arena` goes; NULL when there is none (or it can't be read). */
const struct client *client_find(struct client_registry *registry, struct arena *arena, str id);

#endif
