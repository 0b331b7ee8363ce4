/* Requests that are answered in another place than they are made in: what the device grant (RFC 8628) and CIBA share.
 */
#ifndef KONSAO_OAUTH_DECOUPLED_H
#define KONSAO_OAUTH_DECOUPLED_H

#include "oauth/request/request.h"
#include "oauth/token/token.h"
#include "records/decoupled.h"

/** Seconds that the code of an answered request waits to be fetched. */
#define DECOUPLED_CODE_LIFE 300

/** Bytes of what is kept of a request. */
#define DECOUPLED_PARAMETERS_MAX ((size_t)16 * 1024)

/** The parameters that the person will be asked about, sealed under the ring: what is kept of a request. */
str decoupled_parameters(const struct provider *provider, struct arena *arena, const struct params *params);

/** What `pending` asks for, checked anew, as an interaction that is not stored yet, in `request`. Status 404 when it is
 * over. */
struct oauth_error decoupled_rebuild(struct provider *provider, struct request *rq, const struct decoupled *pending,
                                     struct authorize_request *request);
/** Begins the sign-in that answers `pending` in this browser: checks its parameters anew, stores an interaction, and
 * sends the browser to it; or shows what is wrong. */
void decoupled_begin(struct provider *provider, struct request *rq, const struct decoupled *pending);
/** Tells the person that the request is not there any more. */
void decoupled_over(struct provider *provider, struct request *rq);

/** Adds to a finished interaction's batch what its request is told: `code` (STR_NONE: denied) goes into the mailbox.
 * Gives how many ops; 0 when the request is over: STORE_NOT_FOUND in `*result`. */
size_t decoupled_answer(struct provider *provider, struct request *rq, const struct interaction *interaction, str code,
                        struct store_op *op, enum store_result *result);
/** Shows the person that it is done (or denied): the way on is the device, or whoever asked. */
void decoupled_done(struct provider *provider, struct request *rq, const struct interaction *interaction,
                    bool approved);
/** Whether somebody else than the person who must answer has signed in: STORE_OK with `*wrong`. */
MUST_CHECK enum store_result decoupled_check_person(struct provider *provider, struct request *rq,
                                                    const struct interaction *interaction, bool *wrong);
/** Tells a client that wants to be told that its request was answered (CIBA ping): owes it the notice durably. */
void decoupled_notify(struct provider *provider, struct request *rq, const struct interaction *interaction);

/** A poll at the token endpoint with `secret` (device_code, auth_req_id): authorization_pending, slow_down,
 * access_denied, expired_token; or, answered, what its code gives. */
struct oauth_error decoupled_poll(struct token_request *request, enum record_kind kind, str secret,
                                  struct token_answer *answer);

#endif
