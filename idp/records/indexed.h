/* Records that belong together by an index: deleted together. */
#ifndef KONSAO_RECORDS_INDEXED_H
#define KONSAO_RECORDS_INDEXED_H

#include "store/store.h"

#define INDEXED_AT_ONCE 64

/** Keys of some records, copied out of a scan so that they can be worked on after it. */
struct indexed_keys {
    str items[INDEXED_AT_ONCE];
    size_t count;
};

/** The first keys, at most INDEXED_AT_ONCE, of the records of `kind` whose first index is `value`. */
MUST_CHECK enum store_result indexed_find(struct store *store, struct arena *arena, enum record_kind kind, str value,
                                          struct indexed_keys *out);
/** Deletes every record of `kind` whose first index is `value`, in batches. */
MUST_CHECK enum store_result indexed_delete(struct store *store, struct arena *arena, enum record_kind kind, str value);

#endif
