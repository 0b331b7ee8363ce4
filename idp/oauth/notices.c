#include "oauth/channel_logout.h"
#include "oauth/oauth.h"

const struct outbox_kind oauth_notices[] = {
    {NOTICE_BACKCHANNEL_LOGOUT, backchannel_logout_render},
    {NULL, NULL},
};
