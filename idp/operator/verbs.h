/* The verbs of `konsao` but serve and version. */
#ifndef KONSAO_OPERATOR_VERBS_H
#define KONSAO_OPERATOR_VERBS_H

#include "operator/command.h"

/** Each returns the exit code, and has told why when that is not DONE. */
typedef int verb_run(struct command *command);

extern const struct flag check_flags[], client_add_flags[], client_set_flags[], client_rotate_flags[],
    client_remove_flags[], key_create_flags[], exchange_add_flags[], exchange_remove_flags[], key_rotate_flags[], audit_show_flags[];
extern const struct flag registration_token_flags[];
extern const struct flag officer_grant_flags[], officer_revoke_flags[], officer_list_flags[];

verb_run check_run;
verb_run client_add_run, client_list_run, client_show_run, client_set_run, client_rotate_run, client_remove_run;
verb_run registration_token_run, registration_list_run, registration_revoke_run;
verb_run key_create_run, key_list_run, key_rotate_run;
verb_run audit_show_run, audit_verify_run;
verb_run type_add_run, type_list_run, type_remove_run;
verb_run exchange_add_run, exchange_list_run, exchange_remove_run;
verb_run officer_grant_run, officer_revoke_run, officer_list_run;
verb_run backup_run;

#endif
