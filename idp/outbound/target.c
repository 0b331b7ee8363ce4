#include "outbound/target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbound/address.h"
#include "outbound/outbound.h"

#define LABEL_MAX 63
#define NAME_MAX_BYTES 249 /* DNS has 253; with ":65535" it must still be a key of the store */
#define SCHEME STR("https://")

static void free_url(void *url)
{
    curl_url_cleanup(url);
}

static void free_text(char **text)
{
    curl_free(*text);
}

/* What RFC 3986 has in a URL, but for the fragment's sign. */
static bool is_url_text(str url)
{
    static const char others[] = "-._~:/?[]@!$&'()*+,;=%";
    for (size_t i = 0; i < url.n; i++) {
        char c = url.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return true;
}

static bool is_label(str label)
{
    for (size_t i = 0; i < label.n; i++) {
        char c = label.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return label.n > 0 && label.n <= LABEL_MAX && label.p[0] != '-' && label.p[label.n - 1] != '-';
}

/* Whether some reader would take a name that ends like this for a number: digits alone, or 0x and so on (WHATWG URL
 * section 3.5). */
static bool ends_in_number(str last)
{
    bool digits = true;
    for (size_t i = 0; i < last.n; i++)
        digits = digits && last.p[i] >= '0' && last.p[i] <= '9';
    return digits || str_starts(last, STR("0x"));
}

static bool read_ipv4(struct target *target)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, target->host.p, &address.sin_addr) != 1)
        return false;
    target->literal = true;
    target->is_public = address_is_public((const struct sockaddr *)&address);
    return true;
}

static bool read_ipv6(struct arena *arena, str text, struct target *target)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    char *shortest = arena_alloc(arena, INET6_ADDRSTRLEN);
    if (inet_pton(AF_INET6, arena_cstr(arena, text), &address.sin6_addr) != 1 ||
        !inet_ntop(AF_INET6, &address.sin6_addr, shortest, INET6_ADDRSTRLEN))
        return false;
    target->host = str_of(shortest);
    target->literal = true;
    target->is_public = address_is_public((const struct sockaddr *)&address);
    return true;
}

static bool read_name(struct arena *arena, str text, struct target *target)
{
    char *name = arena_cstr(arena, text);
    for (char *c = name; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    target->host = (str){name, text.n};
    str label, rest = target->host;
    bool more = true;
    while (more) {
        more = str_cut(rest, '.', &label, &rest);
        if (!is_label(label))
            return false;
    }
    return text.n <= NAME_MAX_BYTES && (!ends_in_number(label) || read_ipv4(target));
}

/* "host" or "host:port". */
static bool read_authority(struct arena *arena, str authority, struct target *target)
{
    str host = authority, port = STR_NONE;
    if (str_starts(authority, STR("["))) {
        str inside = {authority.p + 1, authority.n - 1}, after;
        if (!str_cut(inside, ']', &host, &after) || !read_ipv6(arena, host, target))
            return false;
        if (after.n > 0 && after.p[0] != ':')
            return false;
        if (after.n > 0)
            port = (str){after.p + 1, after.n - 1};
    } else {
        str_cut(authority, ':', &host, &port);
        if (!read_name(arena, host, target))
            return false;
    }
    uint64_t number = 443;
    if (port.p && (!str_to_u64(port, 65535, &number) || number == 0))
        return false;
    target->port = (unsigned)number;
    target->named_port = port.p != NULL;
    return true;
}

/* libcurl's reading must be ours: the same host and port, and nothing in the parts that we refuse. */
static bool curl_agrees(struct arena *arena, const struct target *target)
{
    CLEANUP(free_text) char *host = NULL;
    CLEANUP(free_text) char *port = NULL;
    CLEANUP(free_text) char *user = NULL;
    if (curl_url_get(target->url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(target->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
        curl_url_get(target->url, CURLUPART_USER, &user, 0) == CURLUE_OK)
        return false;
    str read = str_of(host);
    struct target again = {0};
    if (str_starts(read, STR("[")) && str_ends(read, STR("]"))) {
        if (!read_ipv6(arena, (str){read.p + 1, read.n - 2}, &again))
            return false;
        read = again.host;
    }
    return str_eq_nocase(read, target->host) && strtoul(port, NULL, 10) == target->port;
}

bool target_parse(struct arena *arena, str url, struct target *out, const char **why)
{
    *out = (struct target){0};
    if (url.n > OUTBOUND_URL_MAX)
        return *why = "is longer than 2048 characters", false;
    if (!str_starts(url, SCHEME))
        return *why = "must begin with https://", false;
    if (!is_url_text(url))
        return *why = "has a fragment, or a character that must be percent-encoded", false;
    str rest = {url.p + SCHEME.n, url.n - SCHEME.n}, authority = rest;
    for (authority.n = 0; authority.n < rest.n && rest.p[authority.n] != '/' && rest.p[authority.n] != '?';)
        authority.n++;
    if (str_has(authority, '@'))
        return *why = "must not name a user", false;
    if (!read_authority(arena, authority, out))
        return *why = "must have a plain host name or IP address, and a port from 1 to 65535 if any", false;
    out->url = curl_url();
    if (!out->url)
        abort();
    arena_defer(arena, free_url, out->url);
    if (curl_url_set(out->url, CURLUPART_URL, arena_cstr(arena, url), CURLU_PATH_AS_IS) != CURLUE_OK ||
        !curl_agrees(arena, out))
        return *why = "can be read in more than one way", false;
    return true;
}

str target_name(struct arena *arena, const struct target *target)
{
    bool brackets = str_has(target->host, ':');
    return arena_printf(arena, brackets ? "[%.*s]:%u" : "%.*s:%u", STR_FMT(target->host), target->port);
}

/* ---- hosts that may have any address ---- */

struct allowed {
    struct allowed *next;
    str host;
    unsigned port; /* 0: any */
};

struct allowed *allowed_parse(struct arena *arena, str words, char *error, size_t error_size)
{
    struct allowed *list = ARENA_NEW(arena, struct allowed); /* a first one that no host is equal to */
    str word;
    while (str_word(&words, ' ', &word)) {
        struct target target;
        const char *why;
        if (!target_parse(arena, arena_printf(arena, "https://%.*s", STR_FMT(word)), &target, &why) ||
            str_has(word, '/') || str_has(word, '?')) {
            snprintf(error, error_size, "outbound.allow: \"%.*s\" is neither a host nor host:port", STR_FMT(word));
            return NULL;
        }
        struct allowed *item = ARENA_NEW(arena, struct allowed);
        *item = (struct allowed){list, target.host, target.named_port ? target.port : 0};
        list = item;
    }
    return list;
}

bool allowed_has(const struct allowed *allowed, const struct target *target)
{
    for (; allowed; allowed = allowed->next)
        if (allowed->host.p && str_eq(allowed->host, target->host) &&
            (allowed->port == 0 || allowed->port == target->port))
            return true;
    return false;
}
