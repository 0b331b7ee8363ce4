/* Who a request is counted against. */
#ifndef KONSAO_RECORDS_PEER_H
#define KONSAO_RECORDS_PEER_H

#include "base/arena.h"

/** A peer as it is counted: an IPv4 address, or the /64 network of an IPv6 one, which is one customer's. */
str peer_network(struct arena *arena, str peer);

#endif
