/* One fictitious resident, and the file that they come from. */
#ifndef KONSAO_CONFORMANCE_IPIS_RESIDENT_H
#define KONSAO_CONFORMANCE_IPIS_RESIDENT_H

#include <jansson.h>

#include "base/arena.h"
#include "ipis/kidc.h"

enum resident_status { RESIDENT_ACTIVE, RESIDENT_SUSPENDED, RESIDENT_DECEASED_FLAGGED, RESIDENT_CLOSED };

struct resident {
    struct kidc kidc;
    enum resident_status status, status_in_file;
    str since; /* YYYY-MM-DD */
    bool biometrics_enrolled;
    json_t *attributes; /* name to {value, source} */
    char code[8];       /* the one-time code that is live; "" when there is none */
    int64_t code_ends_ms, frozen_until_ms;
    int64_t failures; /* in a row */
};

struct residents {
    struct resident *items;
    size_t count;
};

/** Reads the file into `arena`; false with a sentence in `error`. */
MUST_CHECK bool residents_load(struct arena *arena, const char *file, struct residents *out, char *error,
                               size_t error_size);
/** NULL when there is no such number, or it is none. */
struct resident *residents_find(const struct residents *residents, str kidc);

const char *resident_status_name(enum resident_status status);
MUST_CHECK bool resident_status_of(str name, enum resident_status *out);
/** Younger than 18 years today. */
bool resident_is_minor(const struct resident *resident);
/** The value of an attribute; NULL when the register has none. */
const json_t *resident_value(const struct resident *resident, const char *name);
/** As text; STR_NONE when there is none or it is no string. */
str resident_text(const struct resident *resident, const char *name);

#endif
