/* A person signing in: KIdC, one-time code, consent. Reads the request from the interaction record and writes the
 * result into it; knows nothing of OAuth. Handlers' context: struct provider. */
#ifndef KONSAO_SIGNIN_SIGNIN_H
#define KONSAO_SIGNIN_SIGNIN_H

#include "provider.h"

/** GET /signin/ID: the page that this browser's interaction is at, or on to /authorize/ID when it is finished. Waits.
 */
http_handler signin_show;
/** POST /signin/ID: a form of one of those pages ("claim" may repeat). Waits for the register and the store. */
http_handler signin_submit;
/** POST /passkey/ID: what that page's script asks the browser's authenticator (form: csrf). Does not wait. */
http_handler signin_passkey;
/** GET /client-logo/CLIENT_ID: the logo shown on those pages. Does not wait. */
http_handler signin_client_logo;

/** For provider.sign_in_silently: true when no page is needed, with the result in `interaction` (STAGE_DONE, or
 * STAGE_REFUSED with an error), which is not stored; always true for prompt=none. False, and `interaction` untouched,
 * when a page must be shown. */
bool signin_silently(struct provider *provider, struct request *rq, struct interaction *interaction);

#endif
