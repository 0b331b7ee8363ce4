/* Telling clients that a session has ended: behind the browser's back (OpenID Connect Back-Channel Logout 1.0), from
 * the outbox, and through it (Front-Channel Logout 1.0). */
#ifndef KONSAO_OAUTH_CHANNEL_LOGOUT_H
#define KONSAO_OAUTH_CHANNEL_LOGOUT_H

#include "provider.h"
#include "records/participant.h"

/** An outbox_kind's render: posts a logout token, signed anew for each try and valid for two minutes. `context` is the
 * provider. */
enum outbox_rendered backchannel_logout_render(void *context, struct arena *arena, const struct outbox_notice *notice,
                                               struct outbound_request *request);

/** The URL to load in a frame: the client's frontchannel_logout_uri with iss and sid (Front-Channel Logout section 2).
 */
str frontchannel_logout_url(const struct provider *provider, struct arena *arena, const struct participant *told);

#endif
