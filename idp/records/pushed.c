#include "records/pushed.h"

#include "base/clock.h"
#include "crypto/primitives.h"
#include "store/codec.h"

#define SEAL_PURPOSE "konsao pushed request"
#define REFERENCE_TEXT 43 /* base64url of 32 bytes */

/* As it lies in the store: the parameters may hold what nobody else should read, such as a KIdC in login_hint. */
struct stored {
    str client_id, sealed_parameters, dpop_jkt;
    bool is_signed;
    int64_t usable_until;
};

static const struct field fields[] = {
    FIELD(1, FIELD_STR, stored, client_id),    FIELD(2, FIELD_STR, stored, sealed_parameters),
    FIELD(3, FIELD_BOOL, stored, is_signed),   FIELD(4, FIELD_STR, stored, dpop_jkt),
    FIELD(5, FIELD_I64, stored, usable_until),
};
static const struct codec codec = {RECORD_PUSHED, fields, COUNT_OF(fields)};

enum store_result pushed_create(struct store *store, struct arena *arena, const struct pushed *pushed,
                                int64_t keep_until, str *reference)
{
    *reference = random_token(arena, 32);
    struct stored stored = {
        .client_id = pushed->client_id,
        .sealed_parameters = seal_under(arena, *reference, STR(SEAL_PURPOSE), pushed->parameters),
        .dpop_jkt = pushed->dpop_jkt,
        .is_signed = pushed->is_signed,
        .usable_until = pushed->usable_until,
    };
    struct store_op op = {.what = STORE_PUT,
                          .kind = RECORD_PUSHED,
                          .key = sha256_key(arena, *reference),
                          .value = codec_encode(&codec, arena, &stored),
                          .expires_at = keep_until,
                          .condition = IF_ABSENT};
    return store_write(store, &op, 1);
}

enum store_result pushed_load(struct store *store, struct arena *arena, str reference, struct pushed *out)
{
    struct record record;
    struct stored stored = {0};
    if (reference.n != REFERENCE_TEXT)
        return STORE_NOT_FOUND;
    enum store_result result = store_get(store, RECORD_PUSHED, sha256_key(arena, reference), arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct pushed){.key = record.key};
    if (!codec_decode(&codec, record.value, &stored) ||
        !unseal_under(arena, reference, STR(SEAL_PURPOSE), stored.sealed_parameters, &out->parameters))
        return STORE_ERROR;
    out->client_id = stored.client_id;
    out->is_signed = stored.is_signed;
    out->dpop_jkt = stored.dpop_jkt;
    out->usable_until = stored.usable_until;
    return out->usable_until > clock_now() ? STORE_OK : STORE_NOT_FOUND;
}

struct store_op pushed_use_op(str key)
{
    return (struct store_op){.what = STORE_DELETE, .kind = RECORD_PUSHED, .key = key, .condition = IF_PRESENT};
}
