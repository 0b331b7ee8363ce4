/* CIBA ping: the client is told that its request was answered (OpenID Connect CIBA Core 1.0 section 10.2). */
#ifndef KONSAO_OAUTH_CIBA_PING_H
#define KONSAO_OAUTH_CIBA_PING_H

#include "provider.h"

#define NOTICE_CIBA_PING "ciba_ping"

/** What a ping needs and the store must not show: the client's bearer token and the auth_req_id, sealed under our key.
 */
str ciba_ping_seal(const struct provider *provider, struct arena *arena, str notification_token, str auth_req_id);
/** An outbox_kind's render. `context` is the provider. */
enum outbox_rendered ciba_ping_render(void *context, struct arena *arena, const struct outbox_notice *notice,
                                      struct outbound_request *request);

#endif
