/* Which IP addresses are public: reachable by anyone on the Internet, so that a request to one gives no stranger more
 * than they have. This room's own. */
#ifndef KONSAO_OUTBOUND_ADDRESS_H
#define KONSAO_OUTBOUND_ADDRESS_H

#include <sys/socket.h>

#include "base/str.h"

/** False for all that is special (RFC 6890 and what came after it), and for every family but IPv4 and IPv6. IPv6
 * addresses that carry an IPv4 address (mapped, NAT64, 6to4, Teredo) are not public: the translation may lead inside.
 */
bool address_is_public(const struct sockaddr *address);

#endif
