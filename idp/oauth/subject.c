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

#define SID_BYTES 16

str subject_sid(const struct key_ring *keys, struct arena *arena, str client_id, str sid)
{
    unsigned char mac[SHA256_BYTES];
    ring_mac(keys, ROOT_SID, 1, arena_printf(arena, "%.*s\n%.*s", STR_FMT(client_id), STR_FMT(sid)), mac);
    return base64url_encode(arena, str_bytes(mac, SID_BYTES));
}
