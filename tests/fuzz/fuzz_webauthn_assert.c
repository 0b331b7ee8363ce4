/* Assertions from outside, for a fixed challenge and the keys that the corpus was made with. The first byte chooses:
 * 'j', the whole credential in JSON, else authenticator data, with the rest made right around it. */
#include <stdlib.h>

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "webauthn/parts.h"

#define CLIENT_DATA "{\"type\":\"webauthn.get\",\"challenge\":\"ZnV6eg\",\"origin\":\"https://id.gov.kh\"}"

static const struct webauthn_site site = {STR_INIT("id.gov.kh"), STR_INIT("https://id.gov.kh"), STR_INIT("android:x"),
                                          STR_INIT("Konsao")};
static const struct {
    int64_t alg;
    const char *cose;
} keys[] = {
    {-7, "pQECAyYgASFYIE5fwjSRnUNB38VzJU1hRIHqdYPBp3CCy4X7ZfAGNVzoIlggApR4N8_X55irP7GITgF7yIRso-"
         "zuf15rfaBKV1Lgb-g"},
    {-8, "pAEBAycgBiFYID5P1E8YLvlUok-pcRSF5TYVsLxGvPQF0Iqi_89jv5Cb"},
    {-257, "pAEDAzkBACBZAQDGXmSZ1gzCrA2xlhbId-2jD9AcA5a-"
           "3s29gfTQCoDulQ7merlbXERx6Gq2NdE8kClo6C5R6teCFAegGVlI5oRD4KafgqTlTH8Z2vq9ynt1ygFAE0oYTXKKLBZaW0a5efyr"
           "vbyeN-hFY9s8giDCGIVjC1RKbbZJwfY8TnieJzI1anOClVG4ZoNWZSfxZB5GNN7stDKNV0t1WmMpnWW_fBeMzQAinIXFH1-"
           "z030ojWNX1_v0MP1rcIdTLQC3hPOatWjc7di91dtM24q_8VUqqIymvk23mj3JPga6dSCmNlbeC5H3TW4goasxLOgaQSd2uQFIRcX"
           "1GaDelPs340ad16AtIUMBAAE"},
};

/* Only who has a key could have made what is accepted: it says what was asked, of this site, by a verified user. */
static void expect_sound(struct arena *arena, const struct webauthn_assertion *assertion)
{
    unsigned char hash[SHA256_BYTES];
    const json_t *data = json_parse_object(arena, assertion->client_data, WEBAUTHN_BYTES_MAX);
    str bytes = assertion->authenticator_data;
    sha256(site.rp_id, hash);
    if (!str_is(json_str(data, "type"), "webauthn.get") || !str_is(json_str(data, "challenge"), "ZnV6eg") ||
        !str_is(json_str(data, "origin"), "https://id.gov.kh") || bytes.n < 37 ||
        !str_starts(bytes, str_bytes(hash, sizeof hash)) || (bytes.p[32] & 0x45) != 0x05)
        abort();
}

static void judge(struct arena *arena, const struct webauthn_assertion *assertion)
{
    struct webauthn_asserted out;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct webauthn_known known = {.credential_id = assertion->credential_id, .alg = keys[i].alg};
        if (!base64url_decode(arena, str_of(keys[i].cose), &known.public_key))
            abort();
        if (webauthn_assert(arena, &site, assertion, STR("fuzz"), &known, &out) == WEBAUTHN_OK)
            expect_sound(arena, assertion);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *arena = arena_new();
    str input = str_bytes(data + 1, size - 1);
    struct webauthn_assertion assertion = {STR("id"), STR_NONE, STR(CLIENT_DATA), input, STR("a signature")};
    if (data[0] != 'j' ||
        webauthn_assertion_parse(arena, json_parse_object(arena, input, (size_t)1 << 16), &assertion) == WEBAUTHN_OK)
        judge(arena, &assertion);
    arena_free(arena);
    return 0;
}
