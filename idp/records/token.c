#include "records/token.h"

#include "crypto/primitives.h"
#include "store/codec.h"

#define SUBJECT_FIELDS(type)                                                                                           \
    FIELD(1, FIELD_STR, type, of.client_id), FIELD(2, FIELD_STR, type, of.subject),                                    \
        FIELD(3, FIELD_STR, type, of.scope), FIELD(4, FIELD_STR, type, of.grant), FIELD(5, FIELD_STR, type, of.sid),   \
        FIELD(6, FIELD_STR, type, of.acr), FIELD(7, FIELD_STR, type, of.amr), FIELD(8, FIELD_I64, type, of.auth_time), \
        FIELD(9, FIELD_STR, type, of.resources), FIELD(10, FIELD_STR, type, of.authorization_details),                 \
        FIELD(11, FIELD_STR, type, of.jkt), FIELD(12, FIELD_STR, type, of.x5t), FIELD(13, FIELD_STR, type, of.actor), \
        FIELD(14, FIELD_STR, type, of.officer)

static const struct field code_fields[] = {
    SUBJECT_FIELDS(code),
    FIELD(20, FIELD_STR, code, redirect_uri),
    FIELD(21, FIELD_STR, code, nonce),
    FIELD(22, FIELD_STR, code, code_challenge),
    FIELD(23, FIELD_STR, code, sealed_id_token),
    FIELD(24, FIELD_STR, code, sealed_userinfo),
    FIELD(25, FIELD_BOOL, code, used),
    FIELD(26, FIELD_I64, code, expires_at),
};
static const struct codec code_codec = {RECORD_CODE, code_fields, COUNT_OF(code_fields)};

static const struct field access_fields[] = {
    SUBJECT_FIELDS(access_token),
    FIELD(20, FIELD_STR, access_token, audience),
    FIELD(21, FIELD_STR, access_token, jti),
    FIELD(22, FIELD_STR, access_token, sealed_userinfo),
    FIELD(23, FIELD_I64, access_token, issued_at),
    FIELD(24, FIELD_I64, access_token, expires_at),
};
static const struct codec access_codec = {RECORD_ACCESS, access_fields, COUNT_OF(access_fields)};

static const struct field refresh_fields[] = {
    SUBJECT_FIELDS(refresh_token),
    FIELD(20, FIELD_STR, refresh_token, nonce),
    FIELD(21, FIELD_STR, refresh_token, sealed_id_token),
    FIELD(22, FIELD_STR, refresh_token, sealed_userinfo),
    FIELD(23, FIELD_I64, refresh_token, issued_at),
    FIELD(24, FIELD_I64, refresh_token, expires_at),
    FIELD(25, FIELD_I64, refresh_token, rotated_at),
};
static const struct codec refresh_codec = {RECORD_REFRESH, refresh_fields, COUNT_OF(refresh_fields)};

static str seal_purpose(struct arena *arena, enum record_kind kind)
{
    return arena_printf(arena, "konsao claims %s", record_table[kind].name);
}

str claims_seal(struct arena *arena, str secret, enum record_kind kind, str claims)
{
    return claims.n > 0 ? seal_under(arena, secret, seal_purpose(arena, kind), claims) : STR_NONE;
}

bool claims_unseal(struct arena *arena, str secret, enum record_kind kind, str sealed, str *claims)
{
    if (!sealed.p) {
        *claims = STR("");
        return true;
    }
    return unseal_under(arena, secret, seal_purpose(arena, kind), sealed, claims);
}

/* Reads the record under `key` into `object`, which is zeroed; `version` may be NULL. */
static enum store_result load(struct store *store, struct arena *arena, const struct codec *codec, str key,
                              void *object, uint64_t *version)
{
    struct record record;
    enum store_result result = store_get(store, codec->kind, key, arena, &record);
    if (result != STORE_OK)
        return result;
    if (version)
        *version = record.version;
    return codec_decode(codec, record.value, object) ? STORE_OK : STORE_ERROR;
}

static struct store_op put(struct arena *arena, const struct codec *codec, str secret, const void *object, str grant,
                           int64_t expires_at)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = codec->kind,
                             .key = sha256_key(arena, secret),
                             .value = codec_encode(codec, arena, object),
                             .expires_at = expires_at,
                             .index = {grant}};
}

enum store_result code_load(struct store *store, struct arena *arena, str secret, struct code *out)
{
    return code_find(store, arena, sha256_key(arena, secret), out);
}

enum store_result code_find(struct store *store, struct arena *arena, str key, struct code *out)
{
    *out = (struct code){0};
    return load(store, arena, &code_codec, key, out, &out->version);
}

struct store_op code_op(struct arena *arena, str secret, const struct code *code, int64_t keep_until)
{
    struct store_op op = put(arena, &code_codec, secret, code, STR_NONE, keep_until);
    op.condition = code->version > 0 ? IF_VERSION : IF_ABSENT;
    op.version = code->version;
    return op;
}

enum store_result access_token_load(struct store *store, struct arena *arena, str secret, struct access_token *out)
{
    *out = (struct access_token){0};
    return load(store, arena, &access_codec, sha256_key(arena, secret), out, NULL);
}

struct store_op access_token_op(struct arena *arena, str secret, const struct access_token *token)
{
    return put(arena, &access_codec, secret, token, token->of.grant, token->expires_at);
}

enum store_result refresh_token_load(struct store *store, struct arena *arena, str secret, struct refresh_token *out)
{
    *out = (struct refresh_token){0};
    return load(store, arena, &refresh_codec, sha256_key(arena, secret), out, &out->version);
}

struct store_op refresh_token_op(struct arena *arena, str secret, const struct refresh_token *token)
{
    struct store_op op = put(arena, &refresh_codec, secret, token, token->of.grant, token->expires_at);
    op.condition = token->version > 0 ? IF_VERSION : IF_ABSENT;
    op.version = token->version;
    return op;
}

struct store_op token_remove_op(struct arena *arena, enum record_kind kind, str secret)
{
    return (struct store_op){.what = STORE_DELETE, .kind = kind, .key = sha256_key(arena, secret)};
}
