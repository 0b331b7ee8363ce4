/* JSON in its one canonical form (RFC 8785), so that what two sides hash is the same text. */
#ifndef KONSAO_SIGNIN_AUTHENTICATOR_CANONICAL_H
#define KONSAO_SIGNIN_AUTHENTICATOR_CANONICAL_H

#include <jansson.h>

#include "base/arena.h"

/** The canonical text of `value`, in `arena`: strings, booleans, integers (below 2^53), arrays and objects. Members
 * come in the order of their names' bytes, which is that of RFC 8785 section 3.2.3 for names in ASCII: ours all are.
 * STR_NONE when something else is in it (a null, a real number). */
str canonical_json(struct arena *arena, const json_t *value);

#endif
