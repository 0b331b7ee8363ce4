#include "records/client/registration_token.h"

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "store/codec.h"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, registration_token, note),
    FIELD(2, FIELD_STR, registration_token, limits.profiles),
    FIELD(3, FIELD_STR, registration_token, limits.grants),
    FIELD(4, FIELD_STR, registration_token, limits.scope),
    FIELD(5, FIELD_STR, registration_token, limits.claims),
    FIELD(6, FIELD_STR, registration_token, limits.members),
    FIELD(7, FIELD_STR, registration_token, limits.organization),
    FIELD(8, FIELD_I64, registration_token, uses_left),
    FIELD(9, FIELD_I64, registration_token, created_at),
    FIELD(10, FIELD_I64, registration_token, expires_at),
};
static const struct codec codec = {RECORD_REGISTRATION_TOKEN, fields, COUNT_OF(fields)};

bool registration_token_read(const struct record *record, struct registration_token *out)
{
    *out = (struct registration_token){.key = record->key, .version = record->version};
    return codec_decode(&codec, record->value, out);
}

enum store_result registration_token_load(struct store *store, struct arena *arena, str secret,
                                          struct registration_token *out)
{
    struct record record;
    enum store_result result = store_get(store, RECORD_REGISTRATION_TOKEN, sha256_key(arena, secret), arena, &record);
    if (result != STORE_OK)
        return result;
    if (!registration_token_read(&record, out))
        return STORE_ERROR;
    return out->uses_left > 0 ? STORE_OK : STORE_NOT_FOUND;
}

struct store_op registration_token_op(struct arena *arena, const struct registration_token *token)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_REGISTRATION_TOKEN,
                             .key = token->key,
                             .value = codec_encode(&codec, arena, token),
                             .expires_at = token->expires_at,
                             .condition = token->version > 0 ? IF_VERSION : IF_ABSENT,
                             .version = token->version};
}

str registration_token_name(struct arena *arena, str key)
{
    return hex_encode(arena, (str){key.p, key.n < 8 ? key.n : 8});
}

/* ---- limits, as they stand on a client ---- */

static const struct {
    const char *name;
    size_t offset;
} members[] = {
    {"profiles", offsetof(struct registration_limits, profiles)},
    {"grants", offsetof(struct registration_limits, grants)},
    {"scope", offsetof(struct registration_limits, scope)},
    {"claims", offsetof(struct registration_limits, claims)},
    {"members", offsetof(struct registration_limits, members)},
    {"organization", offsetof(struct registration_limits, organization)},
};

json_t *registration_limits_json(const struct registration_limits *limits)
{
    json_t *json = json_object();
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const str *value = (const str *)(const void *)((const char *)limits + members[i].offset);
        if (value->n > 0)
            json_object_set_new(json, members[i].name, json_stringn(value->p, value->n));
    }
    return json;
}

struct registration_limits registration_limits_of(const json_t *json)
{
    struct registration_limits limits = {0};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        *(str *)(void *)((char *)&limits + members[i].offset) = json_str(json, members[i].name);
    return limits;
}
