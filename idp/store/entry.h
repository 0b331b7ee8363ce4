/* Of this room only: a record as it lies in LMDB, with the index and expiry entries that lead to it.
 *
 * Value: version, expires_at (8 bytes each, the machine's order as LMDB's own files), for each index the value's length
 * or NO_INDEX (2 bytes), the index values, the record's value. The index values are there so that replacing a record
 * can find its old entries. Index entry: length of the index value (1 byte), index value, key. Expiry entry: expires_at
 * (8 bytes, big-endian), kind's id, key. Neither has a value. */
#ifndef KONSAO_STORE_ENTRY_H
#define KONSAO_STORE_ENTRY_H

#include "store/env.h"

struct entry {
    uint64_t version;
    int64_t expires_at;
    str index[STORE_INDEXES];
    str value;
};

/** Room for the key of an index or expiry entry. */
struct link_key {
    size_t n;
    unsigned char bytes[1 + STORE_KEY_MAX + STORE_KEY_MAX];
};

void entry_index_key(struct link_key *out, str value, str key);
void entry_expiry_key(struct link_key *out, int64_t expires_at, enum record_kind kind, str key);
/** The kind and key that an expiry entry leads to. */
MUST_CHECK bool entry_expiry_parse(MDB_val entry, int64_t *expires_at, enum record_kind *kind, str *key);

static inline MDB_val val_of(str s)
{
    return (MDB_val){s.n, (void *)(uintptr_t)s.p};
}

static inline str str_of_val(MDB_val v)
{
    return (str){v.mv_data, v.mv_size};
}

/** False when it is not what entry_put wrote. */
MUST_CHECK bool entry_parse(MDB_val stored, struct entry *out);
/** The stored record, expired or not, as views into the map. LMDB's code, MDB_NOTFOUND among them. */
MUST_CHECK int entry_find(const struct env *env, MDB_txn *txn, enum record_kind kind, str key, struct entry *out);
bool entry_is_live(const struct entry *entry, int64_t now);

/** Writes a record with its links, replacing what is there. Sets entry->version. */
MUST_CHECK int entry_put(struct turn *turn, enum record_kind kind, str key, struct entry *entry);
/** Removes a record with its links; fine when there is none. */
MUST_CHECK int entry_delete(struct turn *turn, enum record_kind kind, str key);

#endif
