/* A signed-in browser: the SSO session. Found by its cookie, and by its sid; what it keeps of the person opens only
 * with the cookie. */
#ifndef KONSAO_RECORDS_SESSION_H
#define KONSAO_RECORDS_SESSION_H

#include "http/http.h"
#include "ipis/kidc.h"
#include "keys/ring.h"
#include "records/participant.h"
#include "store/store.h"

struct session {
    str sid;            /* goes into ID tokens */
    str resident;       /* internal reference: HMAC of the KIdC under ROOT_RESIDENT, base64url */
    str acr, amr;       /* amr: space-separated (RFC 8176) */
    str transaction_id; /* of the register's calls in the sign-in that made it */
    int64_t auth_time, expires_at;
    str sealed_person; /* KIdC and kycToken, under the cookie */
};

/** Who is signed in, opened with the cookie. */
struct person {
    struct kidc kidc;
    str kyc_token;
};

/** The internal, pseudonymous reference of who has this number. */
str resident_of(const struct key_ring *keys, struct arena *arena, const struct kidc *kidc);

/** A new session with a new cookie secret, for who just proved it (never reuses what the browser brought: fixation).
 * `session` comes in without sealed_person; the session that the browser had is removed; when that was the same
 * resident's, its sid goes on, else sid is new and the old one's participants are told. */
MUST_CHECK enum store_result session_start(struct store *store, struct request *rq, struct session *session,
                                           const struct person *person);
/** The browser's live session; STORE_NOT_FOUND when it has none. */
MUST_CHECK enum store_result session_load(struct store *store, struct request *rq, struct session *out);
/** Opens what it keeps of the person with the request's cookie; false when it does not open. */
MUST_CHECK bool session_person(const struct request *rq, const struct session *session, struct person *out);
/** When a session ends (seconds), the last of its records; 0 when it has ended. */
int64_t session_ends_at(struct store *store, str sid);
/** Shows scripts of this site, by a cookie of its own, that the session `sid` stands until `ends_at` (seconds): a MAC of
 * the sid, which is nobody's secret and proves nothing here. Removed with the session. Returns the MAC: the "OP User
 * Agent state" of OpenID Connect Session Management section 3.2. */
str session_show(struct request *rq, const struct key_ring *keys, str sid, int64_t ends_at);
/** Ends the browser's session, tells its participants, and removes its cookie; tokens go on. */
MUST_CHECK enum store_result session_end(struct store *store, struct request *rq);
/** Ends a session wherever it is: its tokens, then its participation (those to be told through a browser go into
 * `*shown`, which may be NULL), then its records. */
MUST_CHECK enum store_result session_end_sid(struct store *store, struct arena *arena, str sid,
                                             struct participants *shown);
/** Signs out: ends the tokens that are bound to the session, tells its participants (those to be told through the
 * browser go into `*shown`, which may be NULL), ends every record of it (two tabs may have made two), and removes the
 * cookie. Should the store fail in between, the person is still signed in and can try again. */
MUST_CHECK enum store_result session_sign_out(struct store *store, struct request *rq, const struct session *session,
                                              struct participants *shown);

#endif
