/* The attributes that the interface has, and what each must look like. */
#ifndef KONSAO_IPIS_ATTRIBUTES_H
#define KONSAO_IPIS_ATTRIBUTES_H

#include <jansson.h>

#include "base/arena.h"

#define ASK_BIOGRAPHIC "outputBiographicData"
#define ASK_CONTACT "outputContactData"

/** ASK_BIOGRAPHIC or ASK_CONTACT, where the interface asks for the attribute `name`; NULL when it has no such
 * attribute. */
const char *attribute_asked_in(const char *name);
/** Whether the interface has the attribute, `value` is of its type, and `source` is a source. */
bool attribute_is_valid(const char *name, const json_t *value, str source);

#endif
