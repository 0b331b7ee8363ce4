/* The waiting browser's endpoints. Their answers are for templates/assets/qr.js. */
#include "base/buf.h"
#include "base/clock.h"
#include "crypto/primitives.h"
#include "records/browser.h"
#include "records/known_browser.h"
#include "records/places.h"
#include "signin/csrf.h"
#include "signin/limits.h"
#include "signin/qr/qr.h"
#include "signin/ways.h"

#define WAIT_MS 25000
#define TRIES 3 /* when other tabs do the same */

static void refuse(struct request *rq, int status, const char *error, const char *description)
{
    respond_json(rq, status,
                 arena_printf(rq->arena, "{\"error\":\"%s\",\"error_description\":\"%s\"}", error, description));
}

static void refuse_later(struct request *rq)
{
    refuse(rq, 503, "temporarily_unavailable", "try again in a moment");
}

/* There is no channel: unknown, used up, or its time is over. */
static void say_state(struct request *rq, const char *state)
{
    respond_json(rq, 200, arena_printf(rq->arena, "{\"state\":\"%s\"}", state));
}

/* What the browser says that it knows: the channel's id and its record's version. */
static bool read_seen(const struct request *rq, str *id, uint64_t *version)
{
    str seen = params_get(&rq->query, "seen"), number;
    return seen.p && str_cut(seen, '.', id, &number) && str_to_u64(number, INT64_MAX, version);
}

/* Another browser, or none that we know. Whoever merely knows the interaction's id, which stands in addresses, does no
 * harm; whoever also knows the channel has it from the screen of the one that waits. */
static void refuse_foreign(struct provider *provider, struct request *rq)
{
    struct channel channel;
    str id;
    uint64_t version;
    if (read_seen(rq, &id, &version) && channel_load(provider->store, rq->arena, id, &channel) == STORE_OK &&
        str_eq(channel.interaction, rq->tail) && channel.state != CHANNEL_ENDED) {
        if (!request_may_wait(rq)) {
            request_move_to_worker(rq);
            return;
        }
        channel_fail(provider, rq, &channel, END_FOREIGN_COOKIE);
    }
    refuse(rq, 403, "elsewhere", "this sign-in was begun in another browser");
}

/* Loads what the path names. False, and answered, when that is not this browser's. */
static bool open(struct provider *provider, struct request *rq, struct interaction *interaction)
{
    struct interaction others;
    enum store_result result = interaction_load(provider->store, rq, rq->tail, interaction);
    if (result == STORE_NOT_FOUND) {
        result = interaction_peek(provider->store, rq->arena, rq->tail, &others);
        if (result == STORE_OK) {
            refuse_foreign(provider, rq);
            return false;
        }
    }
    if (result == STORE_NOT_FOUND)
        refuse(rq, 404, "not_found", "there is no such sign-in, or its time is over");
    else if (result != STORE_OK)
        refuse_later(rq);
    return result == STORE_OK;
}

/* ---- begin ---- */

struct begin {
    struct provider *provider;
    struct request *rq;
    struct interaction interaction;
    enum channel_way way;
    bool anew, counted;
};

/* What the phone is told of this browser. */
static struct channel new_channel(struct begin *begin)
{
    struct request *rq = begin->rq;
    struct place place = {STR_NONE, STR_NONE};
    (void)!place_find(begin->provider->places, rq->peer, &place);
    return (struct channel){.way = begin->way,
                            .interaction = begin->interaction.id,
                            .client_id = begin->interaction.client_id,
                            .browser_family = browser_family(rq->arena, request_header(rq, "User-Agent")),
                            .browser_peer = rq->peer,
                            .browser_place = place.name,
                            .browser_mark = known_browser_mark(rq)};
}

/* False, and answered, when there were too many. */
static bool count(struct begin *begin)
{
    struct request *rq = begin->rq;
    struct limit limit;
    if (begin->counted)
        return true;
    begin->counted = true;
    enum store_result result = limit_channels(begin->provider->store, rq->arena, begin->provider->settings, rq->peer,
                                              &begin->interaction, &limit);
    if (result != STORE_OK) {
        refuse_later(rq);
        return false;
    }
    if (!limit.reached)
        return true;
    int64_t wait = limit.until - clock_now();
    respond_json(
        rq, 429,
        arena_printf(rq->arena, "{\"error\":\"throttled\",\"retry_after\":%lld}", (long long)(wait > 0 ? wait : 1)));
    return false;
}

/* Makes a channel in place of `old` (NULL: there is none). The interaction is written too, so that of two tabs one wins
 * and the other one finds its channel. */
static enum store_result replace(struct begin *begin, struct channel *old, struct channel *out)
{
    struct arena *arena = begin->rq->arena;
    struct store_op ops[3];
    size_t n = 0;
    *out = new_channel(begin);
    ops[n++] = channel_create_op(arena, interaction_secret(begin->rq), out);
    ops[n++] = interaction_save_op(arena, &begin->interaction);
    if (old) {
        channel_finish(old, END_REPLACED);
        ops[n++] = channel_save_op(arena, old);
    }
    enum store_result result = store_write(begin->provider->store, ops, n);
    out->version = 1;
    if (result == STORE_OK && old)
        http_wake(begin->provider->http, old->id);
    return result;
}

/* Finds or makes the channel. STORE_CONFLICT: look again. STORE_NOT_FOUND: answered. */
static enum store_result find_or_make(struct begin *begin, struct channel *channel)
{
    struct channel old;
    enum store_result result =
        channel_of_interaction(begin->provider->store, begin->rq->arena, begin->interaction.id, &old);
    if (result != STORE_OK && result != STORE_NOT_FOUND)
        return result;
    bool lives = result == STORE_OK && old.state != CHANNEL_ENDED;
    if (lives && old.way == (int64_t)begin->way && !begin->anew) {
        *channel = old;
        return STORE_OK;
    }
    if (!count(begin))
        return STORE_NOT_FOUND;
    return replace(begin, lives ? &old : NULL, channel);
}

static void run(struct begin *begin)
{
    struct channel channel;
    enum store_result result = STORE_CONFLICT;
    for (int i = 0; i < TRIES && result == STORE_CONFLICT; i++) {
        if (i > 0 && !open(begin->provider, begin->rq, &begin->interaction))
            return;
        result = find_or_make(begin, &channel);
    }
    if (result == STORE_OK)
        respond_json(begin->rq, 200, channel_say(begin->provider, begin->rq->arena, &channel));
    else if (result != STORE_NOT_FOUND)
        refuse_later(begin->rq);
}

/* Whether the form is one of our page, as that is now. False when it was answered. */
static bool is_ours(struct begin *begin)
{
    struct request *rq = begin->rq;
    enum csrf_result token = CSRF_FORGED;
    if (rq->body_type == BODY_FORM && rq->form.status == PARAMS_OK &&
        csrf_same_origin(rq, begin->provider->settings->issuer))
        token = csrf_check(begin->provider->keys, rq->arena, &begin->interaction, params_get(&rq->form, "csrf"));
    if (token == CSRF_FORGED)
        refuse(rq, 403, "forbidden", "the form is not one of this page");
    else if (token == CSRF_STALE || begin->interaction.stage != STAGE_START)
        say_state(rq, "moved");
    return token == CSRF_VALID && begin->interaction.stage == STAGE_START;
}

static bool read_way(struct begin *begin)
{
    str way = params_get(&begin->rq->form, "way");
    begin->way = str_is(way, "same_device") ? CHANNEL_SAME_DEVICE : CHANNEL_QR;
    begin->anew = str_is(params_get(&begin->rq->form, "anew"), "yes");
    return str_is(way, "same_device") || str_is(way, "qr");
}

/* Whether the request and its client leave this way. */
static bool is_allowed(struct begin *begin)
{
    struct visit visit = {.provider = begin->provider, .rq = begin->rq, .interaction = begin->interaction};
    visit.client = client_find(begin->provider->clients, begin->rq->arena, begin->interaction.client_id);
    unsigned needed = 1u << WAY_QR; /* on the same device it is the passkey alone that counts */
    if (begin->way == CHANNEL_SAME_DEVICE)
        needed |= 1u << WAY_PASSKEY;
    return visit.client && (ways_of(&visit) & needed) == needed;
}

void channel_begin(struct request *rq, void *context)
{
    struct begin begin = {.provider = context, .rq = rq};
    if (!open(begin.provider, rq, &begin.interaction) || !is_ours(&begin))
        return;
    if (!read_way(&begin))
        refuse(rq, 400, "invalid_request", "way must be qr or same_device");
    else if (!is_allowed(&begin))
        refuse(rq, 403, "not_offered", "this request can't be answered by a phone from here");
    else
        run(&begin);
}

/* ---- wait ---- */

/* How long there may be nothing new. */
static unsigned wait_ms(const struct channel *channel)
{
    int64_t left = channel->expires_at * 1000 - clock_now_ms();
    return left < 1 ? 1 : left < WAIT_MS ? (unsigned)left : WAIT_MS;
}

void channel_wait(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct interaction interaction;
    struct channel channel;
    str id = STR_NONE;
    uint64_t version = 0;
    if (!open(provider, rq, &interaction))
        return;
    bool has_seen = read_seen(rq, &id, &version);
    if (has_seen && id.n <= HTTP_TOPIC_MAX)
        request_watch(rq, id);
    if (interaction.stage != STAGE_START) {
        say_state(rq, "moved");
        return;
    }
    enum store_result result = has_seen ? channel_load(provider->store, rq->arena, id, &channel)
                                        : channel_of_interaction(provider->store, rq->arena, interaction.id, &channel);
    if (result == STORE_NOT_FOUND || (result == STORE_OK && !str_eq(channel.interaction, interaction.id)))
        say_state(rq, "expired");
    else if (result != STORE_OK)
        refuse_later(rq);
    else if (!has_seen || channel.version != version || channel.state == CHANNEL_ENDED || request_waited_out(rq) ||
             !request_park(rq, wait_ms(&channel)))
        respond_json(rq, 200, channel_say(provider, rq->arena, &channel));
}

void channel_link(struct request *rq, void *context)
{
    struct provider *provider = context;
    respond_redirect(
        rq, arena_printf(rq->arena, "%.*s/app#q=%.*s", STR_FMT(provider->settings->issuer), STR_FMT(rq->tail)));
}
