#include "records/enrolment.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/primitives.h"
#include "store/codec.h"

#define SEAL_PURPOSE "konsao enrolment"

static const struct field fields[] = {
    FIELD(1, FIELD_I64, enrolment, stage),           FIELD(2, FIELD_STR, enrolment, jkt),
    FIELD(3, FIELD_STR, enrolment, resident),        FIELD(4, FIELD_STR, enrolment, transaction_id),
    FIELD(5, FIELD_I64, enrolment, code_expires_at), FIELD(6, FIELD_I64, enrolment, expires_at),
    FIELD(7, FIELD_STR, enrolment, challenge),       FIELD(8, FIELD_STR, enrolment, sealed),
};
static const struct codec codec = {RECORD_ENROLMENT, fields, COUNT_OF(fields)};

struct secrets_text {
    str kidc, kyc_token, handle;
};

static const struct field secret_fields[] = {
    FIELD(1, FIELD_STR, secrets_text, kidc),
    FIELD(2, FIELD_STR, secrets_text, kyc_token),
    FIELD(3, FIELD_STR, secrets_text, handle),
};
static const struct codec secret_codec = {RECORD_ENROLMENT, secret_fields, COUNT_OF(secret_fields)};

str enrolment_new(struct arena *arena, struct enrolment *enrolment)
{
    str secret = random_token(arena, 32);
    enrolment->key = sha256_key(arena, secret);
    enrolment->version = 0;
    enrolment->expires_at = clock_now() + ENROLMENT_LIFE;
    return secret;
}

void enrolment_seal(struct arena *arena, struct enrolment *enrolment, str secret,
                    const struct enrolment_secrets *secrets)
{
    const struct secrets_text text = {{secrets->kidc.digits, KIDC_DIGITS}, secrets->kyc_token, secrets->handle};
    enrolment->sealed = seal_under(arena, secret, STR(SEAL_PURPOSE), codec_encode(&secret_codec, arena, &text));
}

bool enrolment_open(struct arena *arena, const struct enrolment *enrolment, str secret, struct enrolment_secrets *out)
{
    struct secrets_text text = {0};
    str plain;
    if (!unseal_under(arena, secret, STR(SEAL_PURPOSE), enrolment->sealed, &plain) ||
        !codec_decode(&secret_codec, plain, &text) || text.kidc.n != KIDC_DIGITS)
        return false;
    *out = (struct enrolment_secrets){.kyc_token = text.kyc_token, .handle = text.handle};
    memcpy(out->kidc.digits, text.kidc.p, KIDC_DIGITS);
    return true;
}

enum store_result enrolment_load(struct store *store, struct arena *arena, str secret, struct enrolment *out)
{
    struct record record;
    enum store_result result = store_get(store, RECORD_ENROLMENT, sha256_key(arena, secret), arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct enrolment){.key = record.key, .version = record.version};
    return codec_decode(&codec, record.value, out) ? STORE_OK : STORE_ERROR;
}

enum store_result enrolment_save(struct store *store, struct arena *arena, const struct enrolment *enrolment)
{
    struct store_op op = {.what = STORE_PUT,
                          .kind = RECORD_ENROLMENT,
                          .key = enrolment->key,
                          .value = codec_encode(&codec, arena, enrolment),
                          .expires_at = enrolment->expires_at,
                          .condition = enrolment->version > 0 ? IF_VERSION : IF_ABSENT,
                          .version = enrolment->version};
    return store_write(store, &op, 1);
}

enum store_result enrolment_take(struct store *store, const struct enrolment *enrolment)
{
    struct store_op op = {.what = STORE_DELETE,
                          .kind = RECORD_ENROLMENT,
                          .key = enrolment->key,
                          .condition = IF_VERSION,
                          .version = enrolment->version};
    return store_write(store, &op, 1);
}
