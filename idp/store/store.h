/* The store: typed records behind few operations, small enough to implement twice (embedded LMDB now, PostgreSQL
 * later).
 *
 * A record has a kind (store/records.h: one table says each kind's durability and life), a key, a value, an expiry
 * time, a version, and up to two index entries. Values are made by store/codec.h. Nothing in here knows what a record
 * means. */
#ifndef KONSAO_STORE_STORE_H
#define KONSAO_STORE_STORE_H

#include "base/arena.h"
#include "store/records.h"

#define STORE_KEY_MAX 255 /* bytes of a key (at least one), and of an index value */
#define STORE_INDEXES 2

struct store;

enum store_result {
    STORE_OK = 0,
    STORE_NOT_FOUND,
    STORE_CONFLICT, /* a condition did not hold: nothing of the batch was written */
    STORE_FULL,     /* the disk (or the map's ceiling) is full: nothing was written */
    STORE_ERROR,    /* anything else, logged where it happened: nothing was written */
};

/** Opens (and creates, mode 0700) the store in folder `path`. The lively environment is emptied when the machine was
 *  restarted since (boot id), because it is not synced. Several processes may have it open (the command beside the
 *  server), each of them once; not to be used after fork(). NULL with a sentence in `error`. */
struct store *store_open(const char *path, char *error, size_t error_size);
/** When no other thread uses it any more. NULL is fine. */
void store_close(struct store *store);

struct record {
    str key, value;
    int64_t expires_at; /* seconds; 0: never */
    uint64_t version;   /* grows with each put of this key, from 1 */
};

/** Reads one live record into `arena`. An expired one is STORE_NOT_FOUND, swept or not. */
MUST_CHECK enum store_result store_get(struct store *store, enum record_kind kind, str key, struct arena *arena,
                                       struct record *out);

enum store_condition {
    ALWAYS,
    IF_ABSENT, /* no live record under that key */
    IF_PRESENT,
    IF_VERSION, /* the live record has version `version` */
};

struct store_op {
    enum { STORE_PUT, STORE_DELETE, STORE_APPEND } what;
    enum record_kind kind;
    str key; /* unused for STORE_APPEND: its key is the next number, 8 bytes big-endian, from 1 */
    str value;
    int64_t expires_at;
    str index[STORE_INDEXES]; /* what it is found by in store_scan; STR_NONE: not in that index. Of a put. */
    enum store_condition condition;
    uint64_t version;
    /** For STORE_APPEND: makes the value inside the write transaction, from the number and the last entry's value
     *  (STR_NONE at the first). Called again if the transaction is retried. */
    str (*chain)(struct arena *arena, uint64_t number, str previous, void *context);
    void *context;
};

/** Writes a batch, all of it or nothing. All its kinds must be of one durability. Returns when it is committed: for
 *  durable kinds that means on disk (group commit with whatever other threads wait for). Waits: never on an event loop.
 *  Conditions are checked before anything is written, so they see what was there before the batch. Deleting what is not
 *  there is fine. An op that cannot be (no key, one too long, an index that the kind has not) is STORE_ERROR. */
MUST_CHECK enum store_result store_write(struct store *store, const struct store_op *ops, size_t count);
/** Reads and deletes in one transaction. Exactly one caller gets it. */
MUST_CHECK enum store_result store_take(struct store *store, enum record_kind kind, str key, struct arena *arena,
                                        struct record *out);
/** Adds to the counter `key` of a lively kind, creating it with `life` seconds to live from now; gives the new total
 *  and when it ends. For rate limits. Adding 0 only looks, and then does not wait for other writers. */
MUST_CHECK enum store_result store_count(struct store *store, enum record_kind kind, str key, uint32_t add,
                                         int64_t life, uint32_t *total, int64_t *ends_at);

/** Calls `each` for live records of a kind: all in key order (`index` < 0), or those whose index entry equals `value`;
 *  from after the key `after` (STR_NONE: the beginning), until it returns false. What it gets is valid during the call
 *  only. Records are read a page at a time, so what changes meanwhile may or may not be seen. */
MUST_CHECK enum store_result store_scan(struct store *store, enum record_kind kind, int index, str value, str after,
                                        bool (*each)(const struct record *record, void *context), void *context);
/** Deletes up to `most` expired records, oldest first; returns how many. */
size_t store_sweep(struct store *store, size_t most);
/** A consistent copy of the durable environment into the new or empty folder `path`, while others go on. */
MUST_CHECK bool store_backup(struct store *store, const char *path, char *error, size_t error_size);
/** Live and expired records of a kind, as the engine counts them. */
uint64_t store_size(struct store *store, enum record_kind kind);

/** A new key for durable records that sorts by time: 16 bytes, milliseconds first, then random (as UUIDv7, RFC 9562
 *  section 5.7). */
str store_new_key(struct arena *arena);

#endif
