#include "ipis/transport.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "ipis/xroad.h"

#define HEADER_BYTES_MAX ((size_t)64 * 1024)
#define IDLE_SECONDS_MAX 60L /* a kept connection older than this is not trusted to be alive */

struct line {
    CURL *curl;
    struct line *next_free;
};

struct transport {
    struct arena *arena;
    const char *ca_file, *cert_file, *key_file;
    str base;         /* scheme://host[:port][/path] with X-Road's /r1/… when it goes over X-Road */
    str xroad_client; /* STR_NONE without X-Road */
    int64_t timeout_ms, connect_timeout_ms;
    pthread_mutex_t lock; /* over `free` */
    struct line *free;
    struct line *lines;
    unsigned line_count;
};

/* ---- set up ---- */

static void free_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void free_text(char **text)
{
    curl_free(*text);
}

static bool lacks(CURLU *url, CURLUPart part)
{
    CLEANUP(free_text) char *text = NULL;
    return curl_url_get(url, part, &text, 0) != CURLUE_OK;
}

static bool is_base_url(const char *text)
{
    CLEANUP(free_url) CURLU *url = curl_url();
    CLEANUP(free_text) char *scheme = NULL;
    if (!url || !text || curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return false;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return false;
    return (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) && lacks(url, CURLUPART_USER) &&
           lacks(url, CURLUPART_PASSWORD) && lacks(url, CURLUPART_QUERY) && lacks(url, CURLUPART_FRAGMENT);
}

static const char *own(struct arena *arena, const char *text)
{
    return text && *text ? arena_cstr(arena, str_of(text)) : NULL;
}

/* NULL, or what is wrong with the options. */
static const char *take_options(struct transport *transport, const struct ipis_options *options)
{
    struct arena *arena = transport->arena;
    str base = str_of(options->base_url), prefix = STR_NONE;
    if (!is_base_url(options->base_url))
        return "the register's URL must be http:// or https:// with a host, without user, query or fragment";
    if (options->timeout_ms == 0 || options->connect_timeout_ms == 0 || options->breaker_failures == 0)
        return "the register's time limits and its breaker's failures must be at least 1";
    if (options->concurrent_max == 0 || options->concurrent_max > 4096)
        return "the register's concurrent calls must be between 1 and 4096";
    if (!options->cert_file != !options->key_file)
        return "the register's client certificate and its key go together: one of them is missing";
    if (options->xroad_service && *options->xroad_service) {
        if (!xroad_service_path(arena, str_of(options->xroad_service), &prefix))
            return "the register's X-Road service must be INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE";
        if (!xroad_client_value(arena, str_of(options->xroad_client), &transport->xroad_client))
            return "our X-Road client must be INSTANCE/CLASS/MEMBER/SUBSYSTEM";
    }
    while (str_ends(base, STR("/")))
        base.n--;
    transport->base = arena_printf(arena, "%.*s%.*s", STR_FMT(base), STR_FMT(prefix));
    transport->ca_file = own(arena, options->ca_file);
    transport->cert_file = own(arena, options->cert_file);
    transport->key_file = own(arena, options->key_file);
    transport->timeout_ms = options->timeout_ms;
    transport->connect_timeout_ms = options->connect_timeout_ms;
    transport->line_count = options->concurrent_max;
    return NULL;
}

struct transport *transport_new(const struct ipis_options *options, char *error, size_t error_size)
{
    struct arena *arena = arena_new();
    struct transport *transport = ARENA_NEW(arena, struct transport);
    transport->arena = arena;
    const char *wrong =
        curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ? "libcurl does not start" : take_options(transport, options);
    if (wrong) {
        snprintf(error, error_size, "%s", wrong);
        arena_free(arena);
        return NULL;
    }
    pthread_mutex_init(&transport->lock, NULL);
    transport->lines = ARENA_ARRAY(arena, struct line, transport->line_count);
    for (unsigned i = transport->line_count; i > 0; i--) {
        transport->lines[i - 1].next_free = transport->free;
        transport->free = &transport->lines[i - 1];
    }
    return transport;
}

void transport_free(struct transport *transport)
{
    if (!transport)
        return;
    for (unsigned i = 0; i < transport->line_count; i++)
        curl_easy_cleanup(transport->lines[i].curl);
    pthread_mutex_destroy(&transport->lock);
    arena_free(transport->arena);
    curl_global_cleanup();
}

/* ---- lines: last in, first out, so that few connections stay warm ---- */

struct line *transport_take(struct transport *transport)
{
    pthread_mutex_lock(&transport->lock);
    struct line *line = transport->free;
    if (line)
        transport->free = line->next_free;
    pthread_mutex_unlock(&transport->lock);
    if (line && !line->curl && !(line->curl = curl_easy_init())) {
        transport_give(transport, line);
        return NULL;
    }
    return line;
}

void transport_give(struct transport *transport, struct line *line)
{
    pthread_mutex_lock(&transport->lock);
    line->next_free = transport->free;
    transport->free = line;
    pthread_mutex_unlock(&transport->lock);
}

/* ---- one attempt ---- */

struct attempt {
    struct arena *arena;
    str unsent; /* what is left of the body to send */
    size_t header_bytes;
    struct buf body;
    struct answer *answer;
};

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    size_t n = size * count;
    if (n > ANSWER_BYTES_MAX - attempt->body.n)
        return 0; /* too large: ends the transfer */
    buf_add(&attempt->body, str_bytes(data, n));
    return n;
}

static void keep_header(struct attempt *attempt, str name, str value)
{
    const struct {
        str name;
        str *into;
    } kept[] = {
        {STR("Content-Type"), &attempt->answer->content_type},
        {STR("X-Road-Id"), &attempt->answer->xroad_id},
        {STR("X-Road-Error"), &attempt->answer->xroad_error},
    };
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (str_eq_nocase(name, kept[i].name) && !kept[i].into->p)
            *kept[i].into = arena_str(attempt->arena, value);
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    str name, value, line = str_bytes(data, size * count);
    attempt->header_bytes += line.n;
    if (attempt->header_bytes > HEADER_BYTES_MAX)
        return 0;
    while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
        line.n--;
    if (str_cut(line, ':', &name, &value))
        keep_header(attempt, name, str_trim(value));
    return size * count;
}

/* The body goes out by this rather than by CURLOPT_POSTFIELDS because it can't be rewound: libcurl would otherwise send
 * a POST a second time by itself when a kept connection dies without an answer, and the register may have acted on the
 * first. */
static size_t on_send(char *out, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    size_t n = size * count < attempt->unsent.n ? size * count : attempt->unsent.n;
    if (n > 0)
        memcpy(out, attempt->unsent.p, n);
    attempt->unsent = (str){attempt->unsent.p + n, attempt->unsent.n - n};
    return n;
}

/* A list in the arena instead of curl_slist_append's, so that a bearer token is wiped with the request. */
static struct curl_slist *add_header(struct arena *arena, struct curl_slist *rest, str header)
{
    struct curl_slist *item = ARENA_NEW(arena, struct curl_slist);
    item->data = arena_cstr(arena, header);
    item->next = rest;
    return item;
}

static struct curl_slist *headers(const struct transport *transport, struct arena *arena, const struct wanted *wanted)
{
    struct curl_slist *list = add_header(arena, NULL, STR("Accept: application/json"));
    if (wanted->body.p) {
        list = add_header(arena, list, STR("Content-Type: application/json"));
        list = add_header(arena, list, STR("Expect:"));
    }
    if (wanted->bearer.p)
        list = add_header(arena, list, arena_printf(arena, "Authorization: Bearer %.*s", STR_FMT(wanted->bearer)));
    if (transport->xroad_client.p)
        list = add_header(arena, list, arena_printf(arena, "X-Road-Client: %.*s", STR_FMT(transport->xroad_client)));
    return list;
}

static void set_limits(CURL *curl, const struct transport *transport, int64_t left_ms)
{
    int64_t connect_ms = transport->connect_timeout_ms < left_ms ? transport->connect_timeout_ms : left_ms;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* also keeps the environment's http_proxy out */
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_SECONDS_MAX);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (transport->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, transport->ca_file);
    if (transport->cert_file) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, transport->cert_file);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, transport->key_file);
    }
}

static CURLcode send_once(const struct transport *transport, CURL *curl, struct arena *arena,
                          const struct wanted *wanted, int64_t left_ms, struct answer *answer)
{
    struct attempt attempt = {.arena = arena, .unsent = wanted->body, .body = buf_new(arena, 2048), .answer = answer};
    str url = arena_printf(arena, "%.*s%.*s", STR_FMT(transport->base), STR_FMT(wanted->path));
    *answer = (struct answer){0};
    curl_easy_reset(curl); /* keeps the connection */
    set_limits(curl, transport, left_ms);
    curl_easy_setopt(curl, CURLOPT_URL, arena_cstr(arena, url));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers(transport, arena, wanted));
    if (wanted->body.p) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)wanted->body.n);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_send);
        curl_easy_setopt(curl, CURLOPT_READDATA, &attempt);
    }
    if (wanted->remove)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &attempt);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &attempt);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    answer->body = buf_str(&attempt.body);
    return code;
}

/* The connection failed, or was never made: another may do. */
static bool is_connection_failure(CURLcode code)
{
    return code == CURLE_COULDNT_CONNECT || code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR ||
           code == CURLE_RECV_ERROR || code == CURLE_SEND_FAIL_REWIND || code == CURLE_PARTIAL_FILE ||
           code == CURLE_OPERATION_TIMEDOUT;
}

/* Whether anything of the last request on this line went out. */
static bool went_out(const struct line *line)
{
    long bytes = 0;
    return curl_easy_getinfo(line->curl, CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK || bytes > 0;
}

enum delivery transport_send(struct transport *transport, struct line *line, struct arena *arena,
                             const struct wanted *wanted, struct answer *answer, const char **why)
{
    int64_t deadline = clock_mono_ms() + transport->timeout_ms;
    CURLcode code = send_once(transport, line->curl, arena, wanted, transport->timeout_ms, answer);
    bool sent = went_out(line);
    int64_t left_ms = deadline - clock_mono_ms();
    if (wanted->repeat && is_connection_failure(code) && left_ms > 0) {
        code = send_once(transport, line->curl, arena, wanted, left_ms, answer);
        sent = sent || went_out(line);
    }
    *why = curl_easy_strerror(code);
    if (code == CURLE_OK)
        return DELIVERY_ANSWERED;
    if (code == CURLE_WRITE_ERROR) /* on_body or on_header took no more */
        return DELIVERY_TOO_LARGE;
    return sent ? DELIVERY_LOST : DELIVERY_UNSENT;
}
