/* Of the sign-in room only: a resident's authenticators as the API shows them, and the notices about them. */
#ifndef KONSAO_SIGNIN_AUTHENTICATOR_DEVICES_H
#define KONSAO_SIGNIN_AUTHENTICATOR_DEVICES_H

#include "base/buf.h"
#include "signin/authenticator/api.h"

/** {id, name, created_at, last_used_at, active_at, this, backed_up}. `mine`: the key of the one that asks. */
str device_json(struct arena *arena, const struct authenticator *authenticator, str mine);

#define DEVICE_NAME_MAX 40 /* characters */
/** Whether a name may be shown: UTF-8, 1 to DEVICE_NAME_MAX characters, something to be seen among them, no control
 * characters and none that turns the direction of writing. */
bool device_name_ok(str name);
/** The body's `name`, without spaces around it. False, and answered, when it may not be shown. */
MUST_CHECK bool device_name(struct call *call, str *out);

/** What a resident's other authenticators are told of: enrolments, removals and the like that `mine` did not do itself
 * and has not shown yet (`seen`), newest first, at most 20: a JSON array of {entry, event, authenticator_name, at}.
 * "[]" while `mine` waits to be active. */
MUST_CHECK enum store_result authenticator_notices(struct store *store, struct arena *arena,
                                                   const struct authenticator *mine, str *json);
/** "added", "removed", …; "signed_in" for HISTORY_SIGNED_IN, and so on: how the API names events. */
const char *history_event_name(int64_t event);

/** A history entry about `authenticator`, done by `by` (its key; STR_NONE: nobody that is enrolled). */
struct history device_event(const struct authenticator *authenticator, enum history_event event, str by);

/** Writes down that a copy of the authenticator's passkey is in use (its counter says so): passkey.cloned for the
 * operator and, with a notice, an entry in the resident's history. False when the store failed; the log says so. */
bool device_note_clone(struct provider *provider, const struct request *rq, const struct authenticator *authenticator);

#endif
