#include "records/channel.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/mailbox.h"
#include "crypto/primitives.h"
#include "store/codec.h"

#define ID_TEXT 22 /* base64url of 128 bits */
#define MAC_BYTES 16
#define MAC_TEXT 22
#define CONTINUATION_PURPOSE "konsao channel continuation"

static const struct field fields[] = {
    FIELD(1, FIELD_I64, channel, way),           FIELD(2, FIELD_I64, channel, state),
    FIELD(3, FIELD_I64, channel, end),           FIELD(4, FIELD_I64, channel, started_ms),
    FIELD(5, FIELD_I64, channel, expires_at),    FIELD(6, FIELD_STR, channel, interaction),
    FIELD(7, FIELD_STR, channel, client_id),     FIELD(8, FIELD_STR, channel, slot),
    FIELD(9, FIELD_STR, channel, sealed_key),    FIELD(10, FIELD_STR, channel, answer),
    FIELD(11, FIELD_STR, channel, continuation), FIELD(20, FIELD_STR, channel, browser_family),
    FIELD(21, FIELD_STR, channel, browser_peer), FIELD(22, FIELD_STR, channel, browser_place),
    FIELD(23, FIELD_STR, channel, browser_mark), FIELD(30, FIELD_STR, channel, authenticator),
    FIELD(31, FIELD_STR, channel, resident),     FIELD(32, FIELD_STR, channel, number),
    FIELD(33, FIELD_STR, channel, numbers),      FIELD(34, FIELD_BOOL, channel, typed),
    FIELD(35, FIELD_STR, channel, shown),
};
static const struct codec codec = {RECORD_CHANNEL, fields, COUNT_OF(fields)};

/* What is in the mailbox. */
struct answer_text {
    str kidc, kyc_token, resident, acr, amr, consent_id, authenticator;
    int64_t auth_time, expires_at;
};

static const struct field answer_fields[] = {
    FIELD(1, FIELD_STR, answer_text, kidc),          FIELD(2, FIELD_STR, answer_text, kyc_token),
    FIELD(3, FIELD_STR, answer_text, resident),      FIELD(4, FIELD_STR, answer_text, acr),
    FIELD(5, FIELD_STR, answer_text, amr),           FIELD(6, FIELD_STR, answer_text, consent_id),
    FIELD(7, FIELD_I64, answer_text, auth_time),     FIELD(8, FIELD_I64, answer_text, expires_at),
    FIELD(9, FIELD_STR, answer_text, authenticator),
};
static const struct codec answer_codec = {RECORD_CHANNEL, answer_fields, COUNT_OF(answer_fields)};

const char *channel_end_name(enum channel_end end)
{
    static const char *const names[CHANNEL_ENDS] = {
        [END_NONE] = "",
        [END_DECLINED] = "declined",
        [END_WRONG_NUMBER] = "wrong_number",
        [END_SCANNED_TWICE] = "scanned_twice",
        [END_STALE_CODE] = "stale_code",
        [END_FOREIGN_COOKIE] = "foreign_cookie",
        [END_ALTERED] = "altered",
        [END_FROZEN] = "frozen",
        [END_NO_RIGHT] = "no_right",
        [END_REPORTED] = "reported",
        [END_REPLACED] = "replaced",
        [END_EXPIRED] = "expired",
    };
    return names[end];
}

/* ---- codes ---- */

void channel_secret(const struct key_ring *keys, str id, unsigned char out[static 32])
{
    char text[16 + STORE_KEY_MAX] = "\nchannel\n"; /* unlike any form's text: no interaction's id begins so */
    size_t n = strlen(text);
    memcpy(text + n, id.p, id.n);
    ring_mac(keys, ROOT_FORM, 0, (str){text, n + id.n}, out);
}

str channel_code(const struct key_ring *keys, struct arena *arena, str id, int64_t step)
{
    unsigned char secret[32], mac[SHA256_BYTES];
    str signed_part = arena_printf(arena, "%.*s.%lld", STR_FMT(id), (long long)step);
    channel_secret(keys, id, secret);
    hmac_sha256(str_bytes(secret, sizeof secret), signed_part, mac);
    str text = base64url_encode(arena, str_bytes(mac, MAC_BYTES));
    return arena_printf(arena, "%.*s.%.*s", STR_FMT(signed_part), STR_FMT(text));
}

bool channel_code_read(const struct key_ring *keys, struct arena *arena, str text, str *id, int64_t *step)
{
    str rest, number, mac;
    uint64_t value;
    if (!str_cut(text, '.', id, &rest) || id->n != ID_TEXT || !str_cut(rest, '.', &number, &mac) || mac.n != MAC_TEXT ||
        !str_to_u64(number, CHANNEL_LIFE * 1000 / CHANNEL_STEP_MS, &value))
        return false;
    *step = (int64_t)value;
    return secret_equal(text, channel_code(keys, arena, *id, *step));
}

enum channel_code_check channel_code_fits(const struct channel *channel, int64_t step, int64_t now_ms)
{
    int64_t now = (now_ms - channel->started_ms) / CHANNEL_STEP_MS;
    int64_t most = channel->way == CHANNEL_SAME_DEVICE ? CHANNEL_LINK_STEPS : 1;
    return step <= now && step >= now - most ? CODE_CURRENT : CODE_STALE;
}

/* ---- the record ---- */

static struct store_op put(struct arena *arena, const struct channel *channel)
{
    bool lives = channel->state == CHANNEL_SCANNED || channel->state == CHANNEL_APPROVED;
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_CHANNEL,
                             .key = channel->id,
                             .value = codec_encode(&codec, arena, channel),
                             .expires_at = channel->expires_at,
                             .index = {channel->interaction, lives ? channel->authenticator : STR_NONE}};
}

struct store_op channel_create_op(struct arena *arena, str secret, struct channel *channel)
{
    struct mailbox mailbox = mailbox_make(arena, secret);
    channel->id = random_token(arena, 16);
    channel->slot = mailbox.slot;
    channel->sealed_key = mailbox.sealed_key;
    channel->started_ms = clock_now_ms();
    channel->expires_at = clock_now() + CHANNEL_LIFE;
    struct store_op op = put(arena, channel);
    op.condition = IF_ABSENT;
    return op;
}

enum store_result channel_load(struct store *store, struct arena *arena, str id, struct channel *out)
{
    struct record record;
    if (id.n == 0 || id.n > STORE_KEY_MAX)
        return STORE_NOT_FOUND;
    enum store_result result = store_get(store, RECORD_CHANNEL, id, arena, &record);
    if (result != STORE_OK)
        return result;
    *out = (struct channel){.id = record.key, .version = record.version};
    return codec_decode(&codec, record.value, out) ? STORE_OK : STORE_ERROR;
}

struct newest {
    struct arena *arena;
    struct channel *out;
    bool found, damaged;
};

/* Of one millisecond: the one that took the other's place. */
static bool is_newer(const struct channel *one, const struct channel *other)
{
    return one->started_ms > other->started_ms ||
           (one->started_ms == other->started_ms && other->state == CHANNEL_ENDED);
}

static bool take_newer(const struct record *record, void *context)
{
    struct newest *newest = context;
    struct channel one = {.id = arena_str(newest->arena, record->key), .version = record->version};
    newest->damaged = !codec_decode(&codec, arena_str(newest->arena, record->value), &one);
    if (!newest->damaged && (!newest->found || is_newer(&one, newest->out)))
        *newest->out = one;
    newest->found = newest->found || !newest->damaged;
    return !newest->damaged;
}

static enum store_result newest_of(struct store *store, struct arena *arena, int index, str value, struct channel *out)
{
    struct newest newest = {.arena = arena, .out = out};
    enum store_result result = store_scan(store, RECORD_CHANNEL, index, value, STR_NONE, take_newer, &newest);
    if (result != STORE_OK)
        return result;
    if (newest.damaged)
        return STORE_ERROR;
    return newest.found ? STORE_OK : STORE_NOT_FOUND;
}

enum store_result channel_of_interaction(struct store *store, struct arena *arena, str interaction, struct channel *out)
{
    return newest_of(store, arena, 0, interaction, out);
}

enum store_result channel_of_authenticator(struct store *store, struct arena *arena, str authenticator,
                                           struct channel *out)
{
    return newest_of(store, arena, 1, authenticator, out);
}

struct store_op channel_save_op(struct arena *arena, const struct channel *channel)
{
    struct store_op op = put(arena, channel);
    op.condition = IF_VERSION;
    op.version = channel->version;
    return op;
}

void channel_finish(struct channel *channel, enum channel_end end)
{
    channel->state = CHANNEL_ENDED;
    channel->end = end;
}

struct history channel_history(const struct channel *channel)
{
    return (struct history){.resident = channel->resident,
                            .event = HISTORY_DECLINED,
                            .client_id = channel->client_id,
                            .reason = str_of(channel_end_name((enum channel_end)channel->end)),
                            .browser = channel->browser_family,
                            .place = channel->browser_place,
                            .authenticator = channel->authenticator};
}

void channel_approve(struct arena *arena, struct channel *channel, const struct channel_answer *answer,
                     str *continuation)
{
    const struct answer_text text = {
        .kidc = {answer->person.kidc.digits, KIDC_DIGITS},
        .kyc_token = answer->person.kyc_token,
        .resident = answer->resident,
        .acr = answer->acr,
        .amr = answer->amr,
        .consent_id = answer->consent_id,
        .authenticator = answer->authenticator,
        .auth_time = answer->auth_time,
        .expires_at = answer->expires_at,
    };
    str plain = codec_encode(&answer_codec, arena, &text);
    *continuation = STR_NONE;
    if (channel->way == CHANNEL_SAME_DEVICE) {
        *continuation = random_token(arena, 32);
        channel->continuation = sha256_key(arena, *continuation);
        plain = seal_under(arena, *continuation, STR(CONTINUATION_PURPOSE), plain);
    }
    channel->answer = mailbox_put(arena, channel->slot, plain);
    channel->state = CHANNEL_APPROVED;
}

bool channel_open(struct arena *arena, const struct channel *channel, str secret, str continuation,
                  struct channel_answer *out)
{
    struct answer_text text = {0};
    str plain;
    if (channel->state != CHANNEL_APPROVED || !secret.p ||
        !mailbox_open(arena, secret, channel->sealed_key, channel->answer, &plain))
        return false;
    if (channel->way == CHANNEL_SAME_DEVICE &&
        (!continuation.p || !secret_equal(channel->continuation, sha256_key(arena, continuation)) ||
         !unseal_under(arena, continuation, STR(CONTINUATION_PURPOSE), plain, &plain)))
        return false;
    if (!codec_decode(&answer_codec, plain, &text) || text.kidc.n != KIDC_DIGITS)
        return false;
    *out = (struct channel_answer){.person = {.kyc_token = text.kyc_token},
                                   .resident = text.resident,
                                   .acr = text.acr,
                                   .amr = text.amr,
                                   .consent_id = text.consent_id,
                                   .authenticator = text.authenticator,
                                   .auth_time = text.auth_time,
                                   .expires_at = text.expires_at};
    memcpy(out->person.kidc.digits, text.kidc.p, KIDC_DIGITS);
    return true;
}
