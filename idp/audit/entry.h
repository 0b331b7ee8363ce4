/* Of this room only: an audit entry as it is stored: SHA-256(the previous entry's hash, or 32 zeros; the encoded
 * entry), then the encoded entry. */
#ifndef KONSAO_AUDIT_ENTRY_H
#define KONSAO_AUDIT_ENTRY_H

#include "audit/audit.h"
#include "crypto/primitives.h"

/** Fills in at_ms and encodes. */
str audit_encode(struct arena *arena, struct audit_entry *entry);
/** The op that appends an encoded entry, a view that `encoded` keeps. */
struct store_op audit_encoded_op(str *encoded);
/** The hash that the entry must carry after `previous` (SHA256_BYTES, or STR_NONE for the first). */
void audit_hash(struct arena *arena, str previous, str encoded, unsigned char out[static SHA256_BYTES]);
/** Takes a stored value apart and decodes it. False if it is damaged. */
MUST_CHECK bool audit_decode(str value, str *hash, str *encoded, struct audit_entry *out);

#endif
