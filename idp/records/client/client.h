/* A relying party: its registered metadata (RFC 7591 section 2 names), parsed once, shared, never changed in place. */
#ifndef KONSAO_RECORDS_CLIENT_H
#define KONSAO_RECORDS_CLIENT_H

#include "crypto/jose.h"
#include "crypto/jwe.h"
#include "records/network.h"
#include "records/client/profile.h"
#include "store/store.h"

enum client_auth {
    AUTH_NONE,
    AUTH_BASIC,
    AUTH_POST,
    AUTH_PRIVATE_KEY_JWT,
    AUTH_SECRET_JWT,
    AUTH_TLS,             /* a certificate that an authority issued (RFC 8705 section 2.1) */
    AUTH_SELF_SIGNED_TLS, /* one of its own (section 2.2) */
};
enum client_grants {
    GRANT_AUTHORIZATION_CODE = 1,
    GRANT_REFRESH_TOKEN = 2,
    GRANT_CLIENT_CREDENTIALS = 4,
    GRANT_IMPLICIT = 8,
    GRANT_DEVICE_CODE = 16,
    GRANT_CIBA = 32,
    GRANT_TOKEN_EXCHANGE = 64,
};
/** What an authorization response may hold; a response type is several of them, or-ed. */
enum response_part { RESPONSE_CODE = 1, RESPONSE_ID_TOKEN = 2, RESPONSE_TOKEN = 4 };
#define RESPONSE_TYPE_BIT(type) (1u << (type)) /* for sets of response types */
enum client_delivery { DELIVERY_POLL, DELIVERY_PING };
/** Which part of a certificate names a client (RFC 8705 section 2.1.2). */
enum client_certificate_name { CERTIFICATE_DN, CERTIFICATE_DNS, CERTIFICATE_URI, CERTIFICATE_IP, CERTIFICATE_EMAIL };

struct str_list {
    str *items;
    size_t count;
};

/** How something is encrypted to a client; alg ALG_NONE_GIVEN: it is not. */
struct client_encryption {
    enum jose_alg alg;
    enum jwe_enc enc;
};

struct client {
    str id;
    enum security_profile profile; /* security_profile */
    const struct profile_rules *rules;

    /* shown to people; [enum lang] */
    str name[2], purpose[2]; /* client_name#km, client_name; purpose#km, purpose. [0] falls back to [1] and back */
    str policy_uri[2], tos_uri[2];
    str uri;             /* client_uri */
    str logo_type, logo; /* image/png, image/jpeg or image/webp, and its bytes; STR_NONE: none */
    str host;            /* shown on the pages: of client_uri, else of the first redirect URI */

    /* where it is */
    struct str_list redirect_uris, post_logout_redirect_uris, request_uris;
    str jwks_uri, sector_identifier_uri, initiate_login_uri;
    str backchannel_logout_uri, frontchannel_logout_uri, notification_endpoint; /* the last: CIBA ping */
    bool frontchannel_session_required; /* frontchannel_logout_session_required */

    /* what it may do */
    unsigned grants;             /* enum client_grants, or-ed */
    unsigned response_types;     /* RESPONSE_TYPE_BIT of each */
    struct str_list scopes;      /* it may ask for */
    struct str_list claims;      /* it may ask for beyond its scopes' */
    struct str_list audience;    /* whom its client_credentials tokens are for */
    struct str_list resources;   /* identifiers that it answers to, as a protected resource */
    struct str_list requestable; /* allowed_resources: whom a resident's token may be for, if it asks (RFC 8707) */
    struct str_list authorization_types; /* authorization_details_types (RFC 9396) */
    struct network *qr_networks; /* QR sign-in from these alone, for counters and kiosks; none: from everywhere */
    size_t qr_network_count;
    str organization;                    /* "KH/GOV/MOI": the CamDX member that it belongs to; STR_NONE */
    bool officers_only;                  /* a back office: for people with a right there (records/officer.h) */
    bool disabled;

    /* who it is */
    enum client_auth auth;  /* token_endpoint_auth_method */
    enum jose_alg auth_alg; /* token_endpoint_auth_signing_alg; ALG_NONE_GIVEN: any that fits */
    struct {
        unsigned char hash[32];
        int64_t expires_at;
    } secrets[2]; /* SHA-256 of a 256-bit secret; the second: the previous one after a rotation */
    size_t secret_count;
    str sealed_secret;                           /* of AUTH_SECRET_JWT: under ROOT_CLIENT_SECRET, base64url; STR_NONE */
    struct jose_keyset *keys;                    /* from jwks; NULL: none, or at jwks_uri */
    enum client_certificate_name certificate_by; /* for AUTH_TLS */
    str certificate_name;

    /* requests */
    bool require_pkce;                     /* always for AUTH_NONE */
    bool require_par;                      /* require_pushed_authorization_requests, or its profile's */
    bool require_signed_request;           /* require_signed_request_object, or its profile's */
    enum jose_alg request_alg;             /* request_object_signing_alg; ALG_NONE_GIVEN: any that fits */
    enum jose_alg backchannel_request_alg; /* backchannel_authentication_request_signing_alg; given: must be signed */
    enum client_delivery delivery;         /* backchannel_token_delivery_mode */
    bool backchannel_user_code;
    int64_t default_max_age; /* seconds; -1: none */
    bool require_auth_time;
    str default_acr_values; /* space-separated; STR_NONE */
    str minimum_acr;        /* the weakest sign-in that it takes (records/assurance.h); STR_NONE: any */

    /* what it gets */
    enum jose_alg id_token_alg;      /* id_token_signed_response_alg; the profile's by default */
    enum jose_alg userinfo_alg;      /* ALG_NONE_GIVEN: plain JSON, unless it is encrypted */
    enum jose_alg introspection_alg; /* introspection_signed_response_alg; ALG_NONE_GIVEN: JSON unless asked for */
    enum jose_alg authorization_alg; /* authorization_signed_response_alg (JARM); the profile's by default */
    struct client_encryption id_token_encryption, userinfo_encryption, introspection_encryption,
        authorization_encryption;
    bool require_signed_response; /* JARM alone: by its profile, if authorization_signed_response_alg is given */
    bool pairwise;                /* subject_type */
    str sector;                   /* sector identifier: a host (OpenID Connect Core section 8.1) */
    unsigned pairwise_version;    /* of the key its subjects are made with */
    bool opaque_access_token;
    bool dpop_bound, certificate_bound; /* dpop_bound_access_tokens, tls_client_certificate_bound_access_tokens */

    unsigned char registration_token[32]; /* SHA-256 of its registration access token (RFC 7592); zeros: none */
    int64_t created_at, updated_at;
};

/** Parses and checks registered metadata, everything that Konsao knows: URI syntax (absolute, no fragment, https or a
 * loopback http or a private-use scheme for AUTH_NONE), that things fit together (a grant's needs, an algorithm's, a
 * profile's, a sector for several hosts), sizes. Members that it does not know are passed over (RFC 7591 section 2).
 * The client owns an arena of its own. NULL with a sentence in `*why` (in `arena`). */
struct client *client_parse(str metadata_json, struct arena *arena, str *why);
void client_free(struct client *client);
/** The first member that Konsao does not know, for who would call that a spelling mistake; NULL when all are known. */
const char *client_unknown_member(const json_t *metadata);
/** Whether `member` is one that only Konsao itself writes (client_secrets, pairwise_version …), never a registrant. */
bool client_member_is_internal(const char *member);

/** A response type by its name, words in any order (OAuth 2.0 Multiple Response Types section 5): parts, or-ed. 0 when
 * it is none that Konsao has: "token" alone is not one, for nobody could tell whom such a token is meant for. */
unsigned response_type_of(str name);

bool client_has_scope(const struct client *client, str scope);

/** All clients by id, parsed on first use and again when the stored record's version changed; one read of the store per
 * look-up. Thread-safe. */
struct client_registry;
struct client_registry *client_registry_new(struct store *store);
void client_registry_free(struct client_registry *registry);
/** A registered, enabled client, held until `arena` goes; NULL when there is none (or it can't be read). */
const struct client *client_find(struct client_registry *registry, struct arena *arena, str id);

#endif
