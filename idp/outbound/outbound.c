#include "outbound/outbound.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "outbound/address.h"
#include "outbound/target.h"

#define LINES 32         /* requests at a time: fewer than workers, which they hold up */
#define LINES_PER_HOST 8 /* so that one slow host leaves lines free for others */
#define HEADER_BYTES_MAX ((size_t)16 * 1024)
#define IDLE_SECONDS_MAX 60L /* a kept connection older than this is not trusted to be alive */
#define AGENT "Konsao/" KONSAO_VERSION
#define SYSTEM_CERTIFICATES "/etc/ssl/certs"
/* BCP 195 (RFC 9325 section 4.2). */
#define TLS12_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* An easy handle, which keeps its last connection. */
struct line {
    CURL *curl;
    str name; /* "host:port" that it serves or served last, in `text` */
    char text[300];
    uint64_t used; /* when last, by the pool's clock */
    bool busy;
};

struct outbound {
    struct arena *arena;
    struct allowed *allowed;
    const char *ca_file;
    struct curl_slist *resolve;
    unsigned timeout_ms;
    bool curl_has_openssl;
    atomic_bool shut;
    pthread_mutex_t lock; /* of what follows */
    struct line lines[LINES];
    uint64_t clock; /* ticks with each line taken */
    struct outbound_counts counts;
};

const char *outbound_result_name(enum outbound_result result)
{
    static const char *const names[] = {
        [OUTBOUND_ANSWERED] = "answered",   [OUTBOUND_BAD_URL] = "bad_url", [OUTBOUND_FORBIDDEN] = "forbidden",
        [OUTBOUND_UNREACHED] = "unreached", [OUTBOUND_LOST] = "lost",       [OUTBOUND_TOO_LARGE] = "too_large",
        [OUTBOUND_BUSY] = "busy",
    };
    return names[result];
}

/* ---- set up ---- */

static bool take_options(struct outbound *outbound, const struct outbound_options *options, char *error, size_t size)
{
    outbound->allowed = allowed_parse(outbound->arena, str_of(options->allow), error, size);
    if (!outbound->allowed)
        return false;
    if (options->ca_file && access(options->ca_file, R_OK) != 0) {
        snprintf(error, size, "outbound.ca: the file %s can't be read", options->ca_file);
        return false;
    }
    outbound->ca_file = options->ca_file ? arena_cstr(outbound->arena, str_of(options->ca_file)) : NULL;
    outbound->timeout_ms = options->timeout_ms;
    for (size_t i = 0; options->resolve && options->resolve[i]; i++)
        outbound->resolve = curl_slist_append(outbound->resolve, options->resolve[i]);
    return true;
}

struct outbound *outbound_new(const struct outbound_options *options, char *error, size_t error_size)
{
    struct arena *arena = arena_new();
    struct outbound *outbound = ARENA_NEW(arena, struct outbound);
    outbound->arena = arena;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    if (!take_options(outbound, options, error, error_size)) {
        arena_free(arena);
        curl_global_cleanup();
        return NULL;
    }
    const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
    outbound->curl_has_openssl = tls && strncmp(tls, "OpenSSL", 7) == 0;
    pthread_mutex_init(&outbound->lock, NULL);
    return outbound;
}

void outbound_shut(struct outbound *outbound)
{
    atomic_store(&outbound->shut, true);
}

void outbound_free(struct outbound *outbound)
{
    if (!outbound)
        return;
    for (size_t i = 0; i < LINES; i++)
        curl_easy_cleanup(outbound->lines[i].curl);
    curl_slist_free_all(outbound->resolve);
    pthread_mutex_destroy(&outbound->lock);
    arena_free(outbound->arena);
    curl_global_cleanup();
}

/* ---- lines ---- */

/* With the lock held: an idle line, best the one that has a connection to this host, else the one that was idle for the
 * longest time. NULL when there is none, or the host has its share. */
static struct line *choose_line(struct outbound *outbound, str name)
{
    struct line *best = NULL;
    unsigned to_host = 0;
    bool best_fits = false;
    for (size_t i = 0; i < LINES; i++) {
        struct line *line = &outbound->lines[i];
        bool fits = str_eq(line->name, name);
        to_host += line->busy && fits;
        if (line->busy || (best && best_fits && !fits))
            continue;
        if (!best || (fits && !best_fits) || (fits ? line->used > best->used : line->used < best->used)) {
            best = line;
            best_fits = fits;
        }
    }
    return to_host < LINES_PER_HOST ? best : NULL;
}

static struct line *take_line(struct outbound *outbound, str name)
{
    pthread_mutex_lock(&outbound->lock);
    struct line *line = atomic_load(&outbound->shut) ? NULL : choose_line(outbound, name);
    if (line && !line->curl)
        line->curl = curl_easy_init();
    if (line && line->curl) {
        line->busy = true;
        line->used = ++outbound->clock;
        line->name = (str){line->text, (size_t)snprintf(line->text, sizeof line->text, "%.*s", STR_FMT(name))};
    } else {
        line = NULL;
    }
    pthread_mutex_unlock(&outbound->lock);
    return line;
}

static void give_line(struct outbound *outbound, struct line *line)
{
    pthread_mutex_lock(&outbound->lock);
    line->busy = false;
    pthread_mutex_unlock(&outbound->lock);
}

/* ---- one request ---- */

struct attempt {
    struct outbound *outbound;
    bool allowed;   /* the host may have any address */
    bool forbidden; /* an address was refused */
    size_t header_bytes, body_max;
    struct buf body;
};

/* libcurl is about to connect: the last moment, and to this very address. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct attempt *attempt = context;
    bool is_ip = address->family == AF_INET || address->family == AF_INET6;
    if (purpose != CURLSOCKTYPE_IPCXN || !is_ip || !(attempt->allowed || address_is_public(&address->addr))) {
        attempt->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    size_t n = size * count;
    if (n > attempt->body_max - attempt->body.n)
        return 0; /* too large: ends the transfer */
    buf_add(&attempt->body, str_bytes(data, n));
    return n;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    (void)data;
    attempt->header_bytes += size * count;
    return attempt->header_bytes > HEADER_BYTES_MAX ? 0 : size * count;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    const struct attempt *attempt = context;
    (void)total, (void)now, (void)up_total, (void)up_now;
    return atomic_load(&attempt->outbound->shut);
}

/* A list in the arena instead of curl_slist_append's, so that what authorizes is wiped with the request. */
static void add_header(struct arena *arena, struct curl_slist **list, const char *name, str value)
{
    struct curl_slist *item = ARENA_NEW(arena, struct curl_slist);
    item->data = arena_cstr(arena, arena_printf(arena, "%s: %.*s", name, STR_FMT(value)));
    item->next = *list;
    *list = item;
}

static struct curl_slist *headers_of(struct arena *arena, const struct outbound_request *request)
{
    struct curl_slist *list = ARENA_NEW(arena, struct curl_slist);
    list->data = arena_cstr(arena, STR("Expect:")); /* none of these */
    if (request->accept.p)
        add_header(arena, &list, "Accept", request->accept);
    if (request->body.p && request->content_type.p)
        add_header(arena, &list, "Content-Type", request->content_type);
    if (request->authorization.p)
        add_header(arena, &list, "Authorization", request->authorization);
    return list;
}

static void set_rules(CURL *curl, const struct outbound *outbound)
{
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)outbound->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(outbound->timeout_ms / 2 + 1));
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* doesn't wait for a name server when time is up */
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* also keeps the environment's https_proxy out */
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, AGENT);
    curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_SECONDS_MAX);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* at least */
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (outbound->curl_has_openssl)
        curl_easy_setopt(curl, CURLOPT_SSL_CIPHER_LIST, TLS12_CIPHERS);
    if (outbound->ca_file) { /* the file, and beside it the system's folder */
        curl_easy_setopt(curl, CURLOPT_CAINFO, outbound->ca_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, SYSTEM_CERTIFICATES);
    }
    if (outbound->resolve)
        curl_easy_setopt(curl, CURLOPT_RESOLVE, outbound->resolve);
}

static void set_hooks(CURL *curl, struct attempt *attempt)
{
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, attempt);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)attempt->body_max);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, attempt);
}

static enum outbound_result result_of(CURL *curl, CURLcode code, const struct attempt *attempt)
{
    long sent = 0;
    if (code == CURLE_OK)
        return OUTBOUND_ANSWERED;
    if (code == CURLE_COULDNT_CONNECT && attempt->forbidden)
        return OUTBOUND_FORBIDDEN;
    /* on_body or on_header took no more, a length that was said beforehand, a line too long for libcurl itself */
    if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED || code == CURLE_OUT_OF_MEMORY)
        return OUTBOUND_TOO_LARGE;
    if (curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK && sent == 0)
        return OUTBOUND_UNREACHED;
    return OUTBOUND_LOST;
}

/* What went wrong with `code`; libcurl's own detail only where it can't hold anything that was sent or received. */
static str reason_of(struct arena *arena, CURLcode code, enum outbound_result result, const char *detail)
{
    if (result == OUTBOUND_FORBIDDEN)
        return STR("its address is not public");
    if (result == OUTBOUND_TOO_LARGE)
        return STR("the answer is too large");
    const char *text = code == CURLE_PEER_FAILED_VERIFICATION && *detail ? detail : curl_easy_strerror(code);
    return arena_str(arena, str_of(text));
}

static enum outbound_result perform(struct outbound *outbound, struct arena *arena, struct line *line,
                                    const struct target *target, const struct outbound_request *request,
                                    struct outbound_answer *answer, str *reason)
{
    struct attempt attempt = {.outbound = outbound,
                              .allowed = allowed_has(outbound->allowed, target),
                              .body_max = request->answer_max,
                              .body = buf_new(arena, 1024)};
    char detail[CURL_ERROR_SIZE] = "";
    CURL *curl = line->curl;
    curl_easy_reset(curl); /* keeps the connection, which was opened to an address that was looked at */
    set_rules(curl, outbound);
    set_hooks(curl, &attempt);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(curl, CURLOPT_CURLU, target->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_of(arena, request));
    if (request->body.p) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.p);
    }
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    const char *type = NULL;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    answer->status = (int)status;
    answer->content_type = arena_str(arena, str_of(type));
    answer->body = buf_str(&attempt.body);
    enum outbound_result result = result_of(curl, code, &attempt);
    *reason = reason_of(arena, code, result, detail);
    curl_easy_reset(curl); /* nothing of this request stays in the handle */
    return result;
}

/* As far as the name goes; the address is looked at when the connection is made. */
static bool may_call(const struct outbound *outbound, const struct target *target, const char **why)
{
    if (allowed_has(outbound->allowed, target))
        return true;
    if (target->literal && !target->is_public)
        return *why = "leads to an address that is not public", false;
    if (!target->literal && !str_has(target->host, '.'))
        return *why = "must have a full host name", false;
    return true;
}

bool outbound_accepts(const struct outbound *outbound, str url, const char **why)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct target target;
    return target_parse(arena, url, &target, why) && may_call(outbound, &target, why);
}

str outbound_destination(struct arena *arena, str url)
{
    struct target target;
    const char *fault;
    return target_parse(arena, url, &target, &fault) ? target_name(arena, &target) : STR_NONE;
}

static enum outbound_result try_it(struct outbound *outbound, struct arena *arena,
                                   const struct outbound_request *request, struct outbound_answer *answer, str *why)
{
    struct target target;
    const char *fault;
    if (!target_parse(arena, request->url, &target, &fault)) {
        *why = arena_printf(arena, "the address %s", fault);
        return OUTBOUND_BAD_URL;
    }
    str name = target_name(arena, &target), reason;
    if (!may_call(outbound, &target, &fault)) {
        *why = arena_printf(arena, "%.*s: the address %s", STR_FMT(name), fault);
        return OUTBOUND_FORBIDDEN;
    }
    struct line *line = take_line(outbound, name);
    if (!line) {
        *why = arena_printf(arena, "%.*s: too many requests at a time", STR_FMT(name));
        return OUTBOUND_BUSY;
    }
    enum outbound_result result = perform(outbound, arena, line, &target, request, answer, &reason);
    give_line(outbound, line);
    *why = result == OUTBOUND_ANSWERED ? STR_NONE : arena_printf(arena, "%.*s: %.*s", STR_FMT(name), STR_FMT(reason));
    return result;
}

enum outbound_result outbound_fetch(struct outbound *outbound, struct arena *arena,
                                    const struct outbound_request *request, struct outbound_answer *answer, str *why)
{
    *answer = (struct outbound_answer){0};
    enum outbound_result result = OUTBOUND_BAD_URL;
    if (request->authorization.p && !str_is_printable(request->authorization))
        *why = STR("the authorization is no header"); /* it would be several */
    else
        result = try_it(outbound, arena, request, answer, why);
    pthread_mutex_lock(&outbound->lock);
    outbound->counts.requests++;
    outbound->counts.failures += result != OUTBOUND_ANSWERED;
    outbound->counts.forbidden += result == OUTBOUND_FORBIDDEN;
    pthread_mutex_unlock(&outbound->lock);
    return result;
}

void outbound_counts(struct outbound *outbound, struct outbound_counts *out)
{
    pthread_mutex_lock(&outbound->lock);
    *out = outbound->counts;
    pthread_mutex_unlock(&outbound->lock);
}
