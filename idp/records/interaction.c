#include "records/interaction.h"

#include "base/clock.h"
#include "crypto/primitives.h"
#include "store/codec.h"

#define BROWSER_COOKIE "konsao_browser"
#define VALUES_PURPOSE "konsao interaction values"

static const struct field fields[] = {
    FIELD(1, FIELD_STR, interaction, browser),
    FIELD(2, FIELD_I64, interaction, created_at),
    FIELD(3, FIELD_I64, interaction, expires_at),
    FIELD(10, FIELD_STR, interaction, client_id),
    FIELD(11, FIELD_STR, interaction, redirect_uri),
    FIELD(12, FIELD_STR, interaction, response_mode),
    FIELD(13, FIELD_STR, interaction, state),
    FIELD(14, FIELD_STR, interaction, nonce),
    FIELD(15, FIELD_STR, interaction, code_challenge),
    FIELD(16, FIELD_STR, interaction, scope),
    FIELD(17, FIELD_STR, interaction, claims_id_token),
    FIELD(18, FIELD_STR, interaction, claims_userinfo),
    FIELD(19, FIELD_STR, interaction, claims_essential),
    FIELD(21, FIELD_STR, interaction, acr_values),
    FIELD(22, FIELD_BOOL, interaction, acr_essential),
    FIELD(23, FIELD_STR, interaction, prompt),
    FIELD(24, FIELD_I64, interaction, max_age),
    FIELD(25, FIELD_STR, interaction, subject_hint),
    FIELD(26, FIELD_STR, interaction, ui_locales),
    FIELD(27, FIELD_STR, interaction, expected_origin),
    FIELD(28, FIELD_I64, interaction, flow),
    FIELD(29, FIELD_STR, interaction, origin_key),
    FIELD(30, FIELD_I64, interaction, response_type),
    FIELD(31, FIELD_STR, interaction, resources),
    FIELD(32, FIELD_STR, interaction, authorization_details),
    FIELD(33, FIELD_STR, interaction, dpop_jkt),
    FIELD(34, FIELD_STR, interaction, binding_message),
    FIELD(35, FIELD_STR, interaction, for_resident),
    FIELD(40, FIELD_I64, interaction, stage),
    FIELD(42, FIELD_STR, interaction, transaction_id),
    FIELD(43, FIELD_STR, interaction, sealed_kidc),
    FIELD(44, FIELD_I64, interaction, code_expires_at),
    FIELD(45, FIELD_I64, interaction, code_sent_at),
    FIELD(46, FIELD_I64, interaction, codes_sent),
    FIELD(47, FIELD_I64, interaction, wrong_codes),
    FIELD(48, FIELD_STR, interaction, sealed_values),
    FIELD(60, FIELD_STR, interaction, error),
    FIELD(61, FIELD_STR, interaction, sid),
    FIELD(62, FIELD_STR, interaction, resident),
    FIELD(63, FIELD_STR, interaction, acr),
    FIELD(64, FIELD_STR, interaction, amr),
    FIELD(65, FIELD_I64, interaction, auth_time),
    FIELD(66, FIELD_STR, interaction, granted_claims),
    FIELD(67, FIELD_STR, interaction, consent_id),
    FIELD(68, FIELD_STR, interaction, issued_code),
    FIELD(69, FIELD_STR, interaction, authenticator),
};
static const struct codec codec = {RECORD_INTERACTION, fields, COUNT_OF(fields)};

static struct store_op put(struct arena *arena, const struct interaction *interaction)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_INTERACTION,
                             .key = interaction->id,
                             .value = codec_encode(&codec, arena, interaction),
                             .expires_at = interaction->expires_at};
}

str interaction_secret(const struct request *rq)
{
    return request_cookie(rq, BROWSER_COOKIE);
}

str interaction_bind(struct request *rq)
{
    str secret = interaction_secret(rq);
    if (!secret.p || secret.n != 43) {
        secret = random_token(rq->arena, 32);
        response_cookie(rq, BROWSER_COOKIE, secret, -1);
    }
    return secret;
}

enum store_result interaction_create(struct store *store, struct request *rq, str secret,
                                     struct interaction *interaction, int64_t life)
{
    interaction->id = random_token(rq->arena, 16);
    interaction->browser = sha256_key(rq->arena, secret);
    interaction->created_at = clock_now();
    interaction->expires_at = interaction->created_at + life;
    interaction->version = 1;
    if (interaction->claims_values.p)
        interaction->sealed_values = seal_under(rq->arena, secret, STR(VALUES_PURPOSE), interaction->claims_values);
    struct store_op op = put(rq->arena, interaction);
    op.condition = IF_ABSENT;
    return store_write(store, &op, 1);
}

enum store_result interaction_peek(struct store *store, struct arena *arena, str id, struct interaction *out)
{
    struct record record;
    if (id.n == 0 || id.n > STORE_KEY_MAX)
        return STORE_NOT_FOUND;
    enum store_result result = store_get(store, RECORD_INTERACTION, id, arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct interaction){.id = record.key, .version = record.version};
    return codec_decode(&codec, record.value, out) ? STORE_OK : STORE_ERROR;
}

enum store_result interaction_load(struct store *store, struct request *rq, str id, struct interaction *out)
{
    str secret = interaction_secret(rq);
    if (!secret.p)
        return STORE_NOT_FOUND;
    enum store_result result = interaction_peek(store, rq->arena, id, out);
    if (result != STORE_OK)
        return result;
    if (!secret_equal(out->browser, sha256_key(rq->arena, secret)))
        return STORE_NOT_FOUND;
    return !out->sealed_values.p ||
                   unseal_under(rq->arena, secret, STR(VALUES_PURPOSE), out->sealed_values, &out->claims_values)
               ? STORE_OK
               : STORE_ERROR;
}

struct store_op interaction_save_op(struct arena *arena, const struct interaction *interaction)
{
    struct store_op op = put(arena, interaction);
    op.condition = IF_VERSION;
    op.version = interaction->version;
    return op;
}

enum store_result interaction_save(struct store *store, struct arena *arena, struct interaction *interaction)
{
    struct store_op op = interaction_save_op(arena, interaction);
    enum store_result result = store_write(store, &op, 1);
    if (result == STORE_OK)
        interaction->version++;
    return result;
}

#define SEAL_PURPOSE "konsao interaction kidc"

void interaction_seal_kidc(struct arena *arena, str secret, struct interaction *interaction, const struct kidc *kidc)
{
    interaction->sealed_kidc = seal_under(arena, secret, STR(SEAL_PURPOSE), (str){kidc->digits, KIDC_DIGITS});
}

bool interaction_open_kidc(struct arena *arena, str secret, const struct interaction *interaction, struct kidc *out)
{
    str digits;
    return interaction->sealed_kidc.p && secret.p &&
           unseal_under(arena, secret, STR(SEAL_PURPOSE), interaction->sealed_kidc, &digits) && kidc_parse(digits, out);
}
