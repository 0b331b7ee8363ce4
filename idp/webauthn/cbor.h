/* Of this room only: CBOR (RFC 8949) as authenticators must write it (CTAP2 canonical form, Web Authentication section
 * 2), read where it stands, without memory of its own. libfido2 1.12 has no function for an attestation object, lets
 * repeated members and bytes at the end pass, and gives memory to whatever length is claimed: nothing gets to it that
 * has not been through here. */
#ifndef KONSAO_WEBAUTHN_CBOR_H
#define KONSAO_WEBAUTHN_CBOR_H

#include "base/str.h"

#define CBOR_DEPTH_MAX 4 /* arrays and maps within each other */
#define CBOR_MEMBERS_MAX 32

/** Takes one whole item off the front of `*rest`: lengths definite, as short as they can be, and within what is there;
 * no tags, no floating point, texts in UTF-8, no member of a map twice, at most CBOR_DEPTH_MAX deep. False when the
 * front is not that. Members of maps may come in any order, though the canonical form has one. */
MUST_CHECK bool cbor_take(str *rest, str *item);

/** The members of a map, each an item for the functions below. */
struct cbor_map {
    str keys[CBOR_MEMBERS_MAX], values[CBOR_MEMBERS_MAX];
    size_t count;
};

/* Of an item that cbor_take gave; false when it is of another type. */
MUST_CHECK bool cbor_map(str item, struct cbor_map *out);
/** The next item of an array is taken off `*items`, which begins as the array's content. */
MUST_CHECK bool cbor_array(str item, str *items, size_t *count);
MUST_CHECK bool cbor_bytes(str item, str *out);
MUST_CHECK bool cbor_text(str item, str *out);
MUST_CHECK bool cbor_int(str item, int64_t *out);
bool cbor_is_true(str item);

/** The member that is named by a text, or by a number; STR_NONE when there is none. */
str cbor_named(const struct cbor_map *map, const char *name);
str cbor_numbered(const struct cbor_map *map, int64_t number);

#endif
