/* konsao-ipis: the reference register, see README.md. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipis/xroad.h"
#include "server.h"

#define DEFAULT_SERVICE "KH/GOV/1001/IPIS/ipis"

static const char usage[] =
    "Usage: konsao-ipis --residents FILE [options]\n"
    "The reference population register (IPIS), with fictitious residents.\n\n"
    "  --residents FILE     the residents (JSON)\n"
    "  --port N             port to listen on; 0 takes any free one (8090)\n"
    "  --address ADDRESS    address to listen on (127.0.0.1)\n"
    "  --data DIR           also append every read of attributes to DIR/reads.jsonl\n"
    "  --otp-life SECONDS   how long a code is good for, 1 to 3600 (180)\n"
    "  --otp-attempts N     wrong codes in a row until a number is frozen (5)\n"
    "  --freeze SECONDS     how long it is frozen (900)\n"
    "  --kyc-life SECONDS   how long a kycToken is good for (28800)\n"
    "  --code DIGITS        what every code is (six digits); without it they are random\n"
    "  --xroad[=SERVICE]    serve the calls under /r1/SERVICE too, as a CamDX security server does;\n"
    "                       SERVICE is INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE (" DEFAULT_SERVICE ")\n"
    "  --help               this text\n";

struct arguments {
    const char *residents, *address, *service;
    int64_t port;
    struct reg_options reg;
};

static bool number(const char *text, int64_t min, int64_t max, int64_t *out)
{
    uint64_t value;
    if (!str_to_u64(str_of(text), (uint64_t)max, &value) || (int64_t)value < min)
        return false;
    *out = (int64_t)value;
    return true;
}

/* One option. False when its value is wrong. */
static bool take_option(int option, struct arguments *out)
{
    switch (option) {
    case 'r':
        out->residents = optarg;
        return true;
    case 'a':
        out->address = optarg;
        return true;
    case 'd':
        out->reg.data_dir = optarg;
        return true;
    case 'x':
        out->service = optarg ? optarg : DEFAULT_SERVICE;
        return true;
    case 'p':
        return number(optarg, 0, 65535, &out->port);
    case 'l':
        return number(optarg, 1, 3600, &out->reg.otp_life);
    case 't':
        return number(optarg, 1, 100, &out->reg.otp_attempts);
    case 'f':
        return number(optarg, 1, 86400, &out->reg.freeze);
    case 'k':
        return number(optarg, 1, 366 * 86400, &out->reg.kyc_life);
    case 'c':
        out->reg.code = optarg;
        return strlen(optarg) == 6 && strspn(optarg, "0123456789") == 6;
    default:
        return false;
    }
}

static const struct option long_options[] = {
    {"residents", required_argument, NULL, 'r'},
    {"port", required_argument, NULL, 'p'},
    {"address", required_argument, NULL, 'a'},
    {"data", required_argument, NULL, 'd'},
    {"otp-life", required_argument, NULL, 'l'},
    {"otp-attempts", required_argument, NULL, 't'},
    {"freeze", required_argument, NULL, 'f'},
    {"kyc-life", required_argument, NULL, 'k'},
    {"code", required_argument, NULL, 'c'},
    {"xroad", optional_argument, NULL, 'x'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Ends the program when there is nothing to run: 0 after --help, 2 when they are wrong. */
static struct arguments read_arguments(int argc, char **argv)
{
    struct arguments out = {
        .address = "127.0.0.1",
        .port = 8090,
        .reg = {.otp_life = 180, .otp_attempts = 5, .freeze = 900, .kyc_life = 28800},
    };
    int option, which = 0;
    while ((option = getopt_long(argc, argv, "", long_options, &which)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            exit(0);
        }
        if (option == '?') /* getopt has said what is wrong */
            exit(2);
        if (!take_option(option, &out)) {
            fprintf(stderr, "konsao-ipis: --%s: %s is not possible; see --help\n", long_options[which].name, optarg);
            exit(2);
        }
    }
    if (optind < argc || !out.residents) {
        fprintf(stderr,
                optind < argc ? "konsao-ipis: unknown argument %s; see --help\n"
                              : "konsao-ipis: --residents FILE is missing%s; see --help\n",
                optind < argc ? argv[optind] : "");
        exit(2);
    }
    return out;
}

#define CALLS 6

/* The interface's calls under `prefix`. They run on workers: misbehaving means waiting. */
static void add_calls(struct arena *arena, str prefix, struct route *routes)
{
    static const struct {
        const char *method, *path;
        http_handler *handle;
    } calls[CALLS] = {
        {"POST", "/v1/otp/*", serve_otp},
        {"POST", "/v1/authenticate/*", serve_authenticate},
        {"POST", "/v1/attributes/*", serve_attributes},
        {"GET", "/v1/status/*", serve_status},
        {"POST", "/v1/authenticators/*", serve_add_authenticator},
        {"DELETE", "/v1/authenticators/*", serve_remove_authenticator},
    };
    for (size_t i = 0; i < CALLS; i++)
        routes[i] = (struct route){
            .method = calls[i].method,
            .path = arena_cstr(arena, arena_printf(arena, "%.*s%s", STR_FMT(prefix), calls[i].path)),
            .run = RUN_WORKER,
            .handle = calls[i].handle,
        };
}

static const struct route other_routes[] = {
    {.method = "GET", .path = "/", .run = RUN_INLINE, .handle = serve_home},
    {.method = "GET", .path = "/style.css", .run = RUN_INLINE, .handle = serve_style},
    {.method = "GET", .path = "/outbox", .run = RUN_INLINE, .handle = serve_outbox},
    {.method = "POST", .path = "/outbox/reset", .run = RUN_INLINE, .handle = serve_outbox_reset},
    {.method = "GET", .path = "/residents", .run = RUN_INLINE, .handle = serve_residents},
    {.method = "POST", .path = "/residents/*", .run = RUN_INLINE, .handle = serve_change},
    {.method = "GET", .path = "/reads", .run = RUN_INLINE, .handle = serve_reads},
    {.method = "POST", .path = "/misbehave", .run = RUN_INLINE, .handle = serve_misbehave},
    {.method = "POST", .path = "/misbehave/reset", .run = RUN_INLINE, .handle = serve_misbehave_reset},
    {.method = "POST", .path = "/reset", .run = RUN_INLINE, .handle = serve_reset},
};

static size_t make_routes(struct arena *arena, const struct server *server, struct route **out)
{
    size_t count = COUNT_OF(other_routes);
    struct route *routes = ARENA_ARRAY(arena, struct route, COUNT_OF(other_routes) + 2 * CALLS);
    memcpy(routes, other_routes, sizeof other_routes);
    add_calls(arena, STR(""), routes + count);
    count += CALLS;
    if (server->xroad_path.p) {
        add_calls(arena, server->xroad_path, routes + count);
        count += CALLS;
    }
    *out = routes;
    return count;
}

static struct http_server *start(struct arena *arena, struct server *server, const struct arguments *arguments,
                                 char *error, size_t error_size)
{
    struct route *routes;
    size_t count = make_routes(arena, server, &routes);
    struct http_options options = {
        .address = arguments->address,
        .port = (uint16_t)arguments->port,
        .loops = 1,
        .workers = 64, /* most of them wait, when they are told to */
        .queue_max = 1024,
        .connections_max = 1024,
        .idle_seconds = 120,
        .request_seconds = 15,
        .body_max = 65536,
        .routes = routes,
        .route_count = count,
        .problem = serve_problem,
        .context = server,
    };
    return http_start(&options, error, error_size);
}

static void wait_for_end(void)
{
    sigset_t ends;
    int signal_number;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigwait(&ends, &signal_number);
}

/* Before any thread starts, so that all of them leave these signals to wait_for_end. */
static void block_signals(void)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int run(struct arena *arena, struct server *server, const struct arguments *arguments)
{
    char error[512];
    struct http_server *http = start(arena, server, arguments, error, sizeof error);
    if (!http) {
        fprintf(stderr, "konsao-ipis: %s\n", error);
        return 1;
    }
    printf("konsao-ipis: listening on http://%s:%u\n", arguments->address, http_port(http));
    fflush(stdout);
    wait_for_end();
    misbehave_stop(server->misbehave);
    http_stop(http, 2000);
    return 0;
}

int main(int argc, char **argv)
{
    char error[512];
    struct arguments arguments = read_arguments(argc, argv);
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct server server = {0};
    if (arguments.service && !xroad_service_path(arena, str_of(arguments.service), &server.xroad_path)) {
        fprintf(stderr, "konsao-ipis: --xroad: %s is not INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE\n", arguments.service);
        return 2;
    }
    block_signals();
    server.reg = reg_new(&arguments.reg, arguments.residents, error, sizeof error);
    if (!server.reg) {
        fprintf(stderr, "konsao-ipis: %s\n", error);
        return 1;
    }
    server.misbehave = misbehave_new();
    int status = run(arena, &server, &arguments);
    misbehave_free(server.misbehave);
    reg_free(server.reg);
    return status;
}
