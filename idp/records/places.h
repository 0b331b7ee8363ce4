/* Where networks are, as the operator's file says (setting `places`), and whether two addresses look as if they were
 * near each other: a hint that a QR code was sent on, and no more than that. */
#ifndef KONSAO_RECORDS_PLACES_H
#define KONSAO_RECORDS_PLACES_H

#include "base/arena.h"

struct places;

struct place {
    str country; /* two upper-case letters */
    str name;    /* as it is shown */
};

/** Reads the table: lines of "NETWORK COUNTRY NAME", the name up to the end of the line; empty lines, and those that
 * begin with #, say nothing. Networks may lie in each other: the smallest counts. In `arena`. False with a sentence for
 * the operator in `*why`. */
MUST_CHECK bool places_read(struct arena *arena, str text, struct places **out, str *why);
/** The same of a file. */
MUST_CHECK bool places_load(struct arena *arena, const char *file, struct places **out, str *why);

/** Where `peer` (an address as in struct request) is. False when the table does not say, or is NULL. Views into the
 * table. */
MUST_CHECK bool place_find(const struct places *places, str peer, struct place *out);
/** Whether the two seem to be far from each other. They are near when they share 16 bits of an IPv4 address or 32 of an
 * IPv6 one, when both are this machine, or when the table knows one place for both. What is no address is near
 * nothing. */
bool networks_differ(const struct places *places, str peer_a, str peer_b);

#endif
