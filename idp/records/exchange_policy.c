#include "records/exchange_policy.h"

#include "base/buf.h"
#include "base/log.h"
#include "store/codec.h"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, exchange_policy, client_id),      FIELD(2, FIELD_STR, exchange_policy, name),
    FIELD(3, FIELD_STR, exchange_policy, audience),       FIELD(4, FIELD_STR, exchange_policy, scope),
    FIELD(5, FIELD_STR, exchange_policy, subject_client), FIELD(6, FIELD_STR, exchange_policy, subject_scope),
    FIELD(7, FIELD_I64, exchange_policy, life),
};
static const struct codec codec = {RECORD_EXCHANGE_POLICY, fields, COUNT_OF(fields)};

/* A client's rules stand together, in the order of their names. */
static str key_of(struct arena *arena, str client_id, str name)
{
    struct buf key = buf_new(arena, client_id.n + name.n + 1);
    buf_add(&key, client_id);
    buf_char(&key, '\0');
    buf_add(&key, name);
    return buf_str(&key);
}

struct store_op exchange_policy_op(struct arena *arena, const struct exchange_policy *policy)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_EXCHANGE_POLICY,
                             .key = key_of(arena, policy->client_id, policy->name),
                             .value = codec_encode(&codec, arena, policy)};
}

struct store_op exchange_policy_remove_op(struct arena *arena, str client_id, str name)
{
    return (struct store_op){.what = STORE_DELETE,
                             .kind = RECORD_EXCHANGE_POLICY,
                             .key = key_of(arena, client_id, name),
                             .condition = IF_PRESENT};
}

struct reading {
    struct arena *arena;
    str client_id;
    bool (*each)(const struct exchange_policy *policy, void *context);
    void *context;
};

static bool read_one(const struct record *record, void *context)
{
    struct reading *reading = context;
    struct exchange_policy policy = {0};
    if (!codec_decode(&codec, arena_str(reading->arena, record->value), &policy)) {
        log_error("exchange_policy.unreadable");
        return true;
    }
    if (reading->client_id.p && !str_eq(policy.client_id, reading->client_id))
        return false;
    return reading->each(&policy, reading->context);
}

enum store_result exchange_policy_each(struct store *store, struct arena *arena, str client_id,
                                       bool (*each)(const struct exchange_policy *policy, void *context), void *context)
{
    struct reading reading = {arena, client_id, each, context};
    str after = client_id.p ? key_of(arena, client_id, STR("")) : STR_NONE;
    return store_scan(store, RECORD_EXCHANGE_POLICY, -1, STR_NONE, after, read_one, &reading);
}
