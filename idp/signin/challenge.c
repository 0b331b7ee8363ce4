#include "signin/challenge.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"

#define RANDOM_BYTES 16
#define TIME_BYTES 8
#define MAC_BYTES 16
#define CHALLENGE_BYTES (RANDOM_BYTES + TIME_BYTES + MAC_BYTES)
#define LIFE 120 /* seconds */
#define CLIENT_DATA_MAX 4096

static void add_mac(const struct key_ring *keys, struct arena *arena, const char *purpose, str whose,
                    unsigned char challenge[static CHALLENGE_BYTES])
{
    unsigned char mac[SHA256_BYTES];
    struct buf text = buf_new(arena, 128);
    buf_printf(&text, "\nchallenge\n%s\n", purpose); /* unlike any form's text: no interaction's id begins so */
    buf_add(&text, whose);
    buf_char(&text, '\n');
    buf_add(&text, str_bytes(challenge, RANDOM_BYTES + TIME_BYTES));
    ring_mac(keys, ROOT_FORM, 0, buf_str(&text), mac);
    memcpy(challenge + RANDOM_BYTES + TIME_BYTES, mac, MAC_BYTES);
}

static void put_time(unsigned char *out, int64_t seconds)
{
    for (size_t i = 0; i < TIME_BYTES; i++)
        out[i] = (unsigned char)((uint64_t)seconds >> (8 * (TIME_BYTES - 1 - i)));
}

static int64_t get_time(const unsigned char *in)
{
    uint64_t seconds = 0;
    for (size_t i = 0; i < TIME_BYTES; i++)
        seconds = seconds << 8 | in[i];
    return (int64_t)(seconds & INT64_MAX);
}

str challenge_make(const struct key_ring *keys, struct arena *arena, const char *purpose, str whose)
{
    unsigned char challenge[CHALLENGE_BYTES];
    random_fill(challenge, RANDOM_BYTES);
    put_time(challenge + RANDOM_BYTES, clock_now());
    add_mac(keys, arena, purpose, whose, challenge);
    return arena_str(arena, str_bytes(challenge, sizeof challenge));
}

static bool is_ours(const struct key_ring *keys, struct arena *arena, const char *purpose, str whose, str given,
                    int64_t *made_at)
{
    unsigned char ours[CHALLENGE_BYTES];
    if (given.n != CHALLENGE_BYTES)
        return false;
    memcpy(ours, given.p, CHALLENGE_BYTES);
    add_mac(keys, arena, purpose, whose, ours);
    *made_at = get_time(ours + RANDOM_BYTES);
    return secret_equal(given, str_bytes(ours, sizeof ours));
}

enum store_result challenge_take(struct store *store, const struct key_ring *keys, struct arena *arena,
                                 const char *purpose, str whose, str client_data, str *challenge)
{
    int64_t made_at, now = clock_now();
    const json_t *data = json_parse_object(arena, client_data, CLIENT_DATA_MAX);
    if (!data || !base64url_decode(arena, json_str(data, "challenge"), challenge) ||
        !is_ours(keys, arena, purpose, whose, *challenge, &made_at) || now < made_at || now - made_at > LIFE)
        return STORE_NOT_FOUND;
    struct store_op op = {.what = STORE_PUT,
                          .kind = RECORD_REPLAY,
                          .key = sha256_key(arena, *challenge),
                          .value = STR("1"),
                          .expires_at = made_at + LIFE + 1,
                          .condition = IF_ABSENT};
    return store_write(store, &op, 1);
}
