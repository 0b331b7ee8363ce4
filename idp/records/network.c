#include "records/network.h"

#include <arpa/inet.h>
#include <string.h>

#define MAPPED_BITS 96

static const unsigned char mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* `*four`: it is written as an IPv4 address. */
static bool read_written(str text, struct address *out, bool *four)
{
    char copy[INET6_ADDRSTRLEN];
    struct in_addr short_one;
    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, '\0', text.n))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    *four = inet_pton(AF_INET, copy, &short_one) == 1;
    if (!*four)
        return inet_pton(AF_INET6, copy, out->bytes) == 1;
    memcpy(out->bytes, mapped, sizeof mapped);
    memcpy(out->bytes + sizeof mapped, &short_one, sizeof short_one);
    return true;
}

bool address_read(str text, struct address *out)
{
    bool four;
    return read_written(text, out, &four);
}

/* Whether all bits from `bits` on are 0. */
static bool ends_in_zeros(const struct address *address, unsigned bits)
{
    for (unsigned i = bits; i < 8 * sizeof address->bytes; i++)
        if (address->bytes[i / 8] & (0x80 >> i % 8))
            return false;
    return true;
}

bool network_read(str text, struct network *out)
{
    str address, length;
    bool four;
    uint64_t bits = 0;
    bool has_length = str_cut(text, '/', &address, &length);
    if (!read_written(address, &out->address, &four))
        return false;
    unsigned most = four ? 32 : 128;
    if (has_length && !str_to_u64(length, most, &bits))
        return false;
    out->bits = (has_length ? (unsigned)bits : most) + (four ? MAPPED_BITS : 0);
    return ends_in_zeros(&out->address, out->bits);
}

bool network_has(const struct network *network, const struct address *address)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    unsigned char differ = rest ? network->address.bytes[whole] ^ address->bytes[whole] : 0;
    return differ >> (8 - rest) == 0;
}

bool address_is_loopback(const struct address *address)
{
    static const struct network four = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127}}, MAPPED_BITS + 8};
    static const struct network six = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}, 128};
    return network_has(&four, address) || network_has(&six, address);
}
