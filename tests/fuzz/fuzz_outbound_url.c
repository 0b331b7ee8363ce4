#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "outbound/address.h"
#include "outbound/outbound.h"
#include "outbound/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fine)
{
    if (!fine)
        abort();
}

/* A host that the C library takes for a number, in any of the spellings that it knows, is one that we took for it. */
static void check_address(struct arena *arena, const struct target *target)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const char *host = arena_cstr(arena, target->host);
    bool is_v4 = inet_aton(host, &v4.sin_addr) == 1, is_v6 = inet_pton(AF_INET6, host, &v6.sin6_addr) == 1;
    require(target->literal == (is_v4 || is_v6));
    if (is_v4)
        require(target->is_public == address_is_public((const struct sockaddr *)&v4));
    if (is_v6)
        require(target->is_public == address_is_public((const struct sockaddr *)&v6));
}

/* libcurl goes where we looked. */
static void check_curl(const struct target *target)
{
    char *host = NULL, *port = NULL, *scheme = NULL;
    require(curl_url_get(target->url, CURLUPART_HOST, &host, 0) == CURLUE_OK);
    require(curl_url_get(target->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK);
    require(curl_url_get(target->url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK);
    require(strcmp(scheme, "https") == 0);
    require(strtoul(port, NULL, 10) == target->port);
    require(host[0] == '[' || strcasecmp(host, target->host.p) == 0);
    curl_free(host);
    curl_free(port);
    curl_free(scheme);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct target target;
    const char *why = NULL;
    str url = str_bytes(data, size);
    if (target_parse(arena, url, &target, &why)) {
        require(str_starts(url, STR("https://")) && url.n <= OUTBOUND_URL_MAX);
        require(str_is_printable(url) && !str_has(url, ' ') && !str_has(url, '#') && !str_has(url, '\\'));
        require(target.port >= 1 && target.port <= 65535 && target.host.n > 0);
        check_address(arena, &target);
        check_curl(&target);
    } else {
        require(why != NULL);
    }
    char error[128];
    if (!str_has(url, '\0') && allowed_parse(arena, url, error, sizeof error))
        require(!str_has(url, '/') && !str_has(url, '@'));
    arena_free(arena);
    return 0;
}
