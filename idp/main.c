/* The `konsao` command: the table of its verbs. */
#include <stdio.h>
#include <sys/stat.h>

#include "operator/verbs.h"
#include "serve.h"

static int serve_run(struct command *command)
{
    return serve(&command->settings);
}

static int version_run(struct command *command)
{
    (void)command;
    puts("konsao " KONSAO_VERSION);
    return DONE;
}

static const struct verb verbs[] = {
    {.name = "serve",
     .summary = "Runs the provider: makes data folder and keys at the first start, and stops on SIGTERM or Ctrl-C.",
     .run = serve_run},
    {.name = "check",
     .summary = "Explains the settings: each value and where it comes from, then whether everything that they name is "
                "there.",
     .flags = check_flags,
     .json = true,
     .run = check_run},
    {.name = "client add",
     .summary = "Registers a relying party: prints its client_id and, this once, its client_secret.",
     .flags = client_add_flags,
     .json = true,
     .run = client_add_run},
    {.name = "client list", .summary = "Lists the relying parties.", .json = true, .run = client_list_run},
    {.name = "client show",
     .operand = "ID",
     .summary = "Shows what a relying party is registered with.",
     .json = true,
     .run = client_show_run},
    {.name = "client set",
     .operand = "ID",
     .summary = "Changes what is named and nothing else: a list that is named is replaced, an empty value removes.",
     .flags = client_set_flags,
     .json = true,
     .run = client_set_run},
    {.name = "client rotate-secret",
     .operand = "ID",
     .summary = "Gives a relying party a new secret: prints it this once.",
     .flags = client_rotate_flags,
     .json = true,
     .run = client_rotate_run},
    {.name = "client remove",
     .operand = "ID",
     .summary = "Removes a relying party: its consents, grants and tokens end with it.",
     .flags = client_remove_flags,
     .run = client_remove_run},
    {.name = "exchange add",
     .operand = "NAME",
     .summary = "Adds a rule of token exchange (RFC 8693): a ministry's service may turn the token that it was called\n"
                "with into one for another service. Without a rule nothing may be exchanged.",
     .flags = exchange_add_flags,
     .run = exchange_add_run},
    {.name = "exchange list", .summary = "Lists the rules of token exchange.", .json = true, .run = exchange_list_run},
    {.name = "exchange remove",
     .operand = "NAME",
     .summary = "Removes a rule of token exchange; tokens that it gave go on until they expire.",
     .flags = exchange_remove_flags,
     .run = exchange_remove_run},
    {.name = "officer grant",
     .summary = "Lets an official use a back office, with an organization and roles there (in place of earlier ones).\n"
                "The KIdC is read from standard input, never from an argument: those stand in the list of processes\n"
                "and in the shell's history, where others see them.",
     .flags = officer_grant_flags,
     .json = true,
     .run = officer_grant_run},
    {.name = "officer list",
     .summary = "Lists who may use back offices, by our own reference: no KIdC is kept.",
     .flags = officer_list_flags,
     .json = true,
     .run = officer_list_run},
    {.name = "officer revoke",
     .summary = "Withdraws an official's right at a back office: what was issued on it is worth nothing at once.\n"
                "The KIdC is read from standard input, never from an argument.",
     .flags = officer_revoke_flags,
     .run = officer_revoke_run},
    {.name = "type add",
     .operand = "FILE",
     .summary = "Registers (or replaces) a type of authorization_details (RFC 9396) from its definition in JSON, by\n"
                "which requests of that type are checked and shown to people. docs/ministry.md has an example.",
     .run = type_add_run},
    {.name = "type list",
     .summary = "Lists the types of authorization_details.",
     .json = true,
     .run = type_list_run},
    {.name = "type remove",
     .operand = "TYPE",
     .summary = "Removes a type of authorization_details: requests of it are refused from now on.",
     .run = type_remove_run},
    {.name = "registration token",
     .summary = "Makes an initial access token, by which clients register themselves: prints it this once.",
     .flags = registration_token_flags,
     .json = true,
     .run = registration_token_run},
    {.name = "registration list",
     .summary = "Lists the initial access tokens that have not expired.",
     .json = true,
     .run = registration_list_run},
    {.name = "registration revoke",
     .operand = "ID",
     .summary = "Ends an initial access token. Clients that were registered by it go on.",
     .run = registration_revoke_run},
    {.name = "key create",
     .summary = "Makes a new key ring beside an existing store: only for when the old one is lost for good.\n\n"
                "What comes from the ring changes with it, for everybody at once:\n"
                "- every resident's sub at every relying party: each of them sees a stranger, who may open a second\n"
                "  account; tell all of them before;\n"
                "- every consent is asked for again;\n"
                "- the signing keys: what was issued before can't be checked or refreshed any more;\n"
                "- residents' references: the audit record before and after can't be put together.\n"
                "A backup of the ring, put back, changes none of that. If there is no master key, one is made too.\n"
                "The server must be stopped, and the old ring, if it is there, moved away.",
     .flags = key_create_flags,
     .json = true,
     .run = key_create_run},
    {.name = "key list",
     .summary = "Lists the signing keys: next, active and retired.",
     .json = true,
     .run = key_list_run},
    {.name = "key rotate",
     .summary = "Rotates signing keys: the next one signs from now on, a new next one is published, and the old one "
                "stays published for key.keep.",
     .flags = key_rotate_flags,
     .json = true,
     .run = key_rotate_run},
    {.name = "audit show",
     .summary = "Shows the audit record, newest last.",
     .flags = audit_show_flags,
     .json = true,
     .run = audit_show_run},
    {.name = "audit verify",
     .summary = "Checks the audit record's chain: finds a changed, removed or moved entry.",
     .json = true,
     .run = audit_verify_run},
    {.name = "backup",
     .operand = "FOLDER",
     .summary = "Copies store and key ring into a new folder, while the server runs. The master key is not in it.",
     .run = backup_run},
    {.name = "version", .summary = "Prints the version.", .plain = true, .run = version_run},
    {.name = NULL},
};

int main(int argc, char **argv)
{
    umask(077);
    return command_run(argc, argv, verbs);
}
