/* gzip (RFC 1952) for what is sent to browsers: the texts of the app are a quarter as long then, which a phone on a
 * slow network feels. Only for what is the same for everybody: where a secret and what somebody else chose are packed
 * together, the length gives the secret away (BREACH). */
#ifndef KONSAO_PAGES_PACK_H
#define KONSAO_PAGES_PACK_H

#include "base/arena.h"

/** `text` packed, in `arena`; STR_NONE when that would not be shorter. `level`: 1 (quick) to 9 (small). */
str pack_gzip(struct arena *arena, str text, int level);
/** Whether an Accept-Encoding header takes gzip (RFC 9110 section 12.5.3); an absent one does not. */
bool pack_is_accepted(str accept_encoding);

#endif
