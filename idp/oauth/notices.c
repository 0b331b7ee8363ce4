#include "oauth/elsewhere/ciba_ping.h"
#include "oauth/oauth.h"
#include "oauth/session/channel_logout.h"

const struct outbox_kind oauth_notices[] = {
    {NOTICE_BACKCHANNEL_LOGOUT, backchannel_logout_render},
    {NOTICE_CIBA_PING, ciba_ping_render},
    {NULL, NULL},
};
