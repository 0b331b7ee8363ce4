#include "oauth/subject.h"

#include "base/buf.h"
#include "crypto/primitives.h"

str subject_of(const struct key_ring *keys, struct arena *arena, const struct client *client, const struct kidc *kidc)
{
    struct buf text = buf_new(arena, 128);
    if (client->pairwise)
        buf_add(&text, client->sector);
    buf_char(&text, '\0'); /* cannot stand in a sector: no two pairs make the same text */
    buf_add(&text, (str){kidc->digits, KIDC_DIGITS});
    unsigned char mac[SHA256_BYTES];
    ring_mac(keys, ROOT_PAIRWISE, client->pairwise_version, buf_str(&text), mac);
    return base64url_encode(arena, str_bytes(mac, sizeof mac));
}
