/* The logo, which is registered as a data: URI so that nobody ever has to fetch it. */
#ifndef KONSAO_RECORDS_CLIENT_MEDIA_H
#define KONSAO_RECORDS_CLIENT_MEDIA_H

#include "base/arena.h"

#define LOGO_BYTES_MAX ((size_t)64 * 1024)

/** The type of an image by its first bytes: image/png, image/jpeg or image/webp; NULL for anything else (no SVG: it can
 * hold scripts). */
const char *image_type(str bytes);
/** Reads "data:TYPE;base64,…"; false unless it is one of those images, named rightly, of at most LOGO_BYTES_MAX. */
MUST_CHECK bool logo_read(struct arena *arena, str uri, str *type, str *bytes);
/** The data: URI of an image of that type, as logo_read takes it. */
str logo_write(struct arena *arena, const char *type, str bytes);

#endif
