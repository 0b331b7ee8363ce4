#include "records/app_session.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/primitives.h"
#include "records/indexed.h"
#include "store/codec.h"

#define SEAL_PURPOSE "konsao app session person"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, app_session, authenticator), FIELD(2, FIELD_STR, app_session, resident),
    FIELD(3, FIELD_STR, app_session, jkt),           FIELD(4, FIELD_I64, app_session, unlocked_at),
    FIELD(5, FIELD_I64, app_session, expires_at),    FIELD(6, FIELD_STR, app_session, sealed_person),
};
static const struct codec codec = {RECORD_APP_SESSION, fields, COUNT_OF(fields)};

str app_session_create(struct arena *arena, const struct authenticator *authenticator,
                       const struct authenticator_person *person, struct store_op *op)
{
    str token = random_token(arena, 32);
    struct buf plain = buf_new(arena, KIDC_DIGITS + person->register_token.n);
    buf_add(&plain, (str){person->kidc.digits, KIDC_DIGITS});
    buf_add(&plain, person->register_token);
    int64_t now = clock_now();
    const struct app_session session = {
        .authenticator = authenticator->key,
        .resident = authenticator->resident,
        .jkt = authenticator->jkt,
        .unlocked_at = now,
        .expires_at = now + APP_SESSION_LIFE,
        .sealed_person = seal_under(arena, token, STR(SEAL_PURPOSE), buf_str(&plain)),
    };
    *op = (struct store_op){.what = STORE_PUT,
                            .kind = RECORD_APP_SESSION,
                            .key = sha256_key(arena, token),
                            .value = codec_encode(&codec, arena, &session),
                            .expires_at = session.expires_at,
                            .index = {session.authenticator}};
    return token;
}

enum store_result app_session_load(struct store *store, struct arena *arena, str token, struct app_session *out)
{
    struct record record;
    enum store_result result = store_get(store, RECORD_APP_SESSION, sha256_key(arena, token), arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct app_session){0};
    return codec_decode(&codec, record.value, out) ? STORE_OK : STORE_ERROR;
}

bool app_session_person(struct arena *arena, const struct app_session *session, str token,
                        struct authenticator_person *out)
{
    str plain;
    if (!unseal_under(arena, token, STR(SEAL_PURPOSE), session->sealed_person, &plain) || plain.n < KIDC_DIGITS)
        return false;
    *out = (struct authenticator_person){.register_token = {plain.p + KIDC_DIGITS, plain.n - KIDC_DIGITS}};
    memcpy(out->kidc.digits, plain.p, KIDC_DIGITS);
    return true;
}

enum store_result app_session_end_all(struct store *store, struct arena *arena, str authenticator)
{
    return indexed_delete(store, arena, RECORD_APP_SESSION, authenticator);
}
