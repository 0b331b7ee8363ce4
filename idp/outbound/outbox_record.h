/* A notice as a record. This room's own. */
#ifndef KONSAO_OUTBOUND_OUTBOX_RECORD_H
#define KONSAO_OUTBOUND_OUTBOX_RECORD_H

#include "outbound/outbox.h"

/** The op that writes `notice` as it is. */
struct store_op outbox_record_op(struct arena *arena, const struct outbox_notice *notice,
                                 enum store_condition condition);
/** Reads a record; the strings are views into it. False when it is damaged. */
MUST_CHECK bool outbox_record_read(const struct record *record, struct outbox_notice *out);

#endif
