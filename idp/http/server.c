#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/internal.h"
#include "http/tls.h"

#define WATCH_MS 200
/* Open files besides connections: the store, listening sockets, calls to the register and to clients. */
#define OTHER_DESCRIPTORS 256

int64_t mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void server_idle(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

/* Waits on `changed` until `deadline_us`; server->lock is held. False when the time is over. */
static bool wait_until(struct http_server *server, int64_t deadline_us)
{
    struct timespec until = {(time_t)(deadline_us / 1000000), (long)(deadline_us % 1000000) * 1000};
    return pthread_cond_clockwait(&server->changed, &server->lock, CLOCK_MONOTONIC, &until) == 0;
}

/* libmicrohttpd's own time-out starts again with each byte, so a request that trickles in would hold its connection. */
static void *watch(void *context)
{
    struct http_server *server = context;
    pthread_mutex_lock(&server->lock);
    while (!server->watch_stops) {
        for (int64_t next = mono_us() + WATCH_MS * 1000; !server->watch_stops && wait_until(server, next);)
            continue;
        pthread_mutex_unlock(&server->lock);
        park_expire(server->park, clock_mono_ms());
        for (unsigned i = 0; i < server->loop_count; i++)
            peers_cut(&server->loops[i], clock_mono_ms());
        if (server->tls)
            tls_renew(server->tls);
        pthread_mutex_lock(&server->lock);
    }
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

/* Paths and queries are taken as they come and decoded once, strictly, by params_parse. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context, (void)connection;
    return strlen(text);
}

static bool loop_start(struct loop *loop)
{
    const struct http_options *options = &loop->server->options;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    const struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
                                         {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, tls_no_certificate},
                                         {MHD_OPTION_END, 0, NULL}};
    loop->daemon = MHD_start_daemon(
        loop->entrance->tls ? flags | MHD_USE_TLS : flags, 0, peer_admit, loop, exchange_serve, loop, MHD_OPTION_ARRAY,
        loop->entrance->tls ? tls : tls + COUNT_OF(tls) - 1, MHD_OPTION_LISTEN_SOCKET, loop->listener,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_LIMIT,
        options->connections_max + 1, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds,
        MHD_OPTION_NOTIFY_CONNECTION, peer_notify, loop, MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, loop,
        MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, loop, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_END);
    return loop->daemon != NULL;
}

/* Each connection is a descriptor; the soft limit is often 1024. Where even the hard limit is too low, connections are
 * refused before descriptors run out, which the store, the register and the log need as well. */
static void raise_descriptors(struct http_options *options)
{
    struct rlimit limit;
    rlim_t needed = (rlim_t)options->connections_max + OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
        return;
    limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= needed)
        return;
    rlim_t possible = limit.rlim_cur > 2 * OTHER_DESCRIPTORS ? limit.rlim_cur - OTHER_DESCRIPTORS : OTHER_DESCRIPTORS;
    log_warn("http.descriptors allowed=%llu needed=%llu connections_allowed=%llu why=\"the hard limit of open files is "
             "too low for limit.connections: raise LimitNOFILE= of systemd, or ulimit -Hn\"",
             (unsigned long long)limit.rlim_cur, (unsigned long long)needed, (unsigned long long)possible);
    if (possible < options->connections_max)
        options->connections_max = (unsigned)possible;
}

static bool check_options(struct http_server *server, char *error, size_t error_size)
{
    const struct http_options *options = &server->options;
    const struct route *bad = NULL;
    bool needs_workers = false;
    for (size_t i = 0; i < options->route_count; i++)
        needs_workers = needs_workers || options->routes[i].run != RUN_INLINE;
    bool needs_tls = false;
    for (size_t i = 0; i < options->entry_count; i++)
        needs_tls = needs_tls || options->entries[i].kind == ENTRY_TLS || options->entries[i].kind == ENTRY_MTLS;
    if (options->loops == 0 || options->connections_max == 0 || options->request_seconds == 0)
        snprintf(error, error_size, "loops, connections and the time for a request must be at least 1");
    else if (needs_workers && options->workers == 0)
        snprintf(error, error_size, "there must be at least one worker");
    else if (options->trusted_proxy && !address_parse(str_of(options->trusted_proxy), &server->trusted_proxy))
        snprintf(error, error_size, "the trusted proxy \"%s\" is not an IP address", options->trusted_proxy);
    else if ((server->routes = route_table_new(server->arena, options->routes, options->route_count, &bad)) == NULL)
        snprintf(error, error_size, "the route %s is malformed or stands twice", bad->path);
    else if (!options->address && options->entry_count == 0)
        snprintf(error, error_size, "there is no address, port or socket to listen on");
    else if (needs_tls && (!options->tls_certificate || !options->tls_key))
        snprintf(error, error_size, "TLS needs a certificate and its key");
    else
        return !needs_tls ||
               (server->tls = tls_new(options->tls_certificate, options->tls_key, error, error_size)) != NULL;
    return false;
}

static bool start_threads(struct http_server *server, char *error, size_t error_size)
{
    snprintf(error, error_size, "can't start the server's threads");
    server->workers = pool_new(server->options.workers, server->options.queue_max);
    if (!server->workers)
        return false;
    if (server->options.writers > 0 &&
        !(server->writers = pool_new(server->options.writers, server->options.queue_max)))
        return false;
    while (server->loops_running < server->loop_count && loop_start(&server->loops[server->loops_running]))
        server->loops_running++;
    return server->loops_running == server->loop_count && pthread_create(&server->watch, NULL, watch, server) == 0;
}

/* What http_start has begun, and all of it once the watch has ended. */
static void release(struct http_server *server)
{
    if (server->workers)
        pool_stop(server->workers);
    if (server->writers)
        pool_stop(server->writers);
    for (unsigned i = 0; i < server->loops_running; i++)
        MHD_stop_daemon(server->loops[i].daemon);
    entrances_close(server);
    tls_free(server->tls);
    pool_free(server->writers);
    pool_free(server->workers);
    park_free(server->park);
    census_free(server->census);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    arena_free(server->arena);
    free(server);
}

struct http_server *http_start(const struct http_options *options, char *error, size_t error_size)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (!server)
        abort();
    server->options = *options;
    server->arena = arena_new();
    server->census = census_new();
    server->park = park_new(options->parked_max);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the thread that started all this */
    raise_descriptors(&server->options);
    bool fine = check_options(server, error, error_size) && entrances_open(server, error, error_size) &&
                start_threads(server, error, error_size);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!fine) {
        release(server);
        return NULL;
    }
    return server;
}

uint16_t http_port(const struct http_server *server)
{
    return server->options.address ? server->entrances[0].port : 0;
}

uint16_t http_entry_port(const struct http_server *server, size_t i)
{
    return server->entrances[i + (server->options.address != NULL)].port;
}

void http_counts(const struct http_server *server, struct http_counts *out)
{
    *out = (struct http_counts){.requests = server->requests,
                                .in_flight = server->in_flight,
                                .queued = pool_waiting(server->workers) +
                                          (server->writers ? pool_waiting(server->writers) : 0),
                                .parked = park_waiting(server->park),
                                .refused = server->refused};
    for (size_t i = 0; i < COUNT_OF(out->by_status_class); i++)
        out->by_status_class[i] = server->by_class[i];
}

void http_stop(struct http_server *server, unsigned grace_ms)
{
    if (!server)
        return;
    int64_t deadline = mono_us() + grace_ms * INT64_C(1000);
    server->stopping = true;
    for (unsigned i = 0; i < server->loops_running; i++) {
        int listener = MHD_quiesce_daemon(server->loops[i].daemon);
        if (listener >= 0)
            shutdown(listener, SHUT_RD); /* who comes now is refused at once */
    }
    park_stop(server->park);
    pthread_mutex_lock(&server->lock);
    while (server->in_flight > 0 && wait_until(server, deadline))
        continue;
    server->watch_stops = true;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    pthread_join(server->watch, NULL);
    release(server);
}
