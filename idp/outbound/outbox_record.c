#include "outbound/outbox_record.h"

#include "base/clock.h"
#include "store/codec.h"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, outbox_notice, url),         FIELD(2, FIELD_STR, outbox_notice, kind),
    FIELD(3, FIELD_STR, outbox_notice, client_id),   FIELD(4, FIELD_STR, outbox_notice, destination),
    FIELD(5, FIELD_STR, outbox_notice, recipe),      FIELD(6, FIELD_I64, outbox_notice, created_at),
    FIELD(7, FIELD_I64, outbox_notice, next_try_at), FIELD(8, FIELD_I64, outbox_notice, attempts),
};
static const struct codec codec = {RECORD_OUTBOX, fields, COUNT_OF(fields)};

struct store_op outbox_record_op(struct arena *arena, const struct outbox_notice *notice,
                                 enum store_condition condition)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_OUTBOX,
                             .key = notice->key,
                             .value = codec_encode(&codec, arena, notice),
                             .index = {notice->destination, notice->client_id},
                             .condition = condition};
}

bool outbox_record_read(const struct record *record, struct outbox_notice *out)
{
    *out = (struct outbox_notice){.key = record->key};
    return record->key.n == OUTBOX_KEY_BYTES && codec_decode(&codec, record->value, out);
}

struct store_op outbox_op(struct arena *arena, struct outbox_notice *notice)
{
    notice->key = store_new_key(arena);
    notice->destination = outbound_destination(arena, notice->url);
    if (notice->created_at == 0)
        notice->created_at = clock_now_ms();
    if (notice->next_try_at == 0)
        notice->next_try_at = notice->created_at;
    return outbox_record_op(arena, notice, ALWAYS);
}

const char *outbox_end_name(enum outbox_end end)
{
    static const char *const names[] = {[OUTBOX_SENT] = "sent",
                                        [OUTBOX_DROPPED] = "dropped",
                                        [OUTBOX_REFUSED] = "refused",
                                        [OUTBOX_GIVEN_UP] = "given_up"};
    return names[end];
}
