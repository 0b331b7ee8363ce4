/* Signing in by a phone, as the waiting browser sees it: the codes that it shows, what it is told, and what becomes of
 * the phone's answer. Handlers' context: struct provider. */
#ifndef KONSAO_SIGNIN_QR_H
#define KONSAO_SIGNIN_QR_H

#include "provider.h"
#include "records/channel.h"
#include "signin/visit.h"

/** POST /channel/ID: a channel for this browser's interaction ID (form: csrf; way, "qr" or "same_device"; anew, "yes"
 * to end the one that there is). Waits for the store. */
http_handler channel_begin;
/** GET /channel/ID?seen=V: the channel as it is, or as soon as it is not as V says any more (25 s at most). Does not
 * wait for the store. Answers 403 to other browsers; to one that names the channel as well, it ends it. */
http_handler channel_wait;
/** GET /q/CODE: what a camera app or the button for the same device opens. On to the authenticator. */
http_handler channel_link;

/** Finishes the sign-in if a phone approved it for this browser. True when it answered. */
MUST_CHECK bool qr_complete(struct visit *visit);
/** GET /signin/ID?continue=SECRET, not by the browser that waits: ends the channel if the secret is its own, because
 * somebody was made to approve another's request. True when it was. */
MUST_CHECK bool qr_is_foreign(struct provider *provider, struct request *rq);

/* ---- of this folder ---- */

/** The size (QR version, ISO/IEC 18004) that codes of a URL of `length` bytes need. 0: too long for any. */
int qr_version(struct arena *arena, size_t length);
/** The modules of `text`, row by row, 1 for dark, in `arena`; error correction M, always the same mask. NULL when the
 * version is not between what the text needs and 10. */
const unsigned char *qr_quick(struct arena *arena, str text, int version, int *width);
/** The version that `length` bytes need; 0: more than 10. */
int qr_quick_version(size_t length);
/** An SVG image of `text`, black on white with its quiet zone, error correction M. STR_NONE when it is too long. */
str qr_svg(struct arena *arena, str text, int version);

/** What the browser is told of `channel` (JSON). */
str channel_say(struct provider *provider, struct arena *arena, const struct channel *channel);
/** Ends it for `end` if nobody was faster, wakes whoever waits, and writes the audit entry; whose phone scanned it finds
 * it in the history. */
void channel_fail(struct provider *provider, struct request *rq, struct channel *channel, enum channel_end end);

#endif
