/* Who may use a back office. */
#include "records/officer.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "operator/estate.h"
#include "operator/verbs.h"
#include "records/client/client.h"
#include "records/grant.h"
#include "records/session.h"

#define DAY ((int64_t)86400)
#define DAYS_MAX 3660
#define LINE_MAX_BYTES 200

const struct flag officer_grant_flags[] = {
    {"client", "ID", "the back office"},
    {"organization", "TEXT", "whom the official works for"},
    {"role", "ROLE", "what the official is there (may repeat)"},
    {"expires", "DAYS", "it ends by itself after so many days (or 12h); default: when withdrawn"},
    {NULL, NULL, NULL}};
const struct flag officer_revoke_flags[] = {
    {"client", "ID", "the back office"},
    {"resident", "REFERENCE", "as `konsao officer list` shows it, instead of the KIdC on standard input"},
    {NULL, NULL, NULL}};
const struct flag officer_list_flags[] = {{"client", "ID", "of this back office alone"}, {NULL, NULL, NULL}};

/* ---- who it is about ---- */

/* Reads the KIdC from standard input: as an argument it would stand in the list of processes and the shell's history.
 */
static bool read_resident(struct command *command, const struct estate *estate, str *out)
{
    char line[LINE_MAX_BYTES];
    struct kidc kidc;
    if (isatty(STDIN_FILENO))
        fputs("KIdC: ", stderr);
    if (!fgets(line, sizeof line, stdin))
        return command_fails("the KIdC is read from standard input, and there is none") == DONE;
    str text = str_of(line);
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    if (!kidc_parse(text, &kidc))
        return command_fails("what standard input gives is not a KIdC") == DONE;
    *out = resident_of(estate->ring, command->arena, &kidc);
    return true;
}

/* Whether the client is one that lets nobody in without a right; false, and told, when there is no such client. */
static bool read_client(struct command *command, const struct estate *estate, str id, bool *officers_only)
{
    struct record record;
    str why;
    if (id.n > STORE_KEY_MAX || store_get(estate->store, RECORD_CLIENT, id, command->arena, &record) != STORE_OK)
        return command_fails("there is no client called %.*s", STR_FMT(id)) == DONE;
    struct client *client = client_parse(record.value, command->arena, &why);
    if (!client)
        return command_fails("%.*s can't be read: %.*s", STR_FMT(id), STR_FMT(why)) == DONE;
    *officers_only = client->officers_only;
    client_free(client);
    return true;
}

/* ---- grant ---- */

static bool read_roles(struct command *command, str *out)
{
    struct buf roles = buf_new(command->arena, 64);
    size_t count = 0;
    for (size_t i = 0; i < command->given_count; i++) {
        str role = command->given[i].value;
        if (!str_is(str_of(command->given[i].name), "role"))
            continue;
        if (!officer_role_fits(role) || str_list_has(buf_str(&roles), ' ', role) || ++count > OFFICER_ROLES_MAX)
            return command_misused("--role takes up to %d different words of at most %d bytes, ASCII without quotes",
                                   OFFICER_ROLES_MAX, OFFICER_ROLE_MAX) == DONE;
        buf_add_word(&roles, role);
    }
    *out = buf_str(&roles);
    return count > 0 || command_misused("--role is needed: what the official is there") == DONE;
}

static bool read_grant(struct command *command, struct officer *officer)
{
    str life = command_value(command, "expires");
    int64_t seconds;
    *officer = (struct officer){.client_id = command_value(command, "client"),
                                .organization = command_value(command, "organization"),
                                .granted_at = clock_now()};
    if (!officer->client_id.n || !officer->organization.n)
        return command_misused("--client and --organization are needed") == DONE;
    if (!officer_organization_fits(officer->organization))
        return command_misused("--organization must be one line of at most %d bytes", OFFICER_ORGANIZATION_MAX) == DONE;
    if (life.p && !command_life(life, DAY, DAYS_MAX * DAY, &seconds))
        return command_misused("--expires must be a number of days, or a time such as 12h, at most %d days",
                               DAYS_MAX) == DONE;
    if (life.p)
        officer->expires_at = officer->granted_at + seconds;
    return read_roles(command, &officer->roles);
}

static void add_json(struct buf *json, const struct officer *officer)
{
    buf_char(json, '{');
    buf_json_str(json, "client", officer->client_id);
    buf_json_str(json, "resident", officer->resident);
    officer_add_claims(json, officer);
    buf_json_int(json, "granted_at", officer->granted_at);
    buf_json_str(json, "granted_by", officer->granted_by);
    if (officer->expires_at > 0)
        buf_json_int(json, "expires_at", officer->expires_at);
    buf_char(json, '}');
}

static void tell_granted(struct command *command, const struct officer *officer, bool officers_only)
{
    struct buf json = buf_new(command->arena, 256);
    add_json(&json, officer);
    if (command->json)
        command_print(buf_str(&json));
    else
        command_print(arena_printf(command->arena, "Granted to %.*s at %.*s.", STR_FMT(officer->resident),
                                   STR_FMT(officer->client_id)));
    if (!officers_only)
        fprintf(stderr,
                "konsao: everybody gets in there until `konsao client set %.*s --officers-only`, and no roles are "
                "told\n",
                STR_FMT(officer->client_id));
}

int officer_grant_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct officer officer;
    bool officers_only = true;
    if (!read_grant(command, &officer))
        return MISUSED;
    if (!estate_open(command, false, &estate) || !read_client(command, &estate, officer.client_id, &officers_only) ||
        !read_resident(command, &estate, &officer.resident))
        return FAILED;
    struct audit_entry entry = estate_audit_entry(
        command, "officer.grant", officer.client_id,
        arena_printf(command->arena, "resident:%.*s roles: %.*s", STR_FMT(officer.resident), STR_FMT(officer.roles)));
    officer.granted_by = entry.actor;
    struct store_op ops[] = {officer_op(command->arena, &officer), audit_op(command->arena, &entry)};
    if (!estate_write(&estate, ops, COUNT_OF(ops)))
        return FAILED;
    tell_granted(command, &officer, officers_only);
    return DONE;
}

/* ---- revoke ---- */

int officer_revoke_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    str client = command_value(command, "client"), resident = command_value(command, "resident");
    if (!client.n)
        return command_misused("--client is needed");
    if (client.n + resident.n >= STORE_KEY_MAX || (resident.p && !resident.n))
        return command_misused("--client or --resident is nothing that there could be");
    if (!estate_open(command, false, &estate) || (!resident.p && !read_resident(command, &estate, &resident)))
        return FAILED;
    struct store_op ops[] = {officer_remove_op(command->arena, client, resident),
                             estate_audit(command, "officer.revoke", client,
                                          arena_printf(command->arena, "resident:%.*s", STR_FMT(resident)))};
    enum store_result result = store_write(estate.store, ops, COUNT_OF(ops));
    if (result == STORE_CONFLICT)
        return command_fails("there is no such right at %.*s", STR_FMT(client));
    if (result != STORE_OK)
        return estate_fails(result);
    /* so that a right that is granted again later wakes nothing that was issued before */
    if (grant_revoke_client(estate.store, command->arena, resident, client) != STORE_OK)
        return command_fails("the right is withdrawn, but not everything that was issued on it could be removed");
    command_print(arena_printf(command->arena, "Withdrawn from %.*s at %.*s.", STR_FMT(resident), STR_FMT(client)));
    return DONE;
}

/* ---- list ---- */

static bool list_json(const struct officer *officer, void *context)
{
    struct buf *json = context;
    buf_char(json, json->n == 0 ? '[' : ',');
    add_json(json, officer);
    return true;
}

static bool list_text(const struct officer *officer, void *context)
{
    struct command *command = context;
    str until = officer->expires_at > 0 ? command_time(command->arena, officer->expires_at) : STR("-");
    printf("%-24.*s  %.*s  %-20.*s  %.*s: %.*s\n", STR_FMT(officer->client_id), STR_FMT(officer->resident),
           STR_FMT(until), STR_FMT(officer->organization), STR_FMT(officer->roles));
    return true;
}

int officer_list_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    str client = command_value(command, "client");
    if (client.p && (!client.n || client.n > STORE_KEY_MAX))
        return command_misused("--client is nothing that there could be");
    if (!estate_open(command, false, &estate))
        return FAILED;
    if (!command->json)
        return estate_fails(officer_each(estate.store, command->arena, client, list_text, command));
    struct buf json = buf_new(command->arena, 1024);
    int code = estate_fails(officer_each(estate.store, command->arena, client, list_json, &json));
    if (json.n == 0)
        buf_char(&json, '[');
    buf_char(&json, ']');
    if (code == DONE)
        command_print(buf_str(&json));
    return code;
}
