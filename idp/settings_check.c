/* What follows from other settings, and what must fit together. */
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "settings_table.h"

#define DAY 86400
#define LOOPS_MIN 4 /* an answer of a worker looks at all that wait on its loop (libmicrohttpd 0.9.75) */

static size_t number_of(size_t offset)
{
    size_t i = 0;
    while (setting_table[i].offset != offset)
        i++;
    return i;
}
#define ORIGIN(member) origins[number_of(offsetof(struct settings, member))]

/* Where the pages are: beside the program in a build folder, or where an installation has them. */
static str find_templates(struct arena *arena)
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n < 0)
        return STR("templates");
    program[n] = '\0';
    *strrchr(program, '/') = '\0';
    str built = arena_printf(arena, "%s/share/templates", program);
    if (access(built.p, R_OK) == 0)
        return built;
    char *above = strrchr(program, '/');
    if (above)
        *above = '\0';
    return arena_printf(arena, "%s/share/konsao/templates", program);
}

static void complete_addresses(struct arena *arena, struct settings *s, str *origins)
{
    if (!s->issuer.p) {
        s->issuer = arena_printf(arena, "%s://localhost:%" PRId64, s->tls_port > 0 ? "https" : "http",
                                 s->tls_port > 0 ? s->tls_port : s->listen_port);
        ORIGIN(issuer) = s->tls_port > 0 ? STR("default, from tls.port") : STR("default, from listen.port");
    }
    if (s->mtls_url.n == 0 && s->tls_mtls_port > 0) {
        str host = settings_host(s->issuer);
        bool bracketed = str_has(host, ':');
        s->mtls_url = arena_printf(arena, "https://%s%.*s%s:%" PRId64, bracketed ? "[" : "", STR_FMT(host),
                                   bracketed ? "]" : "", s->tls_mtls_port);
        ORIGIN(mtls_url) = STR("default, from issuer and tls.mtls_port");
    }
}

void settings_complete(struct arena *arena, struct settings *s, str *origins)
{
    complete_addresses(arena, s, origins);
    if (s->loops == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        s->loops = cores > LOOPS_MIN ? cores : LOOPS_MIN;
        ORIGIN(loops) = STR("default, as many as cores");
    }
    if (s->register_concurrent_max == 0) {
        s->register_concurrent_max = s->workers * 3 / 4;
        ORIGIN(register_concurrent_max) = STR("default, from workers");
    }
    if (!s->master_key.p) {
        s->master_key = arena_printf(arena, "%.*s/master.key", STR_FMT(s->data));
        ORIGIN(master_key) = STR("default, from data");
    }
    if (!s->templates.p) {
        s->templates = find_templates(arena);
        ORIGIN(templates) = STR("default, beside the program");
    }
}

/* Each with the sentence for whoever broke it. */
struct rule {
    bool broken;
    const char *sentence;
};

static bool is_same(int64_t port, int64_t other)
{
    return port > 0 && port == other;
}

static bool is_relative(str path)
{
    return path.n > 0 && path.p[0] != '/';
}

static void tell(const struct rule *rules, size_t count, struct buf *problems)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].broken)
            buf_printf(problems, "settings: %s\n", rules[i].sentence);
}

static void check_ways_in(const struct settings *s, struct buf *problems)
{
    bool own = s->tls_port > 0 || s->tls_mtls_port > 0;
    bool asks = s->tls_mtls_port > 0 || s->listen_mtls_socket.n > 0;
    const struct rule rules[] = {
        {s->listen_port == 0 && !own && s->listen_socket.n == 0 && s->listen_mtls_socket.n == 0,
         "listen.port is 0, and there is neither tls.port nor listen.socket: nobody could come in"},
        {is_same(s->tls_port, s->tls_mtls_port) || is_same(s->listen_port, s->tls_port) ||
             is_same(s->listen_port, s->tls_mtls_port),
         "listen.port, tls.port and tls.mtls_port must differ"},
        {(s->tls_certificate.n > 0) != (s->tls_key.n > 0),
         "tls.certificate and tls.key go together: a certificate and its private key"},
        {own && (s->tls_certificate.n == 0 || s->tls_key.n == 0),
         "tls.port and tls.mtls_port need tls.certificate and tls.key"},
        {!own && s->tls_certificate.n > 0,
         "tls.certificate is there, but neither tls.port nor tls.mtls_port: nothing would use it"},
        {own && !str_starts(s->issuer, STR("https://")), "issuer must be https where there is TLS"},
        {is_relative(s->listen_socket) || is_relative(s->listen_mtls_socket),
         "listen.socket and listen.mtls_socket must be paths that begin with a slash"},
        {s->listen_socket.n > 0 && str_eq(s->listen_socket, s->listen_mtls_socket),
         "listen.socket and listen.mtls_socket must differ: what is believed on them does"},
        {s->listen_mtls_socket.n > 0 && s->mtls_url.n == 0,
         "listen.mtls_socket needs tls.mtls_url: where the proxy asks clients for a certificate"},
        {s->mtls_url.n > 0 && !asks, "tls.mtls_url needs tls.mtls_port or listen.mtls_socket"},
        {s->mtls_url.n > 0 && !str_starts(s->mtls_url, STR("https://")), "tls.mtls_url must be https"},
        {s->mtls_url.n > 0 && str_eq(s->mtls_url, s->issuer),
         "tls.mtls_url must differ from issuer: browsers would be asked for certificates"},
    };
    tell(rules, COUNT_OF(rules), problems);
}

void settings_check(const struct settings *s, struct buf *problems)
{
    const struct rule rules[] = {
        {s->key_keep < s->life_id_token + DAY || s->key_keep < s->life_access + DAY,
         "key.keep must be at least a day longer than life.id_token and life.access: what a key signed must stay "
         "checkable after it retired"},
        {s->register_connect_timeout_ms > s->register_timeout_ms,
         "register.connect_timeout_ms must not be longer than register.timeout_ms, which it is a part of"},
        {s->register_concurrent_max >= s->workers,
         "register.concurrent_max must be smaller than workers: a slow register would hold up everybody"},
        {(s->register_cert.n > 0) != (s->register_key.n > 0),
         "register.cert and register.key go together: a certificate and its private key"},
        {(s->register_xroad_service.n > 0) != (s->register_xroad_client.n > 0),
         "register.xroad_service and register.xroad_client go together: whom to ask on CamDX, and who asks"},
        {s->otp_resend_wait * s->otp_resends >= s->life_interaction,
         "otp.resend_wait times otp.resends must be shorter than life.interaction: the last code could never be used"},
        {s->app_android.n > 0 && !str_has(str_trim(s->app_android), ' '),
         "authenticator.android must be a package and the SHA-256 fingerprint of its certificate, with a space between"},
        {s->life_code > s->life_interaction,
         "life.code must not be longer than life.interaction: the portal comes back at once, a person does not"},
        {s->life_refresh_grace >= s->life_refresh, "life.refresh_grace must be shorter than life.refresh"},
        {s->life_access > s->life_session,
         "life.access must not be longer than life.session: signing out would leave tokens behind"},
    };
    tell(rules, COUNT_OF(rules), problems);
    check_ways_in(s, problems);
}
