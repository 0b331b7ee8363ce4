#include "signin/authenticator/devices.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "records/decoupled.h"

#define NOTICES_MAX 20
#define HISTORY_READ 200 /* as far back as notices are looked for */
#define NAME_BYTES_MAX (DEVICE_NAME_MAX * 4)

/* ---- what is shown ---- */

str device_json(struct arena *arena, const struct authenticator *authenticator, str mine)
{
    struct buf json = buf_new(arena, 256);
    buf_char(&json, '{');
    buf_json_str(&json, "id", authenticator_id(arena, authenticator->key));
    buf_json_str(&json, "name", authenticator->name);
    buf_json_int(&json, "created_at", authenticator->created_at);
    buf_json_int(&json, "last_used_at", authenticator->last_used_at);
    buf_json_int(&json, "active_at", authenticator->active_at);
    buf_json_bool(&json, "this", str_eq(authenticator->key, mine));
    buf_json_bool(&json, "backed_up", authenticator->backed_up);
    buf_char(&json, '}');
    return buf_str(&json);
}

/* ---- names ---- */

static unsigned byte_at(str text, size_t i)
{
    return i < text.n ? (unsigned char)text.p[i] : 0;
}

/* A character that shows nothing begins at byte `i`: a space of whatever width, or none (U+00A0, U+00AD, U+2000 to
 * U+200F, U+2028 to U+202F, U+2060 to U+206F, U+3000, U+FEFF). */
static bool is_unseen(str text, size_t i)
{
    unsigned a = byte_at(text, i), b = byte_at(text, i + 1), c = byte_at(text, i + 2);
    return a == ' ' || (a == 0xc2 && (b == 0xa0 || b == 0xad)) || (a == 0xe2 && b == 0x80 && c <= 0x8f) ||
           (a == 0xe2 && b == 0x80 && c >= 0xa8 && c <= 0xaf) || (a == 0xe2 && b == 0x81 && c >= 0xa0 && c <= 0xaf) ||
           (a == 0xe3 && b == 0x80 && c == 0x80) || (a == 0xef && b == 0xbb && c == 0xbf);
}

/* U+0000 to U+001F, U+007F to U+009F. */
static bool is_control(str text, size_t i)
{
    unsigned a = byte_at(text, i), b = byte_at(text, i + 1);
    return a < 0x20 || a == 0x7f || (a == 0xc2 && b < 0xa0);
}

bool device_name_ok(str name)
{
    size_t characters = 0, seen = 0;
    if (!str_is_utf8(name))
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if ((byte_at(name, i) & 0xc0) == 0x80)
            continue; /* within a character */
        if (is_control(name, i) || str_turns_direction(name, i))
            return false;
        characters++;
        seen += !is_unseen(name, i);
    }
    return seen > 0 && characters <= DEVICE_NAME_MAX;
}

bool device_name(struct call *call, str *out)
{
    if (!api_text(call, "name", API_BODY_MAX, out))
        return false;
    *out = str_trim(*out);
    if (out->n <= NAME_BYTES_MAX && device_name_ok(*out))
        return true;
    api_fail(call, API_INVALID_NAME);
    return false;
}

/* ---- what the others are told ---- */

const char *history_event_name(int64_t event)
{
    static const char *const names[] = {
        [HISTORY_SIGNED_IN] = "signed_in", [HISTORY_DECLINED] = "declined", [HISTORY_ADDED] = "added",
        [HISTORY_REMOVED] = "removed",     [HISTORY_RESTORED] = "restored", [HISTORY_RENAMED] = "renamed",
        [HISTORY_WITHDRAWN] = "withdrawn", [HISTORY_CLONED] = "cloned",
    };
    return event > 0 && (size_t)event < COUNT_OF(names) ? names[event] : "";
}

struct history device_event(const struct authenticator *authenticator, enum history_event event, str by)
{
    return (struct history){.resident = authenticator->resident,
                            .event = event,
                            .authenticator = by,
                            .authenticator_name = authenticator->name};
}

static bool is_about_devices(int64_t event)
{
    return event == HISTORY_ADDED || event == HISTORY_REMOVED || event == HISTORY_RESTORED ||
           event == HISTORY_RENAMED || event == HISTORY_CLONED;
}

/* What was shown last, or when it was enrolled: both are keys that are ordered by time, as those of entries. */
static str known_until(const struct authenticator *mine)
{
    return mine->seen.p && str_cmp(mine->seen, mine->key) > 0 ? mine->seen : mine->key;
}

static void add_notice(struct arena *arena, struct buf *json, const struct history *entry)
{
    if (json->n > 1)
        buf_char(json, ',');
    buf_char(json, '{');
    buf_json_str(json, "entry", base64url_encode(arena, entry->key));
    buf_json_str(json, "event", str_of(history_event_name(entry->event)));
    buf_json_str(json, "authenticator_name", entry->authenticator_name.p ? entry->authenticator_name : STR(""));
    buf_json_int(json, "at", entry->at);
    buf_char(json, '}');
}

enum store_result authenticator_notices(struct store *store, struct arena *arena, const struct authenticator *mine,
                                        str *json)
{
    struct buf list = buf_new(arena, 256);
    size_t count = 0, noticed = 0;
    struct history *entries = ARENA_ARRAY(arena, struct history, HISTORY_READ);
    enum store_result result = STORE_OK;
    if (mine->active_at <= clock_now())
        result = history_list(store, arena, mine->resident, known_until(mine), STR_NONE, entries, HISTORY_READ, &count);
    buf_char(&list, '[');
    for (size_t i = 0; i < count && noticed < NOTICES_MAX; i++) {
        if (!is_about_devices(entries[i].event) || str_eq(entries[i].authenticator, mine->key))
            continue;
        add_notice(arena, &list, &entries[i]);
        noticed++;
    }
    buf_char(&list, ']');
    *json = buf_str(&list);
    return result;
}

bool device_note_clone(struct provider *provider, const struct request *rq, const struct authenticator *authenticator)
{
    struct arena *arena = rq->arena;
    struct history event = device_event(authenticator, HISTORY_CLONED, STR_NONE);
    struct audit_entry entry = {
        .action = STR("passkey.cloned"),
        .outcome = STR("counter"),
        .actor = arena_printf(arena, "resident:%.*s", STR_FMT(authenticator->resident)),
        .request_id = str_of(rq->id),
        .peer = rq->peer,
        .detail = arena_printf(arena, "authenticator=%.*s", STR_FMT(authenticator_id(arena, authenticator->key)))};
    const struct store_op ops[] = {history_op(arena, &event, provider->settings->life_history),
                                   audit_op(arena, &entry)};
    if (store_write(provider->store, ops, COUNT_OF(ops)) != STORE_OK) {
        log_error("passkey.cloned not written request=%s", rq->id);
        return false;
    }
    http_wake(provider->http, decoupled_topic(arena, authenticator->resident));
    return true;
}
