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

/** Opens it; when `make` is set, what is missing is made first, as the server does. Tells why when it can't. */
MUST_CHECK bool estate_open(struct command *command, bool make, struct estate *out);
/** For CLEANUP. */
void estate_close(struct estate *estate);
/** DATA/keys.ring */
const char *estate_ring_path(struct command *command);

/** The entry's op, as done by the operator at the keyboard. */
struct store_op estate_audit(struct command *command, const char *action, str client_id, str detail);
/** Writes a batch; tells why when it can't. */
MUST_CHECK bool estate_write(const struct estate *estate, const struct store_op *ops, size_t count);
/** Tells what the store's result means. Returns FAILED. */
int estate_fails(enum store_result result);

#endif
