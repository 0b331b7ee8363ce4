/* Settings: a commented file, then the environment (KONSAO_REGISTER_URL for register.url), then flags. One table
 * (settings_table.c) holds every key with its type, default, limits and explanation; docs/settings.md is printed from
 * it, and an unknown key or a bad value stops the start. */
#ifndef KONSAO_SETTINGS_H
#define KONSAO_SETTINGS_H

#include "base/arena.h"

struct settings {
    /* what it is called and where it listens */
    str issuer; /* scheme, host and port; http only for a loopback host */
    str listen_address;
    int64_t listen_port;
    int64_t loops, writers, workers;       /* loops: as many as cores by default */
    str trusted_proxy;                     /* its address; empty: none */
    str listen_socket, listen_mtls_socket; /* paths; empty: none */
    int64_t tls_port, tls_mtls_port;       /* 0: none; so is listen_port */
    str tls_address, tls_certificate, tls_key;
    str tls_client_ca;       /* file; empty: none */
    str dpop_nonce_required; /* yes or no */
    str mtls_url; /* where clients are asked for a certificate: https, host and port; empty when they are nowhere */
    /* where things are */
    str data;       /* folder: store, key ring */
    str master_key; /* file */
    str templates;  /* folder */
    str log_level;  /* error, warn, info, debug */
    /* the register */
    str register_url, register_xroad_service, register_xroad_client;
    str register_ca, register_cert, register_key;
    int64_t register_timeout_ms, register_connect_timeout_ms, register_breaker_failures, register_breaker_open_ms,
        register_concurrent_max;
    /* addresses that clients named */
    str outbound_allow, outbound_ca;
    int64_t outbound_timeout_ms;
    /* lives, in seconds */
    int64_t life_pushed, life_device, life_backchannel; /* of a pushed request, until a browser brings it */
    int64_t life_interaction, life_code, life_access, life_id_token, life_refresh, life_refresh_grace, life_session,
        life_consent;
    /* signing in */
    int64_t otp_attempts;       /* wrong codes for a KIdC before it is frozen here */
    int64_t otp_freeze;         /* seconds that it stays so */
    int64_t otp_resends;        /* codes sent in one interaction, the first included */
    int64_t otp_resend_wait;    /* seconds between two */
    int64_t otp_sends_per_kidc; /* codes an hour for one KIdC, whoever asks */
    str assurance_levels;       /* records/assurance.h */
    /* the authenticator */
    str app_origins;          /* of native authenticators, for passkeys; space-separated */
    str app_android, app_ios; /* native authenticators that app links open: "package SHA-256", "TEAM.bundle"; empty */
    str places;               /* a file that says where networks are; empty: nobody knows */
    int64_t app_wait;    /* seconds that an authenticator enrolled by a code alone waits where there are others */
    int64_t life_history;     /* seconds */
    /* limits */
    int64_t limit_channels_per_ip;    /* QR codes begun a minute from one address */
    int64_t limit_channels_per_client; /* and for one client */
    int64_t limit_asked_per_resident; /* requests shown to one resident an hour that none of hers answered */
    int64_t limit_waiting;            /* browsers that wait at a time */
    int64_t limit_requests_per_ip;    /* authorization requests a minute from one address that need a page */
    int64_t limit_signins_per_ip;     /* KIdC entries a minute from one address */
    int64_t limit_client_failures; /* failed client authentications a minute for one client and address, before 429 */
    int64_t limit_connections, limit_connections_per_ip;
    int64_t limit_body;                /* bytes */
    int64_t limit_queue;               /* requests that wait for a worker */
    int64_t limit_idle, limit_request; /* seconds */
    int64_t audit_flush_ms;
    int64_t key_keep, key_min_age; /* seconds: a retired key in the JWKS; a next key before it may sign */
    /* clients that register themselves */
    str registration_enabled, registration_open, registration_scopes, registration_pkce; /* yes or no but the scopes */
    int64_t limit_registrations_per_ip;
    str support_url, support_phone; /* shown on the pages; may be empty */

    const str *origins; /* where each value came from, in the table's order: "default", "konsao.conf:12", … */
};

/** From a flag. */
struct setting_override {
    str key, value;
};

/** Reads `file` (NULL: none), the environment and `flags` into `out`, whose strings live in `arena` and are followed by
 * a NUL. False with every fault found, a line each ("konsao.conf:12: …"), in `*problems`. */
MUST_CHECK bool settings_load(struct arena *arena, const char *file, const struct setting_override *flags,
                              size_t flag_count, struct settings *out, str *problems);
/** The settings in force, each with where it came from (default, file:line, environment, flag); secrets are never among
 * them. */
str settings_explain(struct arena *arena, const struct settings *settings);
/** The same as a JSON object, key to {"value", "origin"}. */
str settings_json(struct arena *arena, const struct settings *settings);
/** The whole table as a commented file with the defaults (`konsao check --defaults`), or as Markdown for
 * docs/settings.md. */
str settings_reference(struct arena *arena, bool markdown);
/** The host of a URL that a setting holds, an IPv6 address without its brackets. */
str settings_host(str url);

#endif
