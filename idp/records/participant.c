#include "records/participant.h"

#include <endian.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "records/session.h"
#include "store/codec.h"

#define AT_ONCE 32
#define DUE_AT_ONCE 200
#define DEADLINE_BYTES 8

static const struct field fields[] = {
    FIELD(1, FIELD_STR, participant, sid),
    FIELD(2, FIELD_STR, participant, client_id),
    FIELD(3, FIELD_STR, participant, subject),
    FIELD(4, FIELD_STR, participant, client_sid),
    FIELD(5, FIELD_STR, participant, backchannel_uri),
    FIELD(6, FIELD_STR, participant, frontchannel_uri),
};
static const struct codec codec = {RECORD_PARTICIPANT, fields, COUNT_OF(fields)};

bool client_is_told_of_logout(const struct client *client)
{
    return client->backchannel_logout_uri.p || client->frontchannel_logout_uri.p;
}

static str key_of(struct arena *arena, const struct participant *participant)
{
    struct buf key = buf_new(arena, participant->sid.n + participant->client_id.n + 1);
    buf_add(&key, participant->sid);
    buf_char(&key, '\0');
    buf_add(&key, participant->client_id);
    return buf_str(&key);
}

struct store_op participant_op(struct arena *arena, const struct participant *participant)
{
    return (struct store_op){.what = STORE_PUT,
                             .kind = RECORD_PARTICIPANT,
                             .key = key_of(arena, participant),
                             .value = codec_encode(&codec, arena, participant),
                             .index = {participant->sid}};
}

struct store_op deadline_op(struct arena *arena, str sid, int64_t ends_at)
{
    uint64_t when = htobe64((uint64_t)ends_at); /* the highest byte first: keys sort by time */
    struct buf key = buf_new(arena, sizeof when + sid.n);
    buf_add(&key, str_bytes(&when, sizeof when));
    buf_add(&key, sid);
    return (struct store_op){.what = STORE_PUT, .kind = RECORD_DEADLINE, .key = buf_str(&key), .value = STR("session")};
}

bool participant_read_recipe(str recipe, str *subject, str *client_sid)
{
    return str_cut(recipe, '\n', subject, client_sid) && subject->n > 0 && client_sid->n > 0;
}

static struct store_op notice_op(struct arena *arena, const struct participant *participant)
{
    struct outbox_notice notice = {
        .url = participant->backchannel_uri,
        .kind = STR(NOTICE_BACKCHANNEL_LOGOUT),
        .client_id = participant->client_id,
        .recipe = arena_printf(arena, "%.*s\n%.*s", STR_FMT(participant->subject), STR_FMT(participant->client_sid))};
    return outbox_op(arena, &notice);
}

struct page {
    struct arena *arena;
    struct participant items[AT_ONCE];
    size_t count;
};

static bool collect(const struct record *record, void *context)
{
    struct page *page = context;
    struct participant *participant = &page->items[page->count++];
    *participant = (struct participant){0};
    if (!codec_decode(&codec, arena_str(page->arena, record->value), participant)) {
        log_error("participant.unreadable");
        page->count--;
    }
    return page->count < AT_ONCE;
}

static void show(struct participants *shown, const struct participant *participant)
{
    if (shown && participant->frontchannel_uri.p && shown->count < PARTICIPANTS_SHOWN)
        shown->items[shown->count++] = *participant;
}

enum store_result participants_dismiss(struct store *store, struct arena *arena, str sid, struct participants *shown)
{
    for (;;) {
        struct page page = {.arena = arena};
        enum store_result result = store_scan(store, RECORD_PARTICIPANT, 0, sid, STR_NONE, collect, &page);
        if (result != STORE_OK || page.count == 0)
            return result;
        struct store_op ops[2 * AT_ONCE];
        size_t count = 0;
        for (size_t i = 0; i < page.count; i++) {
            ops[count++] = (struct store_op){
                .what = STORE_DELETE, .kind = RECORD_PARTICIPANT, .key = key_of(arena, &page.items[i])};
            if (page.items[i].backchannel_uri.p)
                ops[count++] = notice_op(arena, &page.items[i]);
            show(shown, &page.items[i]);
        }
        result = store_write(store, ops, count);
        if (result != STORE_OK)
            return result;
    }
}

struct due {
    struct arena *arena;
    int64_t now;
    str keys[DUE_AT_ONCE];
    size_t count;
};

static bool collect_due(const struct record *record, void *context)
{
    struct due *due = context;
    uint64_t when;
    if (record->key.n <= DEADLINE_BYTES)
        return true;
    memcpy(&when, record->key.p, sizeof when);
    if ((int64_t)be64toh(when) > due->now)
        return false;
    due->keys[due->count++] = arena_str(due->arena, record->key);
    return due->count < DUE_AT_ONCE;
}

/* A session that was renewed meanwhile (the person signed in anew) gets its new deadline instead. */
static enum store_result reach(struct store *store, struct arena *arena, str key, int64_t now)
{
    str sid = {key.p + DEADLINE_BYTES, key.n - DEADLINE_BYTES};
    int64_t ends_at = session_ends_at(store, sid);
    struct store_op ops[2] = {{.what = STORE_DELETE, .kind = RECORD_DEADLINE, .key = key}};
    bool goes_on = ends_at > now;
    if (goes_on)
        ops[1] = deadline_op(arena, sid, ends_at);
    enum store_result result = goes_on ? STORE_OK : participants_dismiss(store, arena, sid, NULL);
    return result == STORE_OK ? store_write(store, ops, goes_on ? 2 : 1) : result;
}

size_t participants_dismiss_due(struct store *store, int64_t now)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct due due = {.arena = arena, .now = now};
    if (store_scan(store, RECORD_DEADLINE, -1, STR_NONE, STR_NONE, collect_due, &due) != STORE_OK)
        return 0;
    for (size_t i = 0; i < due.count; i++)
        if (reach(store, arena, due.keys[i], now) != STORE_OK)
            return i;
    return due.count;
}
