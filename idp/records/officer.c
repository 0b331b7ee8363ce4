#include "records/officer.h"

#include "base/log.h"
#include "store/codec.h"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, officer, client_id),    FIELD(2, FIELD_STR, officer, resident),
    FIELD(3, FIELD_STR, officer, organization), FIELD(4, FIELD_STR, officer, roles),
    FIELD(5, FIELD_I64, officer, granted_at),   FIELD(6, FIELD_STR, officer, granted_by),
    FIELD(7, FIELD_I64, officer, expires_at),
};
static const struct codec codec = {RECORD_OFFICER, fields, COUNT_OF(fields)};

str officer_key(struct arena *arena, str client_id, str resident)
{
    struct buf key = buf_new(arena, client_id.n + 1 + resident.n);
    buf_add(&key, client_id);
    buf_char(&key, '\0');
    buf_add(&key, resident);
    return buf_str(&key);
}

enum store_result officer_find(struct store *store, struct arena *arena, str key, struct officer *out)
{
    struct record record;
    enum store_result result = store_get(store, RECORD_OFFICER, key, arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct officer){0};
    return codec_decode(&codec, record.value, out) ? STORE_OK : STORE_ERROR;
}

enum store_result officer_load(struct store *store, struct arena *arena, str client_id, str resident,
                               struct officer *out)
{
    return officer_find(store, arena, officer_key(arena, client_id, resident), out);
}

struct store_op officer_op(struct arena *arena, const struct officer *officer)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_OFFICER,
                             .key = officer_key(arena, officer->client_id, officer->resident),
                             .value = codec_encode(&codec, arena, officer),
                             .expires_at = officer->expires_at,
                             .index = {officer->client_id, officer->resident}};
}

struct store_op officer_remove_op(struct arena *arena, str client_id, str resident)
{
    return (struct store_op){.what = STORE_DELETE,
                             .kind = RECORD_OFFICER,
                             .key = officer_key(arena, client_id, resident),
                             .condition = IF_PRESENT};
}

struct reading {
    struct arena *arena;
    bool (*each)(const struct officer *officer, void *context);
    void *context;
};

static bool read_one(const struct record *record, void *context)
{
    struct reading *reading = context;
    struct officer officer = {0};
    if (codec_decode(&codec, arena_str(reading->arena, record->value), &officer))
        return reading->each(&officer, reading->context);
    log_error("officer.unreadable");
    return true;
}

enum store_result officer_each(struct store *store, struct arena *arena, str client_id,
                               bool (*each)(const struct officer *officer, void *context), void *context)
{
    struct reading reading = {arena, each, context};
    return store_scan(store, RECORD_OFFICER, client_id.p ? 0 : -1, client_id, STR_NONE, read_one, &reading);
}

bool officer_organization_fits(str text)
{
    if (text.n == 0 || text.n > OFFICER_ORGANIZATION_MAX || str_trim(text).n != text.n || !str_is_utf8(text))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f || str_turns_direction(text, i))
            return false;
    return true;
}

bool officer_role_fits(str role)
{
    return role.n > 0 && role.n <= OFFICER_ROLE_MAX && str_is_printable(role) && !str_has(role, ' ') &&
           !str_has(role, '"') && !str_has(role, '\\');
}

void officer_add_claims(struct buf *json, const struct officer *officer)
{
    buf_json_str(json, "organization", officer->organization);
    buf_json_words(json, "roles", officer->roles, ' ');
}
