#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/json.h"
#include "operator/estate.h"
#include "operator/verbs.h"

#define ENTRY_MAX ((size_t)64 * 1024)
#define LIMIT_MAX 100000

const struct flag audit_show_flags[] = {
    {"client", "ID", "only entries about this relying party"},
    {"action", "NAME", "only this action; \"signin.\" takes all that begin so"},
    {"since", "TIME", "only entries of the last 30s, 15m, 8h or 7d, or since 2026-11-21 or 2026-11-21T08:00:00Z"},
    {"limit", "NUMBER", "only the last so many (default 100)"},
    {NULL, NULL, NULL}};

/* The last entries that are wanted: a ring that forgets the oldest. */
struct wanted {
    str client, action;
    str since; /* as the entries write time: such texts sort as the times do */
    char **last;
    size_t limit, count;
    uint64_t damaged; /* the number of one that could not be read */
};

static bool is_wanted(const struct wanted *wanted, const json_t *entry)
{
    str action = json_str(entry, "action");
    bool same =
        str_ends(wanted->action, STR(".")) ? str_starts(action, wanted->action) : str_eq(action, wanted->action);
    return (!wanted->action.p || same) && (!wanted->client.p || str_eq(json_str(entry, "client_id"), wanted->client)) &&
           (!wanted->since.p || str_cmp(json_str(entry, "at"), wanted->since) >= 0);
}

static uint64_t number_of(str key)
{
    uint64_t number = 0;
    for (size_t i = 0; i < key.n; i++)
        number = number << 8 | (unsigned char)key.p[i];
    return number;
}

static bool look_at(const struct record *record, void *context)
{
    struct wanted *wanted = context;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str json;
    if (!audit_to_json(arena, number_of(record->key), record->value, &json)) {
        wanted->damaged = number_of(record->key);
        return true;
    }
    if (!is_wanted(wanted, json_parse_object(arena, json, ENTRY_MAX)))
        return true;
    char **place = &wanted->last[wanted->count++ % wanted->limit];
    free(*place);
    *place = strndup(json.p, json.n);
    if (!*place)
        abort();
    return true;
}

/* A time as the entries have it, from a length of time before now or from a date; false when it is neither. */
static bool read_since(struct arena *arena, str given, str *out)
{
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    const char *unit = given.n > 1 ? strchr(units, given.p[given.n - 1]) : NULL;
    uint64_t number;
    if (unit && *unit && str_to_u64((str){given.p, given.n - 1}, 1000000, &number)) {
        str text = command_time(arena, clock_now() - (int64_t)number * seconds[unit - units]);
        *out = (str){text.p, text.n - 1}; /* without the Z: the entries have fractions there */
        return true;
    }
    for (size_t i = 0; i < given.n; i++)
        if (!strchr("0123456789-T:.Z", given.p[i]))
            return false;
    *out = str_ends(given, STR("Z")) ? (str){given.p, given.n - 1} : given;
    return given.n >= 10 && given.p[4] == '-' && given.p[7] == '-';
}

static void print_entry(struct arena *arena, str json, struct buf *out)
{
    static const char *const names[] = {"outcome",    "actor",          "client_id", "subject", "session_id",
                                        "request_id", "transaction_id", "xroad_id",  "peer",    "detail"};
    const json_t *entry = json_parse_object(arena, json, ENTRY_MAX);
    buf_printf(out, "%.*s %s=%.*s", STR_FMT(json_str(entry, "at")), "action", STR_FMT(json_str(entry, "action")));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        str value = json_str(entry, names[i]);
        if (value.n > 0)
            buf_printf(out, str_has(value, ' ') ? " %s=\"%.*s\"" : " %s=%.*s", names[i], STR_FMT(value));
    }
}

static void print_wanted(struct command *command, const struct wanted *wanted)
{
    size_t kept = wanted->count < wanted->limit ? wanted->count : wanted->limit;
    if (command->json)
        command_print(STR("["));
    for (size_t i = 0; i < kept; i++) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct buf line = buf_new(arena, 512);
        str json = str_of(wanted->last[(wanted->count - kept + i) % wanted->limit]);
        if (command->json)
            buf_printf(&line, "%.*s%s", STR_FMT(json), i + 1 < kept ? "," : "");
        else
            print_entry(arena, json, &line);
        command_print(buf_str(&line));
    }
    if (command->json)
        command_print(STR("]"));
}

int audit_show_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct wanted wanted = {.client = command_value(command, "client"), .action = command_value(command, "action")};
    str limit = command_value(command, "limit"), since = command_value(command, "since");
    uint64_t number = 100;
    if (limit.p && (!str_to_u64(limit, LIMIT_MAX, &number) || number == 0))
        return command_misused("--limit must be a number from 1 to %d", LIMIT_MAX);
    if (since.p && !read_since(command->arena, since, &wanted.since))
        return command_misused("--since must be like 8h, 7d, 2026-11-21 or 2026-11-21T08:00:00Z");
    if (!estate_open(command, false, &estate))
        return FAILED;
    wanted.limit = number;
    wanted.last = ARENA_ARRAY(command->arena, char *, number);
    enum store_result result = store_scan(estate.store, RECORD_AUDIT, -1, STR_NONE, STR_NONE, look_at, &wanted);
    if (result == STORE_OK)
        print_wanted(command, &wanted);
    for (size_t i = 0; i < wanted.limit; i++)
        free(wanted.last[i]);
    if (wanted.damaged > 0)
        return command_fails("entry %" PRIu64 " can't be read; see konsao audit verify", wanted.damaged);
    return result == STORE_OK ? DONE : estate_fails(result);
}

int audit_verify_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct audit_report report;
    if (!estate_open(command, false, &estate))
        return FAILED;
    bool holds = audit_verify(estate.store, command->arena, &report);
    if (command->json) {
        struct buf json = buf_new(command->arena, 256);
        buf_char(&json, '{');
        buf_json_bool(&json, "holds", holds);
        buf_json_int(&json, "entries", (int64_t)report.entries);
        buf_json_str(&json, "head", report.head);
        if (!holds)
            buf_json_int(&json, "bad_at", (int64_t)report.bad_at);
        buf_json_str(&json, "problem", str_of(report.problem));
        buf_char(&json, '}');
        command_print(buf_str(&json));
        return holds ? DONE : FAILED;
    }
    if (!holds)
        return command_fails("entry %" PRIu64 ": %s (the %" PRIu64 " before it hold)", report.bad_at, report.problem,
                             report.entries);
    command_print(arena_printf(command->arena, "All %" PRIu64 " entries hold. Head: %.*s", report.entries,
                               STR_FMT(report.head.p ? report.head : STR("none"))));
    return DONE;
}
