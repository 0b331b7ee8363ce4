/* Compact JWE from outside, against the private key of RFC 7518 appendix C: what opens is what the corpus' maker
 * encrypted to it. The first byte chooses: a whole JWE, or the header of one (the rest made right around it). */
#include <stdlib.h>

#include "crypto/json.h"
#include "crypto/jwe.h"
#include "crypto/primitives.h"

#define MAX 8192

static struct jose_key *ec;

static void make_key(void)
{
    static const char text[] =
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\","
        "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\",\"d\":\"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw\"}";
    struct arena *arena = arena_new();
    const char *why;
    ec = jose_key_from_jwk(json_parse_object(arena, str_of(text), MAX), ALG_ECDH_ES, &why);
    arena_free(arena);
    if (!ec)
        abort();
}

/* The header is the fuzzer's; the other parts have the right form, so that it is the header that decides. */
static str around(struct arena *arena, str header)
{
    str encoded = base64url_encode(arena, header);
    return arena_printf(arena, "%.*s..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA", STR_FMT(encoded));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!ec)
        make_key();
    struct arena *arena = arena_new();
    struct jwe_parts parts;
    str plain = STR_NONE, input = size > 0 ? str_bytes(data + 1, size - 1) : STR_NONE;
    bool is_whole = size > 0 && data[0] == 'w';
    if (jwe_parse(arena, is_whole ? input : around(arena, input), MAX, &parts)) {
        if (!parts.header || json_object_get(parts.header, "zip") || json_object_get(parts.header, "crit") ||
            jose_encryption_alg_of(json_str(parts.header, "alg")) != parts.alg || parts.tag.n != 16)
            abort();
        if (jwe_decrypt(arena, &parts, ec, &plain) && (!is_whole || !str_is(plain, "hello")))
            abort();
    }
    arena_free(arena);
    return 0;
}
