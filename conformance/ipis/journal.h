/* The last lines of something: a ring of JSON texts, also appended to a file when there is one. The caller holds a
 * lock. */
#ifndef KONSAO_CONFORMANCE_IPIS_JOURNAL_H
#define KONSAO_CONFORMANCE_IPIS_JOURNAL_H

#include "base/arena.h"

struct journal;

/** Remembers `lines` lines. With a `dir`, also appends to dir/reads.jsonl: NULL when that can't be opened. */
struct journal *journal_new(size_t lines, const char *dir);
void journal_free(struct journal *journal);
void journal_add(struct journal *journal, str json);
/** A JSON array, newest first, of the lines that hold the text `only` (STR_NONE: of all). */
str journal_json(const struct journal *journal, struct arena *arena, str only);
/** Forgets the lines; the file keeps them. */
void journal_clear(struct journal *journal);

#endif
