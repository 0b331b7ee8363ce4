#include "signin/limits.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/primitives.h"
#include "records/peer.h"
#include "store/codec.h"

#define MINUTE 60
#define HOUR 3600
#define CODE_LIFE 180
#define CHANNELS_PER_INTERACTION 30 /* in an hour: nobody needs more than a few */

static str name_of(struct arena *arena, const char *what, str whose)
{
    return arena_printf(arena, "%s:%.*s", what, STR_FMT(whose));
}

/* What was taken back of `name`, in the period of counting that ends at `until`. */
static str back_name(struct arena *arena, str name, int64_t until)
{
    return arena_printf(arena, "back:%.*s:%lld", STR_FMT(name), (long long)until);
}

static int64_t life_until(int64_t until)
{
    int64_t now = clock_now();
    return until > now ? until - now : 1;
}

/* Adds to what is taken back; gives the total. */
static enum store_result count_back(struct store *store, struct arena *arena, str name, int64_t until, uint32_t add,
                                    uint32_t *total)
{
    int64_t ends_at;
    return store_count(store, RECORD_COUNTER, back_name(arena, name, until), add, life_until(until), total, &ends_at);
}

/* Adds `add` under `name` and compares with `most`. What is counted either happens or is taken back, never both: so no
 * more than `most` happen, however many come at the same time. */
static enum store_result count(struct store *store, struct arena *arena, str name, uint32_t add, int64_t life,
                               int64_t most, struct limit *out)
{
    uint32_t total, back;
    enum store_result result = store_count(store, RECORD_COUNTER, name, add, life, &total, &out->until);
    if (result == STORE_OK)
        result = count_back(store, arena, name, out->until, 0, &back);
    if (result != STORE_OK)
        return result;
    int64_t left = most + back - total;
    out->reached = left < 0;
    out->left = left < 0 ? 0 : left;
    return STORE_OK;
}

static enum store_result take_back(struct store *store, struct arena *arena, str name, const struct limit *limit)
{
    uint32_t back;
    return count_back(store, arena, name, limit->until, 1, &back);
}

enum store_result limit_typed(struct store *store, struct arena *arena, const struct settings *settings, str peer,
                              struct limit *out)
{
    str name = name_of(arena, "signin-peer", peer_network(arena, peer));
    return count(store, arena, name, 1, MINUTE, settings->limit_signins_per_ip, out);
}

enum store_result limit_sent(struct store *store, struct arena *arena, const struct settings *settings, str resident,
                             struct limit *out)
{
    return count(store, arena, name_of(arena, "otp-sent", resident), 1, HOUR, settings->otp_sends_per_kidc, out);
}

enum store_result limit_resent(struct store *store, struct arena *arena, const struct settings *settings, str jkt,
                               str resident, struct limit *out)
{
    str name = name_of(arena, "otp-again", arena_printf(arena, "%.*s:%.*s", STR_FMT(jkt), STR_FMT(resident)));
    *out = (struct limit){.until = clock_now()};
    return settings->otp_resend_wait > 0 ? count(store, arena, name, 1, settings->otp_resend_wait, 1, out) : STORE_OK;
}

enum store_result limit_unsent(struct store *store, struct arena *arena, str resident, const struct limit *limit)
{
    return take_back(store, arena, name_of(arena, "otp-sent", resident), limit);
}

enum store_result limit_tried(struct store *store, struct arena *arena, const struct settings *settings, str resident,
                              struct limit *out)
{
    str name = name_of(arena, "otp-tried", resident);
    return count(store, arena, name, 1, settings->otp_freeze, settings->otp_attempts, out);
}

enum store_result limit_frozen(struct store *store, struct arena *arena, const struct settings *settings, str resident,
                               struct limit *out)
{
    str name = name_of(arena, "otp-tried", resident);
    enum store_result result = count(store, arena, name, 0, settings->otp_freeze, settings->otp_attempts, out);
    out->reached = result == STORE_OK && out->left == 0;
    return result;
}

enum store_result limit_untried(struct store *store, struct arena *arena, str resident, const struct limit *limit)
{
    return take_back(store, arena, name_of(arena, "otp-tried", resident), limit);
}

enum store_result limit_proved(struct store *store, struct arena *arena, str resident)
{
    struct store_op op = {.what = STORE_DELETE, .kind = RECORD_COUNTER, .key = name_of(arena, "otp-tried", resident)};
    return store_write(store, &op, 1);
}

enum store_result limit_channels(struct store *store, struct arena *arena, const struct settings *settings, str peer,
                                 const struct interaction *interaction, struct limit *out)
{
    const struct {
        str name;
        int64_t life, most;
    } counted[] = {
        {name_of(arena, "channel-peer", peer_network(arena, peer)), MINUTE, settings->limit_channels_per_ip},
        {name_of(arena, "channel-interaction", interaction->id), HOUR, CHANNELS_PER_INTERACTION},
        {name_of(arena, "channel-client", interaction->client_id), MINUTE, settings->limit_channels_per_client},
    };
    enum store_result result = STORE_OK;
    *out = (struct limit){0};
    for (size_t i = 0; i < COUNT_OF(counted) && result == STORE_OK && !out->reached; i++)
        result = count(store, arena, counted[i].name, 1, counted[i].life, counted[i].most, out);
    return result;
}

enum store_result limit_asked(struct store *store, struct arena *arena, const struct settings *settings, str resident,
                              bool counts, struct limit *out)
{
    str name = name_of(arena, "asked", resident);
    enum store_result result = count(store, arena, name, counts, HOUR, settings->limit_asked_per_resident, out);
    out->reached = result == STORE_OK && out->left == 0;
    return result;
}

struct code_life {
    int64_t seconds;
};

static const struct field fields[] = {FIELD(1, FIELD_I64, code_life, seconds)};
static const struct codec codec = {RECORD_COUNTER, fields, COUNT_OF(fields)};

enum store_result limit_code_life(struct store *store, struct arena *arena, bool said, int64_t *seconds)
{
    struct record record;
    struct code_life known = {CODE_LIFE};
    enum store_result result = store_get(store, RECORD_COUNTER, STR("otp-life"), arena, &record);
    if (result != STORE_OK && result != STORE_NOT_FOUND)
        return result;
    if (result == STORE_OK && !codec_decode(&codec, record.value, &known))
        return STORE_ERROR;
    if (!said)
        *seconds = known.seconds;
    if (*seconds == known.seconds)
        return STORE_OK;
    known.seconds = *seconds;
    struct store_op op = {.what = STORE_PUT,
                          .kind = RECORD_COUNTER,
                          .key = STR("otp-life"),
                          .value = codec_encode(&codec, arena, &known)};
    return store_write(store, &op, 1);
}
