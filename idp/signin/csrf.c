#include "signin/csrf.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/primitives.h"

/* Two halves: the first for the stage, the second for what the form showed as well. */
#define HALF 16
#define TOKEN_TEXT 43 /* base64url of both */

static void add_half(const struct key_ring *keys, struct arena *arena, const struct interaction *interaction,
                     int64_t stage, str shown, char out[static HALF])
{
    struct buf text = buf_new(arena, 128);
    buf_add(&text, interaction->id);
    buf_char(&text, '\0');
    buf_add(&text, interaction->browser); /* 32 bytes always */
    buf_printf(&text, "%lld", (long long)stage);
    buf_char(&text, '\0');
    buf_add(&text, shown);
    unsigned char mac[SHA256_BYTES];
    ring_mac(keys, ROOT_FORM, 0, buf_str(&text), mac);
    memcpy(out, mac, HALF);
}

static str make_token(const struct key_ring *keys, struct arena *arena, const struct interaction *interaction,
                      int64_t stage)
{
    char bytes[2 * HALF];
    str shown = stage == STAGE_CONSENT && interaction->sid.n > 0 ? interaction->sid : STR("-");
    add_half(keys, arena, interaction, stage, STR(""), bytes);
    add_half(keys, arena, interaction, stage, shown, bytes + HALF);
    return base64url_encode(arena, str_bytes(bytes, sizeof bytes));
}

str csrf_token(const struct key_ring *keys, struct arena *arena, const struct interaction *interaction)
{
    return make_token(keys, arena, interaction, interaction->stage);
}

enum csrf_result csrf_check(const struct key_ring *keys, struct arena *arena, const struct interaction *interaction,
                            str token)
{
    str given, ours;
    if (token.n != TOKEN_TEXT || !base64url_decode(arena, token, &given))
        return CSRF_FORGED;
    if (secret_equal(token, csrf_token(keys, arena, interaction)))
        return CSRF_VALID;
    for (int64_t stage = STAGE_START; stage <= STAGE_CONSENT; stage++)
        if (base64url_decode(arena, make_token(keys, arena, interaction, stage), &ours) &&
            secret_equal((str){given.p, HALF}, (str){ours.p, HALF}))
            return CSRF_STALE;
    return CSRF_FORGED;
}

/* "https://host:port" of a URL with a path or without. */
static str origin_of(str url)
{
    size_t slashes = 0, n = 0;
    while (n < url.n && (url.p[n] != '/' || ++slashes < 3))
        n++;
    return (str){url.p, n};
}

bool csrf_origin_fits(str sec_fetch_site, str origin, str issuer)
{
    if (sec_fetch_site.p && !str_eq(sec_fetch_site, STR("same-origin")))
        return false;
    /* "null" says nothing: it is what browsers send for our own forms, because of Referrer-Policy: no-referrer (Fetch
     * section 3.2). */
    return !origin.p || str_eq(origin, STR("null")) || str_eq_nocase(origin, origin_of(issuer));
}

bool csrf_same_origin(const struct request *rq, str issuer)
{
    return csrf_origin_fits(request_header(rq, "Sec-Fetch-Site"), request_header(rq, "Origin"), issuer);
}
