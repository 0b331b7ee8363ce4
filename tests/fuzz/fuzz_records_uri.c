#include <stdlib.h>

#include "records/client/client_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fine)
{
    if (!fine)
        abort();
}

/* What is accepted as a redirect URI has nothing in it that two readers could take differently. */
static void check_accepted(str uri, enum uri_kind kind, str host)
{
    require(str_is_printable(uri) && !str_has(uri, ' ') && !str_has(uri, '#') && !str_has(uri, '\\'));
    require(!str_has(uri, '*') && !str_has(uri, '"') && !str_has(uri, '<'));
    if (kind == URI_WEB) {
        require(str_starts(uri, STR("https://")) || str_starts(uri, STR("http://")));
        size_t scheme = str_starts(uri, STR("https://")) ? 8 : 7;
        require(is_host_name(host) && host.p == uri.p + scheme);
        str after = {host.p + host.n, uri.n - scheme - host.n};
        require(after.n == 0 || after.p[0] == '/' || after.p[0] == ':' || after.p[0] == '?');
        require(scheme == 8 || str_is(host, "localhost") || str_is(host, "127.0.0.1") || str_is(host, "[::1]"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    str uri = str_bytes(data, size), host = STR_NONE;
    const char *why = NULL;
    for (int kind = URI_WEB; kind <= URI_NATIVE; kind++) {
        if (client_uri_check(arena, uri, (enum uri_kind)kind, &host, &why))
            check_accepted(uri, (enum uri_kind)kind, host);
        else
            require(why != NULL);
        why = NULL;
    }
    require(resource_uri_check(uri, &why) || why);
    arena_free(arena);
    return 0;
}
