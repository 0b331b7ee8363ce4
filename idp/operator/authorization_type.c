/* The types of rich authorization requests (RFC 9396) that clients may be registered for. */
#include <stdio.h>

#include "base/buf.h"
#include "crypto/json.h"
#include "operator/estate.h"
#include "operator/verbs.h"
#include "records/authorization_type.h"

int type_add_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    str text, why;
    if (!command_read_file(command->arena, command->operand.p, AUTHORIZATION_TYPE_BYTES_MAX, &text))
        return FAILED;
    const json_t *definition = json_parse_object(command->arena, text, AUTHORIZATION_TYPE_BYTES_MAX);
    if (!definition)
        return command_fails("%s holds no JSON object", command->operand.p);
    if (!authorization_type_check(command->arena, definition, &why))
        return command_fails("%s: %.*s", command->operand.p, STR_FMT(why));
    if (!estate_open(command, true, &estate))
        return FAILED;
    struct store_op ops[] = {authorization_type_op(command->arena, definition),
                             estate_audit(command, "authorization_type.add", STR_NONE, json_str(definition, "type"))};
    return estate_write(&estate, ops, COUNT_OF(ops)) ? DONE : FAILED;
}

static bool add_json(const struct record *record, void *context)
{
    struct buf *json = context;
    buf_char(json, json->n == 0 ? '[' : ',');
    buf_add(json, record->value);
    return true;
}

static bool print_type(const struct record *record, void *context)
{
    struct command *command = context;
    const json_t *definition = json_parse_object(command->arena, record->value, AUTHORIZATION_TYPE_BYTES_MAX);
    printf("%-40.*s  %.*s\n", STR_FMT(record->key), STR_FMT(json_str(definition, "title")));
    return true;
}

int type_list_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    if (!estate_open(command, false, &estate))
        return FAILED;
    if (!command->json)
        return estate_fails(
            store_scan(estate.store, RECORD_AUTHORIZATION_TYPE, -1, STR_NONE, STR_NONE, print_type, command));
    struct buf json = buf_new(command->arena, 1024);
    int code =
        estate_fails(store_scan(estate.store, RECORD_AUTHORIZATION_TYPE, -1, STR_NONE, STR_NONE, add_json, &json));
    if (json.n == 0)
        buf_char(&json, '[');
    buf_char(&json, ']');
    if (code == DONE)
        command_print(buf_str(&json));
    return code;
}

int type_remove_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    if (!estate_open(command, false, &estate))
        return FAILED;
    struct store_op ops[] = {
        {.what = STORE_DELETE, .kind = RECORD_AUTHORIZATION_TYPE, .key = command->operand, .condition = IF_PRESENT},
        estate_audit(command, "authorization_type.remove", STR_NONE, command->operand)};
    enum store_result result = store_write(estate.store, ops, COUNT_OF(ops));
    if (result == STORE_CONFLICT)
        return command_fails("there is no type called %.*s", STR_FMT(command->operand));
    return estate_fails(result);
}
