#include "records/decoupled.h"

#include "base/clock.h"
#include "crypto/primitives.h"
#include "store/codec.h"

#define KEPT_AFTER 600 /* seconds after its end: a late poll is told that it has expired */

static const struct field fields[] = {
    FIELD(1, FIELD_STR, decoupled, client_id),    FIELD(2, FIELD_STR, decoupled, parameters),
    FIELD(3, FIELD_STR, decoupled, user_code),    FIELD(4, FIELD_STR, decoupled, resident),
    FIELD(5, FIELD_STR, decoupled, subject_hint), FIELD(6, FIELD_STR, decoupled, binding_message),
    FIELD(7, FIELD_STR, decoupled, slot),         FIELD(8, FIELD_STR, decoupled, sealed_key),
    FIELD(9, FIELD_STR, decoupled, answer),       FIELD(10, FIELD_STR, decoupled, sealed_ping),
    FIELD(11, FIELD_I64, decoupled, state),       FIELD(12, FIELD_I64, decoupled, interval),
    FIELD(13, FIELD_I64, decoupled, polled_at),   FIELD(14, FIELD_I64, decoupled, expires_at),
};
static const struct codec device_codec = {RECORD_DEVICE, fields, COUNT_OF(fields)};
static const struct codec backchannel_codec = {RECORD_BACKCHANNEL, fields, COUNT_OF(fields)};

static const struct codec *codec_of(enum record_kind kind)
{
    return kind == RECORD_DEVICE ? &device_codec : &backchannel_codec;
}

static struct store_op put(struct arena *arena, const struct decoupled *request)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = request->kind,
                             .key = request->key,
                             .value = codec_encode(codec_of(request->kind), arena, request),
                             .expires_at = request->expires_at + KEPT_AFTER,
                             .index = {request->kind == RECORD_DEVICE ? request->user_code : request->resident}};
}

struct store_op decoupled_create_op(struct arena *arena, str secret, struct decoupled *request)
{
    struct mailbox mailbox = mailbox_make(arena, secret);
    request->key = sha256_key(arena, secret);
    request->slot = mailbox.slot;
    request->sealed_key = mailbox.sealed_key;
    struct store_op op = put(arena, request);
    op.condition = IF_ABSENT;
    return op;
}

enum store_result decoupled_load(struct store *store, struct arena *arena, enum record_kind kind, str key,
                                 struct decoupled *out)
{
    struct record record;
    if (key.n == 0 || key.n > STORE_KEY_MAX)
        return STORE_NOT_FOUND;
    enum store_result result = store_get(store, kind, key, arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct decoupled){.kind = kind, .key = record.key, .version = record.version};
    return codec_decode(codec_of(kind), record.value, out) ? STORE_OK : STORE_ERROR;
}

struct search {
    struct arena *arena;
    str key;
};

static bool found(const struct record *record, void *context)
{
    struct search *search = context;
    search->key = arena_str(search->arena, record->key);
    return false;
}

enum store_result decoupled_find(struct store *store, struct arena *arena, str user_code, struct decoupled *out)
{
    struct search search = {arena, STR_NONE};
    enum store_result result = store_scan(store, RECORD_DEVICE, 0, user_code, STR_NONE, found, &search);
    if (result != STORE_OK)
        return result;
    return search.key.p ? decoupled_load(store, arena, RECORD_DEVICE, search.key, out) : STORE_NOT_FOUND;
}

struct waiting {
    struct arena *arena;
    str *keys;
    size_t most, count;
    int64_t now;
};

/* Those that are answered are kept for a while: they must not hide one that waits. */
static bool note_waiting(const struct record *record, void *context)
{
    struct waiting *waiting = context;
    struct decoupled one = {0};
    if (codec_decode(&backchannel_codec, record->value, &one) && one.state == DECOUPLED_WAITING &&
        one.expires_at > waiting->now)
        waiting->keys[waiting->count++] = arena_str(waiting->arena, record->key);
    return waiting->count < waiting->most;
}

enum store_result decoupled_list(struct store *store, struct arena *arena, str resident, struct decoupled *out,
                                 size_t most, size_t *count)
{
    struct waiting waiting = {.arena = arena, .keys = ARENA_ARRAY(arena, str, most), .most = most, .now = clock_now()};
    *count = 0;
    enum store_result result =
        store_scan(store, RECORD_BACKCHANNEL, 0, resident, STR_NONE, note_waiting, &waiting);
    for (size_t i = 0; result == STORE_OK && i < waiting.count; i++) {
        result = decoupled_load(store, arena, RECORD_BACKCHANNEL, waiting.keys[i], &out[*count]);
        if (result == STORE_OK)
            (*count)++;
        else if (result == STORE_NOT_FOUND) /* answered and fetched meanwhile */
            result = STORE_OK;
    }
    return result;
}

str decoupled_topic(struct arena *arena, str resident)
{
    return arena_printf(arena, "resident:%.*s", STR_FMT(resident));
}

struct store_op decoupled_save_op(struct arena *arena, const struct decoupled *request)
{
    struct store_op op = put(arena, request);
    op.condition = IF_VERSION;
    op.version = request->version;
    return op;
}

struct store_op decoupled_take_op(const struct decoupled *request)
{
    return (struct store_op){.what = STORE_DELETE,
                             .kind = request->kind,
                             .key = request->key,
                             .condition = IF_VERSION,
                             .version = request->version};
}
