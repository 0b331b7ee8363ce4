#include "records/client/client_uri.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <string.h>

#include "http/http.h"

#define URI_MAX 1000

static bool refuse(const char **why, const char *sentence)
{
    *why = sentence;
    return false;
}

static bool is_lower_or_digit(char c)
{
    return islower((unsigned char)c) || isdigit((unsigned char)c);
}

/* Length of the scheme (RFC 3986 section 3.1) in lower case, 0 when there is none. */
static size_t scheme_length(str uri)
{
    size_t n = 0;
    while (n < uri.n && (is_lower_or_digit(uri.p[n]) || strchr("+-.", uri.p[n])))
        n++;
    return n > 0 && n < uri.n && uri.p[n] == ':' && islower((unsigned char)uri.p[0]) ? n : 0;
}

/* Only what RFC 3986 allows in a URI: no spaces, controls, backslashes, quotes, angle brackets. */
static bool check_characters(str uri, const char **why)
{
    if (uri.n == 0 || uri.n > URI_MAX)
        return refuse(why, "must have 1 to 1000 characters");
    for (size_t i = 0; i < uri.n; i++) {
        char c = uri.p[i];
        if (c == '#')
            return refuse(why, "has a fragment (#), which never reaches a server");
        if (c == '*')
            return refuse(why, "has a *, but URIs are compared exactly: there are no wildcards");
        if (c <= 0x20 || c > 0x7e || strchr("\\\"<>^`{|}", c))
            return refuse(why, "has a character that does not belong in a URI (space, control, backslash, quote …)");
        if (c == '%' &&
            (i + 2 >= uri.n || !isxdigit((unsigned char)uri.p[i + 1]) || !isxdigit((unsigned char)uri.p[i + 2])))
            return refuse(why, "has a % that is not followed by two hexadecimal digits");
    }
    return true;
}

/* Servers and proxies walk "..", "%2e%2e" and "..;x" up differently. Encoded slashes, backslashes, percents and
 * controls are read as what they stand for by some. */
static bool check_path(struct arena *arena, str path, const char **why)
{
    str segment, name, rest;
    while (path.n > 0) {
        str_cut(path, '/', &segment, &path);
        if (!percent_decode(arena, segment, false, &name))
            return refuse(why, "has a path that cannot be decoded");
        for (size_t i = 0; i < name.n; i++)
            if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f)
                return refuse(why, "has an encoded control character in its path");
        if (name.n != segment.n && (str_has(name, '/') || str_has(name, '\\') || str_has(name, '%')))
            return refuse(why, "has an encoded slash, backslash or percent sign in its path");
        str_cut(name, ';', &name, &rest);
        if (str_is(name, ".") || str_is(name, ".."))
            return refuse(why, "has a . or .. segment in its path");
    }
    return true;
}

/* Our answer is added to the query: nothing of it may stand there already. */
static bool check_query(struct arena *arena, str query, const char **why)
{
    static const char *const ours[] = {"code", "state", "iss", "error", "error_description", "response"};
    struct params params = params_parse(arena, query, NULL);
    if (params.status != PARAMS_OK)
        return refuse(why, "has a query with malformed or repeated parameters");
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (params_get(&params, ours[i]).p)
            return refuse(why, "has a query with a parameter that the answer uses (code, state, iss, error)");
    return true;
}

static bool check_tail(struct arena *arena, str tail, const char **why)
{
    str path, query;
    str_cut(tail, '?', &path, &query);
    return check_path(arena, path, why) && (!query.p || check_query(arena, query, why));
}

bool is_host_name(str host)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char binary[sizeof(struct in6_addr)];
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']' && host.n - 2 < sizeof text) {
        memcpy(text, host.p + 1, host.n - 2);
        text[host.n - 2] = '\0';
        return inet_pton(AF_INET6, text, binary) == 1;
    }
    if (host.n == 0 || host.n > 253)
        return false;
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool at_edge = i == 0 || i + 1 == host.n || host.p[i - 1] == '.' || host.p[i + 1] == '.';
        if (!is_lower_or_digit(c) && (at_edge || (c != '-' && c != '.')))
            return false;
    }
    return true;
}

static void release_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

/* What another reader, libcurl, takes for the part. */
static str part_of(struct arena *arena, CURLU *url, CURLUPart part)
{
    char *text = NULL;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK)
        return STR_NONE;
    str copy = arena_str(arena, str_of(text));
    curl_free(text);
    return copy;
}

/* The authority must be, to the letter, the host and port that libcurl reads in it: no user, no other spelling. */
static bool check_authority(struct arena *arena, str uri, str authority, str *host, const char **why)
{
    CLEANUP(release_url) CURLU *url = curl_url();
    if (!url || curl_url_set(url, CURLUPART_URL, arena_cstr(arena, uri), CURLU_PATH_AS_IS) != CURLUE_OK)
        return refuse(why, "is not a URL");
    if (str_has(authority, '@') || part_of(arena, url, CURLUPART_USER).p || part_of(arena, url, CURLUPART_PASSWORD).p)
        return refuse(why, "has a user name");
    str name = part_of(arena, url, CURLUPART_HOST), port = part_of(arena, url, CURLUPART_PORT);
    str written = port.p ? arena_printf(arena, "%.*s:%.*s", STR_FMT(name), STR_FMT(port)) : arena_str(arena, name);
    if (!str_eq(written, authority) || !is_host_name(name) || (port.p && str_is(port, "0")))
        return refuse(why, "has a host or port that is not written plainly (lower case, a name or an address)");
    *host = (str){authority.p, name.n};
    return true;
}

static bool check_web(struct arena *arena, str uri, size_t scheme, str *host, const char **why)
{
    str rest = {uri.p + scheme + 3, uri.n - scheme - 3};
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
        end++;
    if (!check_authority(arena, uri, (str){rest.p, end}, host, why))
        return false;
    bool loopback = str_is(*host, "localhost") || str_is(*host, "127.0.0.1") || str_is(*host, "[::1]");
    if (scheme == 4 && !loopback)
        return refuse(why, "must be https, unless its host is localhost, 127.0.0.1 or [::1]");
    return check_tail(arena, (str){rest.p + end, rest.n - end}, why);
}

/* RFC 8252 section 7.1: a name that its owner controls, written backwards, so that it has a dot. */
static bool check_private(struct arena *arena, str uri, size_t scheme, str *host, const char **why)
{
    *host = (str){uri.p, scheme};
    str rest = {uri.p + scheme + 1, uri.n - scheme - 1};
    if (!str_has(*host, '.'))
        return refuse(why,
                      "has a scheme of its own without a dot (write a domain backwards: kh.gov.example:/callback)");
    if (!str_starts(rest, STR("/")) || str_has(rest, '@'))
        return refuse(why, "must have a / after its own scheme, and no user name");
    return check_tail(arena, rest, why);
}

bool client_uri_check(struct arena *arena, str uri, enum uri_kind kind, str *host, const char **why)
{
    if (!check_characters(uri, why))
        return false;
    size_t scheme = scheme_length(uri);
    if (scheme == 0)
        return refuse(why, "must begin with a scheme in lower case, such as https://");
    if (str_starts(uri, STR("https://")) || str_starts(uri, STR("http://")))
        return check_web(arena, uri, scheme, host, why);
    if (kind == URI_NATIVE)
        return check_private(arena, uri, scheme, host, why);
    return refuse(why,
                  "must be https (or http on localhost, 127.0.0.1 or [::1]); schemes of an app are for public clients");
}

bool resource_uri_check(str uri, const char **why)
{
    if (!check_characters(uri, why))
        return false;
    size_t scheme = scheme_length(uri);
    return (scheme > 0 && scheme + 1 < uri.n) ||
           refuse(why, "must be an absolute URI, such as https://api.example.gov.kh");
}
