/* Networks as operators write them: 203.0.113.0/24, 2001:db8::/32, or one address. */
#ifndef KONSAO_RECORDS_NETWORK_H
#define KONSAO_RECORDS_NETWORK_H

#include "base/str.h"

/** An address; IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
struct address {
    unsigned char bytes[16];
};
/** IPv4 has 96 bits more than it is written with. */
struct network {
    struct address address;
    unsigned bits;
};

/** Reads an address. False when it is none ("unix", a host name, an address with a zone). */
MUST_CHECK bool address_read(str text, struct address *out);
/** Reads a network, or an address as the network of it alone. False when it is neither, or has bits beyond its prefix.
 */
MUST_CHECK bool network_read(str text, struct network *out);
bool network_has(const struct network *network, const struct address *address);
bool address_is_loopback(const struct address *address);

#endif
