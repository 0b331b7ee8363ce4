#include "client.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* A handler that waits at a gate, so that tests need no sleeping. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned inside;
    bool open;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false};

static void gate_set(bool open)
{
    pthread_mutex_lock(&gate.lock);
    gate.open = open;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static void gate_await(unsigned inside)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.inside < inside)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void wait_at_gate(struct request *rq, void *context)
{
    (void)context;
    pthread_mutex_lock(&gate.lock);
    gate.inside++;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.open)
        pthread_cond_wait(&gate.changed, &gate.lock);
    gate.inside--;
    pthread_mutex_unlock(&gate.lock);
    respond(rq, 200, "text/plain", rq->body.n > 0 ? rq->body : STR("through"));
}

static void quick(struct request *rq, void *context)
{
    (void)context;
    respond(rq, 200, "text/plain", rq->peer);
}

static void set_cookie(struct request *rq, void *context)
{
    (void)context;
    str before = request_cookie(rq, "a");
    response_header(rq, "X-Cookie", before.p ? before : STR("none"));
    response_cookie(rq, "a", STR("b"), -1);
    response_cookie_open(rq, "open", STR("c"), -1);
    respond(rq, 200, "text/plain", STR(""));
}

static void problem(struct request *rq, void *context, int status, const char *detail)
{
    response_header(rq, "X-Problem", arena_printf(rq->arena, "%s %d", (const char *)context, status));
    respond(rq, status, "text/html", str_of(detail));
}

static void stack_size(struct request *rq, void *context)
{
    (void)context;
    pthread_attr_t attributes;
    size_t bytes = 0;
    assert_int_equal(pthread_getattr_np(pthread_self(), &attributes), 0);
    assert_int_equal(pthread_attr_getstacksize(&attributes, &bytes), 0);
    pthread_attr_destroy(&attributes);
    respond(rq, 200, "text/plain", arena_printf(rq->arena, "%zu", bytes));
}

static const struct route routes[] = {
    {"GET", "/stack", RUN_WORKER, false, stack_size, NULL},   {"GET", "/quick", RUN_INLINE, false, quick, NULL},
    {"POST", "/quick", RUN_INLINE, false, quick, NULL},       {"GET", "/cookie", RUN_INLINE, false, set_cookie, NULL},
    {"POST", "/wait", RUN_WORKER, false, wait_at_gate, NULL}, {"GET", "/write", RUN_WRITER, false, quick, NULL},
};

#define QUICK "GET /quick HTTP/1.1\r\n" HOST "\r\n"
#define WAIT "POST /wait HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody"

static struct arena *arena;
static struct http_options options;

static int prepare(void **state)
{
    (void)state;
    arena = arena_new();
    options = test_options(routes, COUNT_OF(routes));
    gate_set(false);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct http_counts counts(const struct http_server *server)
{
    struct http_counts now;
    http_counts(server, &now);
    return now;
}

static void trickling_request_is_cut_with_408(const char *slow)
{
    options.request_seconds = 1;
    struct http_server *server = test_start(&options);
    int fd = test_connect(server);
    int64_t began = clock_mono_ms();
    size_t sent = 0;
    while (!test_readable(fd, 50) && sent < strlen(slow))
        sent += test_write(fd, (str){slow + sent, 1});
    assert_in_range(clock_mono_ms() - began, 900, 8000);
    assert_int_equal(test_status(test_read(arena, fd, true)), 408);
    assert_true(test_closed(fd, 2000));
    close(fd);
    assert_int_equal(counts(server).refused, 1);
    http_stop(server, 2000);
}

static void slow_head_is_cut_within_request_seconds(void **state)
{
    (void)state;
    trickling_request_is_cut_with_408("GET /quick HTTP/1.1\r\n" HOST
                                      "X-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n");
}

static void slow_body_is_cut_within_request_seconds(void **state)
{
    (void)state;
    options.request_seconds = 1;
    struct http_server *server = test_start(&options);
    int fd = test_connect(server);
    assert_true(test_write(fd, STR("POST /quick HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n")));
    int64_t began = clock_mono_ms();
    while (!test_readable(fd, 20) && test_write(fd, STR("b")))
        continue;
    assert_in_range(clock_mono_ms() - began, 800, 8000);
    assert_int_equal(test_status(test_read(arena, fd, true)), 408);
    close(fd);
    http_stop(server, 2000);
}

static void slow_second_request_is_cut_as_well(void **state)
{
    (void)state;
    options.request_seconds = 1;
    struct http_server *server = test_start(&options);
    int fd = test_connect(server);
    assert_true(test_write(fd, STR(QUICK)));
    assert_int_equal(test_status(test_read(arena, fd, true)), 200);
    assert_true(test_write(fd, STR("GET /quick HTTP/1.1\r\nX: ")));
    int64_t began = clock_mono_ms();
    while (!test_readable(fd, 20) && test_write(fd, STR("b")))
        continue;
    assert_in_range(clock_mono_ms() - began, 800, 8000);
    close(fd);
    http_stop(server, 2000);
}

static void silent_connection_is_closed(void **state)
{
    (void)state;
    options.request_seconds = 1;
    options.idle_seconds = 1;
    struct http_server *server = test_start(&options);
    int fd = test_connect(server), used = test_connect(server);
    assert_true(test_write(used, STR(QUICK)));
    assert_int_equal(test_status(test_read(arena, used, true)), 200);
    assert_true(test_closed(fd, 4000));
    assert_true(test_closed(used, 4000));
    close(fd);
    close(used);
    http_stop(server, 2000);
}

static void long_work_is_not_cut(void **state)
{
    (void)state;
    options.request_seconds = 1;
    options.idle_seconds = 1;
    struct http_server *server = test_start(&options);
    int fd = test_connect(server);
    assert_true(test_write(fd, STR(WAIT)));
    gate_await(1);
    assert_false(test_readable(fd, 2500));
    gate_set(true);
    assert_str(test_body(test_read(arena, fd, true)), "body");
    close(fd);
    http_stop(server, 2000);
}

static void full_queue_gives_503_and_loses_nobody(void **state)
{
    (void)state;
    options.queue_max = 3;
    options.problem = problem;
    options.context = (void *)(uintptr_t) "ours";
    struct http_server *server = test_start(&options);
    int fds[5];
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = test_connect(server);
        assert_true(test_write(fds[i], STR(WAIT)));
        if (i < options.workers)
            gate_await((unsigned)i + 1); /* two run, three wait */
    }
    while (counts(server).queued < 3)
        sched_yield();
    str refused = test_ask(arena, server, STR(WAIT));
    assert_int_equal(test_status(refused), 503);
    assert_non_null(test_header(refused, "Retry-After").p);
    assert_str(test_header(refused, "X-Problem"), "ours 503");
    assert_int_equal(test_status(test_ask(arena, server, STR(QUICK))), 200); /* loops go on */
    gate_set(true);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        assert_str(test_body(test_read(arena, fds[i], true)), "body");
        close(fds[i]);
    }
    assert_int_equal(counts(server).refused, 1);
    http_stop(server, 2000);
}

static void writers_are_not_held_up_by_what_workers_wait_for(void **state)
{
    (void)state;
    options.writers = 1;
    struct http_server *server = test_start(&options);
    int fds[3]; /* one more than there are workers */
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = test_connect(server);
        assert_true(test_write(fds[i], STR(WAIT)));
    }
    gate_await(options.workers);
    assert_int_equal(test_status(test_ask(arena, server, STR("GET /write HTTP/1.1\r\n" HOST "\r\n"))), 200);
    gate_set(true);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        assert_str(test_body(test_read(arena, fds[i], true)), "body");
        close(fds[i]);
    }
    http_stop(server, 2000);
}

static void client_that_leaves_during_work_is_no_harm(void **state)
{
    (void)state;
    struct http_server *server = test_start(&options);
    struct linger hard = {1, 0};
    for (unsigned i = 0; i < 2; i++) {
        int fd = test_connect(server);
        assert_true(test_write(fd, STR(WAIT)));
        gate_await(i + 1);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(fd);
    }
    gate_set(true);
    while (counts(server).in_flight > 0)
        sched_yield();
    assert_int_equal(test_status(test_ask(arena, server, STR(WAIT))), 200);
    http_stop(server, 2000);
}

static void stop_lets_running_requests_finish(void **state)
{
    (void)state;
    struct http_server *server = test_start(&options);
    int fd = test_connect(server);
    assert_true(test_write(fd, STR(WAIT)));
    gate_await(1);
    gate_set(true);
    http_stop(server, 5000);
    str response = test_read(arena, fd, true);
    assert_str(test_body(response), "body");
    close(fd);
}

static void *stop_now(void *server)
{
    http_stop(server, 0);
    return NULL;
}

static void stop_without_grace_refuses_what_waits(void **state)
{
    (void)state;
    options.workers = 1;
    struct http_server *server = test_start(&options);
    uint16_t port = http_port(server);
    pthread_t thread;
    int running = test_connect(server), waiting = test_connect(server);
    assert_true(test_write(running, STR(WAIT)));
    gate_await(1);
    assert_true(test_write(waiting, STR(WAIT)));
    while (counts(server).queued < 1)
        sched_yield();
    assert_int_equal(pthread_create(&thread, NULL, stop_now, server), 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    for (bool refused = false; !refused;) { /* nothing new is accepted, while a handler still runs */
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        refused = connect(fd, (struct sockaddr *)&address, sizeof address) != 0;
        close(fd);
    }
    gate_set(true);
    pthread_join(thread, NULL);
    close(running);
    close(waiting);
}

static void taken_port_is_said_clearly(void **state)
{
    (void)state;
    char error[256];
    struct http_server *server = test_start(&options);
    options.port = http_port(server);
    assert_null(http_start(&options, error, sizeof error));
    assert_non_null(strstr(error, "already in use"));
    http_stop(server, 1000);
    server = test_start(&options); /* and is free again at once */
    assert_int_equal(http_port(server), options.port);
    assert_int_equal(test_status(test_ask(arena, server, STR(QUICK))), 200);
    http_stop(server, 1000);
}

static void start_explains_bad_options(void **state)
{
    (void)state;
    static const struct route bad_routes[][2] = {
        {{"GET", "no-slash", RUN_INLINE, false, quick, NULL}, {"GET", "/a", RUN_INLINE, false, quick, NULL}},
        {{"GET", "/a", RUN_INLINE, false, quick, NULL}, {"GET", "/a", RUN_INLINE, false, quick, NULL}},
        {{"GET", "/a*", RUN_INLINE, false, quick, NULL}, {"GET", "/a", RUN_INLINE, false, quick, NULL}},
        {{"GET", "/*/b", RUN_INLINE, false, quick, NULL}, {"GET", "/a", RUN_INLINE, false, quick, NULL}},
    };
    char error[256] = "";
    struct http_options bad = options;
    for (size_t i = 0; i < COUNT_OF(bad_routes); i++) {
        bad.routes = bad_routes[i];
        bad.route_count = 2;
        assert_null(http_start(&bad, error, sizeof error));
        assert_non_null(strstr(error, "route"));
    }
    bad = options, bad.address = "localhost";
    assert_null(http_start(&bad, error, sizeof error));
    assert_non_null(strstr(error, "not an IP address"));
    bad = options, bad.address = "192.0.2.1";
    assert_null(http_start(&bad, error, sizeof error));
    assert_non_null(strstr(error, "has no address"));
    bad = options, bad.trusted_proxy = "nginx";
    assert_null(http_start(&bad, error, sizeof error));
    assert_non_null(strstr(error, "trusted proxy"));
    bad = options, bad.workers = 0;
    assert_null(http_start(&bad, error, sizeof error));
    assert_non_null(strstr(error, "worker"));
    bad = options, bad.loops = 0;
    assert_null(http_start(&bad, error, sizeof error));
}

static void connections_of_one_address_are_limited_over_all_loops(void **state)
{
    (void)state;
    options.connections_per_ip = 6;
    struct http_server *server = test_start(&options);
    int fds[20];
    unsigned served = 0;
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = test_connect(server);
        served += test_write(fds[i], STR(QUICK)) && test_status(test_read(arena, fds[i], true)) == 200;
    }
    assert_int_equal(served, 6);
    assert_int_equal(counts(server).refused, 14);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
    while (test_status(test_ask(arena, server, STR(QUICK))) != 200)
        continue; /* their places come free */
    http_stop(server, 2000);
}

static void connections_in_all_are_limited(void **state)
{
    (void)state;
    options.connections_max = 5;
    struct http_server *server = test_start(&options);
    int fds[12];
    unsigned served = 0;
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = test_connect(server);
        served += test_write(fds[i], STR(QUICK)) && test_status(test_read(arena, fds[i], true)) == 200;
    }
    assert_int_equal(served, 5);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
    http_stop(server, 2000);
}

/* A server in a process of its own that may have `allowed` open files; tells its port. */
static pid_t start_with_descriptors(rlim_t allowed, int say)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const struct rlimit limit = {64, allowed};
    char error[256];
    struct http_server *server =
        setrlimit(RLIMIT_NOFILE, &limit) == 0 ? http_start(&options, error, sizeof error) : NULL;
    uint16_t port = server ? http_port(server) : 0;
    (void)!write(say, &port, sizeof port);
    for (;;)
        pause();
}

static void connections_leave_descriptors_for_the_rest(void **state)
{
    (void)state;
    int said[2], fds[400];
    uint16_t port = 0;
    options.connections_max = 5000;
    assert_int_equal(pipe(said), 0);
    pid_t child = start_with_descriptors(600, said[1]);
    assert_int_equal(read(said[0], &port, sizeof port), sizeof port);
    unsigned served = 0;
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        fds[i] = test_connect_port(port);
        served += test_write(fds[i], STR(QUICK)) && test_status(test_read(arena, fds[i], true)) == 200;
    }
    assert_int_equal(served, 600 - 256);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(said[0]);
    close(said[1]);
}

static void trusted_proxy_names_the_client(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *peer;
    } cases[] = {
        {"X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9"},
        {"X-Forwarded-For: 10.0.0.1, 2001:db8::1\r\n", "2001:db8::1"},
        {"X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2,203.0.113.9 \r\n", "203.0.113.9"},
        {"X-Forwarded-For: unknown\r\n", "127.0.0.1"},
        {"X-Forwarded-For: 203.0.113.9, <script>\r\n", "127.0.0.1"},
        {"X-Forwarded-For: 203.0.113.9:80\r\n", "127.0.0.1"},
        {"X-Forwarded-For: 203.0.113.9,\r\n", "127.0.0.1"},
        {"X-Forwarded-For:\r\n", "127.0.0.1"},
        {"", "127.0.0.1"},
    };
    options.trusted_proxy = "127.0.0.1";
    options.connections_per_ip = 1; /* does not bind the proxy */
    struct http_server *server = test_start(&options);
    int idle = test_connect(server), another = test_connect(server);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str request = arena_printf(arena, "GET /quick HTTP/1.1\r\n" HOST "%s\r\n", cases[i].headers);
        assert_str(test_body(test_ask(arena, server, request)), cases[i].peer);
    }
    close(idle);
    close(another);
    http_stop(server, 2000);
}

static void problems_are_answered_by_the_problem_handler(void **state)
{
    (void)state;
    options.problem = problem;
    options.context = (void *)(uintptr_t) "ours";
    struct http_server *server = test_start(&options);
    str response = test_ask(arena, server, STR("GET /nowhere HTTP/1.1\r\n" HOST "\r\n"));
    assert_int_equal(test_status(response), 404);
    assert_str(test_header(response, "X-Problem"), "ours 404");
    assert_str(test_header(response, "Content-Type"), "text/html");
    response = test_ask(arena, server, STR("PUT /quick HTTP/1.1\r\n" HOST "\r\n"));
    assert_str(test_header(response, "X-Problem"), "ours 405");
    assert_non_null(test_header(response, "Allow").p);
    response = test_ask(arena, server, STR("GET /quick HTTP/1.1\r\n\r\n"));
    assert_str(test_header(response, "X-Problem"), "ours 400");
    assert_str(test_header(response, "Connection"), "close");
    http_stop(server, 2000);
}

static void secure_server_marks_its_cookies(void **state)
{
    (void)state;
    options.secure = true;
    struct http_server *server = test_start(&options);
    str response = test_ask(arena, server, STR("GET /cookie HTTP/1.1\r\n" HOST "\r\n"));
    assert_str(test_header(response, "Set-Cookie"), "__Host-a=b; Path=/; HttpOnly; SameSite=Lax; Secure");
    assert_non_null(
        strstr(arena_cstr(arena, response), "Set-Cookie: __Host-open=c; Path=/; SameSite=None; Secure\r\n"));
    response = test_ask(arena, server, STR("GET /cookie HTTP/1.1\r\n" HOST "Cookie: a=theirs; __Host-a=ours\r\n\r\n"));
    assert_str(test_header(response, "X-Cookie"), "ours");
    response = test_ask(arena, server, STR("GET /cookie HTTP/1.1\r\n" HOST "Cookie: a=theirs\r\n\r\n"));
    assert_str(test_header(response, "X-Cookie"), "none");
    http_stop(server, 2000);
}

static void counts_tell_what_happened(void **state)
{
    (void)state;
    struct http_server *server = test_start(&options);
    test_ask(arena, server, STR(QUICK));
    test_ask(arena, server, STR(QUICK));
    test_ask(arena, server, STR("GET /nowhere HTTP/1.1\r\n" HOST "\r\n"));
    test_ask(arena, server, STR("GET / HTTP/1.1\r\n" HOST "X\r\n\r\n")); /* refused by libmicrohttpd itself */
    while (counts(server).in_flight > 0)
        sched_yield();
    struct http_counts now = counts(server);
    assert_int_equal(now.requests, 4);
    assert_int_equal(now.by_status_class[2], 2);
    assert_int_equal(now.by_status_class[4], 2);
    assert_int_equal(now.queued, 0);
    http_stop(server, 2000);
}

static void many_workers_take_little_memory(void **state)
{
    (void)state;
    options.workers = 128;
    struct http_server *server = test_start(&options);
    uint64_t bytes = 0;
    assert_true(
        str_to_u64(test_body(test_ask(arena, server, STR("GET /stack HTTP/1.1\r\n" HOST "\r\n"))), UINT64_MAX, &bytes));
    assert_in_range(bytes, 128 * 1024, 512 * 1024);
    http_stop(server, 2000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slow_head_is_cut_within_request_seconds),
        TEST(slow_body_is_cut_within_request_seconds),
        TEST(slow_second_request_is_cut_as_well),
        TEST(silent_connection_is_closed),
        TEST(long_work_is_not_cut),
        TEST(full_queue_gives_503_and_loses_nobody),
        TEST(writers_are_not_held_up_by_what_workers_wait_for),
        TEST(client_that_leaves_during_work_is_no_harm),
        TEST(stop_lets_running_requests_finish),
        TEST(stop_without_grace_refuses_what_waits),
        TEST(taken_port_is_said_clearly),
        TEST(start_explains_bad_options),
        TEST(connections_of_one_address_are_limited_over_all_loops),
        TEST(connections_in_all_are_limited),
        TEST(connections_leave_descriptors_for_the_rest),
        TEST(trusted_proxy_names_the_client),
        TEST(problems_are_answered_by_the_problem_handler),
        TEST(secure_server_marks_its_cookies),
        TEST(counts_tell_what_happened),
        TEST(many_workers_take_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
