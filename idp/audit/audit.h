/* The append-only record of who did what. Entries are chained by hash (each holds the SHA-256 of the one before), so
 * that a changed, removed or reordered one shows. No personal data in the clear: residents appear as their pairwise
 * subject or internal reference. */
#ifndef KONSAO_AUDIT_AUDIT_H
#define KONSAO_AUDIT_AUDIT_H

#include "store/store.h"

struct audit_entry {
    int64_t at_ms; /* filled in when 0 */
    str action;    /* "signin.otp", "consent.allow", "token.issue", "client.add" … (docs/audit.md lists them) */
    str outcome;   /* "ok" or the reason */
    str actor;     /* "resident:REF", "client:ID", "operator:USER" */
    str client_id, subject, session_id, request_id, transaction_id, xroad_id, peer;
    str detail; /* a few words more, never personal */
};

/** The op that appends `entry`, to go into the same store_write as the change it tells of. Copies `entry` into `arena`,
 * which must live until then. */
struct store_op audit_op(struct arena *arena, struct audit_entry *entry);
/** Appends now, and returns when it is on disk. */
MUST_CHECK bool audit_write(struct store *store, struct audit_entry *entry);

struct audit_queue;
/** Entries that nobody waits for: a thread writes them within `flush_ms`. When `capacity` entries wait, audit_later
 * waits too rather than lose one; but when the store fails as well, for two seconds at most: then the entry is lost,
 * which the log says, and so are further ones without a wait until the store works again. */
struct audit_queue *audit_queue_new(struct store *store, unsigned flush_ms, unsigned capacity);
/** Copies `entry`. */
void audit_later(struct audit_queue *queue, const struct audit_entry *entry);
/** Writes what waits, then ends the thread. What a store that fails refuses once more is lost, and the log says so. */
void audit_queue_free(struct audit_queue *queue);

/** The entry as JSON text, from a stored value. */
MUST_CHECK bool audit_to_json(struct arena *arena, uint64_t number, str value, str *json);

struct audit_report {
    uint64_t entries, bad_at; /* how many hold; the number of the first that does not, 0 if all do */
    const char *problem;      /* NULL: the chain holds */
    str head; /* hex hash of the last entry that holds, to be kept elsewhere: it shows a cut at the end */
};
/** Walks the whole chain until something is wrong. True if all of it holds; else `out->problem` says why not, a store
 * that cannot be read included. */
MUST_CHECK bool audit_verify(struct store *store, struct arena *arena, struct audit_report *out);

#endif
