#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "oauth/elsewhere/by_phone.h"
#include "oauth/endpoints.h"
#include "oauth/oauth.h"
#include "operator/estate.h"
#include "ops/ops.h"
#include "settings_table.h"
#include "signin/authenticator/app.h"
#include "signin/authenticator/authenticator.h"
#include "signin/qr/qr.h"
#include "signin/signin.h"

#define STOP_GRACE_MS 10000
#define AUDIT_QUEUE 10000
#define JWKS_ENTRIES 4096 /* clients with a jwks_uri whose keys are kept */
#define NOTICE_SENDERS 4
#define NOTICE_WAIT_MS 10000
#define NOTICE_WAIT_MAX_MS (60 * 60 * 1000)
#define NOTICE_GIVE_UP_MS (24 * 60 * 60 * 1000)

static const char *const claims_repeat[] = {"claim", NULL};

static void home(struct request *rq, void *context)
{
    struct provider *provider = context;
    page_respond(rq, provider->pages, lang_of_request(rq, LANG_KM), 200, "home", view_new(rq->arena), STR_NONE);
}

static void asset(struct request *rq, void *context)
{
    struct provider *provider = context;
    page_asset(rq, provider->pages);
}

/* What is not protocol: pages, and looking after the server. */
static const struct route own_routes[] = {
    {"GET", "/", RUN_INLINE, false, home, NULL},
    {"GET", "/assets/*", RUN_INLINE, false, asset, NULL},
    {"GET", "/signin/*", RUN_WORKER, false, signin_show, NULL},
    {"POST", "/signin/*", RUN_WORKER, false, signin_submit, claims_repeat},
    {"POST", "/passkey/*", RUN_INLINE, false, signin_passkey, NULL},
    {"GET", "/client-logo/*", RUN_INLINE, false, signin_client_logo, NULL},
    {"POST", "/channel/*", RUN_WRITER, false, channel_begin, NULL},
    {"GET", "/channel/*", RUN_INLINE, false, channel_wait, NULL},
    {"GET", "/q/*", RUN_INLINE, false, channel_link, NULL},
    {"GET", "/app", RUN_INLINE, false, app_show, NULL},
    {"GET", "/app/sw.js", RUN_INLINE, false, app_worker, NULL},
    {"GET", "/app/manifest.webmanifest", RUN_INLINE, false, app_manifest, NULL},
    {"GET", "/.well-known/assetlinks.json", RUN_INLINE, false, app_links_android, NULL},
    {"GET", "/.well-known/apple-app-site-association", RUN_INLINE, false, app_links_ios, NULL},
    {"GET", "/docs/openapi.json", RUN_INLINE, true, openapi_handle, NULL},
    {"GET", "/health", RUN_INLINE, false, health_handle, NULL},
    {"GET", "/metrics", RUN_INLINE, false, metrics_handle, NULL},
};

static const struct route *all_routes(struct arena *arena, const struct settings *settings, size_t *count)
{
    size_t n = 0;
    struct route *routes =
        ARENA_ARRAY(arena, struct route, oauth_feature_count + COUNT_OF(own_routes) + authenticator_route_count);
    for (size_t i = 0; i < oauth_feature_count; i++)
        if (oauth_feature_on(&oauth_features[i], settings))
            routes[n++] = oauth_features[i].route;
    memcpy(routes + n, own_routes, sizeof own_routes);
    n += COUNT_OF(own_routes);
    memcpy(routes + n, authenticator_routes, authenticator_route_count * sizeof *routes);
    *count = n + authenticator_route_count;
    return routes;
}

/* For a person a page, for a program JSON. */
static void problem(struct request *rq, void *context, int status, const char *detail)
{
    struct provider *provider = context;
    bool person = str_has(request_header(rq, "Accept"), '/') && !str_eq(request_header(rq, "Accept"), STR("*/*")) &&
                  !str_starts(request_header(rq, "Accept"), STR("application/json"));
    if (person)
        page_problem(rq, provider->pages, lang_of_request(rq, LANG_KM), status);
    else
        respond_json(rq, status,
                     arena_printf(rq->arena, "{\"error\":\"%s\",\"error_description\":\"%s\"}",
                                  status < 500 ? "invalid_request" : "temporarily_unavailable", detail));
}

/* The parts, in the order in which they are made. */
struct parts {
    struct arena *arena;
    const struct settings *settings;
    struct provider provider;
    struct upkeep *upkeep;
    int lock; /* of the data folder */
};

static bool say(const char *error)
{
    fprintf(stderr, "konsao: %s\n", error);
    return false;
}

static void set_log_level(str name)
{
    static const char *const names[] = {
        [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARN] = "warn", [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_is(name, names[i]))
            log_set_level((enum log_level)i);
}

/* Nothing of this process ends in a core dump or another user's hands: it holds keys. */
static void harden(void)
{
    const struct rlimit none = {0, 0};
    umask(077);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGPIPE, SIG_IGN);
}

/* Makes the data folder, and sees to it that this is the only server on it. */
static bool take_data(struct parts *parts)
{
    str data = parts->settings->data;
    const char *path = arena_cstr(parts->arena, data);
    const char *lock = arena_printf(parts->arena, "%s/serve.lock", path).p;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return say(arena_printf(parts->arena, "the data folder %s can't be made: %s", path, strerror(errno)).p);
    parts->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (parts->lock < 0)
        return say(arena_printf(parts->arena, "the data folder %s can't be written to: %s", path, strerror(errno)).p);
    if (flock(parts->lock, LOCK_EX | LOCK_NB) != 0)
        return say(arena_printf(parts->arena, "another konsao serves the data folder %s already", path).p);
    return true;
}

static bool open_data(struct parts *parts, char *error, size_t size)
{
    struct estate estate;
    bool opened = estate_open_in(parts->settings, true, &estate, error, size);
    parts->provider.keys = estate.ring;
    parts->provider.store = estate.store;
    return opened;
}

static const char *text_or_null(struct arena *arena, str text)
{
    return text.n > 0 ? arena_cstr(arena, text) : NULL;
}

static struct ipis *open_register(struct arena *arena, const struct settings *s, char *error, size_t size)
{
    const struct ipis_options options = {
        .base_url = arena_cstr(arena, s->register_url),
        .xroad_service = text_or_null(arena, s->register_xroad_service),
        .xroad_client = text_or_null(arena, s->register_xroad_client),
        .ca_file = text_or_null(arena, s->register_ca),
        .cert_file = text_or_null(arena, s->register_cert),
        .key_file = text_or_null(arena, s->register_key),
        .timeout_ms = (unsigned)s->register_timeout_ms,
        .connect_timeout_ms = (unsigned)s->register_connect_timeout_ms,
        .breaker_failures = (unsigned)s->register_breaker_failures,
        .breaker_open_ms = (unsigned)s->register_breaker_open_ms,
        .concurrent_max = (unsigned)s->register_concurrent_max,
    };
    return ipis_new(&options, error, size);
}

static bool open_pages(struct parts *parts, char *error, size_t size)
{
    const struct settings *s = parts->settings;
    struct pages *pages = pages_load(arena_cstr(parts->arena, s->templates), error, size);
    if (!pages)
        return false;
    pages_default(pages, "issuer", s->issuer);
    pages_default(pages, "support_phone", s->support_phone);
    pages_default(pages, "support_url", s->support_url);
    for (enum lang lang = 0; lang < LANGS; lang++)
        parts->provider.app[lang] = page_prepare(parts->arena, pages, lang, "app/app");
    parts->provider.pages = pages;
    return true;
}

static struct outbound *open_outbound(struct arena *arena, const struct settings *s, char *error, size_t size)
{
    const struct outbound_options options = {
        .allow = arena_cstr(arena, s->outbound_allow),
        .ca_file = text_or_null(arena, s->outbound_ca),
        .timeout_ms = (unsigned)s->outbound_timeout_ms,
    };
    return outbound_new(&options, error, size);
}

/* What calls addresses of clients. The outbox begins to send what an earlier process left. */
static void start_outbound(struct provider *p)
{
    const struct jwks_cache_options keys = {
        .outbound = p->outbound,
        .entries_max = JWKS_ENTRIES,
        .waiters_max = (unsigned)p->settings->workers / 4 + 1,
    };
    const struct outbox_options notices = {
        .store = p->store,
        .outbound = p->outbound,
        .kinds = oauth_notices,
        .ended = oauth_notice_ended,
        .context = p,
        .senders = NOTICE_SENDERS,
        .wait_ms = NOTICE_WAIT_MS,
        .wait_max_ms = NOTICE_WAIT_MAX_MS,
        .give_up_ms = NOTICE_GIVE_UP_MS,
    };
    p->jwks_cache = jwks_cache_new(&keys);
    p->outbox = outbox_start(&notices);
}

static bool open_authorities(struct parts *parts, char *error, size_t size)
{
    str file = parts->settings->tls_client_ca;
    if (file.n > 0)
        parts->provider.client_authorities = authorities_load(arena_cstr(parts->arena, file), error, size);
    return file.n == 0 || parts->provider.client_authorities;
}

/* How people may sign in, and with what strength. */
static bool set_ways(struct parts *parts)
{
    const struct settings *s = parts->settings;
    struct provider *p = &parts->provider;
    str why;
    if (!assurance_read(parts->arena, s->assurance_levels, &p->assurance, &why))
        return say(arena_printf(parts->arena, "assurance.levels %.*s", STR_FMT(why)).p);
    if (s->places.n > 0 && !places_load(parts->arena, arena_cstr(parts->arena, s->places), &p->places, &why))
        return say(arena_printf(parts->arena, "places: %.*s", STR_FMT(why)).p);
    p->webauthn = (struct webauthn_site){
        .rp_id = settings_host(s->issuer), .origin = s->issuer, .app_origins = s->app_origins, .name = STR("Konsao")};
    return true;
}

static bool open_parts(struct parts *parts)
{
    const struct settings *s = parts->settings;
    struct provider *p = &parts->provider;
    char error[1024] = "it failed without saying why";
    p->settings = s;
    p->sign_in_silently = signin_silently;
    p->open_elsewhere = by_phone_open;
    p->finish_elsewhere = by_phone_finish;
    if (!set_ways(parts))
        return false;
    if (!open_data(parts, error, sizeof error) || !open_pages(parts, error, sizeof error) ||
        !open_authorities(parts, error, sizeof error) ||
        !(p->ipis = open_register(parts->arena, s, error, sizeof error)) ||
        !(p->outbound = open_outbound(parts->arena, s, error, sizeof error)))
        return say(error);
    p->audit = audit_queue_new(p->store, (unsigned)s->audit_flush_ms, AUDIT_QUEUE);
    p->clients = client_registry_new(p->store);
    p->discovery = discovery_document(parts->arena, s, &p->assurance, p->keys);
    p->openapi = openapi_document(parts->arena, s, error, sizeof error);
    if (!p->openapi.p)
        return say(error);
    start_outbound(p);
    return true;
}

/* The ways in besides the plain port. */
static const struct http_entry *all_entries(struct arena *arena, const struct settings *s, size_t *count)
{
    const struct http_entry possible[] = {
        {ENTRY_TLS, s->tls_port > 0 ? text_or_null(arena, s->tls_address) : NULL, (uint16_t)s->tls_port},
        {ENTRY_MTLS, s->tls_mtls_port > 0 ? text_or_null(arena, s->tls_address) : NULL, (uint16_t)s->tls_mtls_port},
        {ENTRY_SOCKET, text_or_null(arena, s->listen_socket), 0},
        {ENTRY_MTLS_SOCKET, text_or_null(arena, s->listen_mtls_socket), 0},
    };
    struct http_entry *entries = ARENA_ARRAY(arena, struct http_entry, COUNT_OF(possible));
    *count = 0;
    for (size_t i = 0; i < COUNT_OF(possible); i++)
        if (possible[i].address)
            entries[(*count)++] = possible[i];
    return entries;
}

static bool start_http(struct parts *parts)
{
    const struct settings *s = parts->settings;
    char error[512];
    struct http_options options = {
        .address = s->listen_port > 0 ? arena_cstr(parts->arena, s->listen_address) : NULL,
        .port = (uint16_t)s->listen_port,
        .tls_certificate = text_or_null(parts->arena, s->tls_certificate),
        .tls_key = text_or_null(parts->arena, s->tls_key),
        .loops = (unsigned)s->loops,
        .writers = (unsigned)s->writers,
        .workers = (unsigned)s->workers,
        .parked_max = (unsigned)s->limit_waiting,
        .queue_max = (unsigned)s->limit_queue,
        .connections_max = (unsigned)s->limit_connections,
        .connections_per_ip = (unsigned)s->limit_connections_per_ip,
        .idle_seconds = (unsigned)s->limit_idle,
        .request_seconds = (unsigned)s->limit_request,
        .body_max = (size_t)s->limit_body,
        .secure = str_starts(s->issuer, STR("https://")),
        .strict = !url_is_loopback(s->issuer), /* whose other ports are other programs' */
        .trusted_proxy = text_or_null(parts->arena, s->trusted_proxy),
        .problem = problem,
        .context = &parts->provider,
    };
    options.routes = all_routes(parts->arena, s, &options.route_count);
    options.entries = all_entries(parts->arena, s, &options.entry_count);
    parts->provider.http = http_start(&options, error, sizeof error);
    return parts->provider.http ? true : say(error);
}

static void close_parts(struct parts *parts)
{
    struct provider *p = &parts->provider;
    upkeep_stop(parts->upkeep);
    if (p->http)
        http_stop(p->http, STOP_GRACE_MS);
    if (p->outbound)
        outbound_shut(p->outbound);
    outbox_stop(p->outbox);
    if (p->audit)
        audit_queue_free(p->audit);
    client_registry_free(p->clients);
    authorities_free(p->client_authorities);
    jwks_cache_free(p->jwks_cache);
    outbound_free(p->outbound);
    if (p->ipis)
        ipis_free(p->ipis);
    if (p->pages)
        pages_free(p->pages);
    if (p->store)
        store_close(p->store);
    if (p->keys)
        ring_close(p->keys);
    if (parts->lock >= 0)
        close(parts->lock);
    arena_free(parts->arena);
}

int serve(const struct settings *settings)
{
    struct parts parts = {.arena = arena_new(), .settings = settings, .lock = -1};
    sigset_t stop;
    harden();
    set_log_level(settings->log_level);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL); /* before any thread starts: they all inherit it */
    bool started = take_data(&parts) && open_parts(&parts) && start_http(&parts);
    if (started) {
        int signal_number;
        parts.upkeep = upkeep_start(&parts.provider);
        printf("Konsao %s is ready at %.*s\n", KONSAO_VERSION, STR_FMT(settings->issuer));
        fflush(stdout);
        sigwait(&stop, &signal_number);
        log_info("serve.stop signal=%d", signal_number);
    }
    close_parts(&parts);
    return started ? 0 : 1;
}
