#include "records/consent.h"

#include "base/buf.h"
#include "store/codec.h"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, consent, client_id),  FIELD(2, FIELD_STR, consent, resident),
    FIELD(3, FIELD_STR, consent, consent_id), FIELD(4, FIELD_STR, consent, scope),
    FIELD(5, FIELD_STR, consent, granted),    FIELD(6, FIELD_STR, consent, declined),
    FIELD(7, FIELD_I64, consent, given_at),   FIELD(8, FIELD_I64, consent, expires_at),
    FIELD(9, FIELD_STR, consent, resources),
};
static const struct codec codec = {RECORD_CONSENT, fields, COUNT_OF(fields)};

static str record_key(struct arena *arena, str client_id, str resident)
{
    struct buf key = buf_new(arena, client_id.n + 1 + resident.n);
    buf_add(&key, client_id);
    buf_char(&key, '\0');
    buf_add(&key, resident);
    return buf_str(&key);
}

enum store_result consent_load(struct store *store, struct arena *arena, str client_id, str resident,
                               struct consent *out)
{
    struct record record;
    enum store_result result = store_get(store, RECORD_CONSENT, record_key(arena, client_id, resident), arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct consent){0};
    return codec_decode(&codec, record.value, out) ? STORE_OK : STORE_ERROR;
}

struct store_op consent_op(struct arena *arena, const struct consent *consent)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_CONSENT,
                             .key = record_key(arena, consent->client_id, consent->resident),
                             .value = codec_encode(&codec, arena, consent),
                             .expires_at = consent->expires_at,
                             .index = {consent->resident, consent->client_id}};
}

struct store_op consent_remove_op(struct arena *arena, const struct consent *consent)
{
    return (struct store_op){.what = STORE_DELETE,
                             .kind = RECORD_CONSENT,
                             .key = record_key(arena, consent->client_id, consent->resident)};
}

struct list {
    struct arena *arena;
    struct consent *out;
    size_t most, count;
    bool damaged;
};

static bool add(const struct record *record, void *context)
{
    struct list *list = context;
    struct consent *one = &list->out[list->count];
    *one = (struct consent){0};
    list->damaged = !codec_decode(&codec, arena_str(list->arena, record->value), one);
    list->count += !list->damaged;
    return !list->damaged && list->count < list->most;
}

enum store_result consent_list(struct store *store, struct arena *arena, str resident, struct consent *out, size_t most,
                               size_t *count)
{
    struct list list = {.arena = arena, .out = out, .most = most};
    enum store_result result = store_scan(store, RECORD_CONSENT, 0, resident, STR_NONE, add, &list);
    *count = list.count;
    return result == STORE_OK && list.damaged ? STORE_ERROR : result;
}

bool consent_covers(const struct consent *consent, str scope, str claims, str essential)
{
    str word;
    while (str_word(&scope, ' ', &word))
        if (!str_list_has(consent->scope, ' ', word))
            return false;
    while (str_word(&claims, ' ', &word)) {
        bool declined = str_list_has(consent->declined, ' ', word) && !str_list_has(essential, ' ', word);
        if (!declined && !str_list_has(consent->granted, ' ', word))
            return false;
    }
    return true;
}
