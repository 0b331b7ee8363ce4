/* The record kinds: one table (records.c) says each one's name, durability and what its indexes are. */
#ifndef KONSAO_STORE_RECORDS_H
#define KONSAO_STORE_RECORDS_H

#include <stdbool.h>

enum record_kind {
    /* durable */
    RECORD_CLIENT,             /* key: client_id */
    RECORD_CONSENT,            /* key: client_id NUL resident; index 0: resident, 1: client_id */
    RECORD_GRANT,              /* key: time-ordered; index 0: session id, 1: resident */
    RECORD_REFRESH,            /* key: SHA-256 of the token; index 0: grant key */
    RECORD_AUDIT,              /* appended */
    RECORD_REGISTRATION_TOKEN, /* an initial access token. Key: SHA-256 of it */
    RECORD_EXCHANGE_POLICY,    /* key: name */
    RECORD_OUTBOX,             /* a notice to be sent. Key: time-ordered; index 0: host and port, 1: client_id */
    RECORD_AUTHORIZATION_TYPE, /* what authorization_details may be. Key: the type */
    RECORD_PARTICIPANT,        /* a client to tell when a session ends. Key: sid NUL client_id; index 0: sid */
    RECORD_DEADLINE,           /* when a session with participants ends at the latest. Key: that time, then its sid */
    RECORD_AUTHENTICATOR,      /* a resident's passkey on a device. Key: time-ordered; index 0: SHA-256 of the credential's
                                  id, 1: resident */
    RECORD_HISTORY,            /* what a resident is shown of earlier sign-ins. Key: time-ordered; index 0: resident */
    RECORD_KNOWN_BROWSER,      /* a browser that a resident signed in with. Key: its mark NUL resident */
    RECORD_OFFICER,            /* who may use a back office. Key: client_id NUL resident; index 0: client_id, 1: resident */
    /* lively */
    RECORD_INTERACTION, /* key: interaction id */
    RECORD_CODE,        /* key: SHA-256 of the code */
    RECORD_SESSION,     /* key: SHA-256 of the session cookie; index 0: session id (sid), 1: resident */
    RECORD_ACCESS,      /* key: SHA-256 of the token; index 0: grant key */
    RECORD_REPLAY,      /* key: SHA-256 of who and jti */
    RECORD_COUNTER,     /* key: what is counted */
    RECORD_PUSHED,      /* a pushed authorization request. Key: SHA-256 of the request_uri's reference */
    RECORD_DEVICE,      /* a device's request. Key: SHA-256 of the device code; index 0: SHA-256 of the user code */
    RECORD_BACKCHANNEL, /* a CIBA request. Key: SHA-256 of the auth_req_id; index 0: resident */
    RECORD_CHANNEL,     /* a request shown on a phone to be answered. Key: its id; index 0: interaction id, 1: who
                           scanned it, until it is answered */
    RECORD_ENROLMENT,   /* an authenticator being enrolled. Key: SHA-256 of its secret */
    RECORD_APP_SESSION, /* an unlocked authenticator. Key: SHA-256 of its token; index 0: authenticator */
    RECORD_KINDS
};

struct record_info {
    const char *name; /* of its sub-database */
    unsigned char id; /* its number in files: never changed, never used again */
    bool durable;
    unsigned indexes; /* how many it uses */
};

extern const struct record_info record_table[RECORD_KINDS];

#endif
