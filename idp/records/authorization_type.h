/* Types of rich authorization requests (RFC 9396 section 2): registered by the operator as data, so that each can be
 * checked, and shown to people in words. A definition is a JSON object:
 *
 *   { "type": "land_transfer", "title": "Transfer a plot of land", "title#km": "…",
 *     "fields": [ { "name": "plot", "label": "Plot", "label#km": "…", "kind": "string", "required": true },
 *                 { "name": "actions", "label": "May", "kind": "strings", "values": { "read": "read it", … } } ] }
 *
 * kinds: string, number, boolean, strings (an array), amount (an object with `currency` and `amount`). */
#ifndef KONSAO_RECORDS_AUTHORIZATION_TYPE_H
#define KONSAO_RECORDS_AUTHORIZATION_TYPE_H

#include <jansson.h>

#include "store/store.h"

#define AUTHORIZATION_TYPE_BYTES_MAX ((size_t)16 * 1024)

/** Checks a definition. False with a sentence in `*why` (in `arena`). */
MUST_CHECK bool authorization_type_check(struct arena *arena, const json_t *definition, str *why);
/** The definition of `type`, released by the arena; NULL when there is none. */
const json_t *authorization_type_load(struct store *store, struct arena *arena, str type);
/** The op that stores a checked definition. */
struct store_op authorization_type_op(struct arena *arena, const json_t *definition);

/** Whether `detail` (an object of an authorization_details parameter) fits its type's definition: every member known,
 * of its kind, one of its values; every required one there. False with a static text in `*why`. */
MUST_CHECK bool authorization_detail_fits(const json_t *definition, const json_t *detail, const char **why);

/** A text of the definition or of one of its fields in a language: `member#km`, else `member`. */
str authorization_text(struct arena *arena, const json_t *object, const char *member, bool khmer);
/** A field's value in `detail` as people read it; STR_NONE when it is not there. */
str authorization_value(struct arena *arena, const json_t *field, const json_t *detail, bool khmer);

#endif
