/* Of the client verbs alone: a registration while the operator looks at it or changes it. */
#ifndef KONSAO_OPERATOR_CLIENT_H
#define KONSAO_OPERATOR_CLIENT_H

#include "operator/estate.h"
#include "operator/verbs.h"
#include "records/client/registration.h"

/** Reads the stored one; tells why when it can't. */
MUST_CHECK bool registration_load(struct command *command, const struct estate *estate, str id,
                                  struct registration *out);
/** Changes what the verb's flags say; tells what is wrong with them. */
MUST_CHECK bool registration_apply_flags(struct command *command, struct registration *registration);
/** Fills in what the server decides, checks everything, and writes it with its audit entry. Tells what is wrong. */
MUST_CHECK bool registration_save(struct command *command, const struct estate *estate,
                                  struct registration *registration, const char *action);
/** What may be shown of it: no digests of secrets; a secret that was made just now. */
json_t *registration_view(struct command *command, const struct registration *registration);
/** Shows it, as JSON or for people. */
void registration_print(struct command *command, const struct registration *registration);

#endif
