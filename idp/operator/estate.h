/* What the command works on: the data folder's store and key ring, beside a server that may be running. */
#ifndef KONSAO_OPERATOR_ESTATE_H
#define KONSAO_OPERATOR_ESTATE_H

#include "audit/audit.h"
#include "keys/ring.h"
#include "operator/command.h"
#include "store/store.h"

struct estate {
    struct store *store;
    struct key_ring *ring;
};

/** Opens both in the data folder that `settings` name, which is there. With `make`, what is missing is made first: a
 * key ring only while the store holds no client, grant or audit entry, because every resident's subjects come from the
 * ring. False with a sentence in `error`, and then nothing is open. */
MUST_CHECK bool estate_open_in(const struct settings *settings, bool make, struct estate *out, char *error,
                               size_t error_size);
/** The same for the command, which makes the data folder too when `make` is set. Tells why when it can't. */
MUST_CHECK bool estate_open(struct command *command, bool make, struct estate *out);
/** Makes a key ring where there is none, whatever the store holds, and opens both. Tells why when it can't. */
MUST_CHECK bool estate_open_with_new_ring(struct command *command, struct estate *out);
/** For CLEANUP. */
void estate_close(struct estate *estate);
/** DATA/keys.ring */
const char *estate_ring_path(struct command *command);

/** An entry of the audit record, as done by the operator at the keyboard; and its op. */
struct audit_entry estate_audit_entry(struct command *command, const char *action, str client_id, str detail);
struct store_op estate_audit(struct command *command, const char *action, str client_id, str detail);
/** Writes a batch; tells why when it can't. */
MUST_CHECK bool estate_write(const struct estate *estate, const struct store_op *ops, size_t count);
/** Tells what the store's result means. Returns FAILED. */
int estate_fails(enum store_result result);

#endif
