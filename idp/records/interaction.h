/* One request of one browser to sign in: everything that was asked, validated, in one record; then the result. The only
 * thing in which oauth (which writes the request and reads the result) and signin (the other way round) meet. */
#ifndef KONSAO_RECORDS_INTERACTION_H
#define KONSAO_RECORDS_INTERACTION_H

#include "http/http.h"
#include "ipis/kidc.h"
#include "store/store.h"

/** What a finished interaction is turned into: an authorization response in this browser, or the answer to a request
 * that came by another way (record `origin_key` then). */
enum interaction_flow { FLOW_BROWSER, FLOW_DEVICE, FLOW_BACKCHANNEL };

enum interaction_stage { STAGE_START, STAGE_CODE_SENT, STAGE_CONSENT, STAGE_DONE, STAGE_REFUSED };

struct interaction {
    str id;           /* 128 random bits, base64url: in the URL, no secret */
    str browser;      /* SHA-256 of the browser cookie that it belongs to */
    uint64_t version; /* of the stored record; not part of it */
    int64_t created_at, expires_at;

    /* the request (oauth) */
    int64_t flow;   /* enum interaction_flow */
    str origin_key; /* of the pushed, device or backchannel record that it comes of: used up when it is finished;
                       STR_NONE */
    str client_id, redirect_uri, response_mode, state, nonce, code_challenge;
    int64_t response_type;     /* enum response_part, or-ed */
    str resources;             /* RFC 8707, space-separated */
    str authorization_details; /* RFC 9396, checked: a JSON array */
    str dpop_jkt;              /* RFC 9449 section 10: the key that its code is bound to */
    str binding_message;       /* CIBA: shown on the pages */
    str for_resident;          /* CIBA: who alone may see and answer it; STR_NONE: not known beforehand */
    str scope;                 /* granted for asking: allowed for the client, in its order */
    str claims_id_token,
        claims_userinfo; /* space-separated names that may be given, by where they were asked for (scopes: userinfo) */
    str claims_essential;
    str claims_values; /* JSON object: claim to array of the only values that may be given; STR_NONE */
    str sealed_values; /* the same as it is stored, under the browser cookie: a KIdC may be among them */
    str acr_values;    /* requested, in order */
    bool acr_essential;
    str prompt;       /* space-separated */
    int64_t max_age;  /* seconds; -1: not asked */
    str subject_hint; /* the sub of an id_token_hint, or asked for by claims: only one of these (space-separated) will
                         do */
    str ui_locales;
    str expected_origin; /* of redirect_uri, for form-action */

    /* the sign-in (signin) */
    int64_t stage;      /* enum interaction_stage */
    str transaction_id; /* of the register's calls */
    str sealed_kidc; /* what was typed (or given as login_hint), sealed under the browser cookie: interaction_seal_kidc
                      */
    int64_t code_expires_at, code_sent_at, codes_sent, wrong_codes;

    /* the result (signin) */
    str error; /* OAuth error code for the redirect: access_denied, login_required, consent_required … */
    str sid, resident, acr, amr;
    int64_t auth_time;
    str granted_claims; /* of those asked for, the ones consented to */
    str consent_id;
    str authenticator; /* key of the one that answered (records/authenticator.h); STR_NONE: none did */
    str issued_code; /* key of the code that it was turned into; STR_NONE before */
};

/** The browser's secret that interactions are bound to and that seals what they keep of the person: the cookie's value.
 * STR_NONE without one. */
str interaction_secret(const struct request *rq);
/** The same, made and set as a cookie now when the browser has none yet. */
str interaction_bind(struct request *rq);
/** Stores a new interaction for the browser that holds `secret` (of interaction_bind), for `life` seconds; fills in id
 * and times. */
MUST_CHECK enum store_result interaction_create(struct store *store, struct request *rq, str secret,
                                                struct interaction *interaction, int64_t life);
/** Seals a KIdC into the interaction, and opens it with this browser's secret. */
void interaction_seal_kidc(struct arena *arena, str secret, struct interaction *interaction, const struct kidc *kidc);
MUST_CHECK bool interaction_open_kidc(struct arena *arena, str secret, const struct interaction *interaction,
                                      struct kidc *out);
/** Loads one, if it is this browser's: STORE_NOT_FOUND when it is unknown, over, or another browser's. */
MUST_CHECK enum store_result interaction_load(struct store *store, struct request *rq, str id, struct interaction *out);
/** Loads one for a phone that answers it, whose channel names it: without its browser's secret, so without what is
 * sealed under that (the KIdC; claims_values). */
MUST_CHECK enum store_result interaction_peek(struct store *store, struct arena *arena, str id,
                                              struct interaction *out);
/** Writes it back: STORE_CONFLICT when somebody else (another tab, a double click) did meanwhile. */
MUST_CHECK enum store_result interaction_save(struct store *store, struct arena *arena,
                                              struct interaction *interaction);
/** The op that writes it back, if it is still as loaded: goes into one batch with what it has become. */
struct store_op interaction_save_op(struct arena *arena, const struct interaction *interaction);

#endif
