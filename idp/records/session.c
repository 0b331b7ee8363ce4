#include "records/session.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/primitives.h"
#include "records/grant.h"
#include "records/indexed.h"
#include "store/codec.h"

#define SESSION_COOKIE "konsao_session"
#define STATE_COOKIE "konsao_state" /* read by templates/assets/session_check.js, and by nothing here */
#define SEAL_PURPOSE "konsao session person"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, session, sid),           FIELD(2, FIELD_STR, session, resident),
    FIELD(3, FIELD_STR, session, acr),           FIELD(4, FIELD_STR, session, amr),
    FIELD(5, FIELD_I64, session, auth_time),     FIELD(6, FIELD_I64, session, expires_at),
    FIELD(7, FIELD_STR, session, sealed_person), FIELD(8, FIELD_STR, session, transaction_id),
};
static const struct codec codec = {RECORD_SESSION, fields, COUNT_OF(fields)};

static str seal_person(struct arena *arena, str cookie, const struct person *person)
{
    struct buf plain = buf_new(arena, KIDC_DIGITS + person->kyc_token.n);
    buf_add(&plain, (str){person->kidc.digits, KIDC_DIGITS});
    buf_add(&plain, person->kyc_token);
    return seal_under(arena, cookie, STR(SEAL_PURPOSE), buf_str(&plain));
}

str resident_of(const struct key_ring *keys, struct arena *arena, const struct kidc *kidc)
{
    unsigned char mac[SHA256_BYTES];
    ring_mac(keys, ROOT_RESIDENT, 0, (str){kidc->digits, KIDC_DIGITS}, mac);
    return base64url_encode(arena, str_bytes(mac, sizeof mac));
}

str session_show(struct request *rq, const struct key_ring *keys, str sid, int64_t ends_at)
{
    unsigned char mac[SHA256_BYTES];
    /* begins as no client_id does: never what a client is told of the session */
    ring_mac(keys, ROOT_SID, 1, arena_printf(rq->arena, "\nbrowser state\n%.*s", STR_FMT(sid)), mac);
    str state = base64url_encode(rq->arena, str_bytes(mac, sizeof mac));
    str shown = arena_printf(rq->arena, "%.*s.%lld", STR_FMT(state), (long long)ends_at);
    response_cookie_open(rq, STATE_COOKIE, shown, -1);
    return state;
}

/* Nobody is signed in any more, or somebody else. */
static void hide(struct request *rq)
{
    response_cookie_open(rq, STATE_COOKIE, STR(""), 0);
}

enum store_result session_start(struct store *store, struct request *rq, struct session *session,
                                const struct person *person)
{
    struct session before;
    bool had_one = session_load(store, rq, &before) == STORE_OK;
    bool goes_on = had_one && str_eq(before.resident, session->resident);
    session->sid = goes_on ? before.sid : random_token(rq->arena, 16);
    str cookie = random_token(rq->arena, 32);
    session->sealed_person = seal_person(rq->arena, cookie, person);
    struct store_op ops[2] = {{.what = STORE_PUT,
                               .kind = RECORD_SESSION,
                               .key = sha256_key(rq->arena, cookie),
                               .value = codec_encode(&codec, rq->arena, session),
                               .expires_at = session->expires_at,
                               .index = {session->sid, session->resident}}};
    if (had_one)
        ops[1] = (struct store_op){.what = STORE_DELETE,
                                   .kind = RECORD_SESSION,
                                   .key = sha256_key(rq->arena, request_cookie(rq, SESSION_COOKIE))};
    enum store_result result = store_write(store, ops, had_one ? 2 : 1);
    if (result == STORE_OK && had_one && !goes_on)
        result = participants_dismiss(store, rq->arena, before.sid, NULL);
    if (result == STORE_OK && !goes_on)
        hide(rq);
    if (result == STORE_OK)
        response_cookie(rq, SESSION_COOKIE, cookie, -1);
    return result;
}

enum store_result session_load(struct store *store, struct request *rq, struct session *out)
{
    str cookie = request_cookie(rq, SESSION_COOKIE);
    struct record record;
    if (!cookie.p)
        return STORE_NOT_FOUND;
    enum store_result result = store_get(store, RECORD_SESSION, sha256_key(rq->arena, cookie), rq->arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct session){0};
    return codec_decode(&codec, record.value, out) ? STORE_OK : STORE_ERROR;
}

bool session_person(const struct request *rq, const struct session *session, struct person *out)
{
    str plain;
    str cookie = request_cookie(rq, SESSION_COOKIE);
    if (!cookie.p || !unseal_under(rq->arena, cookie, STR(SEAL_PURPOSE), session->sealed_person, &plain) ||
        plain.n <= KIDC_DIGITS)
        return false;
    *out = (struct person){.kyc_token = {plain.p + KIDC_DIGITS, plain.n - KIDC_DIGITS}};
    memcpy(out->kidc.digits, plain.p, KIDC_DIGITS);
    return true;
}

static bool look_at_end(const struct record *record, void *context)
{
    int64_t *latest = context;
    if (record->expires_at > *latest)
        *latest = record->expires_at;
    return true;
}

int64_t session_ends_at(struct store *store, str sid)
{
    int64_t latest = 0;
    return store_scan(store, RECORD_SESSION, 0, sid, STR_NONE, look_at_end, &latest) == STORE_OK ? latest : 0;
}

/* Takes the browser's own record and cookie away. */
static enum store_result forget(struct store *store, struct request *rq)
{
    str cookie = request_cookie(rq, SESSION_COOKIE);
    if (!cookie.p)
        return STORE_OK;
    struct store_op op = {.what = STORE_DELETE, .kind = RECORD_SESSION, .key = sha256_key(rq->arena, cookie)};
    enum store_result result = store_write(store, &op, 1);
    if (result != STORE_OK)
        return result;
    response_cookie(rq, SESSION_COOKIE, STR(""), 0);
    hide(rq);
    return STORE_OK;
}

enum store_result session_end(struct store *store, struct request *rq)
{
    struct session session;
    enum store_result result = session_load(store, rq, &session);
    if (result == STORE_OK)
        result = participants_dismiss(store, rq->arena, session.sid, NULL);
    return result == STORE_OK || result == STORE_NOT_FOUND ? forget(store, rq) : result;
}

enum store_result session_end_sid(struct store *store, struct arena *arena, str sid, struct participants *shown)
{
    enum store_result result = grant_revoke_session(store, arena, sid);
    if (result == STORE_OK)
        result = participants_dismiss(store, arena, sid, shown);
    if (result == STORE_OK)
        result = indexed_delete(store, arena, RECORD_SESSION, sid);
    return result;
}

enum store_result session_sign_out(struct store *store, struct request *rq, const struct session *session,
                                   struct participants *shown)
{
    enum store_result result = session_end_sid(store, rq->arena, session->sid, shown);
    return result == STORE_OK ? forget(store, rq) : result;
}
