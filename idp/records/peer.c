#include "records/peer.h"

#include <arpa/inet.h>
#include <string.h>

#include "crypto/primitives.h"

str peer_network(struct arena *arena, str peer)
{
    struct in6_addr address;
    char text[INET6_ADDRSTRLEN];
    if (!peer.p || peer.n >= sizeof text)
        return STR("?");
    memcpy(text, peer.p, peer.n);
    text[peer.n] = '\0';
    if (inet_pton(AF_INET6, text, &address) != 1 || IN6_IS_ADDR_V4MAPPED(&address))
        return peer;
    return hex_encode(arena, str_bytes(&address, 8));
}
