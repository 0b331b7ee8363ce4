/* The rules of token exchange (RFC 8693). */
#include <stdio.h>

#include "operator/estate.h"
#include "operator/verbs.h"
#include "records/client/client_uri.h"
#include "records/exchange_policy.h"

#define NAME_MAX_BYTES 100
#define LIFE_MAX (366 * 86400)

const struct flag exchange_add_flags[] = {
    {"client", "ID", "who may exchange: the protected resource that is called first"},
    {"to", "URI", "the service that the new token is for"},
    {"scope", "WORDS", "what the new token may have"},
    {"of-client", "ID", "only tokens that were issued to this client; default: to any"},
    {"with-scope", "WORDS", "only tokens that have these scopes; default: any"},
    {"life", "SECONDS", "the new token's life; default: as the one brought, and never longer"},
    {NULL, NULL, NULL}};
const struct flag exchange_remove_flags[] = {{"client", "ID", "whose rule it is"}, {NULL, NULL, NULL}};

int exchange_add_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    struct record client;
    const char *why;
    uint64_t life = 0;
    struct exchange_policy policy = {
        .client_id = command_value(command, "client"),
        .name = command->operand,
        .audience = command_value(command, "to"),
        .scope = command_value(command, "scope"),
        .subject_client = command_value(command, "of-client"),
        .subject_scope = command_value(command, "with-scope"),
    };
    if (!policy.client_id.n || !policy.audience.n || !policy.scope.n)
        return command_misused("--client, --to and --scope are needed");
    if (!resource_uri_check(policy.audience, &why))
        return command_misused("--to %s", why);
    if (!policy.name.n || policy.name.n > NAME_MAX_BYTES || !str_is_printable(policy.name))
        return command_misused("NAME must be 1 to %d bytes of printable ASCII", NAME_MAX_BYTES);
    if (command_has(command, "life") && (!str_to_u64(command_value(command, "life"), LIFE_MAX, &life) || life == 0))
        return command_misused("--life must be a number of seconds, at most a year");
    policy.life = (int64_t)life;
    if (!estate_open(command, false, &estate))
        return FAILED;
    if (store_get(estate.store, RECORD_CLIENT, policy.client_id, command->arena, &client) != STORE_OK)
        return command_fails("there is no client called %.*s", STR_FMT(policy.client_id));
    struct store_op ops[] = {exchange_policy_op(command->arena, &policy),
                             estate_audit(command, "exchange.add", policy.client_id, policy.name)};
    return estate_write(&estate, ops, COUNT_OF(ops)) ? DONE : FAILED;
}

static bool add_json(const struct exchange_policy *policy, void *context)
{
    struct buf *json = context;
    buf_char(json, json->n == 0 ? '[' : ',');
    buf_char(json, '{');
    buf_json_str(json, "client", policy->client_id);
    buf_json_str(json, "name", policy->name);
    buf_json_str(json, "to", policy->audience);
    buf_json_str(json, "scope", policy->scope);
    buf_json_str(json, "of_client", policy->subject_client);
    buf_json_str(json, "with_scope", policy->subject_scope);
    if (policy->life > 0)
        buf_json_int(json, "life", policy->life);
    buf_char(json, '}');
    return true;
}

static bool print_policy(const struct exchange_policy *policy, void *context)
{
    (void)context;
    printf("%-24.*s  %-24.*s  %-40.*s  %.*s\n", STR_FMT(policy->client_id), STR_FMT(policy->name),
           STR_FMT(policy->audience), STR_FMT(policy->scope));
    return true;
}

int exchange_list_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    if (!estate_open(command, false, &estate))
        return FAILED;
    if (!command->json) {
        printf("%-24s  %-24s  %-40s  %s\n", "CLIENT", "RULE", "TO", "SCOPE");
        return estate_fails(exchange_policy_each(estate.store, command->arena, STR_NONE, print_policy, NULL));
    }
    struct buf json = buf_new(command->arena, 1024);
    int code = estate_fails(exchange_policy_each(estate.store, command->arena, STR_NONE, add_json, &json));
    if (json.n == 0)
        buf_char(&json, '[');
    buf_char(&json, ']');
    if (code == DONE)
        command_print(buf_str(&json));
    return code;
}

int exchange_remove_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    str client = command_value(command, "client");
    if (!client.n)
        return command_misused("--client is needed");
    if (!estate_open(command, false, &estate))
        return FAILED;
    struct store_op ops[] = {exchange_policy_remove_op(command->arena, client, command->operand),
                             estate_audit(command, "exchange.remove", client, command->operand)};
    enum store_result result = store_write(estate.store, ops, COUNT_OF(ops));
    if (result == STORE_CONFLICT)
        return command_fails("%.*s has no rule called %.*s", STR_FMT(client), STR_FMT(command->operand));
    return estate_fails(result);
}
