#include <stdlib.h>
#include <string.h>

#include "oauth/client/dpop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fine)
{
    if (!fine)
        abort();
}

/* What passes for a place of ours begins as ours does, but for the case of scheme and host, and a port that is none. */
static void check_place(str url)
{
    static const char ours[] = "https://id.example.kh";
    const str place = STR("https://id.example.kh/token");
    bool same = dpop_same_place(url, place);
    require(same == dpop_same_place(place, url));
    if (!same)
        return;
    require(url.n >= sizeof ours - 1 + 6 && strncasecmp(url.p, ours, sizeof ours - 1) == 0);
    str after = {url.p + sizeof ours - 1, url.n - (sizeof ours - 1)};
    require(str_starts(after, STR("/token")) || str_starts(after, STR(":443/token")) ||
            str_starts(after, STR(":/token")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    const str urls[] = {STR("https://id.example.kh/token")};
    const struct dpop_expected expected = {
        .method = STR("POST"), .urls = urls, .url_count = 1, .nonces = {STR("one"), STR("another")}, .now = 1700000000};
    struct dpop_proof proof;
    const char *why = NULL;
    str input = str_bytes(data, size), first, rest;
    enum dpop_verdict verdict = dpop_check(arena, input, &expected, &proof, &why);
    require((verdict == DPOP_RIGHT) == (proof.jkt.p != NULL) && (verdict == DPOP_RIGHT || why));
    check_place(input);
    str_cut(input, '\n', &first, &rest);
    require(dpop_same_place(first, rest) == dpop_same_place(rest, first));
    arena_free(arena);
    return 0;
}
