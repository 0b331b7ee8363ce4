#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "audit/entry.h"
#include "base/buf.h"
#include "base/log.h"

struct store_op audit_op(struct arena *arena, struct audit_entry *entry)
{
    str *encoded = ARENA_NEW(arena, str);
    *encoded = audit_encode(arena, entry);
    return audit_encoded_op(encoded);
}

bool audit_write(struct store *store, struct audit_entry *entry)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct store_op op = audit_op(arena, entry);
    return store_write(store, &op, 1) == STORE_OK;
}

static str hex(struct arena *arena, const char *bytes, size_t n)
{
    struct buf buf = buf_new(arena, 2 * n + 1);
    for (size_t i = 0; i < n; i++)
        buf_printf(&buf, "%02x", (unsigned char)bytes[i]);
    return buf_str(&buf);
}

/* RFC 3339 in UTC with milliseconds. */
static str time_text(struct arena *arena, int64_t at_ms)
{
    struct tm utc;
    char text[32];
    int64_t ms = (at_ms % 1000 + 1000) % 1000;
    time_t seconds = (at_ms - ms) / 1000;
    if (!gmtime_r(&seconds, &utc))
        return STR_NONE; /* a year that does not fit an int */
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    return arena_printf(arena, "%s.%03dZ", text, (int)ms);
}

/* JSON is UTF-8; what came from outside need not be. */
static void add_text(struct buf *buf, const char *name, str text)
{
    if (text.p && !str_is_utf8(text)) {
        char *clean = arena_alloc(buf->arena, text.n + 1);
        for (size_t i = 0; i < text.n; i++)
            clean[i] = (unsigned char)text.p[i] < 0x80 && text.p[i] != 0 ? text.p[i] : '?';
        text.p = clean;
    }
    buf_json_str(buf, name, text);
}

bool audit_to_json(struct arena *arena, uint64_t number, str value, str *json)
{
    struct audit_entry entry;
    str hash, encoded;
    if (!audit_decode(value, &hash, &encoded, &entry))
        return false;
    struct buf buf = buf_new(arena, 512);
    buf_char(&buf, '{');
    buf_json_int(&buf, "number", (int64_t)number);
    buf_json_str(&buf, "at", time_text(arena, entry.at_ms));
    add_text(&buf, "action", entry.action);
    add_text(&buf, "outcome", entry.outcome);
    add_text(&buf, "actor", entry.actor);
    add_text(&buf, "client_id", entry.client_id);
    add_text(&buf, "subject", entry.subject);
    add_text(&buf, "session_id", entry.session_id);
    add_text(&buf, "request_id", entry.request_id);
    add_text(&buf, "transaction_id", entry.transaction_id);
    add_text(&buf, "xroad_id", entry.xroad_id);
    add_text(&buf, "peer", entry.peer);
    add_text(&buf, "detail", entry.detail);
    buf_json_str(&buf, "hash", hex(arena, hash.p, hash.n));
    buf_char(&buf, '}');
    *json = buf_str(&buf);
    return true;
}

struct walk {
    struct audit_report *report;
    char head[SHA256_BYTES];
};

static uint64_t number_of(str key)
{
    uint64_t number = 0;
    for (size_t i = 0; i < key.n && key.n == sizeof number; i++)
        number = number << 8 | (unsigned char)key.p[i];
    return number;
}

static const char *problem_of(const struct walk *walk, const struct record *record)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct audit_entry entry;
    str hash, encoded;
    uint64_t expected = walk->report->entries + 1;
    if (number_of(record->key) != expected)
        return "an entry is missing";
    if (!audit_decode(record->value, &hash, &encoded, &entry))
        return "the entry cannot be read";
    unsigned char right[SHA256_BYTES];
    audit_hash(arena, expected == 1 ? STR_NONE : str_bytes(walk->head, SHA256_BYTES), encoded, right);
    if (!str_eq(hash, str_bytes(right, sizeof right)))
        return "the entry does not follow from the one before: one of the two was changed, removed or moved";
    return NULL;
}

static bool verify_one(const struct record *record, void *context)
{
    struct walk *walk = context;
    walk->report->problem = problem_of(walk, record);
    if (walk->report->problem)
        return false;
    memcpy(walk->head, record->value.p, SHA256_BYTES);
    walk->report->entries++;
    return true;
}

bool audit_verify(struct store *store, struct arena *arena, struct audit_report *out)
{
    struct walk walk = {.report = out};
    *out = (struct audit_report){0};
    enum store_result result = store_scan(store, RECORD_AUDIT, -1, STR_NONE, STR_NONE, verify_one, &walk);
    if (result != STORE_OK)
        out->problem = "the store cannot be read";
    if (out->problem)
        out->bad_at = out->entries + 1;
    out->head = out->entries > 0 ? hex(arena, walk.head, sizeof walk.head) : STR_NONE;
    return out->problem == NULL;
}
