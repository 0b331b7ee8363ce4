#include "records/authenticator.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/primitives.h"
#include "store/codec.h"

#define SEAL_PURPOSE "konsao authenticator person"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, authenticator, resident),
    FIELD(2, FIELD_STR, authenticator, name),
    FIELD(3, FIELD_STR, authenticator, credential_id),
    FIELD(4, FIELD_STR, authenticator, public_key),
    FIELD(5, FIELD_I64, authenticator, alg),
    FIELD(6, FIELD_I64, authenticator, sign_count),
    FIELD(7, FIELD_STR, authenticator, aaguid),
    FIELD(8, FIELD_STR, authenticator, transports),
    FIELD(9, FIELD_BOOL, authenticator, backup_eligible),
    FIELD(10, FIELD_BOOL, authenticator, backed_up),
    FIELD(11, FIELD_STR, authenticator, jkt),
    FIELD(12, FIELD_STR, authenticator, handle),
    FIELD(13, FIELD_STR, authenticator, sealed_person),
    FIELD(14, FIELD_STR, authenticator, register_id),
    FIELD(15, FIELD_I64, authenticator, created_at),
    FIELD(16, FIELD_I64, authenticator, last_used_at),
    FIELD(18, FIELD_I64, authenticator, active_at),
    FIELD(19, FIELD_STR, authenticator, seen),
};
static const struct codec codec = {RECORD_AUTHENTICATOR, fields, COUNT_OF(fields)};

str authenticator_id(struct arena *arena, str key)
{
    return base64url_encode(arena, key);
}

void authenticator_seal(struct arena *arena, struct authenticator *authenticator, str handle,
                        const struct authenticator_person *person)
{
    struct buf plain = buf_new(arena, KIDC_DIGITS + person->register_token.n);
    buf_add(&plain, (str){person->kidc.digits, KIDC_DIGITS});
    buf_add(&plain, person->register_token);
    authenticator->handle = sha256_key(arena, handle);
    authenticator->sealed_person = seal_under(arena, handle, STR(SEAL_PURPOSE), buf_str(&plain));
}

bool authenticator_open(struct arena *arena, const struct authenticator *authenticator, str handle,
                        struct authenticator_person *out)
{
    str plain;
    if (!handle.p || !secret_equal(authenticator->handle, sha256_key(arena, handle)) ||
        !unseal_under(arena, handle, STR(SEAL_PURPOSE), authenticator->sealed_person, &plain) || plain.n < KIDC_DIGITS)
        return false;
    *out = (struct authenticator_person){.register_token = {plain.p + KIDC_DIGITS, plain.n - KIDC_DIGITS}};
    memcpy(out->kidc.digits, plain.p, KIDC_DIGITS);
    return true;
}

enum webauthn_fault authenticator_check(struct arena *arena, const struct webauthn_site *site,
                                        const struct authenticator *authenticator,
                                        const struct webauthn_assertion *assertion, str challenge,
                                        struct webauthn_asserted *asserted, struct authenticator_person *person)
{
    const struct webauthn_known known = {.credential_id = authenticator->credential_id,
                                         .public_key = authenticator->public_key,
                                         .alg = authenticator->alg,
                                         .sign_count = authenticator->sign_count,
                                         .backup_eligible = authenticator->backup_eligible};
    /* before the counter tells of a copy: the handle shows that it is this person's passkey at all */
    if (!authenticator_open(arena, authenticator, assertion->user_handle, person))
        return WEBAUTHN_CREDENTIAL;
    return webauthn_assert(arena, site, assertion, challenge, &known, asserted);
}

static bool decode(const struct record *record, struct authenticator *out)
{
    *out = (struct authenticator){.key = record->key, .version = record->version};
    return codec_decode(&codec, record->value, out);
}

enum store_result authenticator_load(struct store *store, struct arena *arena, str key, struct authenticator *out)
{
    struct record record;
    if (key.n == 0 || key.n > STORE_KEY_MAX)
        return STORE_NOT_FOUND;
    enum store_result result = store_get(store, RECORD_AUTHENTICATOR, key, arena, &record);
    if (result != STORE_OK)
        return result;
    return decode(&record, out) ? STORE_OK : STORE_ERROR;
}

enum store_result authenticator_load_id(struct store *store, struct arena *arena, str id, struct authenticator *out)
{
    str key;
    return base64url_decode(arena, id, &key) ? authenticator_load(store, arena, key, out) : STORE_NOT_FOUND;
}

struct keys {
    struct arena *arena;
    str items[AUTHENTICATORS_MAX];
    size_t count;
};

static bool note(const struct record *record, void *context)
{
    struct keys *keys = context;
    keys->items[keys->count++] = arena_str(keys->arena, record->key);
    return keys->count < AUTHENTICATORS_MAX;
}

enum store_result authenticator_find(struct store *store, struct arena *arena, str credential_id,
                                     struct authenticator *out)
{
    struct keys keys = {.arena = arena};
    enum store_result result =
        store_scan(store, RECORD_AUTHENTICATOR, 0, sha256_key(arena, credential_id), STR_NONE, note, &keys);
    if (result != STORE_OK)
        return result;
    return keys.count > 0 ? authenticator_load(store, arena, keys.items[0], out) : STORE_NOT_FOUND;
}

enum store_result authenticator_list(struct store *store, struct arena *arena, str resident,
                                     struct authenticator out[static AUTHENTICATORS_MAX], size_t *count)
{
    struct keys keys = {.arena = arena};
    *count = 0;
    enum store_result result = store_scan(store, RECORD_AUTHENTICATOR, 1, resident, STR_NONE, note, &keys);
    for (size_t i = 0; result == STORE_OK && i < keys.count; i++) {
        result = authenticator_load(store, arena, keys.items[i], &out[*count]);
        if (result == STORE_OK)
            (*count)++;
        else if (result == STORE_NOT_FOUND) /* removed meanwhile */
            result = STORE_OK;
    }
    return result;
}

static struct store_op put(struct arena *arena, const struct authenticator *authenticator)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_AUTHENTICATOR,
                             .key = authenticator->key,
                             .value = codec_encode(&codec, arena, authenticator),
                             .index = {sha256_key(arena, authenticator->credential_id), authenticator->resident}};
}

struct store_op authenticator_create_op(struct arena *arena, const struct authenticator *authenticator)
{
    struct store_op op = put(arena, authenticator);
    op.condition = IF_ABSENT;
    return op;
}

struct store_op authenticator_save_op(struct arena *arena, const struct authenticator *authenticator)
{
    struct store_op op = put(arena, authenticator);
    op.condition = IF_VERSION;
    op.version = authenticator->version;
    return op;
}

struct store_op authenticator_remove_op(const struct authenticator *authenticator)
{
    return (struct store_op){.what = STORE_DELETE, .kind = RECORD_AUTHENTICATOR, .key = authenticator->key};
}
