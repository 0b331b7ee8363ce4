/* A client's registration while it is made or changed: by the operator's command, or by the client itself (RFC 7591,
 * RFC 7592). What holds for both is here. */
#ifndef KONSAO_RECORDS_REGISTRATION_H
#define KONSAO_RECORDS_REGISTRATION_H

#include <jansson.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "keys/ring.h"
#include "records/client/client.h"

struct registration {
    json_t *metadata;   /* as stored; released by the arena */
    uint64_t version;   /* of the stored record; 0: it is new */
    str secret;         /* made just now; STR_NONE */
    struct buf changed; /* names of what was changed */
};

/** Reads the stored one. STORE_ERROR also for one that can't be parsed. */
MUST_CHECK enum store_result registration_read(struct store *store, struct arena *arena, str id,
                                               struct registration *out);
/** Gives it a new secret; the one in use goes on until `old_until`, or ends now (0). */
void registration_new_secret(struct arena *arena, struct registration *registration, int64_t old_until);

/** What registration_write needs besides the registration. */
struct registration_writing {
    struct store *store;
    const struct key_ring *ring;
    struct arena *arena;
    struct audit_entry audit; /* client_id is filled in */
    struct store_op also;     /* written in the same batch (a durable kind), with its condition */
    bool with_also;
};

/** Parses it as it would be written, with a secret made where the client authenticates by one and has none; NULL with a
 * sentence in `*why`. The client lives until `arena` goes. */
const struct client *registration_check(const struct key_ring *ring, struct arena *arena,
                                        struct registration *registration, str *why);
/** Fills in what the server decides (times, a secret where the client authenticates by one and has none, its sector's
 * version), checks everything and writes it with the audit entry: on disk when STORE_OK comes back. STORE_CONFLICT:
 * somebody else changed it (or what `also` touches) meanwhile, or registered the same client_id. With a sentence in
 * `*why` nothing was written because the metadata is refused; the result is then of no meaning. */
MUST_CHECK enum store_result registration_write(const struct registration_writing *writing,
                                                struct registration *registration, str *why);
/** Takes the client away, with its audit entry, then all that people gave it: grants, their tokens, consents. `*gone`
 * says whether the client itself is; with another result than STORE_OK, some of the rest may still be there then. */
MUST_CHECK enum store_result registration_remove(const struct registration_writing *writing,
                                                 const struct registration *registration, str id, bool *gone);

#endif
