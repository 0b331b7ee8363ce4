#include "outbound/address.h"

#include <netinet/in.h>
#include <string.h>

#include "base/attr.h"

/* The first `bits` bits of an address. */
struct range4 {
    uint32_t start;
    unsigned bits;
};
struct range6 {
    unsigned char start[4];
    unsigned bits; /* at most 32 */
};

/* https://www.iana.org/assignments/iana-ipv4-special-registry, what is not globally reachable. */
static const struct range4 special4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8: this network */
    {0x0a000000, 8},  /* 10.0.0.0/8: private */
    {0x64400000, 10}, /* 100.64.0.0/10: carriers' NAT */
    {0x7f000000, 8},  /* 127.0.0.0/8: loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0/16: link-local; metadata of clouds */
    {0xac100000, 12}, /* 172.16.0.0/12: private */
    {0xc0000000, 24}, /* 192.0.0.0/24: protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0/24: documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24: 6to4 relays */
    {0xc0a80000, 16}, /* 192.168.0.0/16: private */
    {0xc6120000, 15}, /* 198.18.0.0/15: benchmarks */
    {0xc6336400, 24}, /* 198.51.100.0/24: documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24: documentation */
    {0xe0000000, 4},  /* 224.0.0.0/4: multicast */
    {0xf0000000, 4},  /* 240.0.0.0/4: reserved, broadcast */
};

/* Of IPv6, 2000::/3 alone is global unicast; within it these are not public. */
static const struct range6 special6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* 2001::/23: protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* 2001:db8::/32: documentation */
    {{0x20, 0x02, 0x00, 0x00}, 16}, /* 2002::/16: 6to4 */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* 3fff::/20: documentation */
};

static bool same_bits(uint32_t a, uint32_t b, unsigned bits)
{
    return (a ^ b) >> (32 - bits) == 0;
}

static uint32_t first_word(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_public4(const unsigned char *bytes)
{
    for (size_t i = 0; i < COUNT_OF(special4); i++)
        if (same_bits(first_word(bytes), special4[i].start, special4[i].bits))
            return false;
    return true;
}

static bool is_public6(const unsigned char *bytes)
{
    if (bytes[0] >> 5 != 1)
        return false;
    for (size_t i = 0; i < COUNT_OF(special6); i++)
        if (same_bits(first_word(bytes), first_word(special6[i].start), special6[i].bits))
            return false;
    return true;
}

bool address_is_public(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof v4);
        return is_public4((const unsigned char *)&v4.sin_addr);
    case AF_INET6:
        memcpy(&v6, address, sizeof v6);
        return is_public6((const unsigned char *)&v6.sin6_addr);
    default:
        return false;
    }
}
