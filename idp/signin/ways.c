#include "signin/ways.h"

#include "records/browser.h"
#include "records/network.h"

#define HAS(ways, way) (((ways)&1u << (way)) != 0)

static bool is_in_network(const struct client *client, str peer)
{
    struct address address;
    if (client->qr_network_count == 0)
        return true;
    if (!address_read(peer, &address))
        return false;
    for (size_t i = 0; i < client->qr_network_count; i++)
        if (network_has(&client->qr_networks[i], &address))
            return true;
    return false;
}

unsigned ways_of(const struct visit *visit)
{
    const struct sso_policy policy = visit_policy(visit);
    unsigned ways = sso_ways(&policy, &visit->interaction);
    return is_in_network(visit->client, visit->rq->peer) ? ways : ways & ~(1u << WAY_QR);
}

void ways_show(const struct visit *visit, struct view *view)
{
    unsigned ways = ways_of(visit);
    view_flag(view, "ways_phone", HAS(ways, WAY_QR));
    view_flag(view, "ways_passkey", HAS(ways, WAY_PASSKEY));
    view_flag(view, "ways_mobile", browser_is_mobile(request_header(visit->rq, "User-Agent")));
    view_text(view, "passkey_path", arena_printf(visit->rq->arena, "/passkey/%.*s", STR_FMT(visit->interaction.id)));
    view_text(view, "channel_path", arena_printf(visit->rq->arena, "/channel/%.*s", STR_FMT(visit->interaction.id)));
}
